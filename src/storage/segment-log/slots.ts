/**
 * Slots: one row of numbers for each message in each queue, wherever it is; its index is the ref
 * that the engine knows. In chunks, so that a million of them grow without copying. Hot path.
 */

const FIELDS = 6;
const CHUNK_BITS = 12;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SLOTS - 1;

/** What a slot says where its segment would be while it is in none: free, or not written yet. */
export const NOWHERE = 0;
export const UNWRITTEN = 0xffff_ffff;

/** In the length of a slot, which is a multiple of eight: its record is of several queues. */
export const SHARED = 1;
/** The same of one that is not written yet: acked while it is being written. */
export const ACKED = 2;

export class Slots {
  /** In use. */
  size = 0;
  private readonly chunks: Uint32Array[] = [];
  /** Slot numbers below it have been in use; 0 is none. */
  private top = 1;
  /** The head of a list of free slots, threaded through their offsets. */
  private free = 0;

  /** A slot for a message that is not written yet. @param place where its pending one finds it */
  take(queue: number, place: number): number {
    let slot = this.free;
    if (slot !== 0) this.free = this.offset(slot);
    else {
      slot = this.top++;
      if (slot >>> CHUNK_BITS === this.chunks.length) {
        this.chunks.push(new Uint32Array(FIELDS * CHUNK_SLOTS));
      }
    }
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    const at = FIELDS * (slot & CHUNK_MASK);
    chunk[at] = UNWRITTEN;
    chunk[at + 1] = place;
    chunk[at + 2] = 0;
    chunk[at + 3] = 0;
    chunk[at + 4] = queue;
    chunk[at + 5] = 0;
    this.size++;
    return slot;
  }

  release(slot: number): void {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    const at = FIELDS * (slot & CHUNK_MASK);
    chunk[at] = NOWHERE;
    chunk[at + 1] = this.free;
    this.free = slot;
    this.size--;
  }

  /** The message is in a segment now. @param length with {@link SHARED} if it is */
  place(slot: number, segment: number, offset: number, length: number, ordinal: number): void {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    const at = FIELDS * (slot & CHUNK_MASK);
    chunk[at] = segment;
    chunk[at + 1] = offset;
    chunk[at + 2] = length;
    chunk[at + 3] = ordinal;
  }

  segment(slot: number): number {
    return this.at(slot, 0);
  }

  /** Within the segment; of an unwritten one, its place among the pending. */
  offset(slot: number): number {
    return this.at(slot, 1);
  }

  /** Of its record, with the two marks. */
  length(slot: number): number {
    return this.at(slot, 2);
  }

  ordinal(slot: number): number {
    return this.at(slot, 3);
  }

  queue(slot: number): number {
    return this.at(slot, 4);
  }

  deliveries(slot: number): number {
    return this.at(slot, 5);
  }

  markAcked(slot: number): void {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    chunk[FIELDS * (slot & CHUNK_MASK) + 2] = ACKED;
  }

  setDeliveries(slot: number, deliveries: number): void {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    chunk[FIELDS * (slot & CHUNK_MASK) + 5] = deliveries;
  }

  /** One more than the highest slot that was ever in use. */
  get end(): number {
    return this.top;
  }

  private at(slot: number, field: number): number {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Uint32Array;
    return chunk[FIELDS * (slot & CHUNK_MASK) + field] as number;
  }
}
