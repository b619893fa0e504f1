/**
 * Ack journal: what became of the messages of one segment, as blocks in a file beside it. An entry
 * says that a run of ordinals is settled, or how often one has been delivered. Never synced in
 * time: what is lost of it comes back as a redelivery. Pure functions; who writes when is
 * ack-writer.ts.
 */
import { crc32 } from 'node:zlib';

const HEAD_BYTES = 8;
const ENTRY_BYTES = 8;

/** The kind of an entry is in the upper four bits of its second word. */
const SETTLED = 0;
const DELIVERED = 1;
const KIND_SHIFT = 28;
const VALUE_MAX = 2 ** KIND_SHIFT - 1;

/** What a journal says. */
export interface Journal {
  /** A bit for each ordinal: is it settled? */
  readonly settled: Uint8Array;
  /** By ordinal, for those that were delivered. */
  readonly deliveries: ReadonlyMap<number, number>;
  /** Bytes up to the end of the last whole block. */
  readonly bytes: number;
  /** Were there bytes between blocks that are none? */
  readonly damaged: boolean;
}

/**
 * A block.
 * @param settled ordinals; sorted in place
 * @param delivered ordinals and their counts, in turns
 */
export function encodeBlock(
  settled: number[],
  delivered: readonly number[],
  salt: number,
): Buffer | null {
  settled.sort((a, b) => a - b);
  const words: number[] = [];
  for (let i = 0; i < settled.length; ) {
    const first = settled[i] as number;
    let run = 1;
    while (settled[i + run] === first + run && run < VALUE_MAX) run++;
    words.push(first, run);
    i += run;
  }
  for (let i = 0; i < delivered.length; i += 2) {
    const count = Math.min(delivered[i + 1] as number, VALUE_MAX);
    words.push(delivered[i] as number, ((DELIVERED << KIND_SHIFT) | count) >>> 0);
  }
  if (words.length === 0) return null;
  const block = Buffer.allocUnsafe(HEAD_BYTES + 4 * words.length);
  block.writeUInt32LE(words.length / 2, 4);
  for (let i = 0; i < words.length; i++) {
    block.writeUInt32LE(words[i] as number, HEAD_BYTES + 4 * i);
  }
  block.writeUInt32LE(crc32(block.subarray(4), salt), 0);
  return block;
}

/** @param ordinals how many the segment has; what is said of others is ignored */
export function readJournal(content: Buffer, ordinals: number, salt: number): Journal {
  const settled = new Uint8Array(Math.ceil(ordinals / 8));
  const deliveries = new Map<number, number>();
  let bytes = 0;
  let damaged = false;
  for (let at = 0; at + HEAD_BYTES <= content.length; ) {
    const end = blockEnd(content, at, salt);
    if (end === 0) {
      at += ENTRY_BYTES;
      continue;
    }
    if (at > bytes) damaged = true;
    for (let entry = at + HEAD_BYTES; entry < end; entry += ENTRY_BYTES) {
      const ordinal = content.readUInt32LE(entry);
      const word = content.readUInt32LE(entry + 4);
      const value = word & VALUE_MAX;
      const kind = word >>> KIND_SHIFT;
      if (kind === SETTLED) settleRun(settled, ordinal, Math.min(ordinal + value, ordinals));
      else if (kind === DELIVERED && ordinal < ordinals) deliveries.set(ordinal, value);
    }
    at = end;
    bytes = end;
  }
  return { settled, deliveries, bytes, damaged };
}

/** Is the ordinal settled? */
export function isSettled(settled: Uint8Array, ordinal: number): boolean {
  return (((settled[ordinal >>> 3] as number) >>> (ordinal & 7)) & 1) === 1;
}

/** Where the block that starts at `at` ends; 0 if there is none. */
function blockEnd(content: Buffer, at: number, salt: number): number {
  const entries = content.readUInt32LE(at + 4);
  const end = at + HEAD_BYTES + ENTRY_BYTES * entries;
  if (entries === 0 || end > content.length) return 0;
  return content.readUInt32LE(at) === crc32(content.subarray(at + 4, end), salt) ? end : 0;
}

function settleRun(settled: Uint8Array, from: number, to: number): void {
  for (let ordinal = from; ordinal < to; ordinal++) {
    settled[ordinal >>> 3] = (settled[ordinal >>> 3] as number) | (1 << (ordinal & 7));
  }
}
