/**
 * Encoder: entries as the bytes of one write, in memory that is used again and again; large bodies
 * are not copied but written from where they are. Hot path.
 */
import { crc32 } from 'node:zlib';
import type { Entry } from './pending.ts';
import { align, DOUBLE, HEAD_BYTES, headSum, priorityBits, recordBytes, WORD } from './record.ts';
import type { Segment } from './segment.ts';

/** Bodies from this size on are written from where they are. */
const IN_PLACE_BYTES = 16 * 1024;

/** What is laid out goes into arenas of this size, and into one of its own if it is larger. */
const ARENA_BYTES = 512 * 1024;
/** More arenas than these are let go after the write that needed them. */
const ARENAS_KEPT = 10;

const ZEROS = Buffer.alloc(8);

/** What the encoder needs to know of slots. */
export interface QueueIds {
  queueIdOf(slot: number): number;
}

/** The bytes of a write. */
export interface Encoded {
  readonly chunks: Uint8Array[];
  readonly bytes: number;
  /** How many ordinals were given out. */
  readonly ordinals: number;
}

/** Memory that is written to, seen in three ways. */
class Arena {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;

  /** @param size a multiple of eight */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.words = new Uint32Array(this.bytes.buffer);
    this.doubles = new Float64Array(this.bytes.buffer);
  }
}

export class Encoder {
  private readonly ids: QueueIds;
  /** Used one after the other; the next free one is at `nextArena`. */
  private readonly arenas: Arena[] = [new Arena(ARENA_BYTES)];
  private nextArena = 0;
  private arena!: Buffer;
  private words!: Uint32Array;
  private doubles!: Float64Array;
  private position = 0;
  private chunks: Uint8Array[] = [];
  private chunkStart = 0;

  constructor(ids: QueueIds) {
    this.ids = ids;
  }

  /**
   * Lays out entries that have slots behind what is in the segment, and notes where on the entries
   * and in the segment's index. The bytes are valid until the next call.
   */
  encode(entries: readonly Entry[], segment: Segment): Encoded {
    this.arenas.length = Math.min(this.arenas.length, ARENAS_KEPT);
    this.nextArena = 0;
    this.chunks = [];
    this.turnTo(this.nextOf(0));
    let offset = segment.bytes;
    let ordinal = segment.ordinals;
    const flush = segment.flushes + 1;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      entry.offset = offset;
      entry.ordinal = ordinal;
      this.record(entry, segment, flush);
      offset += entry.bytes;
      ordinal += entry.slots.length;
    }
    this.endChunk();
    const bytes = offset - segment.bytes;
    return { chunks: this.chunks, bytes, ordinals: ordinal - segment.ordinals };
  }

  private record(entry: Entry, segment: Segment, flush: number): void {
    const { header, message, slots } = entry;
    const body = message.lent;
    const queues = slots.length;
    const bytes = recordBytes(queues, header.length, body.length);
    entry.bytes = bytes;
    const inPlace = body.length >= IN_PLACE_BYTES;
    this.reserve(inPlace ? bytes - body.length + 8 : bytes);
    const start = this.position;
    this.head(entry, flush, header.length);
    const first = (start + HEAD_BYTES) >>> 2;
    const { words, arena } = this;
    const { index } = segment;
    for (let i = 0; i < queues; i++) {
      const id = this.ids.queueIdOf(slots[i] as number);
      words[first + i] = id;
      index?.addQueue(id);
    }
    const headerAt = start + HEAD_BYTES + 4 * queues;
    arena.set(header, headerAt);
    const bodyAt = headerAt + header.length;
    if (inPlace) this.bodyInPlace(body, bodyAt, start + bytes - body.length);
    else {
      arena.set(body, bodyAt);
      arena.fill(0, bodyAt + body.length, start + bytes);
      this.position = start + bytes;
    }
    this.sums(start, inPlace ? body : null, inPlace ? bodyAt : bodyAt + body.length, segment.salt);
  }

  private head(entry: Entry, flush: number, headerBytes: number): void {
    const { message } = entry;
    const at = this.position >>> 2;
    const { words, doubles } = this;
    words[at + WORD.length] = entry.bytes;
    words[at + WORD.ordinal] = entry.ordinal;
    words[at + WORD.queues] = entry.slots.length;
    words[at + WORD.headerBytes] = headerBytes;
    words[at + WORD.bodyBytes] = message.bodyBytes;
    words[at + WORD.flags] = entry.flags | priorityBits(message.priority);
    words[at + WORD.flush] = flush;
    words[at + WORD.flush + 1] = 0;
    const double = this.position >>> 3;
    doubles[double + DOUBLE.seq] = entry.seq;
    doubles[double + DOUBLE.arrivedAtMs] = message.arrivedAtMs;
    doubles[double + DOUBLE.expiresAtMs] = message.expiresAtMs;
  }

  private bodyInPlace(body: Buffer, bodyAt: number, paddedEnd: number): void {
    this.position = bodyAt;
    this.endChunk();
    this.chunks.push(body);
    if (paddedEnd > bodyAt) this.chunks.push(ZEROS.subarray(0, paddedEnd - bodyAt));
    this.position = align(bodyAt);
    this.chunkStart = this.position;
  }

  private sums(start: number, bodyApart: Buffer | null, end: number, salt: number): void {
    const { words } = this;
    const at = start >>> 2;
    let sum = crc32(this.arena.subarray(start + HEAD_BYTES, end), salt);
    if (bodyApart !== null) sum = crc32(bodyApart, sum);
    words[at + WORD.dataSum] = sum;
    words[at + WORD.headSum] = headSum(words, at, salt);
  }

  private endChunk(): void {
    if (this.position === this.chunkStart) return;
    this.chunks.push(this.arena.subarray(this.chunkStart, this.position));
    this.chunkStart = this.position;
  }

  /** Room for so many bytes more; what has been laid out stays where it is. */
  private reserve(bytes: number): void {
    if (this.position + bytes <= this.arena.length) return;
    this.endChunk();
    this.turnTo(this.nextOf(bytes));
  }

  private nextOf(bytes: number): Arena {
    if (bytes > ARENA_BYTES) return new Arena(align(bytes));
    const index = this.nextArena++;
    const arena = this.arenas[index] ?? new Arena(ARENA_BYTES);
    this.arenas[index] = arena;
    return arena;
  }

  private turnTo({ bytes, words, doubles }: Arena): void {
    this.arena = bytes;
    this.words = words;
    this.doubles = doubles;
    this.position = 0;
    this.chunkStart = 0;
  }
}
