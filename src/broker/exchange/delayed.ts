/**
 * Delayed router (`x-delayed-message`): a message with a header `x-delay` waits so many ms before
 * it is routed, as an exchange of the type in `x-delayed-type` does; one without goes on at once.
 * What waits is in a queue of the exchange's own, which nobody can consume from and the store
 * keeps as it keeps any other: it survives a restart. When the time has come the vhost routes it
 * (../dead-letters.ts), with `x-delay` negated, as RabbitMQ's plugin does.
 */
import { DELAY_MAX_MS } from '../../limits.ts';
import { BrokerError } from '../errors.ts';
import { type Field, integerOf, NO_FIELDS } from '../field.ts';
import { Message } from '../message.ts';
import type { Queue } from '../queue/queue.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

const DELAY = 'x-delay';
/** What a message cannot say itself while it waits: its own expiration, and hidden keys. */
const EXPIRATION = 'x-delayed-expiration';
const KEYS = 'x-delayed-keys';

export class DelayedRouter implements Router {
  /** Where messages wait; given by the topology right after. */
  queue: Queue | null = null;
  readonly once: boolean;
  readonly inner: Router;

  /** @param inner what routes when the time has come */
  constructor(inner: Router) {
    this.inner = inner;
    this.once = inner.once ?? false;
  }

  check(binding: Binding): void {
    this.inner.check?.(binding);
  }

  bind(binding: Binding): void {
    this.inner.bind(binding);
  }

  unbind(binding: Binding): void {
    this.inner.unbind(binding);
  }

  route(routingKey: string, message: Message, into: Matched): void {
    if (this.queue !== null && delayOf(message) > 0) into.add(this.queue);
    else this.inner.route(routingKey, message, into);
  }

  history(): readonly Message[] {
    return this.inner.history?.() ?? [];
  }
}

/** ms that a message asks to wait; 0 and less for not at all. */
export function delayOf(message: Message): number {
  const value = message.properties.headers?.get(DELAY);
  if (value === undefined) return 0;
  if (typeof value === 'string') return /^\d{1,15}$/.test(value) ? Number(value) : 0;
  return integerOf(value) ?? (typeof value === 'number' ? Math.round(value) : 0);
}

/**
 * Refuses a delay that is too long, rather than not to wait at all.
 * @throws BrokerError PRECONDITION_FAILED
 */
export function checkDelay(message: Message): void {
  const delayMs = delayOf(message);
  if (delayMs <= DELAY_MAX_MS) return;
  const text = `invalid ${DELAY} ${delayMs}: the longest delay is ${DELAY_MAX_MS} ms`;
  throw new BrokerError('PRECONDITION_FAILED', text);
}

/**
 * A message as it waits: it expires when its delay is over.
 * @param hiddenKeys routing keys besides its own and those in its CC
 */
export function heldMessage(message: Message, hiddenKeys: readonly string[] | null): Message {
  const { properties, exchange, routingKey, body } = message;
  const headers = new Map<string, Field>(properties.headers ?? NO_FIELDS);
  // A publisher has no say in these.
  headers.delete(EXPIRATION);
  headers.delete(KEYS);
  if (properties.expiration !== undefined) headers.set(EXPIRATION, properties.expiration);
  if (hiddenKeys !== null) headers.set(KEYS, [...hiddenKeys]);
  const expiration = String(Math.min(delayOf(message), DELAY_MAX_MS));
  return new Message(exchange, routingKey, properties.with({ headers, expiration }), body);
}

/**
 * The message of {@link heldMessage}, and all routing keys besides its own.
 * @param over is the delay over? Then it is negated.
 */
export function releasedMessage(
  held: Message,
  over = true,
): {
  readonly message: Message;
  readonly keys: readonly string[] | null;
} {
  const { properties, exchange, routingKey, body } = held;
  const headers = new Map<string, Field>(properties.headers ?? NO_FIELDS);
  const expiration = headers.get(EXPIRATION) as string | undefined;
  const keys = (headers.get(KEYS) as string[] | undefined) ?? held.copyKeys('CC');
  headers.delete(EXPIRATION);
  headers.delete(KEYS);
  if (over) headers.set(DELAY, -delayOf(held));
  const restored = properties.with({ headers, expiration });
  const message = new Message(exchange, routingKey, restored, body);
  if (!over) message.arrivedAtMs = held.arrivedAtMs;
  return { message, keys };
}
