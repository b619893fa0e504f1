/**
 * DeliveryTimeouts: consumers of a quorum queue that hold a message for too long. Such a consumer
 * is cancelled and what it holds goes back, without counting as a failure. One timer a queue, for
 * the oldest delivery, so that handing over and settling cost next to nothing.
 */
import type { Clock, Timer } from '../../clock.ts';
import type { Delivery, Tally } from '../delivery.ts';
import type { Subscription } from '../subscription.ts';

interface Settling {
  settle(delivery: Delivery, outcome: 'release'): void;
}

export class DeliveryTimeouts {
  private readonly clock: Clock;
  /** Deliveries remember small numbers. */
  private readonly bornMs: number;
  private readonly queue: Settling;
  /** Those that hold something, or did when last looked at. */
  private readonly holding = new Set<Subscription>();
  private timer: Timer | null = null;
  private timerAtMs = 0;

  constructor(queue: Settling, clock: Clock) {
    this.queue = queue;
    this.clock = clock;
    this.bornMs = clock.now();
  }

  handedOver(delivery: Delivery, subscription: Subscription): void {
    const now = this.clock.now();
    (delivery.tally as Tally).handedOverMs = now - this.bornMs;
    this.holding.add(subscription);
    const { timeoutMs } = subscription;
    if (timeoutMs > 0) this.arm(now + timeoutMs);
  }

  /** Looks who is overdue; also after a timeout has changed. */
  look(): void {
    this.timer?.cancel();
    this.timer = null;
    const now = this.clock.now();
    for (const subscription of [...this.holding]) {
      const oldest = subscription.unsettled.first();
      const { timeoutMs } = subscription;
      if (oldest === null) this.holding.delete(subscription);
      if (oldest === null || timeoutMs <= 0) continue;
      const dueMs = this.bornMs + (oldest.tally as Tally).handedOverMs + timeoutMs;
      if (dueMs > now) this.arm(dueMs);
      else this.end(subscription);
    }
  }

  /** For a queue that is gone. */
  clear(): void {
    this.timer?.cancel();
    this.timer = null;
    this.holding.clear();
  }

  private end(subscription: Subscription): void {
    const held = [...subscription.unsettled];
    // One that was cancelled before may still hold something, but has heard of its end.
    const { ended } = subscription;
    subscription.cancel();
    for (const delivery of held) {
      (delivery.tally as Tally).withdrawn = true;
      this.queue.settle(delivery, 'release');
    }
    subscription.relieved();
    if (!ended) subscription.consumer.cancelled('consumer timeout');
  }

  private arm(atMs: number): void {
    if (this.timer !== null) {
      if (this.timerAtMs <= atMs) return;
      this.timer.cancel();
    }
    this.timerAtMs = atMs;
    this.timer = this.clock.schedule(Math.max(0, atMs - this.clock.now()), () => {
      this.timer = null;
      this.look();
    });
  }
}
