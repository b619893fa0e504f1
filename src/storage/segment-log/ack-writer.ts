/**
 * AckWriter: tells the journals of segments what became of their messages, some time after it did.
 * Not synced with every write: an ack that a power cut takes is a redelivery, never a loss.
 */
import type { Clock, Timer } from '../../clock.ts';
import { STORE_ACK_DELAY_MS, STORE_ACK_SYNC_MS, STORE_OPEN_FILES } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Files, OpenFile } from '../files.ts';
import { encodeBlock } from './ack-journal.ts';
import type { Counters } from './counters.ts';
import type { Ledger } from './ledger.ts';
import type { Segment } from './segment.ts';

/** What an ack writer works with. */
export interface AckWriterContext {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly counters: Counters;
  /** Acks have changed what is alive. */
  acked(): void;
}

export class AckWriter {
  private readonly context: AckWriterContext;
  /** Journals that are open, the longest unused first. */
  private readonly open = new Map<Segment, OpenFile>();
  private readonly unsynced = new Set<Segment>();
  private timer: Timer | null = null;
  private syncTimer: Timer | null = null;
  private running: Promise<void> | null = null;
  private failing = false;
  private closed = false;
  /** Files have come or gone, and the folder is not synced yet. */
  private named = false;

  constructor(context: AckWriterContext) {
    this.context = context;
  }

  /** There is something to be told, before long. */
  soon(): void {
    if (this.timer !== null || this.running !== null || this.context.ledger.dirty.size === 0)
      return;
    this.timer = this.context.clock.schedule(STORE_ACK_DELAY_MS, () => {
      this.timer = null;
      void this.write();
    });
  }

  /** Tells everything that there is to be told now. */
  async write(): Promise<void> {
    while (this.running !== null) await this.running;
    this.running = this.writeAll();
    await this.running;
    this.running = null;
    this.context.acked();
    if (!this.failing) this.soon();
  }

  /** The journal is of no use any more. */
  async forget(segment: Segment): Promise<void> {
    while (this.running !== null) await this.running;
    this.unsynced.delete(segment);
    await this.drop(segment);
  }

  /** Files have gone: sooner or later that should be so after a power cut, too. */
  removed(): void {
    this.named = true;
    this.syncSoon();
  }

  async close(): Promise<void> {
    this.timer?.cancel();
    this.syncTimer?.cancel();
    await this.write();
    this.timer?.cancel();
    this.closed = true;
    await this.sync();
    for (const segment of [...this.open.keys()]) await this.drop(segment);
  }

  private async writeAll(): Promise<void> {
    const { ledger, log } = this.context;
    const segments = [...ledger.dirty];
    for (const segment of segments) {
      if (segment.retired || !segment.isDirty) {
        ledger.dirty.delete(segment);
        continue;
      }
      try {
        await this.tell(segment);
        this.failing = false;
      } catch (error) {
        if (!this.failing) log.error(`acks cannot be written: ${(error as Error).message}`);
        this.failing = true;
        await this.drop(segment);
        this.later();
        return;
      }
    }
  }

  /** After a failure: not at once again. */
  private later(): void {
    this.timer ??= this.context.clock.schedule(STORE_ACK_SYNC_MS, () => {
      this.timer = null;
      void this.write();
    });
  }

  private async tell(segment: Segment): Promise<void> {
    const { ledger, counters } = this.context;
    const { settled, delivered } = segment;
    const block = encodeBlock(settled, this.countsOf(segment), segment.salt);
    segment.settled = [];
    segment.delivered = [];
    ledger.dirty.delete(segment);
    if (block === null) return;
    try {
      const file = await this.fileOf(segment);
      const written = await file.write([block], segment.journalBytes);
      if (written < block.length) throw new Error('the disk is full');
    } catch (error) {
      // The next block takes the place of what may have been written of this one.
      segment.settled = settled.concat(segment.settled);
      segment.delivered = delivered.concat(segment.delivered);
      ledger.dirty.add(segment);
      throw error;
    }
    if (segment.journalBytes === 0) this.named = true;
    segment.journalBytes += block.length;
    counters.writtenBytes += block.length;
    this.unsynced.add(segment);
    this.syncSoon();
  }

  /** Ordinals that were delivered and still are there, and how often. */
  private countsOf(segment: Segment): number[] {
    const { slots } = this.context.ledger;
    const counts: number[] = [];
    for (const ordinal of segment.delivered) {
      const slot = segment.slot(ordinal);
      if (slot !== 0) counts.push(ordinal, slots.deliveries(slot));
    }
    return counts;
  }

  private async fileOf(segment: Segment): Promise<OpenFile> {
    const known = this.open.get(segment);
    if (known !== undefined) {
      this.open.delete(segment);
      this.open.set(segment, known);
      return known;
    }
    for (const [other] of this.open) {
      if (this.open.size < STORE_OPEN_FILES) break;
      await this.drop(other);
    }
    const file = await this.context.files.open(`${segment.name}.ack`, 'write');
    this.open.set(segment, file);
    return file;
  }

  private async drop(segment: Segment): Promise<void> {
    const file = this.open.get(segment);
    this.open.delete(segment);
    await file?.close().catch(() => {});
  }

  private syncSoon(): void {
    if (this.closed) return;
    this.syncTimer ??= this.context.clock.schedule(STORE_ACK_SYNC_MS, () => {
      this.syncTimer = null;
      void this.sync();
    });
  }

  /** A sync that fails is no harm here: the acks may be lost, the messages are not. */
  private async sync(): Promise<void> {
    while (this.running !== null) await this.running;
    this.running = this.syncAll();
    await this.running;
    this.running = null;
    this.soon();
  }

  private async syncAll(): Promise<void> {
    const segments = [...this.unsynced];
    this.unsynced.clear();
    for (const segment of segments) {
      const file = this.open.get(segment);
      if (segment.retired || file === undefined) continue;
      this.context.counters.syncs++;
      await file.sync().catch(() => this.drop(segment));
    }
    if (!this.named) return;
    this.named = false;
    await this.context.files.syncFolder().catch(() => {});
  }
}
