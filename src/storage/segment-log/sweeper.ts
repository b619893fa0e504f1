/**
 * Sweeper: settles what deleted queues still have. The log keeps no list of a queue's messages, so
 * all slots are looked through, for all queues that were deleted meanwhile, a piece in each turn of
 * the event loop.
 */
import { STORE_SWEEP_SLOTS } from '../../limits.ts';
import type { LedgerQueue } from './ledger.ts';
import { NOWHERE, type Slots } from './slots.ts';

/** A queue whose messages go, and who waits for that. */
interface Sweep {
  readonly queue: LedgerQueue;
  done(): void;
}

export class Sweeper {
  private readonly slots: Slots;
  private readonly settle: (slot: number) => void;
  private waiting: Sweep[] = [];
  private sweeping = false;

  constructor(slots: Slots, settle: (slot: number) => void) {
    this.slots = slots;
    this.settle = settle;
  }

  /** Resolves when nothing of the queue is left. */
  sweep(queue: LedgerQueue): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ queue, done });
      if (this.sweeping) return;
      this.sweeping = true;
      setImmediate(() => this.begin());
    });
  }

  private begin(): void {
    const sweeps = this.waiting;
    this.waiting = [];
    const indexes = new Set(sweeps.map(({ queue }) => queue.index));
    this.look(1, indexes, sweeps);
  }

  private look(from: number, indexes: ReadonlySet<number>, sweeps: readonly Sweep[]): void {
    const { slots } = this;
    const end = Math.min(slots.end, from + STORE_SWEEP_SLOTS);
    for (let slot = from; slot < end; slot++) {
      if (slots.segment(slot) !== NOWHERE && indexes.has(slots.queue(slot))) this.settle(slot);
    }
    if (end < slots.end) {
      setImmediate(() => this.look(end, indexes, sweeps));
      return;
    }
    for (const { done } of sweeps) done();
    if (this.waiting.length > 0) setImmediate(() => this.begin());
    else this.sweeping = false;
  }
}
