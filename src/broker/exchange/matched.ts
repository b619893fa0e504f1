/**
 * Matched: the queues that one message reaches, each once, whatever the number of bindings and
 * keys that lead there. Reused for every publish: a destination carries the mark of the last
 * route that reached it, which makes this a set without hashing. Hot path.
 */
import { Queue } from '../queue/queue.ts';
import type { Exchange } from './exchange.ts';

/** Where a binding can lead. */
export type Destination = Queue | Exchange;

export class Matched {
  readonly queues: Queue[] = [];
  /** Exchanges reached through bindings and not routed through yet. */
  readonly exchanges: Exchange[] = [];
  /** How often anything was added, duplicates included. */
  hits = 0;
  private mark = 0;

  /** Starts a new route. */
  reset(): void {
    this.queues.length = 0;
    this.exchanges.length = 0;
    this.hits = 0;
    this.mark++;
  }

  add(destination: Destination): void {
    this.hits++;
    if (destination.routeMark === this.mark) return;
    destination.routeMark = this.mark;
    if (destination instanceof Queue) this.queues.push(destination);
    else this.exchanges.push(destination);
  }
}
