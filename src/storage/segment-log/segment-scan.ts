/**
 * Segment scan: which records are in the bytes of a segment without a good footer: the one that was
 * written to when the process ended, or one that is damaged. Damage costs the records that it is
 * in; what follows is found again by its heads. Pure functions.
 */
import { crc32 } from 'node:zlib';
import { DOUBLE, FLAG, HEAD_BYTES, isHead, WORD } from './record.ts';
import { RecordIndex } from './record-index.ts';

/** Bytes before the first record. */
export const SEGMENT_HEADER_BYTES = 16;

const MAGIC = 0x314c_5357;

/** The version of the format; a segment of a later one is left alone. */
export const SEGMENT_VERSION = 1;

/** Ordinals that are lost: from, and how many. */
export interface Gap {
  readonly ordinal: number;
  readonly count: number;
}

/** What is in a segment. */
export interface Scan {
  readonly index: RecordIndex;
  /** Ordinals whose records are damaged. */
  readonly gaps: readonly Gap[];
  /** Bytes behind the last whole record that are no record. */
  readonly tornBytes: number;
}

/** The first bytes of a segment. @param reused is there something behind it already? */
export function segmentHeader(salt: number, reused: boolean): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(SEGMENT_VERSION, 4);
  header.writeUInt32LE(crc32(header.subarray(0, 8), salt), 8);
  header.writeUInt32LE(reused ? 1 : 0, 12);
  return header;
}

/** Were its bytes another segment's before? Then those at its end are no damage. */
export function isReused(content: Buffer, salt: number): boolean {
  if (content.length < SEGMENT_HEADER_BYTES) return false;
  const own = content.readUInt32LE(8) === crc32(content.subarray(0, 8), salt);
  return own ? content.readUInt32LE(12) === 1 : content.readUInt32LE(0) === MAGIC;
}

/** The version that a segment says it is of; ours if its header is damaged. */
export function versionOf(content: Buffer, salt: number): number {
  if (content.length < SEGMENT_HEADER_BYTES) return SEGMENT_VERSION;
  const whole = content.readUInt32LE(8) === crc32(content.subarray(0, 8), salt);
  return whole && content.readUInt32LE(0) === MAGIC ? content.readUInt32LE(4) : SEGMENT_VERSION;
}

/**
 * @param content the segment from its first byte, in memory that is aligned to eight
 * @param maybeTorn was it being written when the process ended? Then a transaction at its end
 *   that is not whole never was
 */
export function scanSegment(content: Buffer, salt: number, maybeTorn: boolean): Scan {
  const scanner = new Scanner(content, salt);
  scanner.run();
  if (maybeTorn) scanner.dropTornTransaction();
  return { index: scanner.index, gaps: scanner.gaps, tornBytes: scanner.tornBytes };
}

class Scanner {
  readonly index = new RecordIndex();
  readonly gaps: Gap[] = [];
  tornBytes = 0;
  private readonly content: Buffer;
  private readonly words: Uint32Array;
  private readonly doubles: Float64Array;
  private readonly salt: number;
  private nextOrdinal = 0;
  /** The flush that each row was written by. */
  private readonly flushes: number[] = [];

  constructor(content: Buffer, salt: number) {
    this.content = content;
    this.salt = salt;
    const { buffer, byteOffset, length } = content;
    this.words = new Uint32Array(buffer, byteOffset, length >>> 2);
    this.doubles = new Float64Array(buffer, byteOffset, length >>> 3);
  }

  run(): void {
    const { length } = this.content;
    let offset = SEGMENT_HEADER_BYTES;
    let end = offset;
    let broken = -1;
    while (offset + HEAD_BYTES <= length) {
      if (!isHead(this.words, offset >>> 2, this.salt)) {
        offset += 8;
        continue;
      }
      const bytes = this.words[offset >>> 2] as number;
      if (offset + bytes > length) {
        // The head arrived and the rest did not; nothing can be behind it.
        break;
      }
      broken = this.take(offset, bytes) ? -1 : offset;
      offset += bytes;
      end = offset;
    }
    if (broken >= 0 && isReused(this.content, this.salt)) {
      // The last head arrived and the rest did not: what is there was another segment's.
      this.gaps.pop();
      end = broken;
    }
    this.tornBytes = Math.max(0, length - end);
  }

