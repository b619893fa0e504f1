/**
 * Segment: one file of records as the running log sees it: how much of it is alive, which slot each
 * ordinal belongs to, and what its ack journal has not been told yet. Knows no files. Hot path:
 * settle, place.
 */
import type { RecordIndex } from './record-index.ts';
import { SEGMENT_HEADER_BYTES } from './segment-scan.ts';
import { SHARED } from './slots.ts';

/** Stands for a slot where a queue that nobody has opened owns the message. */
export const ORPHAN = 0xffff_ffff;

export class Segment {
  /** Ascending from 1; a copy of a message in a later one is the newer copy. */
  readonly id: number;
  readonly salt: number;
  /** Bytes of records that are known to be good, and of the header; then the footer too. */
  bytes = SEGMENT_HEADER_BYTES;
  /** What its file had when it began to be written: 0, or more if the file was another's before. */
  reusedBytes = 0;
  /** Is its footer being written, or has writing to its file failed? Nobody else writes to it. */
  unfit = false;
  /** Bytes of records that some queue still has. */
  liveBytes = 0;
  /** (Record, queue) pairs that are not settled. */
  live = 0;
  /** Of those, how many are of queues that nobody has opened. */
  orphans = 0;
  /** The ordinal that the next pair gets. */
  ordinals = 0;
  /** Counts the writes. */
  flushes = 0;
  /** Is it written to no more? */
  sealed = false;
  /** Is it being compacted? Has it records that could not be moved? */
  compacting = false;
  stuck = false;
  retired = false;
  /** How many read from it at the moment: it stays as long. */
  readers = 0;
  /** For the footer; null if it is written to no more. */
  index: RecordIndex | null = null;
  /** Ordinals settled, and delivered, since the journal was written last. */
  settled: number[] = [];
  delivered: number[] = [];
  journalBytes = 0;
  journalSynced = true;
  /** By ordinal; 0 for settled. */
  private slots = new Uint32Array(64);
  /** Of records of several queues, by offset: how many still have it. */
  private readonly shared = new Map<number, number>();

  constructor(id: number, salt: number) {
    this.id = id;
    this.salt = salt;
  }

  /** `0000001a-5f3c9a21`: what its files are called. */
  get name(): string {
    return `${hex(this.id)}-${hex(this.salt)}`;
  }

  /** What its file takes. */
  get fileBytes(): number {
    return Math.max(this.bytes, this.reusedBytes);
  }

  /** Bytes that nobody needs. */
  get deadBytes(): number {
    return this.bytes + this.journalBytes - this.liveBytes;
  }

  get isDirty(): boolean {
    return this.settled.length > 0 || this.delivered.length > 0;
  }

  /** The slot of an ordinal, 0 if it is settled. */
  slot(ordinal: number): number {
    return this.slots[ordinal] ?? 0;
  }

  /** A queue has the record at `offset`. @param length with {@link SHARED} if others may, too */
  place(ordinal: number, slot: number, offset: number, length: number): void {
    if (ordinal >= this.slots.length) this.grow(ordinal);
    this.slots[ordinal] = slot;
    this.live++;
    if (slot === ORPHAN) this.orphans++;
    if ((length & SHARED) === 0) {
      this.liveBytes += length;
      return;
    }
    const holders = this.shared.get(offset) ?? 0;
    if (holders === 0) this.liveBytes += length - SHARED;
    this.shared.set(offset, holders + 1);
  }

  /** A queue has it no more. */
  settle(ordinal: number, offset: number, length: number): void {
    this.slots[ordinal] = 0;
    this.live--;
    this.settled.push(ordinal);
    if ((length & SHARED) === 0) {
      this.liveBytes -= length;
      return;
    }
    const holders = (this.shared.get(offset) as number) - 1;
    if (holders > 0) {
      this.shared.set(offset, holders);
      return;
    }
    this.shared.delete(offset);
    this.liveBytes -= length - SHARED;
  }

  /** Written to no more: gives back what it has too much of. */
  seal(): void {
    this.sealed = true;
    if (this.slots.length > this.ordinals) this.slots = this.slots.slice(0, this.ordinals);
  }

  /** Room for so many ordinals at once. */
  reserve(ordinals: number): void {
    if (ordinals > this.slots.length) this.grow(ordinals - 1);
  }

  private grow(ordinal: number): void {
    const grown = new Uint32Array(Math.max(ordinal + 1, 2 * this.slots.length));
    grown.set(this.slots);
    this.slots = grown;
  }
}

/** The id and salt in the name of a file, null if it is none of a segment. */
export function segmentOf(fileName: string): Segment | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{8})\.(log|ack)$/.exec(fileName);
  if (match === null) return null;
  return new Segment(
    Number.parseInt(match[1] as string, 16),
    Number.parseInt(match[2] as string, 16),
  );
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
