/**
 * Dead letter: what a message looks like after a queue gave it up, and which queues it may not
 * enter again. The headers are those of RabbitMQ: `x-death` newest first with one entry for each
 * queue and reason, `x-first-death-*` set once, `x-last-death-*` each time. Who is given up and
 * when is decided by queue.ts, overflow.ts and expiry.ts; vhost.ts publishes the result.
 */
import { type Field, type Fields, NO_FIELDS, Timestamp, TypedNumber } from '../field.ts';
import { Message } from '../message.ts';
import type { Properties, PropertyValues } from '../properties.ts';

export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** A message that a queue gave up. */
export interface Death {
  readonly message: Message;
  readonly queueName: string;
  readonly reason: DeathReason;
  readonly atMs: number;
}

/** Where dead letters of a queue go. */
export interface DeadLetterTarget {
  readonly exchange: string;
  /** null keeps the routing keys that the message came with. */
  readonly routingKey: string | null;
}

/** The message as it is published to the dead-letter exchange. */
export function deadLetterOf(death: Death, target: DeadLetterTarget): Message {
  const { message } = death;
  const headers = new Map<string, Field>(message.properties.headers ?? NO_FIELDS);
  recordDeath(headers, death);
  if (target.routingKey !== null) headers.delete('CC');
  const sorted = new Map([...headers].sort(([a], [b]) => (a < b ? -1 : 1)));
  const changes: PropertyValues = { headers: sorted, expiration: undefined };
  const properties: Properties = message.properties.with(changes);
  const routingKey = target.routingKey ?? message.routingKey;
  return new Message(target.exchange, routingKey, properties, message.body);
}

/**
 * Would this queue see the message go round in a circle? True if the message died in it before
 * and no consumer has rejected it since: then nothing but brokers moves it.
 */
export function isCycle(headers: Fields | undefined, queueName: string): boolean {
  for (const entry of deathsOf(headers)) {
    if (entry.get('reason') === 'rejected') return false;
    if (entry.get('queue') === queueName) return true;
  }
  return false;
}

function recordDeath(headers: Map<string, Field>, death: Death): void {
  const { message, queueName, reason } = death;
  const deaths = deathsOf(headers);
  const index = deaths.findIndex(
    (entry) => entry.get('queue') === queueName && entry.get('reason') === reason,
  );
  const [known] = index < 0 ? [] : deaths.splice(index, 1);
  const entry = known === undefined ? firstDeath(death) : oneMore(known);
  headers.set('x-death', [entry, ...deaths]);
  const names = { exchange: message.exchange, queue: queueName, reason };
  for (const [name, value] of Object.entries(names)) {
    if (!headers.has(`x-first-death-${name}`)) headers.set(`x-first-death-${name}`, value);
    headers.set(`x-last-death-${name}`, value);
  }
}

function firstDeath(death: Death): Fields {
  const { message, queueName, reason, atMs } = death;
  const entry = new Map<string, Field>();
  const { expiration } = message.properties;
  if (expiration !== undefined) entry.set('original-expiration', expiration);
  entry.set('count', new TypedNumber('int64', 1n));
  entry.set('reason', reason);
  entry.set('queue', queueName);
  entry.set('time', new Timestamp(Math.floor(atMs / 1000)));
  entry.set('exchange', message.exchange);
  entry.set('routing-keys', [message.routingKey, ...(message.copyKeys('CC') ?? [])]);
  return entry;
}

/** The same death again: one more, the first one's details stay. */
function oneMore(entry: Fields): Fields {
  const again = new Map(entry);
  const count = entry.get('count');
  const value = count instanceof TypedNumber ? count.value : count;
  // A publisher may have put anything there, and BigInt() throws on fractions.
  const before = typeof value === 'bigint' || Number.isSafeInteger(value) ? value : 0;
  return again.set('count', new TypedNumber('int64', BigInt(before as number | bigint) + 1n));
}

/** The tables of `x-death`; anything else a publisher may have put there is ignored. */
export function deathsOf(headers: Fields | undefined): Fields[] {
  const deaths = headers?.get('x-death');
  if (!Array.isArray(deaths)) return [];
  return deaths.filter((entry): entry is Fields => entry instanceof Map);
}
