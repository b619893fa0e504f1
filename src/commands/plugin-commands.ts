/**
 * Commands about plugins. What is a plugin in RabbitMQ is part of Warren or is not there: enabling
 * what is part of it succeeds, whatever else fails, so that scripts and images that enable plugins
 * at the start go on working and nobody is told that something is there which is not.
 */
import { BUILT_IN_PLUGINS } from '../built-in-plugins.ts';
import { type Command, CommandError, EXIT, type Invocation, table, text } from './command.ts';

async function enable({ args, options }: Invocation) {
  const missing = options.has('all') ? [] : args.filter((name) => !BUILT_IN_PLUGINS.includes(name));
  if (missing.length > 0) {
    const problem = `{:plugins_not_found, [${missing.map((name) => `:${name}`).join(', ')}]}`;
    throw new CommandError(EXIT.usage, `Error:\n${problem}`);
  }
  return text(`Plugin configuration unchanged: ${args.join(', ')} already enabled.`, {
    enabled: BUILT_IN_PLUGINS,
    started: [],
  });
}

async function disable({ args }: Invocation): Promise<never> {
  const which = args.join(', ');
  const how = 'listeners are switched off in the configuration, as in mqtt.listeners.tcp = none';
  throw new CommandError(EXIT.software, `Error:\n${which} cannot be disabled: ${how}`);
}

/** Those of rabbitmq-plugins. */
export const PLUGIN_COMMANDS: readonly Command[] = [
  {
    usage: 'list [<pattern>]',
    help: 'Lists plugins.',
    flags: ['enabled', 'implicitly-enabled', 'minimal', 'verbose'],
    run: async ({ args, options }) => {
      const { RABBITMQ_VERSION } = await import('../version.ts');
      const pattern = new RegExp(args[0] ?? '');
      const names = BUILT_IN_PLUGINS.filter((name) => pattern.test(name));
      if (options.has('minimal')) return text(names.join('\n'), { plugins: names });
      const rows = names.map((name) => ({ enabled: '[E*]', name, version: RABBITMQ_VERSION }));
      return table(['enabled', 'name', 'version'], rows);
    },
  },
  {
    usage: 'is_enabled <plugin> [<plugin> ...]',
    help: 'Checks that plugins are enabled.',
    flags: ['offline', 'online'],
    run: async ({ args }) => {
      const missing = args.filter((name) => !BUILT_IN_PLUGINS.includes(name));
      if (missing.length === 0) return text(`Plugin ${args.join(', ')} is enabled`);
      const problem = `Error: plugin ${missing.join(', ')} is not enabled`;
      throw new CommandError(EXIT.software, problem);
    },
  },
  {
    usage: 'enable [<plugin> ...]',
    help: 'Enables plugins: succeeds for what Warren has.',
    flags: ['offline', 'online', 'all'],
    run: enable,
  },
  {
    usage: 'disable [<plugin> ...]',
    help: 'Not possible: what Warren has is part of it.',
    flags: ['offline', 'online', 'all'],
    run: disable,
  },
  {
    usage: 'set [<plugin> ...]',
    help: 'The same as enable.',
    flags: ['offline', 'online'],
    run: enable,
  },
  {
    usage: 'directories',
    help: 'Shows where plugins are kept: nowhere.',
    flags: ['offline', 'online'],
    run: async () => text('Warren has no plugin directories', {}),
  },
];
