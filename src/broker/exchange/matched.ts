/**
 * Matched: the queues that one message reaches, each once, whatever the number of bindings and
 * keys that lead there. Reused for every publish: a destination carries the mark of the last
 * route that reached it, which makes this a set without hashing, and the rows are overwritten
 * rather than removed, because shortening an array costs more than routing. Hot path.
 */
import type { Flows } from '../flow.ts';
import { Queue } from '../queue/queue.ts';
import type { Exchange } from './exchange.ts';

/** Where a binding can lead. */
export type Destination = Queue | Exchange;

export class Matched {
  /** How many queues have been reached. */
  size = 0;
  /** Exchanges reached through bindings and not routed through yet. */
  exchanges: Exchange[] = [];
  /** How often anything was added, duplicates included. */
  hits = 0;
  /** The first `size` rows count. */
  private readonly queues: Queue[] = [];
  private mark: number;

  /** @param mark where its marks begin: those of two in use must not meet */
  constructor(mark = 0) {
    this.mark = mark;
  }

  /** Starts a new route. */
  reset(): void {
    this.size = 0;
    this.hits = 0;
    this.mark++;
    if (this.exchanges.length > 0) this.exchanges = [];
  }

  add(destination: Destination): void {
    this.hits++;
    if (destination.routeMark === this.mark) return;
    destination.routeMark = this.mark;
    if (destination instanceof Queue) this.queues[this.size++] = destination;
    else this.exchanges.push(destination);
  }

  /** Takes queues out again; may change the order of the others. */
  drop(unwanted: readonly Queue[]): void {
    for (let i = this.size - 1; i >= 0; i--) {
      if (!unwanted.includes(this.queues[i] as Queue)) continue;
      this.queues[i] = this.queues[--this.size] as Queue;
    }
  }

  /** Counts a message to each. */
  countInto(flows: Flows<Queue>): void {
    for (let i = 0; i < this.size; i++) flows.count(this.queues[i] as Queue);
  }

  /** @param index less than `size` */
  queue(index: number): Queue {
    return this.queues[index] as Queue;
  }

  /** The queues reached, in an array of their own. */
  all(): Queue[] {
    return this.queues.slice(0, this.size);
  }
}
