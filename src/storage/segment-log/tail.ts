/**
 * Tail: the segment that is written to, from its first byte to its footer. Ended when it is full,
 * when a write to it failed, or when nothing in it is alive; what is written is writer.ts.
 */
import { randomInt } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { STORE_FOOTER_DELAY_MS } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Files, OpenFile } from '../files.ts';
import type { Counters } from './counters.ts';
import type { Ledger } from './ledger.ts';
import { RecordIndex } from './record-index.ts';
import { Segment } from './segment.ts';
import { segmentHeader } from './segment-scan.ts';
import type { Spares } from './spares.ts';

/** What a tail works with. */
export interface TailContext {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly counters: Counters;
  readonly spares: Spares;
  /** How long a segment gets. */
  readonly segmentBytes: number;
}

/** A segment that has ended and will hardly need a footer: most of it is dead already. */
interface Ending {
  readonly segment: Segment;
  readonly file: OpenFile;
  readonly timer: Timer;
}

export class Tail {
  /** The highest id of a segment so far. */
  lastId = 0;
  segment: Segment | null = null;
  file: OpenFile | null = null;
  private readonly context: TailContext;
  /** Footers that are being written. */
  private readonly footers = new Set<Promise<void>>();
  private ending: Ending | null = null;
  /** Of a segment that has its footer: its columns have grown already. */
  private spareIndex: RecordIndex | null = null;

  constructor(context: TailContext) {
    this.context = context;
  }

  /** The segment to write to; a new one if there is none, or it is full. */
  async open(): Promise<Segment> {
    if (this.segment !== null && this.segment.bytes >= this.context.segmentBytes) this.seal(false);
    if (this.segment !== null) return this.segment;
    const segment = new Segment(++this.lastId, randomInt(2 ** 32));
    const file = await this.begin(segment);
    segment.index = this.spareIndex ?? new RecordIndex();
    this.spareIndex = null;
    this.file = file;
    this.segment = segment;
    this.context.ledger.segments.set(segment.id, segment);
    return segment;
  }

  /** Its name has to be on disk before anything in it counts. */
  private async begin(segment: Segment): Promise<OpenFile> {
    const { files, spares } = this.context;
    const name = `${segment.name}.log`;
    let file: OpenFile | null = null;
    try {
      segment.reusedBytes = await spares.reuse(name);
      const reused = segment.reusedBytes > 0;
      file = await files.open(name, reused ? 'write' : 'create');
      const header = segmentHeader(segment.salt, reused);
      if ((await file.write([header], 0)) < header.length) throw new Error('the disk is full');
      if (!reused) await files.syncFolder();
      return file;
    } catch (error) {
      await file?.close().catch(() => {});
      await files.remove(name).catch(() => {});
      throw error;
    }
  }

  /** A write to it failed: nothing behind its last good byte counts. It is not synced again. */
  async abandon(): Promise<void> {
    const { segment, file } = this;
    if (segment === null || file === null) return;
    this.segment = null;
    this.file = null;
    segment.index = null;
    segment.unfit = true;
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
    this.finishEnding();
    this.seal(true);
    await Promise.all(this.footers);
  }

  /** Nothing is alive in the segment: if it waits for its footer, it waits no longer. */
  async letGo(segment: Segment): Promise<void> {
    const { ending } = this;
    if (ending?.segment !== segment) return;
    this.ending = null;
    ending.timer.cancel();
    this.giveIndexBack(segment);
    await ending.file.close().catch(() => {});
  }

  /** @param last is the log being closed? Then the footer is synced, too */
  private seal(last: boolean): void {
    const { segment, file } = this;
    if (segment === null || file === null) return;
    this.segment = null;
    this.file = null;
    segment.seal();
    if (last || segment.live > segment.ordinals / 2) this.finish(segment, file, last);
    else this.finishLater(segment, file);
    if (segment.live === 0) this.context.ledger.onDead(segment);
  }

  /** Making a footer costs a microsecond for each message: not for those that are gone at once. */
  private finishLater(segment: Segment, file: OpenFile): void {
    this.finishEnding();
    const { clock } = this.context;
    const timer = clock.schedule(STORE_FOOTER_DELAY_MS, () => this.finishEnding());
    this.ending = { segment, file, timer };
  }

  private finishEnding(): void {
    const { ending } = this;
    if (ending === null) return;
    this.ending = null;
    ending.timer.cancel();
    this.finish(ending.segment, ending.file, false);
  }

  private finish(segment: Segment, file: OpenFile, sync: boolean): void {
    segment.unfit = true;
    const done = this.writeFooter(segment, file, sync).finally(() => this.footers.delete(done));
    this.footers.add(done);
  }

  private async writeFooter(segment: Segment, file: OpenFile, sync: boolean): Promise<void> {
    const { index } = segment;
    try {
      if (index !== null && segment.live > 0) {
        const footer = await index.encode(segment.bytes, segment.salt);
        const written = await file.write([footer], segment.bytes);
        segment.bytes += written;
        this.context.counters.writtenBytes += written;
      }
      // It is looked for at the end of the file.
      if (segment.live > 0 && segment.reusedBytes > segment.bytes) {
        await file.truncate(segment.bytes);
        segment.reusedBytes = 0;
      }
      if (sync) await file.sync();
      segment.unfit = false;
    } catch (error) {
      // It is only a cache. But a sync of this file would say nothing any more.
      this.context.log.warning(`a segment has no footer: ${(error as Error).message}`);
    }
    await file.close().catch(() => {});
    this.giveIndexBack(segment);
  }

  private giveIndexBack(segment: Segment): void {
    const { index } = segment;
    segment.index = null;
    index?.cut(0, 0);
    this.spareIndex = index;
  }
}
