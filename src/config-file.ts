/**
 * The syntax of rabbitmq.conf (cuttlefish's): `key = value` lines, `#` comments, 'quoted values',
 * `$(VARIABLE)`. Also finds and reads the files: one main file and the sorted `*.conf` of a conf.d
 * directory. Says nothing about which keys exist: see config.ts.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Larger files are refused: no honest configuration comes near. */
export const MAX_CONFIG_FILE_BYTES = 1024 * 1024;

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One `key = value`, wherever it was written. */
export interface Setting {
  /** Words joined by dots; a dot inside a word is written `\.`. */
  readonly key: string;
  readonly value: string;
  /** For messages: `rabbitmq.conf line 12`, `WARREN_HEARTBEAT`, `--port`. */
  readonly origin: string;
}

/** What a file says, and what is wrong with it. */
export interface ParsedFile {
  readonly settings: readonly Setting[];
  /** Lines that are not understood; the file must not be used if there are any. */
  readonly problems: readonly string[];
  /** Lines that RabbitMQ would understand differently. */
  readonly warnings: readonly string[];
}

/** How files are reached; tests give their own. Paths that are missing are not errors here. */
export interface ConfigFiles {
  /** The text of a file in UTF-8; null if there is none. @throws if it is there but unreadable. */
  readText(path: string): string | null;
  /** The names in a directory, in any order; null if there is no such directory. @throws */
  list(directory: string): readonly string[] | null;
}

/** The files of this machine. */
export const diskFiles: ConfigFiles = Object.freeze({
  readText: (path: string) => unlessMissing(path, readBounded),
  list: (directory: string) => unlessMissing(directory, (path) => readdirSync(path)),
});

function unlessMissing<T>(path: string, read: (path: string) => T): T | null {
  try {
    return read(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Error(`cannot read ${path}: ${message}`, { cause: error });
  }
}

/** Reads at most one byte more than allowed, whatever the size of the file claims to be. */
function readBounded(path: string): string {
  const buffer = Buffer.allocUnsafe(MAX_CONFIG_FILE_BYTES + 1);
  const file = openSync(path, 'r');
  try {
    let bytes = 0;
    for (;;) {
      const read = readSync(file, buffer, bytes, buffer.length - bytes, null);
      bytes += read;
      if (read !== 0 && bytes < buffer.length) continue;
      const content = buffer.subarray(0, bytes);
      // A file one byte too long may be cut inside a letter; it is refused for its length anyway.
      if (bytes < buffer.length && !isUtf8(content)) throw new Error('not in UTF-8');
      return content.toString('utf8');
    }
  } finally {
    closeSync(file);
  }
}

/** Which files to read. */
export interface ConfigPlace {
  /** The main file; null if there is none. */
  readonly file: string | null;
  /** The directory whose `*.conf` come after the main file; null for none. */
  readonly directory: string | null;
  /** Those of the two that somebody asked for by name, so that they have to be there. */
  readonly required: readonly string[];
}

/** Where files are looked for when nobody says: ours first, else those of a RabbitMQ here. */
const DEFAULT_PLACES = [
  { prefix: 'WARREN', file: '/etc/warren/warren.conf' },
  { prefix: 'RABBITMQ', file: '/etc/rabbitmq/rabbitmq.conf' },
] as const;

/**
 * Decides which files count. `--config FILE` is that file and no other. Else the first place of
 * DEFAULT_PLACES that a variable names (`WARREN_CONFIG_FILE`, `WARREN_CONFIG_FILES`,
 * `RABBITMQ_CONFIG_FILE`, …) or, if none does, the first that exists. The current directory is
 * never searched: where the broker is started from must not change what it does.
 */
export function configPlace(
  flag: string | undefined,
  env: Environment,
  files: ConfigFiles,
): ConfigPlace {
  if (flag !== undefined) return { file: flag, directory: null, required: [flag] };
  for (const { prefix, file } of DEFAULT_PLACES) {
    const named = env[`${prefix}_CONFIG_FILE`] || null;
    const namedDirectory = env[`${prefix}_CONFIG_FILES`]?.replace(/\/\*(\.conf)?$/, '') || null;
    if (named === null && namedDirectory === null) continue;
    const found = named === null ? null : withExtension(named, files);
    return {
      file: found ?? file,
      directory: namedDirectory ?? join(dirname(file), 'conf.d'),
      required: [found, namedDirectory].filter((path) => path !== null),
    };
  }
  for (const { file } of DEFAULT_PLACES) {
    const directory = join(dirname(file), 'conf.d');
    const present = files.readText(file) !== null || confFilesIn(directory, files).length > 0;
    if (present) return { file, directory, required: [] };
  }
  return { file: null, directory: null, required: [] };
}

/** RABBITMQ_CONFIG_FILE may leave `.conf` out. */
function withExtension(path: string, files: ConfigFiles): string {
  if (path.endsWith('.conf') || files.readText(path) !== null) return path;
  return `${path}.conf`;
}

/** The `*.conf` files of a directory in the order in which they are applied. */
function confFilesIn(directory: string, files: ConfigFiles): string[] {
  const names = (files.list(directory) ?? []).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => join(directory, name));
}

