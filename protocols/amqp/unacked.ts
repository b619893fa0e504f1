/**
 * Unacked: the deliveries of one channel by delivery tag [AMQP 1.1.1]. Tags count up by one, so
 * they index a queue; one that is settled out of order leaves a hole, and when a few old ones
 * would hold on to a long row of holes they move to a map. Hot path.
 */
import type { Delivery } from '../../src/broker/delivery.ts';

/** Rows shorter than this are not worth sweeping. */
const SWEEP_MIN = 1024;

export class Unacked {
  /** Deliveries that wait for an ack. */
  size = 0;
  /** The tag given last. */
  private lastTag = 0;
  /** Deliveries by tag − firstTag; null where there is none any more. */
  private row: (Delivery | null)[] = [];
  /** Nothing was added since the row started anew: where no delivery is acked, it never is. */
  private untouched = true;
  /** Where in the row the first delivery may be. */
  private head = 0;
  private firstTag = 1;
  /** Old deliveries that were swept out of the row, ascending by tag unless `unsorted`. */
  private readonly stragglers = new Map<number, Delivery>();
  /** Some were put back: the order is looked after when it matters. */
  private unsorted = false;

  /** Gives a delivery its tag. */
  add(delivery: Delivery): number {
    const tag = ++this.lastTag;
    if (this.size === this.stragglers.size) this.restart(tag);
    this.size++;
    this.push(delivery);
    return tag;
  }

  /** A tag for a delivery that needs no ack. */
  skip(): number {
    const tag = ++this.lastTag;
    if (this.untouched && this.size === 0) this.firstTag = tag + 1;
    else if (this.size === this.stragglers.size) this.restart(tag + 1);
    else this.push(null);
    return tag;
  }

  /** Takes one out; undefined if that tag is not waiting. */
  take(tag: number): Delivery | undefined {
    const index = tag - this.firstTag;
    if (index < 0) {
      const straggler = this.stragglers.get(tag);
      if (straggler !== undefined) this.drop(tag);
      return straggler;
    }
    const delivery = this.row[index];
    if (delivery === null || delivery === undefined) return undefined;
    this.row[index] = null;
    this.size--;
    if (index === this.head) this.advance();
    return delivery;
  }

  /** Takes out all up to and including `tag`, oldest first; 0 means all. */
  takeUpTo(tag: number): Delivery[] {
    this.sortStragglers();
    const taken: Delivery[] = [];
    const last = tag === 0 ? this.lastTag : tag;
    for (const [old, delivery] of this.stragglers) {
      if (old > last) break;
      taken.push(delivery);
      this.drop(old);
    }
    const end = Math.min(last - this.firstTag + 1, this.row.length);
    for (let i = this.head; i < end; i++) {
      const delivery = this.row[i];
      if (delivery === null || delivery === undefined) continue;
      taken.push(delivery);
      this.row[i] = null;
      this.size--;
    }
    this.advance();
    return taken;
  }

  /** Puts back what was taken: a transaction that was rolled back. */
  restore(tag: number, delivery: Delivery): void {
    this.size++;
    const index = tag - this.firstTag;
    if (index >= 0 && index < this.row.length) {
      this.row[index] = delivery;
      this.head = Math.min(this.head, index);
      return;
    }
    this.stragglers.set(tag, delivery);
    this.unsorted = true;
  }

  /** Does a delivery of that tag wait for its ack? */
  has(tag: number): boolean {
    const index = tag - this.firstTag;
    return index < 0 ? this.stragglers.has(tag) : (this.row[index] ?? null) !== null;
  }

  /** The tag of the next delivery that takeUpTo would return first, with it; for transactions. */
  *upTo(tag: number): Generator<[tag: number, delivery: Delivery]> {
    this.sortStragglers();
    const last = tag === 0 ? this.lastTag : tag;
    for (const entry of this.stragglers) if (entry[0] <= last) yield entry;
    const end = Math.min(last - this.firstTag + 1, this.row.length);
    for (let i = this.head; i < end; i++) {
      const delivery = this.row[i];
      if (delivery !== null && delivery !== undefined) yield [this.firstTag + i, delivery];
    }
  }

  private push(delivery: Delivery | null): void {
    this.untouched = false;
    this.row.push(delivery);
    if (this.row.length > SWEEP_MIN && this.row.length > 4 * this.size) this.sweep();
  }

  private sortStragglers(): void {
    if (!this.unsorted) return;
    this.unsorted = false;
    const sorted = [...this.stragglers].sort(([a], [b]) => a - b);
    this.stragglers.clear();
    for (const [tag, delivery] of sorted) this.stragglers.set(tag, delivery);
  }

  private drop(tag: number): void {
    this.stragglers.delete(tag);
    this.size--;
  }

  /** The row is empty: it starts anew at `tag`. */
  private restart(tag: number): void {
    if (this.row.length > 0) this.row = [];
    this.untouched = true;
    this.head = 0;
    this.firstTag = tag;
  }

  private advance(): void {
    const { row } = this;
    while (this.head < row.length && row[this.head] === null) this.head++;
    if (this.head < SWEEP_MIN) return;
    row.splice(0, this.head);
    this.firstTag += this.head;
    this.head = 0;
  }

  private sweep(): void {
    const middle = this.row.length >>> 1;
    for (let i = this.head; i < middle; i++) {
      const delivery = this.row[i];
      if (delivery) this.stragglers.set(this.firstTag + i, delivery);
    }
    this.row.splice(0, middle);
    this.firstTag += middle;
    this.head = Math.max(0, this.head - middle);
  }
}
