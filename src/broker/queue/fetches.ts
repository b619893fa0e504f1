/**
 * Fetches: messages taken from a queue one by one, without a subscription (basic.get). Who asks
 * gets the head of the backlog, and waits only if it has to be read back from the store.
 */
import type { Delivery } from '../delivery.ts';
import { BrokerError } from '../errors.ts';
import type { Queue } from './queue.ts';
import type { Unsettled } from './unsettled.ts';

export class Fetches {
  private readonly queue: Queue;
  /** Those who wait for the head of the backlog. */
  private readonly waiters: (() => void)[] = [];

  constructor(queue: Queue) {
    this.queue = queue;
  }

  /**
   * One message; null if none is ready.
   * @param holder who has to settle it; null counts as settled at once
   */
  async one(holder: Unsettled | null): Promise<Delivery | null> {
    const { queue } = this;
    let delivery = queue.backlog.takeHead();
    while (delivery === null && queue.size > 0 && !queue.deleted) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
      delivery = queue.backlog.takeHead();
    }
    const { counts } = queue;
    if (delivery === null) {
      counts.getEmpty++;
      return null;
    }
    if (delivery.redelivered) counts.redeliver++;
    if (holder === null) {
      counts.getNoAck++;
      queue.discard(delivery.ref);
    } else {
      counts.get++;
      queue.unsettled++;
      queue.unsettledBytes += delivery.message.bodyBytes;
      holder.add(delivery);
      queue.handedOut(delivery);
    }
    return delivery;
  }

  /** The head of the backlog has been read back, or there is no more queue. */
  wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}

/** @throws BrokerError RESOURCE_LOCKED if its messages are for one consumer only */
export function checkFetch(queue: Queue): void {
  if (!queue.settings.singleActiveConsumer || queue.rules.fetchesWithActive) return;
  const text =
    `cannot obtain access to locked ${queue}. basic.get operations are not supported by ` +
    `${queue.type} queues with single active consumer`;
  throw new BrokerError('RESOURCE_LOCKED', text);
}
