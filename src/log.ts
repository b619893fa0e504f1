/**
 * Log: one line per lifecycle transition (start, listener, connection, error), none per message.
 * Lines go to stdout at once, without worker threads, so that the last words before an exit are
 * not lost: plain text like RabbitMQ's, or one JSON object per line. Never give it payloads or
 * passwords; fields named like secrets are blanked all the same.
 */
import { type DestinationStream, destination, pino } from 'pino';
import { type Clock, SystemClock } from './clock.ts';

/** What is logged besides the text: names and numbers, at most one level deep. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What everything but this file knows about logging. */
export interface Log {
  /** State transitions and other things only a developer asks for. */
  debug(text: string, fields?: LogFields): void;
  /** Normal life: started, stopped, connected; also a client's own errors. */
  info(text: string, fields?: LogFields): void;
  /** It works, but an operator should look. */
  warning(text: string, fields?: LogFields): void;
  /** Something failed that should not have. */
  error(text: string, fields?: LogFields): void;
}

/** The least urgent lines that are written. `critical` writes none of the four of {@link Log}. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'none';

export type LogFormat = 'plaintext' | 'json';

/** How a log is written. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the time of a line comes from; real time if not given. */
  readonly clock?: Clock;
  /** Takes each finished line with its newline; stdout if not given. */
  readonly write?: (line: string) => void;
}

/** Longer texts and values are cut: some of them come from clients. */
const MAX_VALUE_CHARACTERS = 2048;

const LEVELS = { debug: 20, info: 30, warning: 40, error: 50, critical: 60 };

/** Blanked in case somebody logs one by mistake. */
const SECRETS = new Set(['password', 'pass', 'secret', 'token', 'payload', 'body']);

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Logs nothing: for tests and embedding. */
export const silentLog: Log = Object.freeze({
  debug() {},
  info() {},
  warning() {},
  error() {},
});

/** The log of the process. */
export function createLog(options: LogOptions): Log {
  if (options.level === 'none') return silentLog;
  const clock = options.clock ?? new SystemClock();
  const write = options.write ?? standardOutput();
  const logger = pino(
    {
      base: null,
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      level: options.level,
      // Fields live in an object of their own so that none can pose as the time or the level.
      nestedKey: 'fields',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${timestamp(clock.now())}"`,
    },
    options.format === 'json' ? { write } : textLines(write),
  );
  const at =
    (level: Exclude<LogLevel, 'none'>) =>
    (text: string, fields?: LogFields): void => {
      if (logger.isLevelEnabled(level)) logger[level](loggable(fields), '%s', cut(text));
    };
  return Object.freeze({
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
  });
}

/** Writes at once. A closed stdout (`warren | head`) loses log lines, not the broker. */
function standardOutput(): (line: string) => void {
  const stream = destination({ fd: 1, sync: true });
  stream.on('error', () => {});
  return (line) => {
    stream.write(line);
  };
}

/** The shape pino writes with the options above. */
interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly fields?: LogFields;
}

/** What a line says, as the plain format has it behind time and level. */
export function printedLine(text: string, fields?: LogFields): string {
  const details = Object.entries(loggable(fields)).map(([name, value]) => detail(name, value));
  return `${printable(cut(text))}${details.join('')}`;
}

/** Turns pino's JSON lines into `2026-11-22 15:00:00.000+00:00 [info] text name=value`. */
function textLines(write: (line: string) => void): DestinationStream {
  return {
    write(json) {
      const { time, level, msg, fields } = JSON.parse(json) as Line;
      const details = Object.entries(fields ?? {}).map(([name, value]) => detail(name, value));
      write(`${time} [${level}] ${printable(msg)}${details.join('')}\n`);
    },
  };
}

/** ` name=value`; the stack of an error follows on lines of its own, indented. */
function detail(name: string, value: unknown): string {
  if (name === 'error' && typeof value === 'string') {
    return value
      .split('\n')
      .map((line) => `\n    ${printable(line.trim())}`)
      .join('');
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return ` ${printable(name)}=${printable(text)}`;
}

/** The fields as they may be written: errors as stacks, secrets blanked, long texts cut. */
function loggable(fields: LogFields | undefined): LogFields {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue;
    if (SECRETS.has(name.toLowerCase())) result[name] = '***';
    else if (value instanceof Error) result[name] = cut(value.stack ?? value.message);
    else if (Buffer.isBuffer(value)) result[name] = `${value.length} bytes`;
    else result[name] = typeof value === 'string' ? cut(value) : value;
  }
  return result;
}

function cut(text: string): string {
  return text.length <= MAX_VALUE_CHARACTERS ? text : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`;
}

/** Control characters are escaped: no client's name may end a line and forge the next one. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) =>
      ESCAPES[character] ?? `\\x${character.codePointAt(0)?.toString(16).padStart(2, '0')}`,
  );
}

/** RabbitMQ's rfc3339_space in UTC: `2026-11-22 15:00:00.000+00:00`. */
function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '+00:00');
}