/** Reads the files of a place one after the other; what comes later wins. */
export function readConfigFiles(
  place: ConfigPlace,
  env: Environment,
  files: ConfigFiles,
): ParsedFile & { readonly paths: readonly string[] } {
  const result = {
    settings: [] as Setting[],
    problems: [] as string[],
    warnings: [] as string[],
    paths: [] as string[],
  };
  const { file, directory, required } = place;
  if (directory !== null && required.includes(directory) && files.list(directory) === null) {
    result.problems.push(`${directory}: no such directory`);
  }
  const inDirectory = directory === null ? [] : confFilesIn(directory, files);
  for (const path of file === null ? inDirectory : [file, ...inDirectory]) {
    const text = files.readText(path);
    if (text === null) {
      if (required.includes(path)) result.problems.push(`${path}: no such file`);
      continue;
    }
    const parsed = parseConfigFile(text, path, env);
    result.paths.push(path);
    result.settings.push(...parsed.settings);
    result.problems.push(...parsed.problems);
    result.warnings.push(...parsed.warnings);
  }
  return result;
}

/**
 * Takes a file apart. No message repeats a line or a value: it may be a password.
 * @param name how messages call the file
 */
export function parseConfigFile(text: string, name: string, env: Environment): ParsedFile {
  const settings: Setting[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  if (Buffer.byteLength(text) > MAX_CONFIG_FILE_BYTES) {
    problems.push(`${name}: larger than ${MAX_CONFIG_FILE_BYTES} bytes`);
    return { settings, problems, warnings };
  }
  for (const { line, number } of linesOf(text)) {
    const origin = `${name} line ${number}`;
    try {
      const parsed = parseLine(line.replace(/\r$/, ''), env);
      if (parsed === null) continue;
      settings.push({ key: parsed.key, value: parsed.value, origin });
      if (parsed.hash) warnings.push(`${origin}: ${hashWarning(parsed.key)}`);
    } catch (error) {
      if (!(error instanceof ConfigSyntaxError)) throw error;
      problems.push(`${origin}: ${error.message}`);
    }
  }
  return { settings, problems, warnings };
}

/** Its lines; a value between `'''` may go over several, and counts as the first of them. */
function* linesOf(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let begun: { line: string; readonly number: number } | null = null;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (begun !== null) {
      begun.line += ` ${line.trim()}`;
      if (!line.includes(MULTILINE)) continue;
      yield begun;
      begun = null;
    } else if (/^[^#=]*=\s*'''/.test(line) && line.split(MULTILINE).length === 2) {
      begun = { line: line.trim(), number: index + 1 };
    } else yield { line, number: index + 1 };
  }
  if (begun !== null) yield begun;
}

class ConfigSyntaxError extends Error {
  override readonly name = 'ConfigSyntaxError';
}

function hashWarning(key: string): string {
  return `the value of '${key}' contains a '#', where RabbitMQ would end it: quote the value`;
}

interface ParsedLine {
  readonly key: string;
  readonly value: string;
  /** Whether the value has a `#` that only quotes would make unambiguous. */
  readonly hash: boolean;
}

/** What stands before and behind a value of several lines. */
const MULTILINE = "'''";

const KEY = /^(?:[A-Za-z0-9_-]|\\\.)+(?:\.(?:[A-Za-z0-9_-]|\\\.)+)*$/;

/** The setting of a line, or null if it has none. @throws ConfigSyntaxError */
function parseLine(line: string, env: Environment): ParsedLine | null {
  const content = line.trim();
  if (content === '' || content.startsWith('#')) return null;
  if (/[^\P{Cc}\t]/u.test(content)) throw new ConfigSyntaxError('contains a control character');
  const equals = content.indexOf('=');
  if (equals === -1) throw new ConfigSyntaxError("expected 'key = value'");
  const key = content.slice(0, equals).trim();
  if (!KEY.test(key)) {
    throw new ConfigSyntaxError(
      "what stands before '=' is not a key such as listeners.tcp.default",
    );
  }
  const { value, hash } = parseValue(content.slice(equals + 1).trim(), key);
  if (value.startsWith('encrypted:')) {
    throw new ConfigSyntaxError(`'${key}' is encrypted, which this version of Warren cannot read`);
  }
  return { key, value: withVariables(value, key, env), hash };
}

/** @throws ConfigSyntaxError */
function parseValue(text: string, key: string): { value: string; hash: boolean } {
  const multiline = /^'''(.*?)'''\s*(?:#.*)?$/s.exec(text);
  if (multiline !== null) return { value: (multiline[1] ?? '').trim(), hash: false };
  const quoted = /^'([^']*)'\s*(?:#.*)?$/.exec(text);
  if (quoted !== null) return { value: quoted[1] ?? '', hash: false };
  if (text.startsWith("'")) {
    throw new ConfigSyntaxError(`the quotes of the value of '${key}' are not in order`);
  }
  const value = text.replace(/(?:^|(?<!\s)\s+)#.*$/, '');
  if (value === '') throw new ConfigSyntaxError(`'${key}' has no value; write '' for an empty one`);
  return { value, hash: value.includes('#') };
}

/** Replaces every `$(NAME)` by the variable of that name. @throws ConfigSyntaxError */
function withVariables(value: string, key: string, env: Environment): string {
  return value.replace(/\$\(([A-Za-z0-9_.-]+)\)/g, (_, name: string) => {
    const replacement = env[name];
    if (replacement !== undefined) return replacement;
    throw new ConfigSyntaxError(`'${key}' refers to $(${name}), which is not set`);
  });
}
