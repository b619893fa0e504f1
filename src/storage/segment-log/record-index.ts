/**
 * RecordIndex: what is in a segment without the bodies, a column for each field. Grows while the
 * segment is written, is its footer afterwards (compressed, as it is a cache that is read at the
 * next start only), and what a scan of a segment without footer yields.
 */
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRawSync } from 'node:zlib';
import { align } from './record.ts';

const TRAILER_BYTES = 24;
const MAGIC = 0x544f_4f46;

const pack = promisify(deflateRaw) as (bytes: Buffer, options: object) => Promise<Buffer>;

/** Bytes of a row, and how many rows there are at first. */
const WORDS = 6;
const DOUBLES = 3;
const FIRST_ROWS = 64;

export class RecordIndex {
  rows = 0;
  /** What all columns are in, if it is one piece. */
  private memory: ArrayBuffer | null = null;
  /** Queue ids of all rows, one after the other. */
  ids = 0;
  offset = new Uint32Array(FIRST_ROWS);
  length = new Uint32Array(FIRST_ROWS);
  ordinal = new Uint32Array(FIRST_ROWS);
  queues = new Uint32Array(FIRST_ROWS);
  bodyBytes = new Uint32Array(FIRST_ROWS);
  flags = new Uint32Array(FIRST_ROWS);
  seq = new Float64Array(FIRST_ROWS);
  arrivedAtMs = new Float64Array(FIRST_ROWS);
  expiresAtMs = new Float64Array(FIRST_ROWS);
  queueIds = new Uint32Array(FIRST_ROWS);

  /** Adds a row; its queue ids follow by {@link addQueue}. */
  add(
    offset: number,
    length: number,
    ordinal: number,
    queues: number,
    bodyBytes: number,
    flags: number,
    seq: number,
    arrivedAtMs: number,
    expiresAtMs: number,
  ): void {
    if (this.rows === this.offset.length) this.grow();
    const row = this.rows++;
    this.offset[row] = offset;
    this.length[row] = length;
    this.ordinal[row] = ordinal;
    this.queues[row] = queues;
    this.bodyBytes[row] = bodyBytes;
    this.flags[row] = flags;
    this.seq[row] = seq;
    this.arrivedAtMs[row] = arrivedAtMs;
    this.expiresAtMs[row] = expiresAtMs;
  }

  addQueue(id: number): void {
    if (this.ids === this.queueIds.length) {
      this.queueIds = grown(this.queueIds, new Uint32Array(2 * this.ids));
    }
    this.queueIds[this.ids++] = id;
  }

  /** Forgets the rows from `rows` on, whose queue ids start at `ids`. */
  cut(rows: number, ids: number): void {
    this.rows = rows;
    this.ids = ids;
  }

  /** What is appended to the segment, whose length is `segmentBytes`, a multiple of eight. */
  async encode(segmentBytes: number, salt: number): Promise<Buffer> {
    const { rows, ids } = this;
    const columns = Buffer.allocUnsafeSlow(rows * (4 * WORDS + 8 * DOUBLES) + 4 * ids);
    let at = 0;
    for (const column of this.columns()) {
      const length = column === this.queueIds ? ids : rows;
      const bytes = new Uint8Array(column.buffer, 0, length * column.BYTES_PER_ELEMENT);
      columns.set(bytes, at);
      at += bytes.length;
    }
    const packed = await pack(columns, { level: 1 });
    release(columns);
    const footer = Buffer.alloc(align(packed.length) + TRAILER_BYTES);
    packed.copy(footer);
    const trailer = footer.subarray(footer.length - TRAILER_BYTES);
    trailer.writeUInt32LE(packed.length, 0);
    trailer.writeUInt32LE(rows, 4);
    trailer.writeUInt32LE(ids, 8);
    trailer.writeUInt32LE(segmentBytes, 12);
    trailer.writeUInt32LE(crc32(footer.subarray(0, footer.length - 8), salt), 16);
    trailer.writeUInt32LE(MAGIC, 20);
    return footer;
  }

