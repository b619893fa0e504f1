/**
 * Program: a command-line tool made of commands: reads the command line with RabbitMQ's grammar
 * (options anywhere, one command, its arguments), runs the command, prints what it gives, and
 * ends with RabbitMQ's exit codes.
 */
import { hostname } from 'node:os';
import { ApiClient } from './client.ts';
import { arityOf, type Command, CommandError, EXIT, type Invocation, nameOf } from './command.ts';
import { FORMATS, isForMachines, render } from './output.ts';

/** Options that every command takes, by their spellings. */
const VALUED: Readonly<Record<string, string>> = {
  '-n': 'node',
  '--node': 'node',
  '-t': 'timeout',
  '--timeout': 'timeout',
  '-p': 'vhost',
  '--vhost': 'vhost',
  '-f': 'formatter',
  '--formatter': 'formatter',
  '--url': 'url',
  '--data-dir': 'data-dir',
  '--erlang-cookie': 'erlang-cookie',
};

const FLAGS: Readonly<Record<string, string>> = {
  '-q': 'quiet',
  '--quiet': 'quiet',
  '-s': 'silent',
  '--silent': 'silent',
  '-l': 'longnames',
  '--longnames': 'longnames',
  '--no-table-headers': 'no-table-headers',
  '-h': 'help',
  '--help': 'help',
  '--version': 'version',
  '-m': 'minimal',
  '-e': 'enabled',
  '-E': 'enabled',
  '-v': 'verbose',
};

/** What a command line says. */
interface Parsed {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** A tool and its words. */
export interface Tool {
  readonly name: string;
  readonly commands: readonly Command[];
}

/** Runs a tool and ends the process with its exit code. */
export async function main(tool: Tool): Promise<void> {
  process.exitCode = await run(tool, process.argv.slice(2));
}

/** Runs a tool. Returns the exit code. */
export async function run(tool: Tool, argv: readonly string[]): Promise<number> {
  try {
    return await execute(tool, argv);
  } catch (error) {
    const known = error instanceof CommandError;
    const message = known ? error.message : `Error: ${(error as Error).message}`;
    process.stderr.write(`${message}\n`);
    return known ? error.code : EXIT.software;
  }
}

async function execute(tool: Tool, argv: readonly string[]): Promise<number> {
  const first = parse(argv, tool.commands.flatMap(optionsOf));
  const name = first.words[0] ?? (first.options.has('version') ? 'version' : 'help');
  if (name === 'help' || first.options.has('help')) return help(tool, first, name);
  const command = tool.commands.find((one) => nameOf(one) === name);
  if (command === undefined) {
    process.stderr.write(`Command '${name}' not found.\n\n${overview(tool)}`);
    return EXIT.usage;
  }
  const { words, options } = parse(argv, optionsOf(command));
  const args = words.slice(1);
  checkCount(tool, command, args.length);
  const format = FORMATS.get(options.get('formatter') ?? 'table');
  if (format === undefined) {
    throw new CommandError(EXIT.usage, `Error: unknown formatter ${options.get('formatter')}`);
  }
  const invocation = invocationOf(args, options);
  const quiet = options.has('quiet') || options.has('silent') || isForMachines(format);
  const banner = quiet ? undefined : command.banner?.(invocation);
  if (banner !== undefined) process.stdout.write(`${banner}\n`);
  const output = await command.run(invocation);
  const headers = !options.has('silent') && !options.has('no-table-headers');
  process.stdout.write(render(output, format, headers));
  return 0;
}

function invocationOf(args: readonly string[], options: ReadonlyMap<string, string>): Invocation {
  const seconds = Number(options.get('timeout') ?? 60);
  if (Number.isNaN(seconds)) throw new CommandError(EXIT.usage, 'Error: timeout is not a number');
  const timeoutMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 2 ** 31 - 1;
  const url = options.get('url') ?? process.env.WARREN_URL;
  const dataDirectory = options.get('data-dir');
  return {
    api: new ApiClient({ url, dataDirectory, timeoutMs }),
    args,
    options,
    vhost: options.get('vhost') ?? '/',
    node: options.get('node') ?? process.env.RABBITMQ_NODENAME ?? `rabbit@${shortHost()}`,
    timeoutMs,
  };
}

function shortHost(): string {
  return hostname().split('.')[0] as string;
}

interface OptionNames {
  readonly valued: readonly string[];
  readonly flags: readonly string[];
}

function optionsOf({ valued = [], flags = [] }: Command): OptionNames {
  return { valued, flags };
}

/** @throws CommandError for an option that nobody has, or one without its value */
function parse(argv: readonly string[], own: OptionNames | OptionNames[]): Parsed {
  const all = Array.isArray(own) ? own : [own];
  const valuedNames = new Map(Object.entries(VALUED));
  const flagNames = new Map(Object.entries(FLAGS));
  for (const { valued, flags } of all) {
    for (const name of valued) valuedNames.set(`--${name}`, name);
    for (const name of flags) flagNames.set(`--${name}`, name);
  }
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === '--') {
      words.push(...argv.slice(i + 1));
      break;
    }
    const [spelling, inline] = split(word);
    const valued = valuedNames.get(spelling);
    const flag = flagNames.get(spelling);
    if (valued !== undefined) {
      const value = inline ?? argv[++i];
      if (value === undefined)
        throw new CommandError(EXIT.usage, `Error: ${spelling} has no value`);
      options.set(valued, value);
    } else if (flag !== undefined) {
      options.set(flag, inline ?? 'true');
    } else if (/^-[a-zA-Z-]/.test(word) && words.length === 0) {
      throw new CommandError(EXIT.usage, `Error: unknown option ${spelling}`);
    } else {
      words.push(word);
    }
  }
  return { words, options };
}

