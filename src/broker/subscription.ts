/**
 * Consumer and Subscription: the two ends of push delivery. An adapter implements Consumer (where
 * deliveries go); the engine holds the Subscription (credit, what is out, its turn in the queue).
 * Back-pressure is a promise both keep: a consumer that answers canTake() with false is parked
 * and not asked again until somebody calls resume(). Hot path.
 */
import type { Delivery } from './delivery.ts';
import { type Fields, NO_FIELDS } from './field.ts';
import type { Queue } from './queue/queue.ts';
import { Unsettled } from './queue/unsettled.ts';
import type { Tracer } from './tracing/tracer.ts';
import { type DeliveryCounts, Traffic } from './traffic.ts';

/**
 * Why the engine ended a subscription: its queue was deleted, its queue's log is gone, the user may
 * no longer read from the queue, or it held a message for longer than its timeout.
 */
export type CancelReason =
  | 'queue deleted'
  | 'queue unavailable'
  | 'access refused'
  | 'consumer timeout';

/** Somewhere deliveries can go; implemented by adapters. Its methods must not throw. */
export interface Consumer {
  /** Is it done with a message when take() returns? Then its memory may be used again later. */
  readonly copies?: boolean;
  /** May a message be written now? After `false`, the adapter calls resume() when it may again. */
  canTake(): boolean;
  /** Must not publish: that is for a later turn of the event loop. */
  take(delivery: Delivery): void;
  /** The engine ended the subscription; nothing more will come. */
  cancelled(reason: CancelReason): void;
}

/** A prefetch limit shared by the subscriptions of one channel. */
export class PrefetchWindow {
  used = 0;
  readonly subscriptions = new Set<Subscription>();
  private limitValue: number;

  /** @param limit unsettled messages in all; 0 for unlimited */
  constructor(limit: number) {
    this.limitValue = limit;
  }

  get open(): boolean {
    return this.limitValue === 0 || this.used < this.limitValue;
  }

  get limit(): number {
    return this.limitValue;
  }

  /** Changes the limit. A lower one lets what is out be; deliveries go on when there is room. */
  set limit(limit: number) {
    this.limitValue = limit;
    if (this.open) this.resumeAll();
  }

  release(): void {
    this.used--;
    if (this.open) this.resumeAll();
  }

  /** Whoever gets a chance goes to the end, else the first queue would starve the others. */
  private resumeAll(): void {
    let left = this.subscriptions.size;
    for (const subscription of this.subscriptions) {
      if (left-- === 0 || !this.open) return;
      if (!subscription.parked) continue;
      this.subscriptions.delete(subscription);
      this.subscriptions.add(subscription);
      subscription.resume();
    }
  }
}

/** How a consumer wants to be served. */
export interface SubscribeOptions {
  /** The adapter's name for it, shown to operators. */
  readonly tag: string;
  /** Deliveries count as settled when they are handed over. */
  readonly noAck?: boolean;
  readonly exclusive?: boolean;
  /** Higher ones are served first as long as they can take; any int32, default 0. */
  readonly priority?: number;
  /** Unsettled messages that this subscription may hold; 0 for unlimited. */
  readonly prefetch?: number;
  readonly window?: PrefetchWindow | null;
  /** ms that it may hold a message, where the queue's type looks at that; 0: for ever. */
  readonly timeoutMs?: number;
  readonly arguments?: Fields;
  /** The channel that the deliveries are counted for; the session's own if not given. */
  readonly traffic?: Traffic;
  /** Told when the subscription has ended, whoever ended it. */
  readonly ended?: (subscription: Subscription) => void;
}

export class Subscription {
  readonly queue: Queue;
  readonly consumer: Consumer;
  readonly tag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** As its consumer says. */
  readonly copies: boolean;
  readonly priority: number;
  readonly prefetch: number;
  readonly arguments: Fields;
  readonly unsettled: Unsettled;
  readonly traffic: Traffic;
  readonly counts: DeliveryCounts;
  /** Not in the rotation: it had no credit when it was asked, or has not been started yet. */
  parked = true;
  ended = false;
  /** Copies what it takes; null unless the vhost is traced. */
  tracer: Tracer | null = null;
  private readonly window: PrefetchWindow | null;
  private readonly ownTimeoutMs: number;
  private readonly onEnd: ((subscription: Subscription) => void) | undefined;

  /** Made by Queue.subscribe, dormant until the first resume(). */
  constructor(queue: Queue, consumer: Consumer, options: SubscribeOptions) {
    this.queue = queue;
    this.consumer = consumer;
    this.copies = consumer.copies ?? false;
    this.tag = options.tag;
    this.noAck = options.noAck ?? false;
    this.exclusive = options.exclusive ?? false;
    this.priority = options.priority ?? 0;
    this.prefetch = options.prefetch ?? 0;
    this.arguments = options.arguments ?? NO_FIELDS;
    this.window = options.window ?? null;
    this.ownTimeoutMs = options.timeoutMs ?? -1;
    this.traffic = options.traffic ?? new Traffic();
    this.counts = this.traffic.from(queue);
    this.unsettled = new Unsettled(this, this.counts);
    this.window?.subscriptions.add(this);
    this.onEnd = options.ended;
  }

  /** ms that it may hold a message; 0: for ever. */
  get timeoutMs(): number {
    return this.ownTimeoutMs < 0 ? this.queue.consumerTimeoutMs : this.ownTimeoutMs;
  }

  /** Would it take a message now? Asked by the queue before every hand-over. */
  willing(): boolean {
    // A channel that has its fill is held back as a whole, consumers without acks too (RabbitMQ).
    if (this.window !== null && !this.window.open) return false;
    if (!this.noAck && this.prefetch !== 0 && this.unsettled.size >= this.prefetch) return false;
    return this.consumer.canTake();
  }

  /** Credit may have returned: back into the rotation. Also starts a new subscription. */
  resume(): void {
    if (!this.parked || this.ended) return;
    this.queue.unpark(this);
  }

  /** The queue hands it a message, counted and charged already if it has to be settled. */
  take(delivery: Delivery): void {
    const { counts } = this;
    if (delivery.redelivered) counts.redeliver++;
    if (this.noAck) counts.deliverNoAck++;
    else counts.deliver++;
    if (this.tracer !== null) this.tracer.delivered(delivery, this.traffic, this);
    this.consumer.take(delivery);
    if (this.noAck && this.copies) delivery.message.release();
  }

  /** The queue gave it a message that has to be settled. */
  charge(delivery: Delivery): void {
    this.unsettled.add(delivery);
    if (this.window !== null) this.window.used++;
  }

  /** One of its messages was settled. */
  credit(): void {
    if (this.window !== null) this.window.release();
    if (this.parked) this.resume();
  }

  /** It has ended, and what it held was taken from it. */
  relieved(): void {
    this.onEnd?.(this);
  }

  /** Ends it. What it holds stays out until it is settled or its session closes. */
  cancel(): void {
    if (this.ended) return;
    this.window?.subscriptions.delete(this);
    this.queue.unsubscribe(this);
    this.onEnd?.(this);
  }
}
