/**
 * Counts: how often a message of a quorum queue was handed out, and how often that failed. Both
 * are kept in the one number that a row of the ready list and a store have for them, and told to
 * consumers in headers. Classic queues count hand-overs only and tell nobody.
 */
import type { Delivery } from '../delivery.ts';
import { type Field, NO_FIELDS } from '../field.ts';
import { Message } from '../message.ts';

/** Each count has 14 bits; then it stays what it is. */
const COUNT_MAX = 2 ** 14 - 1;

/** @param acquired hand-overs @param failed those that ended with a failure */
export function packCounts(acquired: number, failed: number): number {
  return (Math.min(acquired, COUNT_MAX) << 14) | Math.min(failed, COUNT_MAX);
}

/** The failures of {@link packCounts}. */
export function failedOf(counts: number): number {
  return counts & COUNT_MAX;
}

/** The hand-overs; a store counts one that a crash ended as a failure only. */
export function acquiredOf(counts: number): number {
  return Math.max(counts >>> 14, failedOf(counts));
}

/**
 * What a store has to know while a message is out: if it never comes back, because the process
 * ends, it was handed out once more, and failed.
 * @param packed does the queue's type count both?
 */
export function countsIfLost({ deliveryCount, acquiredCount }: Delivery, packed: boolean): number {
  const failures = deliveryCount + 1;
  return packed ? packCounts(acquiredCount + 1, failures) : failures;
}

/** The message as it is handed out again, with its counts in headers sorted by name (RabbitMQ). */
export function withCounts(message: Message, acquired: number, failed: number): Message {
  const { exchange, routingKey, properties, body } = message;
  const headers = new Map<string, Field>(properties.headers ?? NO_FIELDS);
  headers.set('x-acquired-count', acquired);
  headers.set('x-delivery-count', failed);
  const sorted = new Map([...headers].sort(([a], [b]) => (a < b ? -1 : 1)));
  const told = new Message(exchange, routingKey, properties.with({ headers: sorted }), body);
  told.arrivedAtMs = message.arrivedAtMs;
  return told;
}