/** `--name=value` in two. */
function split(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  if (!word.startsWith('--') || equals < 0) return [word, undefined];
  return [word.slice(0, equals), word.slice(equals + 1)];
}

function checkCount(tool: Tool, command: Command, count: number): void {
  const { least, most } = arityOf(command);
  if (count >= least && count <= most) return;
  const problem = count < least ? 'not enough arguments.' : 'too many arguments.';
  const usage = `Usage\n\n${tool.name} ${command.usage}`;
  throw new CommandError(EXIT.usage, `Error (argument validation): ${problem}\n\n${usage}`);
}

function help(tool: Tool, { words }: Parsed, name: string): number {
  const topic = name === 'help' ? words[1] : name;
  const command = tool.commands.find((one) => nameOf(one) === topic);
  if (command === undefined) {
    process.stdout.write(overview(tool));
    return 0;
  }
  const own = [...(command.valued ?? []).map((one) => `--${one} <value>`)];
  own.push(...(command.flags ?? []).map((one) => `--${one}`));
  const options = own.length === 0 ? '' : `\nOptions: ${own.join(', ')}\n`;
  process.stdout.write(`${command.help}\n\nUsage: ${tool.name} ${command.usage}\n${options}`);
  return 0;
}

function overview({ name, commands }: Tool): string {
  const width = Math.max(...commands.map((command) => nameOf(command).length));
  const list = commands.map((one) => `  ${nameOf(one).padEnd(width)}  ${one.help}`).sort();
  return [
    `Usage: ${name} [options] <command> [<arguments>]`,
    '',
    'Options: -q --quiet, -s --silent, -t --timeout <seconds>, -p --vhost <vhost>,',
    '  --formatter table|pretty_table|json|csv, --no-table-headers, -n --node <node>,',
    '  --data-dir <folder> of the broker, or --url http://user:password@host:15672',
    '',
    'Commands:',
    ...list,
    '',
    `'${name} help <command>' says more about one.`,
    '',
  ].join('\n');
}
