/**
 * Reader: brings messages back from their segments, with as few reads as their places allow. Every
 * record is checked before it is handed out: what is damaged is an error, never a wrong body.
 */
import { crc32 } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { STORE_READ_BYTES, STORE_READ_GAP_BYTES, STORE_RETRY_MS } from '../../limits.ts';
import type { Loaded, NewMessage } from '../message-store.ts';
import type { Counters } from './counters.ts';
import type { FileCache } from './file-cache.ts';
import { align, DOUBLE, HEAD_BYTES, headSum, priorityOf, WORD } from './record.ts';
import type { Segment } from './segment.ts';

/** How often a read that fails is made again before the message counts as lost. */
const ATTEMPTS = 3;

/** A record to be read; `rank` is where its message goes in the answer. */
export interface Wanted {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
  readonly rank: number;
}

/** A record as it was read: what the engine asks for, and what it takes to write it again. */
export class ReadRecord implements Loaded, NewMessage {
  readonly header: Buffer;
  readonly body: Buffer;
  readonly seq: number;
  readonly flags: number;
  readonly arrivedAtMs: number;
  readonly expiresAtMs: number;

  constructor(words: Uint32Array, header: Buffer, body: Buffer) {
    const doubles = new Float64Array(words.buffer);
    this.header = header;
    this.body = body;
    this.flags = words[WORD.flags] as number;
    this.seq = doubles[DOUBLE.seq] as number;
    this.arrivedAtMs = doubles[DOUBLE.arrivedAtMs] as number;
    this.expiresAtMs = doubles[DOUBLE.expiresAtMs] as number;
  }

  get priority(): number {
    return priorityOf(this.flags);
  }

  get lent(): Buffer {
    return this.body;
  }

  get bodyBytes(): number {
    return this.body.length;
  }

  encodeHeader(): Buffer {
    return this.header;
  }

  hold(): void {}

  release(): void {}
}

/** What a reader works with. */
export interface ReaderContext {
  readonly cache: FileCache;
  readonly clock: Clock;
  readonly counters: Counters;
}

export class Reader {
  private readonly context: ReaderContext;

  constructor(context: ReaderContext) {
    this.context = context;
  }

  /**
   * Reads records into `answer`, each at its rank. Whoever calls sees to it that the segments stay.
   * @throws Error if one of them is damaged or cannot be read
   */
  async read(wanted: Wanted[], answer: ReadRecord[]): Promise<void> {
    wanted.sort((a, b) => a.segment.id - b.segment.id || a.offset - b.offset);
    const reads: Promise<void>[] = [];
    for (let start = 0; start < wanted.length; ) {
      const end = endOfRun(wanted, start);
      reads.push(this.readRun(wanted.slice(start, end), answer));
      start = end;
    }
    await Promise.all(reads);
  }

  private async readRun(run: readonly Wanted[], answer: ReadRecord[]): Promise<void> {
    const { segment, offset: start } = run[0] as Wanted;
    const last = run.at(-1) as Wanted;
    const bytes = await this.readBytes(segment, start, last.offset + last.bytes - start);
    for (const { offset, bytes: length, rank } of run) {
      const at = offset - start;
      const loaded = recordOf(bytes.subarray(at, at + length), segment.salt);
      if (loaded === null) {
        this.context.counters.damaged++;
        throw new Error(`a message in ${segment.name} at ${offset} is damaged`);
      }
      answer[rank] = loaded;
    }
  }

  private async readBytes(segment: Segment, position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(align(length));
    for (let attempt = 1; ; attempt++) {
      try {
        await this.context.cache.use(`${segment.name}.log`, async (file) => {
          for (let at = 0; at < length; ) {
            const read = await file.read(buffer.subarray(at, length), position + at);
            if (read === 0) throw new Error(`${segment.name} ends too early`);
            at += read;
          }
        });
        return buffer.subarray(0, length);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise<void>((resolve) => {
          this.context.clock.schedule(STORE_RETRY_MS / 10, resolve);
        });
      }
    }
  }
}

/** What lies close together is read together. */
function endOfRun(wanted: readonly Wanted[], start: number): number {
  const first = wanted[start] as Wanted;
  let end = start + 1;
  let reach = first.offset + first.bytes;
  for (; end < wanted.length; end++) {
    const next = wanted[end] as Wanted;
    if (next.segment !== first.segment || next.offset > reach + STORE_READ_GAP_BYTES) break;
    if (next.offset + next.bytes - first.offset > STORE_READ_BYTES) break;
    reach = next.offset + next.bytes;
  }
  return end;
}

/** The message in a record, in memory of its own; null if it is not what was written. */
export function recordOf(record: Buffer, salt: number): ReadRecord | null {
  // A copy of the head, so that its words are aligned.
  const words = new Uint32Array(HEAD_BYTES / 4);
  new Uint8Array(words.buffer).set(record.subarray(0, HEAD_BYTES));
  if (words[WORD.length] !== record.length) return null;
  if (words[WORD.headSum] !== headSum(words, 0, salt)) return null;
  const headerAt = HEAD_BYTES + 4 * (words[WORD.queues] as number);
  const bodyAt = headerAt + (words[WORD.headerBytes] as number);
  const end = bodyAt + (words[WORD.bodyBytes] as number);
  if (crc32(record.subarray(HEAD_BYTES, end), salt) !== words[WORD.dataSum]) return null;
  const header = Buffer.from(record.subarray(headerAt, bodyAt));
  return new ReadRecord(words, header, Buffer.from(record.subarray(bodyAt, end)));
}
