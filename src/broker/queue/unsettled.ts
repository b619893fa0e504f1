/**
 * Unsettled: the deliveries that one subscription, or one session by fetching, holds and has not
 * settled, oldest first. A list threaded through the deliveries themselves, so that handing over
 * and settling allocate nothing. Hot path.
 */
import { assert } from '../../assert.ts';
import type { Delivery } from '../delivery.ts';
import type { Subscription } from '../subscription.ts';
import type { DeliveryCounts } from '../traffic.ts';

export class Unsettled {
  /** The subscription to credit when one is settled; null for fetched messages. */
  readonly subscription: Subscription | null;
  /** Counts what is settled from here, besides the queue's own. */
  readonly counts: DeliveryCounts;
  size = 0;
  private oldest: Delivery | null = null;
  private newest: Delivery | null = null;

  constructor(subscription: Subscription | null, counts: DeliveryCounts) {
    this.subscription = subscription;
    this.counts = counts;
  }

  add(delivery: Delivery): void {
    delivery.holder = this;
    delivery.previous = this.newest;
    if (this.newest === null) this.oldest = delivery;
    else this.newest.next = delivery;
    this.newest = delivery;
    this.size++;
  }

  /** @throws AssertionError if it is not here: an adapter settled it twice */
  remove(delivery: Delivery): void {
    assert(delivery.holder === this, 'a delivery is settled once, by who holds it');
    const { previous, next } = delivery;
    if (previous === null) this.oldest = next;
    else previous.next = next;
    if (next === null) this.newest = previous;
    else next.previous = previous;
    delivery.previous = null;
    delivery.next = null;
    delivery.holder = null;
    this.size--;
  }

  first(): Delivery | null {
    return this.oldest;
  }

  *[Symbol.iterator](): Generator<Delivery> {
    for (let at = this.oldest; at !== null; at = at.next) yield at;
  }
}
