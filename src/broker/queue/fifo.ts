/**
 * Fifo: a list that is added to at one end and taken from at the other, however long it gets.
 * Array.shift() moves everything that is left, which a million messages that die at once feel.
 */

/** Taken places at the front are let go of when there are so many, and as many again are left. */
const COMPACT_MIN = 1024;

export class Fifo<T> {
  private items: T[] = [];
  private head = 0;

  get size(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** The first `count`, or as many as there are. */
  first(count: number): T[] {
    return this.items.slice(this.head, this.head + count);
  }

  /** Takes the first; undefined if there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const [item] = this.first(1);
    this.drop(1);
    return item;
  }

  /** Takes the first `count` away. */
  drop(count: number): void {
    const end = Math.min(this.head + count, this.items.length);
    this.items.fill(undefined as T, this.head, end);
    this.head = end;
    if (this.head < COMPACT_MIN || this.head < this.size) return;
    this.items = this.items.slice(this.head);
    this.head = 0;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }
}
