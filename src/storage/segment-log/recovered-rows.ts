/**
 * RecoveredRows: the messages of one queue that recovery found, until the queue has been told of
 * them. They are added segment by segment from the newest to the oldest, and read in the order of
 * the queue.
 */

import { release } from './record-index.ts';

const FIRST_ROWS = 16;
const CHUNK_ROWS = 8192;

/** Words: slot, body bytes, flags, deliveries. Doubles: number, arrival, expiry. */
const WORDS = 4;
const DOUBLES = 3;

interface Chunk {
  readonly rows: number;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

export class RecoveredRows {
  size = 0;
  private readonly chunks: Chunk[] = [];
  /** How many rows are in chunks before the last. */
  private base = 0;
  /** The rows in the order of their numbers. */
  private order = new Uint32Array(0);

  add(
    slot: number,
    seq: number,
    bodyBytes: number,
    flags: number,
    arrivedAtMs: number,
    expiresAtMs: number,
    deliveries: number,
  ): void {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || this.size - this.base === chunk.rows) {
      this.base = this.size;
      chunk = makeChunk(chunk === undefined ? FIRST_ROWS : CHUNK_ROWS);
      this.chunks.push(chunk);
    }
    const word = WORDS * (this.size - this.base);
    chunk.words[word] = slot;
    chunk.words[word + 1] = bodyBytes;
    chunk.words[word + 2] = flags;
    chunk.words[word + 3] = deliveries;
    const double = DOUBLES * (this.size - this.base);
    chunk.doubles[double] = seq;
    chunk.doubles[double + 1] = arrivedAtMs;
    chunk.doubles[double + 2] = expiresAtMs;
    this.size++;
  }

  /** Puts them in the order of the queue; call it once, after the last one was added. */
  sort(): void {
    const seqs = new Float64Array(this.size);
    for (let row = 0; row < this.size; row++) seqs[row] = this.double(row, 0);
    this.order = new Uint32Array(this.size);
    // Each segment is in order, and came before the older ones: mostly turning that round will do.
    let place = 0;
    for (let end = this.size; end > 0; ) {
      let start = end - 1;
      while (start > 0 && (seqs[start - 1] as number) < (seqs[start] as number)) start--;
      for (let row = start; row < end; row++) this.order[place++] = row;
      end = start;
    }
    for (let i = 1; i < place; i++) {
      const before = seqs[this.order[i - 1] as number] as number;
      if (before < (seqs[this.order[i] as number] as number)) continue;
      // Compaction has moved some.
      this.order.sort((a, b) => (seqs[a] as number) - (seqs[b] as number));
      break;
    }
    release(seqs);
  }

  /** Gives the memory back at once: there are no rows any more. */
  release(): void {
    for (const { words, doubles } of this.chunks) {
      release(words);
      release(doubles);
    }
    release(this.order);
    this.size = 0;
  }

  /** Of the message at that place in the queue. */
  slot(place: number): number {
    return this.word(this.order[place] as number, 0);
  }

  bodyBytes(place: number): number {
    return this.word(this.order[place] as number, 1);
  }

  flags(place: number): number {
    return this.word(this.order[place] as number, 2);
  }

  deliveries(place: number): number {
    return this.word(this.order[place] as number, 3);
  }

  arrivedAtMs(place: number): number {
    return this.double(this.order[place] as number, 1);
  }

  expiresAtMs(place: number): number {
    return this.double(this.order[place] as number, 2);
  }

  private word(row: number, field: number): number {
    const [chunk, at] = this.find(row);
    return chunk.words[WORDS * at + field] as number;
  }

  private double(row: number, field: number): number {
    const [chunk, at] = this.find(row);
    return chunk.doubles[DOUBLES * at + field] as number;
  }

  private find(row: number): [Chunk, number] {
    if (row < FIRST_ROWS) return [this.chunks[0] as Chunk, row];
    const beyond = row - FIRST_ROWS;
    const chunk = this.chunks[1 + Math.floor(beyond / CHUNK_ROWS)] as Chunk;
    return [chunk, beyond % CHUNK_ROWS];
  }
}

function makeChunk(rows: number): Chunk {
  return {
    rows,
    words: new Uint32Array(WORDS * rows),
    doubles: new Float64Array(DOUBLES * rows),
  };
}