  /** How long the footer is whose last bytes these are; 0 if there is none. */
  static footerBytes(end: Buffer): number {
    if (end.length < TRAILER_BYTES) return 0;
    const trailer = end.subarray(end.length - TRAILER_BYTES);
    if (trailer.readUInt32LE(20) !== MAGIC) return 0;
    return align(trailer.readUInt32LE(0)) + TRAILER_BYTES;
  }

  /** What a footer says; null if it is damaged. */
  static decode(footer: Buffer, salt: number): RecordIndex | null {
    const body = footer.subarray(0, footer.length - 8);
    if (footer.readUInt32LE(footer.length - 8) !== crc32(body, salt)) return null;
    const trailer = footer.subarray(footer.length - TRAILER_BYTES);
    const rows = trailer.readUInt32LE(4);
    const ids = trailer.readUInt32LE(8);
    const packed = footer.subarray(0, trailer.readUInt32LE(0));
    const bytes = rows * (4 * WORDS + 8 * DOUBLES) + 4 * ids;
    const plain = inflateRawSync(packed, { chunkSize: Math.max(64, bytes) });
    if (plain.length !== bytes) return null;
    // From the start of its memory, so that the columns are aligned.
    const columns = isWhole(plain) ? plain.buffer : new Uint8Array(plain).buffer;
    const index = new RecordIndex();
    index.memory = columns as ArrayBuffer;
    index.rows = rows;
    index.ids = ids;
    let at = 0;
    const doubles = (): Float64Array<ArrayBuffer> => {
      const column = new Float64Array(columns, at, rows);
      at += 8 * rows;
      return column;
    };
    const words = (length: number): Uint32Array<ArrayBuffer> => {
      const column = new Uint32Array(columns, at, length);
      at += 4 * length;
      return column;
    };
    index.seq = doubles();
    index.arrivedAtMs = doubles();
    index.expiresAtMs = doubles();
    index.offset = words(rows);
    index.length = words(rows);
    index.ordinal = words(rows);
    index.queues = words(rows);
    index.bodyBytes = words(rows);
    index.flags = words(rows);
    index.queueIds = words(ids);
    return index;
  }

  /** Gives the memory back at once; the index is of no use any more. */
  release(): void {
    if (this.memory === null) for (const column of this.columns()) release(column);
    else release(new Uint8Array(this.memory));
    this.rows = 0;
  }

  /** Doubles first, so that all are aligned. */
  private columns(): (Uint32Array | Float64Array)[] {
    const doubles = [this.seq, this.arrivedAtMs, this.expiresAtMs];
    const words = [this.offset, this.length, this.ordinal, this.queues, this.bodyBytes, this.flags];
    return [...doubles, ...words, this.queueIds];
  }

  private grow(): void {
    const rows = 2 * this.offset.length;
    this.offset = grown(this.offset, new Uint32Array(rows));
    this.length = grown(this.length, new Uint32Array(rows));
    this.ordinal = grown(this.ordinal, new Uint32Array(rows));
    this.queues = grown(this.queues, new Uint32Array(rows));
    this.bodyBytes = grown(this.bodyBytes, new Uint32Array(rows));
    this.flags = grown(this.flags, new Uint32Array(rows));
    this.seq = grown(this.seq, new Float64Array(rows));
    this.arrivedAtMs = grown(this.arrivedAtMs, new Float64Array(rows));
    this.expiresAtMs = grown(this.expiresAtMs, new Float64Array(rows));
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * Gives the memory behind an array back at once. Megabytes that wait for the garbage collector,
 * which does not see them, would make the process large for good.
 */
export function release(bytes: Uint8Array | Uint32Array | Float64Array): void {
  if (isWhole(bytes) && bytes.byteLength > 0) (bytes.buffer as ArrayBuffer).transfer(0);
}

/** Is that all of its memory? Small buffers share theirs. */
function isWhole({ buffer, byteOffset, byteLength }: ArrayBufferView): boolean {
  return buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
}
