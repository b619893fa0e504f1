/**
 * Recent history router (`x-recent-history`): a fanout that keeps the last messages, so that who
 * is bound later gets them at once. `x-recent-history-length` says how many (20), and a message
 * with the header `x-recent-history-no-store` = true is not kept. The history is in memory only
 * and gone after a restart, as in RabbitMQ; its bodies are bounded besides.
 */
import { RECENT_HISTORY_BYTES } from '../../limits.ts';
import { BrokerError } from '../errors.ts';
import { type Field, type Fields, integerOf } from '../field.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import { FanoutRouter } from './fanout.ts';
import type { Matched } from './matched.ts';

const LENGTH = 'x-recent-history-length';
const NO_STORE = 'x-recent-history-no-store';
const DEFAULT_LENGTH = 20;

/**
 * Checks what a declaration says.
 * @throws BrokerError PRECONDITION_FAILED
 */
export function checkHistoryArguments(args: Fields): void {
  const value = args.get(LENGTH);
  if (value === undefined || (integerOf(value) ?? 0) > 0) return;
  const text = `Invalid argument ${print(value)}, '${LENGTH}' must be a positive integer`;
  throw new BrokerError('PRECONDITION_FAILED', text);
}

/** See the head of this file. */
export class RecentHistoryRouter implements Router {
  readonly once = true;
  private readonly fanout = new FanoutRouter();
  private readonly length: number;
  /** Oldest first. */
  private readonly kept: Message[] = [];
  private keptBytes = 0;

  constructor(args: Fields) {
    this.length = integerOf(args.get(LENGTH)) ?? DEFAULT_LENGTH;
  }

  bind(binding: Binding): void {
    this.fanout.bind(binding);
  }

  unbind(binding: Binding): void {
    this.fanout.unbind(binding);
  }

  route(routingKey: string, message: Message, into: Matched): void {
    if (message.properties.headers?.get(NO_STORE) !== true) this.keep(message);
    this.fanout.route(routingKey, message, into);
  }

  history(): readonly Message[] {
    return [...this.kept];
  }

  private keep(message: Message): void {
    const { kept } = this;
    message.keep();
    kept.push(message);
    this.keptBytes += message.bodyBytes;
    while (kept.length > this.length || this.keptBytes > RECENT_HISTORY_BYTES) {
      this.keptBytes -= (kept.shift() as Message).bodyBytes;
    }
  }
}

/** As Erlang would. */
function print(value: Field): string {
  const integer = integerOf(value);
  if (integer !== null) return String(integer);
  return typeof value === 'string' ? `<<"${value}">>` : String(value);
}
