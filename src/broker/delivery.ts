/**
 * Delivery: one message handed out by one queue, until it is settled. While a message waits it is
 * only a row in the queue's ready list; the object exists from hand-over to settlement. Adapters
 * give it their own numbers (AMQP delivery tag, MQTT packet id, STOMP ack id). Hot path.
 */
import type { Ref } from '../storage/message-store.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue/queue.ts';
import type { Unsettled } from './queue/unsettled.ts';

/** One delivery of a queue that counts, as far as others have no use for it. */
export class Tally {
  readonly kept: Message;
  readonly acquired: number;
  /** When it was handed over, in ms of the queue's own; see delivery-timeouts.ts. */
  handedOverMs = 0;
  /** Its queue took it back from who had it: what they say about it later does not matter. */
  withdrawn = false;

  constructor(kept: Message, acquired: number) {
    this.kept = kept;
    this.acquired = acquired;
  }
}

export class Delivery {
  /** As the consumer gets it: with its counts if the queue's type tells them. */
  readonly message: Message;
  readonly queue: Queue;
  /** The store's name for it; NO_REF if no store has it. */
  readonly ref: Ref;
  /** Priority level, and place within it: where a requeue puts it back. */
  readonly level: number;
  readonly position: number;
  /** Deliveries before this one; of a quorum queue those that failed. */
  readonly deliveryCount: number;
  readonly redelivered: boolean;
  /** ms since 1970, 0 for never. Holds only while the message waits, not while it is out. */
  readonly expiresAtMs: number;
  /** What a queue that counts knows besides; null for every other queue. */
  readonly tally: Tally | null;
  /** Who has it; null before hand-over and once it is settled. */
  holder: Unsettled | null = null;
  /** When it was handed over, in ticks of the clock. */
  handedOverTick = 0;
  previous: Delivery | null = null;
  next: Delivery | null = null;

  constructor(
    message: Message,
    queue: Queue,
    ref: Ref,
    level: number,
    position: number,
    deliveryCount: number,
    redelivered: boolean,
    expiresAtMs: number,
    tally: Tally | null,
  ) {
    this.message = message;
    this.queue = queue;
    this.ref = ref;
    this.level = level;
    this.position = position;
    this.deliveryCount = deliveryCount;
    this.redelivered = redelivered;
    this.expiresAtMs = expiresAtMs;
    this.tally = tally;
  }

  /** The message as the queue has it. */
  get kept(): Message {
    return this.tally === null ? this.message : this.tally.kept;
  }

  /** Of a quorum queue: deliveries before this one, whatever became of them. */
  get acquiredCount(): number {
    return this.tally === null ? 0 : this.tally.acquired;
  }
}
