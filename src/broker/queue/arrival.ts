/**
 * Arrival: one message on its way into the queues of a store that says later when it is there.
 * Until then it counts against their length limits, whether the store can keep it or not.
 */
import type { Settled } from '../../storage/message-store.ts';
import type { Queue } from './queue.ts';

export class Arrival implements Settled {
  private readonly queues: readonly Queue[];
  private readonly bodyBytes: number;
  private readonly receipt: Settled | null;

  /** @param receipt told what this is told */
  constructor(queues: readonly Queue[], bodyBytes: number, receipt: Settled | null) {
    this.queues = queues;
    this.bodyBytes = bodyBytes;
    this.receipt = receipt;
    this.count(1);
  }

  settled(error: Error | null): void {
    this.count(-1);
    this.receipt?.settled(error);
  }

  private count(sign: 1 | -1): void {
    for (const queue of this.queues) {
      queue.arriving += sign;
      queue.arrivingBytes += sign * this.bodyBytes;
    }
  }
}
