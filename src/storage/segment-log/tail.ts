/**
 * Tail: the segment that is written to, from its first byte to its footer. Ended when it is full,
 * when a write to it failed, or when nothing in it is alive; what is written is writer.ts.
 */
import { randomInt } from 'node:crypto';
import type { Log } from '../../log.ts';
import type { Files, OpenFile } from '../files.ts';
import type { Counters } from './counters.ts';
import type { Ledger } from './ledger.ts';
import { RecordIndex } from './record-index.ts';
import { Segment } from './segment.ts';
import { segmentHeader } from './segment-scan.ts';

/** What a tail works with. */
export interface TailContext {
  readonly files: Files;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly counters: Counters;
  /** How long a segment gets. */
  readonly segmentBytes: number;
}

export class Tail {
  /** The highest id of a segment so far. */
  lastId = 0;
  segment: Segment | null = null;
  file: OpenFile | null = null;
  private readonly context: TailContext;
  /** Footers that are being written. */
  private readonly footers = new Set<Promise<void>>();
  /** Of a segment that has its footer: its columns have grown already. */
  private spareIndex: RecordIndex | null = null;

  constructor(context: TailContext) {
    this.context = context;
  }

  /** The segment to write to; a new one if there is none, or it is full. */
  async open(): Promise<Segment> {
    if (this.segment !== null && this.segment.bytes >= this.context.segmentBytes) this.seal(false);
    if (this.segment !== null) return this.segment;
    const { files, ledger } = this.context;
    const segment = new Segment(++this.lastId, randomInt(2 ** 32));
    const name = `${segment.name}.log`;
    const file = await files.open(name, 'create');
    try {
      const header = segmentHeader(segment.salt);
      if ((await file.write([header], 0)) < header.length) throw new Error('the disk is full');
      // Its name has to be on disk before anything in it counts.
      await files.syncFolder();
    } catch (error) {
      await file.close().catch(() => {});
      await files.remove(name).catch(() => {});
      throw error;
    }
    segment.index = this.spareIndex ?? new RecordIndex();
    this.spareIndex = null;
    this.file = file;
    this.segment = segment;
    ledger.segments.set(segment.id, segment);
    return segment;
  }

  /** A write to it failed: nothing behind its last good byte counts. It is not synced again. */
  async abandon(): Promise<void> {
    const { segment, file } = this;
    if (segment === null || file === null) return;
    this.segment = null;
    this.file = null;
    segment.index = null;
    await file.truncate(segment.bytes).catch(() => {});
    await file.close().catch(() => {});
    segment.seal();
    if (segment.live === 0) this.context.ledger.onDead(segment);
  }

  /** Ends the segment if nothing in it is alive. */
  rollDead(): void {
    const { segment } = this;
    if (segment !== null && segment.live === 0 && segment.ordinals > 0) this.seal(false);
  }

  /** Ends the segment, and resolves when every footer is written. */
  async close(): Promise<void> {
    this.seal(true);
    await Promise.all(this.footers);
  }

  /** @param last is the log being closed? Then the footer is synced, too */
  private seal(last: boolean): void {
    const { segment, file } = this;
    if (segment === null || file === null) return;
    this.segment = null;
    this.file = null;
    segment.seal();
    const done = this.finish(segment, file, last).finally(() => this.footers.delete(done));
    this.footers.add(done);
    if (segment.live === 0) this.context.ledger.onDead(segment);
  }

  private async finish(segment: Segment, file: OpenFile, sync: boolean): Promise<void> {
    const { index } = segment;
    segment.index = null;
    try {
      if (index !== null && segment.live > 0) {
        const footer = await index.encode(segment.bytes, segment.salt);
        const written = await file.write([footer], segment.bytes);
        segment.bytes += written;
        this.context.counters.writtenBytes += written;
      }
      if (sync) await file.sync();
    } catch (error) {
      // It is only a cache.
      this.context.log.warning(`a segment has no footer: ${(error as Error).message}`);
    }
    await file.close().catch(() => {});
    index?.cut(0, 0);
    this.spareIndex = index;
  }
}
