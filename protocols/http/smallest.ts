/**
 * Smallest: the first few of many in some order, without sorting the rest: page 1 of ten thousand
 * queues looks at each once. Kept as a heap with the last of the few on top, which goes when
 * something smaller comes. If nearly all are wanted, all are kept and sorted.
 */

/** Negative if `a` comes first. It never says that two are equal. */
type Order<T> = (a: T, b: T) => number;

export class Smallest<T> {
  private readonly wanted: number;
  private readonly order: Order<T>;
  private readonly heap: T[] = [];

  constructor(wanted: number, order: Order<T>) {
    this.wanted = wanted;
    this.order = order;
  }

  add(item: T): void {
    const { heap, wanted } = this;
    if (heap.length < wanted) {
      heap.push(item);
      if (heap.length === wanted) this.heapify();
    } else if (wanted > 0 && this.order(item, heap[0] as T) < 0) {
      this.sink(item, 0);
    }
  }

  /** Those that were wanted, in order. */
  all(): T[] {
    return this.heap.toSorted(this.order);
  }

  private heapify(): void {
    for (let at = (this.heap.length >> 1) - 1; at >= 0; at--) this.sink(this.heap[at] as T, at);
  }

  /** Puts an item where there is a hole, or below it, so that whatever is above comes later. */
  private sink(item: T, hole: number): void {
    const { heap, order } = this;
    let at = hole;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && order(heap[right] as T, heap[child] as T) > 0) child = right;
      if (order(heap[child] as T, item) <= 0) break;
      heap[at] = heap[child] as T;
      at = child;
    }
    heap[at] = item;
  }
}
