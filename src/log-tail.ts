/**
 * LogTail: a log that remembers its last lines, and lets others watch what is written: the
 * console's live log. It passes every line on to the log that it stands before, and keeps of
 * each what that one would print: secrets blanked, control characters escaped. Who may look is
 * decided where it is shown.
 */
import { LOG_TAIL_LINE_CHARACTERS, LOG_TAIL_LINES } from './limits-console.ts';
import { type Log, type LogFields, type LogLevel, printedLine } from './log.ts';

/** One line as it is shown. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly text: string;
}

/** From the least urgent on. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;

export class LogTail implements Log {
  private readonly log: Log;
  private readonly nowMs: () => number;
  private readonly least: number;
  /** A ring: the oldest line is at `at` once it is full. */
  private readonly kept: LogLine[] = [];
  private at = 0;
  private readonly watchers = new Set<(line: LogLine) => void>();

  /** @param level the least urgent lines that are kept */
  constructor(log: Log, level: LogLevel, nowMs: () => number = Date.now) {
    this.log = log;
    this.nowMs = nowMs;
    const index = (LOG_LEVELS as readonly string[]).indexOf(level);
    this.least = index < 0 ? LOG_LEVELS.length : index;
  }

  /** The last lines, oldest first. */
  lines(): LogLine[] {
    return [...this.kept.slice(this.at), ...this.kept.slice(0, this.at)];
  }

  /** Calls `watcher` with every line from now on, until the function that it returns is called. */
  watch(watcher: (line: LogLine) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  debug(text: string, fields?: LogFields): void {
    this.log.debug(text, fields);
    this.keep(0, text, fields);
  }

  info(text: string, fields?: LogFields): void {
    this.log.info(text, fields);
    this.keep(1, text, fields);
  }

  warning(text: string, fields?: LogFields): void {
    this.log.warning(text, fields);
    this.keep(2, text, fields);
  }

  error(text: string, fields?: LogFields): void {
    this.log.error(text, fields);
    this.keep(3, text, fields);
  }

  private keep(urgency: 0 | 1 | 2 | 3, text: string, fields: LogFields | undefined): void {
    if (urgency < this.least) return;
    const printed = printedLine(text, fields).slice(0, LOG_TAIL_LINE_CHARACTERS);
    const line = { timeMs: this.nowMs(), level: LOG_LEVELS[urgency], text: printed };
    if (this.kept.length < LOG_TAIL_LINES) this.kept.push(line);
    else {
      this.kept[this.at] = line;
      this.at = (this.at + 1) % LOG_TAIL_LINES;
    }
    for (const watcher of this.watchers) watcher(line);
  }
}