  /** Of the last flush: nothing tells a transaction that lacks a part from one never written. */
  dropTornTransaction(): void {
    const { index, flushes } = this;
    const last = flushes.at(-1);
    let row = flushes.length;
    while (row > 0 && flushes[row - 1] === last) row--;
    const keep: number[] = [];
    for (let start = row; start < flushes.length; ) {
      const end = this.runEnd(start);
      if (this.isWholeRun(start, end)) for (let i = start; i < end; i++) keep.push(i);
      start = end;
    }
    if (keep.length === flushes.length - row) return;
    rebuild(index, row, keep);
  }

  /** @returns whether the record is whole */
  private take(offset: number, bytes: number): boolean {
    const at = offset >>> 2;
    const { words } = this;
    const ordinal = words[at + WORD.ordinal] as number;
    const queues = words[at + WORD.queues] as number;
    if (ordinal > this.nextOrdinal) this.lose(this.nextOrdinal, ordinal - this.nextOrdinal);
    this.nextOrdinal = ordinal + queues;
    const dataBytes =
      4 * queues +
      (words[at + WORD.headerBytes] as number) +
      (words[at + WORD.bodyBytes] as number);
    const start = offset + HEAD_BYTES;
    const sum = crc32(this.content.subarray(start, start + dataBytes), this.salt);
    if (sum !== words[at + WORD.dataSum]) {
      this.lose(ordinal, queues);
      return false;
    }
    const double = offset >>> 3;
    this.index.add(
      offset,
      bytes,
      ordinal,
      queues,
      words[at + WORD.bodyBytes] as number,
      words[at + WORD.flags] as number,
      this.doubles[double + DOUBLE.seq] as number,
      this.doubles[double + DOUBLE.arrivedAtMs] as number,
      this.doubles[double + DOUBLE.expiresAtMs] as number,
    );
    for (let i = 0; i < queues; i++) this.index.addQueue(words[(start >>> 2) + i] as number);
    this.flushes.push(words[at + WORD.flush] as number);
    return true;
  }

  private lose(ordinal: number, count: number): void {
    this.gaps.push({ ordinal, count });
  }

  /** Where the transaction that starts at a row, or the single record, ends. */
  private runEnd(start: number): number {
    const { flags, ordinal, queues } = this.index;
    let row = start;
    while (row + 1 < this.flushes.length) {
      const more = ((flags[row] as number) & FLAG.txMore) !== 0;
      const next = (ordinal[row] as number) + (queues[row] as number);
      const joined = ((flags[row + 1] as number) & FLAG.txJoined) !== 0;
      if (!more || !joined || ordinal[row + 1] !== next) break;
      row++;
    }
    return row + 1;
  }

  private isWholeRun(start: number, end: number): boolean {
    const { flags } = this.index;
    const begins = ((flags[start] as number) & FLAG.txJoined) === 0;
    return begins && ((flags[end - 1] as number) & FLAG.txMore) === 0;
  }
}

/** Keeps the first rows and, of those behind them, the given ones. */
function rebuild(index: RecordIndex, rows: number, keep: readonly number[]): void {
  const starts: number[] = [];
  let ids = 0;
  for (let row = 0; row < index.rows; row++) {
    starts.push(ids);
    ids += index.queues[row] as number;
  }
  const queueIds = index.queueIds.slice();
  const columns = {
    offset: index.offset.slice(),
    length: index.length.slice(),
    ordinal: index.ordinal.slice(),
    queues: index.queues.slice(),
    bodyBytes: index.bodyBytes.slice(),
    flags: index.flags.slice(),
    seq: index.seq.slice(),
    arrivedAtMs: index.arrivedAtMs.slice(),
    expiresAtMs: index.expiresAtMs.slice(),
  };
  index.cut(rows, starts[rows] ?? ids);
  for (const row of keep) {
    const queues = columns.queues[row] as number;
    index.add(
      columns.offset[row] as number,
      columns.length[row] as number,
      columns.ordinal[row] as number,
      queues,
      columns.bodyBytes[row] as number,
      columns.flags[row] as number,
      columns.seq[row] as number,
      columns.arrivedAtMs[row] as number,
      columns.expiresAtMs[row] as number,
    );
    const first = starts[row] as number;
    for (let i = 0; i < queues; i++) index.addQueue(queueIds[first + i] as number);
  }
}
