/**
 * Overflow: what `x-max-length` and `x-max-length-bytes` do. Both count ready messages only: what
 * consumers hold does not count. drop-head makes room at the head, reject-publish turns the new
 * message away (its publisher gets a nack), reject-publish-dlx dead-letters it besides.
 */

import type { Levels } from './levels.ts';
import type { QueueSettings } from './settings.ts';

/** Is there a limit at all? Asked when the queue is made, and when its settings change. */
export function isBounded(settings: QueueSettings): boolean {
  return settings.maxLength >= 0 || settings.maxLengthBytes >= 0;
}

/** Does the queue hold more than it may? Then drop-head drops. */
export function isOver(settings: QueueSettings, waiting: Levels): boolean {
  const { maxLength, maxLengthBytes } = settings;
  if (maxLength >= 0 && waiting.size > maxLength) return true;
  return maxLengthBytes >= 0 && waiting.bytes > maxLengthBytes && waiting.size > 0;
}

/** A queue as far as it counts here: its settings, and what is on its way but not there yet. */
interface Receiving {
  readonly settings: QueueSettings;
  readonly arriving: number;
  readonly arrivingBytes: number;
}

/** Would one more message of `bodyBytes` be too much? Then reject-publish refuses it. */
export function wouldOverflow(queue: Receiving, waiting: Levels, bodyBytes: number): boolean {
  const { arriving, arrivingBytes } = queue;
  const { maxLength, maxLengthBytes } = queue.settings;
  if (maxLength >= 0 && waiting.size + arriving + 1 > maxLength) return true;
  return maxLengthBytes >= 0 && waiting.bytes + arrivingBytes + bodyBytes > maxLengthBytes;
}
