/**
 * Ledger: which message of which queue is where. Slots, segments and queues, and the only place
 * where they change together. Knows neither files nor what waits to be written. Hot path: settle.
 */
import type { QueueId } from '../message-store.ts';
import type { Segment } from './segment.ts';
import { NOWHERE, SHARED, Slots, UNWRITTEN } from './slots.ts';

/** A queue as far as the ledger counts for it. */
export interface LedgerQueue {
  readonly id: QueueId;
  /** What slots name it by. */
  index: number;
  /** Messages, written or not. */
  messages: number;
  readonly deleted: boolean;
}

export class Ledger {
  readonly slots = new Slots();
  readonly segments = new Map<number, Segment>();
  /** Messages of all queues, written or not. */
  messages = 0;
  /** Segments whose journal has something to be told. */
  readonly dirty = new Set<Segment>();
  /** Told when a segment that is sealed has nothing alive any more. */
  onDead: (segment: Segment) => void = () => {};
  private readonly queues: (LedgerQueue | null)[] = [];
  private readonly freeQueues: number[] = [];

  /** Gives the queue an index. */
  enter(queue: LedgerQueue): void {
    queue.index = this.freeQueues.pop() ?? this.queues.length;
    this.queues[queue.index] = queue;
  }

  /** A queue was deleted. Its index is free when no slot names it any more. */
  leave(queue: LedgerQueue): void {
    if (queue.messages > 0) return;
    this.queues[queue.index] = null;
    this.freeQueues.push(queue.index);
  }

  queue(index: number): LedgerQueue {
    return this.queues[index] as LedgerQueue;
  }

  /** A slot for a message of a queue, not written yet. */
  take(queueIndex: number, place: number): number {
    this.messages++;
    (this.queues[queueIndex] as LedgerQueue).messages++;
    return this.slots.take(queueIndex, place);
  }

  /** The slot's message is in that segment now. */
  place(slot: number, segment: Segment, offset: number, length: number, ordinal: number): void {
    this.slots.place(slot, segment.id, offset, length, ordinal);
    segment.place(ordinal, slot, offset, length);
    const deliveries = this.slots.deliveries(slot);
    if (deliveries > 0) this.note(segment, ordinal);
  }

  /** A copy of the slot's message is in another segment: that is the one that counts. */
  move(slot: number, segment: Segment, offset: number, length: number, ordinal: number): void {
    this.unplace(slot);
    this.place(slot, segment, offset, length, ordinal);
  }

  /** A written message is settled for good. */
  settle(slot: number): void {
    this.unplace(slot);
    this.forget(slot);
  }

  /** Gives the slot back. */
  forget(slot: number): void {
    const queue = this.queues[this.slots.queue(slot)] as LedgerQueue;
    this.messages--;
    queue.messages--;
    this.slots.release(slot);
    if (queue.deleted) this.leave(queue);
  }

  /** A record was written for a queue that needs it no more. */
  settleUnplaced(segment: Segment, ordinal: number): void {
    segment.settled.push(ordinal);
    this.dirty.add(segment);
  }

  setDeliveries(slot: number, deliveries: number): void {
    const { slots } = this;
    if (slots.deliveries(slot) === deliveries) return;
    slots.setDeliveries(slot, deliveries);
    const segment = slots.segment(slot);
    if (segment === UNWRITTEN || segment === NOWHERE) return;
    this.note(this.segments.get(segment) as Segment, slots.ordinal(slot));
  }

  /** What is alive, in bytes of records. */
  get liveBytes(): number {
    let bytes = 0;
    for (const segment of this.segments.values()) bytes += segment.liveBytes;
    return bytes;
  }

  /** What the files take. */
  get diskBytes(): number {
    let bytes = 0;
    for (const segment of this.segments.values()) bytes += segment.fileBytes + segment.journalBytes;
    return bytes;
  }

  private note(segment: Segment, ordinal: number): void {
    segment.delivered.push(ordinal);
    this.dirty.add(segment);
  }

  private unplace(slot: number): void {
    const { slots } = this;
    const segment = this.segments.get(slots.segment(slot)) as Segment;
    segment.settle(slots.ordinal(slot), slots.offset(slot), slots.length(slot));
    if (segment.settled.length === 1) this.dirty.add(segment);
    if (segment.live === 0 && segment.sealed) this.onDead(segment);
  }
}

/** The length as slots keep it. */
export function slotLength(recordBytes: number, queues: number): number {
  return queues > 1 ? recordBytes | SHARED : recordBytes;
}
