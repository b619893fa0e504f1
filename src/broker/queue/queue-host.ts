/**
 * QueueHost and QueueDefinition: what a queue needs from outside, and what it is made of. The
 * vhost is the host of its queues; tests bring one of their own.
 */
import type { Clock } from '../../clock.ts';
import type { QueueId, Ref } from '../../storage/message-store.ts';
import type { VhostChange } from '../catalog.ts';
import type { Governing } from '../effective.ts';
import type { Fields } from '../field.ts';
import type { Message } from '../message.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { DeathReason } from './dead-letter.ts';
import type { Queue } from './queue.ts';
import type { QueueType } from './queue-types.ts';
import type { SafeLetter } from './safe-letters.ts';

/** What a queue needs of the vhost it is in. */
export interface QueueHost {
  readonly name: string;
  readonly clock: Clock;
  /** Is told what becomes of messages; null unless somebody wants to know. */
  readonly tracer: Tracer | null;
  /** ms that consumers may hold a message unless the queue or they say otherwise; 0: for ever. */
  readonly consumerTimeoutMs: number;
  /** Publishes a message that the queue gave up; completed() is called when it is safe. */
  deadLetter(queue: Queue, message: Message, ref: Ref, reason: DeathReason): void;
  /** The same for one that must arrive, and is told how it went. */
  deadLetterSafely(queue: Queue, letter: SafeLetter): void;
  /** The queue is not used any more: auto-delete or x-expires. */
  unused(queue: Queue): void;
  /** An exchange went because of what else did: nobody has proposed that. */
  implied(change: VhostChange): void;
  /** A stored message could not be read back. */
  lost(queue: Queue): void;
  /** The queue is gone; what it counted is all that is left. */
  retired(queue: Queue): void;
  /** The store could not forget the queue. */
  undeleted(queue: Queue, error: Error): void;
}

/** A queue as it was declared. */
export interface QueueDefinition {
  readonly name: string;
  /** Names its messages in a store. */
  readonly id: QueueId;
  readonly durable: boolean;
  /** The session that alone may use it; null if anyone may. */
  readonly owner: string | null;
  readonly autoDelete: boolean;
  readonly arguments: Fields;
  /** The user who declared it, as far as that is known. */
  readonly declaredBy?: string;
  readonly type: QueueType;
  readonly governing: Governing;
}
