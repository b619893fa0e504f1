/**
 * Compactor: gives back the space of what is settled. Segments in which nothing is alive go; of the
 * others, the one with the least life in it has its living records appended to the log again, under
 * their old numbers, and then goes. Nothing is ever rewritten in place.
 */
import { STORE_MOVE_BYTES } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Files } from '../files.ts';
import type { AckWriter } from './ack-writer.ts';
import type { Counters } from './counters.ts';
import type { FileCache } from './file-cache.ts';
import type { Ledger } from './ledger.ts';
import { Entry, type Pending } from './pending.ts';
import type { Reader, ReadRecord } from './reader.ts';
import { FLAG } from './record.ts';
import type { Segment } from './segment.ts';
import { SHARED } from './slots.ts';
import type { Spares } from './spares.ts';

/** What a compactor works with. */
export interface CompactorContext {
  readonly files: Files;
  readonly log: Log;
  readonly cache: FileCache;
  readonly ledger: Ledger;
  readonly pending: Pending;
  readonly counters: Counters;
  readonly acks: AckWriter;
  readonly reader: Reader;
  readonly spares: Spares;
  readonly segmentBytes: number;
  /** Closes the file if it is open for a footer that is not needed any more. */
  letGo(segment: Segment): Promise<void>;
  /** Something was pushed on what is pending. */
  pushed(): void;
}

/** A record some of whose queues still have it. */
interface Living {
  readonly offset: number;
  readonly bytes: number;
  readonly slots: number[];
  readonly ordinals: number[];
}

export class Compactor {
  private readonly context: CompactorContext;
  private running: Promise<void> | null = null;
  private closed = false;
  private readonly removals = new Set<Promise<void>>();

  constructor(context: CompactorContext) {
    this.context = context;
  }

  /** Compacts a segment if there is more dead than there should be, and the next one then. */
  consider(): void {
    if (this.running !== null || this.closed) return;
    const victim = this.choose();
    if (victim === null) return;
    this.running = this.compact(victim).finally(() => {
      this.running = null;
      this.consider();
    });
  }

  /** Removes a segment in which nothing is alive, unless somebody is busy with it. */
  retire(segment: Segment): void {
    if (!segment.sealed || segment.live > 0 || segment.retired) return;
    if (segment.compacting || segment.readers > 0) return;
    segment.retired = true;
    this.context.ledger.segments.delete(segment.id);
    this.context.ledger.dirty.delete(segment);
    const removal = this.remove(segment).finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }

  /** Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  /** Resolves when what was to go is gone. */
  async removed(): Promise<void> {
    while (this.removals.size > 0) await Promise.all(this.removals);
  }

  /** The messages first: a journal without them is removed at the next start. */
  private async remove(segment: Segment): Promise<void> {
    const { files, cache, acks, spares, letGo, log } = this.context;
    cache.forget(`${segment.name}.log`);
    await acks.forget(segment);
    await letGo(segment);
    try {
      if (!(await spares.keep(segment))) await files.remove(`${segment.name}.log`);
      if (segment.journalBytes > 0) await files.remove(`${segment.name}.ack`);
      acks.removed();
    } catch (error) {
      log.warning(`a segment could not be removed: ${(error as Error).message}`);
    }
  }

  /** The segment to compact, null if there is no need. */
  private choose(): Segment | null {
    const { ledger, segmentBytes } = this.context;
    let live = 0;
    let dead = 0;
    let best: Segment | null = null;
    let bestShare = 0.5;
    for (const segment of ledger.segments.values()) {
      live += segment.liveBytes;
      if (!segment.sealed) continue;
      dead += segment.deadBytes;
      if (segment.stuck || segment.orphans > 0 || segment.live === 0) continue;
      const share = segment.liveBytes / (segment.bytes + segment.journalBytes);
      if (share > bestShare) continue;
      best = segment;
      bestShare = share;
    }
    return dead > Math.max(live, 2 * segmentBytes) ? best : null;
  }

  private async compact(segment: Segment): Promise<void> {
    const { ledger, counters, log } = this.context;
    segment.compacting = true;
    segment.readers++;
    try {
      let from = 0;
      while (from < segment.ordinals && !this.closed) {
        const { living, next } = this.piece(segment, from);
        from = next;
        if (living.length > 0) await this.move(segment, living);
      }
      counters.compactedSegments++;
    } catch (error) {
      // The disk takes nothing at the moment; what waits to be moved is moved when it does.
      log.debug(`compaction of ${segment.name} ended early: ${(error as Error).message}`);
    }
    segment.compacting = false;
    segment.readers--;
    if (segment.live === 0) ledger.onDead(segment);
  }

  /** The living records from an ordinal on, a piece that is moved together. */
  private piece(segment: Segment, from: number): { living: Living[]; next: number } {
    const { slots } = this.context.ledger;
    const living: Living[] = [];
    let bytes = 0;
    let ordinal = from;
    let last: Living | null = null;
    for (; ordinal < segment.ordinals; ordinal++) {
      const slot = segment.slot(ordinal);
      if (slot === 0) continue;
      const offset = slots.offset(slot);
      if (last === null || last.offset !== offset) {
        if (bytes >= STORE_MOVE_BYTES) break;
        const length = slots.length(slot) & ~SHARED;
        last = { offset, bytes: length, slots: [], ordinals: [] };
        living.push(last);
        bytes += length;
      }
      last.slots.push(slot);
      last.ordinals.push(ordinal);
    }
    return { living, next: ordinal };
  }

  private async move(segment: Segment, living: readonly Living[]): Promise<void> {
    const { pending, counters, pushed } = this.context;
    const records = await this.readAll(segment, living);
    const moved: Promise<void>[] = [];
    for (const [i, { slots, ordinals, bytes }] of living.entries()) {
      const record = records[i];
      if (record === undefined || record === null) continue;
      const done = new Promise<void>((resolve, reject) => {
        const settled = (error: Error | null): void => (error === null ? resolve() : reject(error));
        const flags = (record.flags & FLAG.paged) | FLAG.copy;
        const entry = new Entry(record, { settled }, flags, slots, segment, ordinals, record.seq);
        pending.push(entry, -1);
      });
      // All are awaited together below; until then nobody else hears of a failure.
      done.catch(() => {});
      moved.push(done);
      counters.compactedBytes += bytes;
    }
    pushed();
    await Promise.all(moved);
  }

  /** A record that is damaged stays where it is, and its segment with it. */
  private async readAll(
    segment: Segment,
    living: readonly Living[],
  ): Promise<(ReadRecord | null)[]> {
    const answer: ReadRecord[] = [];
    const wanted = living.map(({ offset, bytes }, rank) => ({ segment, offset, bytes, rank }));
    try {
      await this.context.reader.read(wanted, answer);
      return answer;
    } catch (error) {
      if (living.length === 1) {
        segment.stuck = true;
        this.context.log.error((error as Error).message);
        return [null];
      }
    }
    const records: (ReadRecord | null)[] = [];
    for (const one of living) records.push(...(await this.readAll(segment, [one])));
    return records;
  }
}
