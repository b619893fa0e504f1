/**
 * Pending: the messages that are to be written, in order. One that every queue has acked before its
 * turn is never written (elision). An entry may also be a copy that compaction moves: its slots
 * stay where they are until the copy is on disk. Hot path: push, drop.
 */
import type { NewMessage, Settled } from '../message-store.ts';
import type { Segment } from './segment.ts';

/** What is done when all of a transaction is on disk, or could not be put there. */
export interface Transaction {
  readonly settled: Settled;
  /** Has its publisher been told? */
  told: boolean;
  readonly acks: readonly DeferredAck[];
}

/** An ack that takes effect with its transaction. */
export interface DeferredAck {
  readonly queue: { readonly deleted: boolean };
  readonly slot: number;
}

const NO_HEADER = Buffer.alloc(0);

/** A message on its way to the disk. */
export class Entry {
  readonly message: NewMessage;
  /** Told once; then null. */
  settled: Settled | null;
  flags: number;
  /** 0 for a queue that has acked it. */
  slots: number[];
  /** Where compaction moves it from, and its ordinals there; null for a new message. */
  readonly source: Segment | null;
  sources: number[];
  /** Its number in the order of all messages; 0 until it is written first. */
  seq: number;
  /** Queues that have not acked it. */
  alive: number;
  /** Where slots find it among the pending. */
  place = -1;
  /** Is it being written at the moment? */
  writing = false;
  transaction: Transaction | null = null;
  /** Is it the last of its transaction? */
  last = false;
  /** Encoded when its turn comes. */
  header: Buffer = NO_HEADER;
  /** Where it was written. */
  offset = 0;
  bytes = 0;
  ordinal = 0;

  constructor(
    message: NewMessage,
    settled: Settled | null,
    flags: number,
    slots: number[],
    source: Segment | null = null,
    sources: number[] = [],
    seq = 0,
  ) {
    this.message = message;
    this.settled = settled;
    this.flags = flags;
    this.slots = slots;
    this.alive = slots.length;
    this.source = source;
    this.sources = sources;
    this.seq = seq;
  }
}

/** What an entry weighs besides its body. */
const ENTRY_BYTES = 256;

export class Pending {
  /** Bodies and what comes with them, in memory until written. */
  bytes = 0;
  /** How many were pushed, and how many of the oldest are done with. */
  pushed = 0;
  done = 0;
  private queue: Entry[] = [];
  private head = 0;
  private readonly places: (Entry | null)[] = [];
  private readonly freePlaces: number[] = [];

  /** How many wait to be taken. */
  get size(): number {
    return this.queue.length - this.head;
  }

  /** A number that slots of an entry can have before the entry is made. */
  reserve(): number {
    return this.freePlaces.pop() ?? this.places.length;
  }

  /** @param place as reserved, -1 for a copy */
  push(entry: Entry, place: number): void {
    entry.message.hold();
    entry.place = place;
    if (place >= 0) this.places[place] = entry;
    this.bytes += entry.message.bodyBytes + ENTRY_BYTES;
    this.queue.push(entry);
    this.pushed++;
  }

  at(place: number): Entry {
    return this.places[place] as Entry;
  }

  /** Takes the oldest entries, at least one if there is any, whole transactions only. */
  take(maxBytes: number): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    let inside = false;
    while (this.head < this.queue.length && (bytes < maxBytes || inside)) {
      const entry = this.queue[this.head++] as Entry;
      inside = entry.transaction !== null && !entry.last;
      bytes += entry.alive === 0 ? 0 : entry.message.bodyBytes + ENTRY_BYTES;
      taken.push(entry);
    }
    if (this.head > 4096 || this.head === this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    return taken;
  }

  /** Puts back what was taken. */
  putBack(entries: readonly Entry[]): void {
    this.queue = [...entries, ...this.queue.slice(this.head)];
    this.head = 0;
  }

  /** The entry need not be kept any longer. */
  free(entry: Entry): void {
    this.bytes -= entry.message.bodyBytes + ENTRY_BYTES;
    entry.message.release();
    if (entry.place < 0) return;
    this.places[entry.place] = null;
    this.freePlaces.push(entry.place);
    entry.place = -1;
  }
}
