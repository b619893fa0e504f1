/**
 * Delivery: one message handed out by one queue, until it is settled. While a message waits it is
 * only a row in the queue's ready list; the object exists from hand-over to settlement. Adapters
 * give it their own numbers (AMQP delivery tag, MQTT packet id, STOMP ack id). Hot path.
 */
import type { Ref } from '../storage/message-store.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue/queue.ts';
import type { Unsettled } from './queue/unsettled.ts';

export class Delivery {
  /** As the consumer gets it: with its counts if the queue's type tells them. */
  readonly message: Message;
  /** As the queue has it. */
  readonly kept: Message;
  readonly queue: Queue;
  /** The store's name for it; NO_REF if no store has it. */
  readonly ref: Ref;
  /** Priority level, and place within it: where a requeue puts it back. */
  readonly level: number;
  readonly position: number;
  /** Deliveries before this one; of a quorum queue those that failed. */
  readonly deliveryCount: number;
  /** Of a quorum queue: deliveries before this one, whatever became of them. */
  readonly acquiredCount: number;
  readonly redelivered: boolean;
  /** ms since 1970, 0 for never. Holds only while the message waits, not while it is out. */
  readonly expiresAtMs: number;
  /** When it was handed over, in ms of the queue's own; see delivery-timeouts.ts. */
  handedOverMs = 0;
  /** Its queue took it back from who had it: what they say about it later does not matter. */
  withdrawn = false;
  /** Who has it; null before hand-over and once it is settled. */
  holder: Unsettled | null = null;
  previous: Delivery | null = null;
  next: Delivery | null = null;

  constructor(
    message: Message,
    kept: Message,
    queue: Queue,
    ref: Ref,
    level: number,
    position: number,
    deliveryCount: number,
    acquiredCount: number,
    redelivered: boolean,
    expiresAtMs: number,
  ) {
    this.message = message;
    this.kept = kept;
    this.queue = queue;
    this.ref = ref;
    this.level = level;
    this.position = position;
    this.deliveryCount = deliveryCount;
    this.acquiredCount = acquiredCount;
    this.redelivered = redelivered;
    this.expiresAtMs = expiresAtMs;
  }
}
