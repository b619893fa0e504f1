/**
 * ExchangeLog: a log whose lines somebody else hears, too, if they are urgent enough: clients of
 * the log exchange (announcements.ts). Where they hear them it does not know.
 */
import type { Log, LogFields, LogLevel } from './log.ts';

type Level = 'debug' | 'info' | 'warning' | 'error';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warning', 'error', 'critical', 'none'];

export class ExchangeLog implements Log {
  private readonly log: Log;
  private readonly least: number;
  private hear: ((level: Level, text: string) => void) | null = null;

  /** @param level the least urgent lines that are passed on */
  constructor(log: Log, level: LogLevel) {
    this.log = log;
    this.least = ORDER.indexOf(level);
  }

  /** From now on lines go there, too. */
  attach(hear: (level: Level, text: string) => void): void {
    this.hear = hear;
  }

  debug(text: string, fields?: LogFields): void {
    this.log.debug(text, fields);
    this.pass('debug', text);
  }

  info(text: string, fields?: LogFields): void {
    this.log.info(text, fields);
    this.pass('info', text);
  }

  warning(text: string, fields?: LogFields): void {
    this.log.warning(text, fields);
    this.pass('warning', text);
  }

  error(text: string, fields?: LogFields): void {
    this.log.error(text, fields);
    this.pass('error', text);
  }

  private pass(level: Level, text: string): void {
    if (ORDER.indexOf(level) >= this.least) this.hear?.(level, text);
  }
}
