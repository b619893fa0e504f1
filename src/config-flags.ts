/**
 * The command line of the broker. A flag is either a short form of a key (a row with `key`) or
 * one of the few that are not settings at all; to add one, add a row.
 */
import { parseArgs } from 'node:util';
import type { Setting } from './config-file.ts';
import { nearest } from './edit-distance.ts';

export interface Flag {
  /** What stands for its value in help; a flag without takes none. */
  readonly value?: string;
  readonly short?: string;
  /** The key it sets. */
  readonly key?: string;
  readonly repeatable?: true;
  readonly text: string;
}

export const FLAGS: Readonly<Record<string, Flag>> = {
  config: {
    value: 'FILE',
    text: 'Read this file and no other.',
  },
  set: {
    value: 'KEY=VALUE',
    repeatable: true,
    text: 'Set any key of the configuration; may be repeated.',
  },
  port: {
    value: 'PORT',
    key: 'listeners.tcp.default',
    text: 'Short for --set listeners.tcp.default=PORT; 0 picks a free port.',
  },
  memory: {
    key: 'memory_only',
    text: 'Short for --set memory_only=true: nothing is kept on disk.',
  },
  help: { short: 'h', text: 'Show this help and exit.' },
  version: { short: 'v', text: 'Show the version and exit.' },
};

/** What a command line says. */
export interface CommandLine {
  /** Set if the user asked to be told something instead of starting the broker. */
  readonly show: 'help' | 'version' | null;
  readonly configFile: string | undefined;
  /** In the order given: of two settings of a key the later one counts. */
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
}

/** @param argv what follows the name of the program */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const settings: Setting[] = [];
  const problems: string[] = [];
  let show: 'help' | 'version' | null = null;
  let configFile: string | undefined;
  for (const token of tokensOf(argv)) {
    if (token.kind === 'positional') problems.push(`unexpected argument '${token.value}'`);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(FLAGS, token.name) ? FLAGS[token.name] : undefined;
    if (flag === undefined) {
      problems.push(unknownFlag(token.rawName));
    } else if (flag.value === undefined && token.value !== undefined) {
      problems.push(`${token.rawName} takes no value`);
    } else if (flag.value !== undefined && !hasValue(token)) {
      problems.push(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    } else if (token.name === 'help' || token.name === 'version') {
      show ??= token.name;
    } else if (token.name === 'config') {
      configFile = token.value;
    } else {
      const setting = settingOf(token.rawName, token.value ?? 'true', flag.key);
      if (setting !== null) settings.push(setting);
      else problems.push(`--set expects KEY=VALUE, such as --set heartbeat=30`);
    }
  }
  return { show, configFile, settings, problems };
}

/** Another flag is not a value, unless it is joined on: `--config=-odd.conf`. */
function hasValue({
  value,
  inlineValue,
}: {
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}): boolean {
  if (!value) return false;
  return inlineValue === true || !value.startsWith('-');
}

/** Not strict, so that all mistakes are found and not only the first. */
function tokensOf(argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(FLAGS).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short && { short }) } as const,
    ]),
  );
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens;
}

/** @param key what the flag sets; without, the value is `KEY=VALUE` */
function settingOf(flag: string, value: string, key: string | undefined): Setting | null {
  if (key !== undefined) return { key, value, origin: flag };
  const equals = value.indexOf('=');
  if (equals < 1) return null;
  const setting = { key: value.slice(0, equals).trim(), value: value.slice(equals + 1).trim() };
  return { ...setting, origin: flag };
}

function unknownFlag(rawName: string): string {
  const suggestion = nearest(
    rawName,
    Object.keys(FLAGS).map((name) => `--${name}`),
  );
  const hint = suggestion === null ? 'see --help' : `did you mean ${suggestion}?`;
  return `unknown flag ${rawName}: ${hint}`;
}
