/**
 * Writer: puts what is pending on disk, one write and one sync at a time; whatever arrives during
 * one is the next. A write that fails is made again in a new segment; if that fails too, the
 * publishers are told, the messages stay in memory, the store is busy, and it is tried again every
 * second. Hot path: the loops over entries.
 */
import type { Clock, Timer } from '../../clock.ts';
import {
  STORE_BUSY_BYTES,
  STORE_FLUSH_BYTES,
  STORE_RETRY_MS,
  STORE_SMALL_FLUSH_BYTES,
} from '../../limits.ts';
import type { OpenFile } from '../files.ts';
import { Encoder } from './encoder.ts';
import { type Ledger, slotLength } from './ledger.ts';
import type { Entry, Pending, Transaction } from './pending.ts';
import { FLAG, priorityBits } from './record.ts';
import type { Segment } from './segment.ts';
import { ACKED } from './slots.ts';
import { Tail, type TailContext } from './tail.ts';

/** What a writer works with. */
export interface WriterContext extends TailContext {
  readonly clock: Clock;
  readonly pending: Pending;
  /** A message is done with: the slots that it acks may go. */
  ack(slot: number): void;
  /** Something was written. */
  written(): void;
}

export class Writer {
  busy = false;
  /** Why the disk takes nothing at the moment, null if it does. */
  failure: Error | null = null;
  /** The highest number of a message so far. */
  lastSeq = 0;
  readonly tail: Tail;
  private readonly context: WriterContext;
  private readonly encoder: Encoder;
  private readonly busyListeners: ((busy: boolean) => void)[] = [];
  /** Nothing is written before recovery knows what there is. */
  private started = false;
  private scheduled = false;
  /** Were many of the last flush acked before their turn? */
  private overtaken = false;
  private running: Promise<void> | null = null;
  private retryTimer: Timer | null = null;
  private readonly waiters: { readonly until: number; resolve(): void }[] = [];

  constructor(context: WriterContext) {
    this.context = context;
    const { ledger } = context;
    const queueIdOf = (slot: number): number => ledger.queue(ledger.slots.queue(slot)).id;
    this.encoder = new Encoder({ queueIdOf });
    this.tail = new Tail(context);
  }

  onBusy(listener: (busy: boolean) => void): void {
    this.busyListeners.push(listener);
  }

  start(): void {
    this.started = true;
    if (this.context.pending.size > 0) this.schedule();
  }

  /** Something was pushed: it is written at the end of this turn of the event loop. */
  schedule(): void {
    if (this.context.pending.bytes > STORE_BUSY_BYTES) this.setBusy(true);
    if (this.scheduled || this.running !== null || !this.started || this.failure !== null) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.running ??= this.run();
    });
  }

  /** Resolves when everything that is pending now is written. */
  flush(): Promise<void> {
    const until = this.context.pending.pushed;
    if (until === this.context.pending.done) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push({ until, resolve });
      this.schedule();
    });
  }

  /** Writes what there is, even if it has failed before, and ends the segment. */
  async close(): Promise<void> {
    this.retryTimer?.cancel();
    await this.running;
    this.started = true;
    if (this.context.pending.size > 0) await this.run();
    this.retryTimer?.cancel();
    await this.tail.close();
  }

  /** Ends the segment if nothing in it is alive, so that it can go; for when there is time. */
  rollDead(): void {
    if (this.running === null) this.tail.rollDead();
  }

  private async run(): Promise<void> {
    const { pending } = this.context;
    // With nothing to write it would end before it is `running`, which then it were for ever.
    await null;
    while (pending.size > 0) {
      const batch = pending.take(this.flushBytes);
      const gone = countGone(batch);
      this.overtaken = gone > batch.length / 3;
      const error = gone === batch.length ? null : await this.write(batch);
      if (error !== null) {
        this.fail(batch, error);
        break;
      }
      pending.done += batch.length;
      this.conclude(batch);
      this.recover();
      // The acks of what comes next may have come: they are worth more before it is written.
      if (pending.size > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.running = null;
  }

  /**
   * How much to write at once. While acks overtake the disk it is little: the longer a message
   * waits for its turn, the likelier it need not be written. If too much waits, all that goes.
   */
  private get flushBytes(): number {
    const bytes = this.overtaken && !this.busy ? STORE_SMALL_FLUSH_BYTES : STORE_FLUSH_BYTES;
    return Math.min(bytes, this.context.segmentBytes);
  }

  /**
   * Takes out the slots that do not need it any more; is there one that does? To be asked in the
   * very turn in which it is encoded: a moved message that is acked before gives its slot away.
   */
  private isNeeded(entry: Entry): boolean {
    const { source } = entry;
    if (source !== null) {
      const { slots, sources } = entry;
      const kept = sources.map((ordinal, i) => source.slot(ordinal) === slots[i]);
      entry.sources = sources.filter((_, i) => kept[i]);
      entry.slots = slots.filter((_, i) => kept[i]);
    } else if (entry.slots.length > entry.alive) {
      entry.slots = entry.slots.filter((slot) => slot !== 0);
    }
    if (entry.slots.length === 0 || !this.encodesHeader(entry)) return false;
    if (entry.seq === 0) entry.seq = ++this.lastSeq;
    entry.writing = true;
    return true;
  }

  /**
   * A message that cannot be written must not keep the others from it: it stays where it is, in
   * memory, and its publisher is told.
   */
  private encodesHeader(entry: Entry): boolean {
    try {
      entry.header = entry.message.encodeHeader();
      return true;
    } catch (error) {
      const { settled } = entry;
      entry.settled = null;
      this.context.log.error(`a message cannot be written: ${(error as Error).message}`);
      settled?.settled(error as Error);
      return false;
    }
  }

  /** Returns why it could not be written, null if what is still needed of it is on disk. */
  private async write(batch: readonly Entry[]): Promise<Error | null> {
    let error: Error | null = null;
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const segment = await this.tail.open();
        await this.writeTo(segment, batch);
        return null;
      } catch (failure) {
        error = failure as Error;
        // What was written of it may come to light again.
        for (const entry of batch) entry.flags |= FLAG.copy;
        this.context.counters.failedWrites++;
        await this.tail.abandon();
        await this.context.spares.drop();
      }
    }
    return error;
  }

  private async writeTo(segment: Segment, batch: readonly Entry[]): Promise<void> {
    const { counters } = this.context;
    const entries = batch.filter((entry) => this.isNeeded(entry));
    if (entries.length === 0) return;
    markRuns(entries);
    const startMs = performance.now();
    const { rows, ids } = segment.index ?? { rows: 0, ids: 0 };
    const { chunks, bytes, ordinals } = this.encoder.encode(entries, segment);
    try {
      const file = this.tail.file as OpenFile;
      const written = await file.write(chunks, segment.bytes);
      if (written < bytes) throw new Error(`only ${written} of ${bytes} bytes could be written`);
      if (entries.some((entry) => (entry.flags & FLAG.paged) === 0)) {
        await file.sync();
        counters.syncs++;
      }
    } catch (error) {
      segment.index?.cut(rows, ids);
      throw error;
    }
    addRows(segment, entries);
    segment.bytes += bytes;
    segment.ordinals += ordinals;
    segment.flushes++;
    segment.reserve(segment.ordinals);
    for (let i = 0; i < entries.length; i++) this.place(entries[i] as Entry, segment);
    counters.wrote(entries.length, bytes, performance.now() - startMs);
    this.context.written();
  }

  /** The entry is on disk: its slots say where. */
  private place(entry: Entry, segment: Segment): void {
    const { ledger } = this.context;
    const { slots } = ledger;
    const length = slotLength(entry.bytes, entry.slots.length);
    for (let i = 0; i < entry.slots.length; i++) {
      const slot = entry.slots[i] as number;
      const ordinal = entry.ordinal + i;
      if (entry.source !== null) {
        if (entry.source.slot(entry.sources[i] as number) !== slot) {
          ledger.settleUnplaced(segment, ordinal);
        } else ledger.move(slot, segment, entry.offset, length, ordinal);
      } else if ((slots.length(slot) & ACKED) !== 0) {
        ledger.settleUnplaced(segment, ordinal);
        ledger.forget(slot);
      } else ledger.place(slot, segment, entry.offset, length, ordinal);
    }
  }

  /** Tells publishers, after everything is where it belongs: they may publish and ack at once. */
  private conclude(batch: readonly Entry[]): void {
    const { pending } = this.context;
    for (let i = 0; i < batch.length; i++) {
      const entry = batch[i] as Entry;
      if (entry.writing || entry.source !== null) pending.free(entry);
      entry.writing = false;
    }
    for (let i = 0; i < batch.length; i++) {
      const entry = batch[i] as Entry;
      const { settled, transaction } = entry;
      entry.settled = null;
      settled?.settled(null);
      if (transaction !== null && entry.last) this.concludeTransaction(transaction);
    }
    this.updateBusy();
    while (this.waiters.length > 0 && (this.waiters[0]?.until ?? 0) <= pending.done) {
      this.waiters.shift()?.resolve();
    }
  }

  private concludeTransaction(transaction: Transaction): void {
    for (const { queue, slot } of transaction.acks) {
      // A deleted queue has given its slots away: this one may be another message's.
      if (!queue.deleted) this.context.ack(slot);
    }
    tell(transaction, null);
  }

  /** Nothing of the batch could be written. It stays: there is nowhere else that it could be. */
  private fail(batch: readonly Entry[], error: Error): void {
    const { pending, ledger, log, clock } = this.context;
    if (this.failure === null) log.error(`messages cannot be written: ${error.message}`);
    this.failure = error;
    this.setBusy(true);
    for (const entry of batch) {
      if (!entry.writing) continue;
      entry.writing = false;
      if (entry.source === null) this.dropAcked(entry, ledger);
    }
    pending.putBack(batch);
    for (const entry of batch) {
      const { settled, transaction } = entry;
      entry.settled = null;
      settled?.settled(entry.alive === 0 && entry.source === null ? null : error);
      if (transaction !== null && entry.last) tell(transaction, error);
    }
    this.retryTimer = clock.schedule(STORE_RETRY_MS, () => {
      this.running ??= this.run();
    });
  }

  private dropAcked(entry: Entry, ledger: Ledger): void {
    for (let i = 0; i < entry.slots.length; i++) {
      const slot = entry.slots[i] as number;
      if ((ledger.slots.length(slot) & ACKED) === 0) continue;
      entry.slots[i] = 0;
      entry.alive--;
      ledger.forget(slot);
    }
    if (entry.alive === 0) this.context.pending.free(entry);
  }

  private recover(): void {
    if (this.failure === null) return;
    this.failure = null;
    this.context.log.info('messages can be written again');
    this.updateBusy();
  }

  /** Some of what was pending need not be written any more. */
  relax(): void {
    if (this.busy) this.updateBusy();
  }

  private updateBusy(): void {
    const { bytes } = this.context.pending;
    if (this.failure !== null) return;
    if (bytes < STORE_BUSY_BYTES / 2) this.setBusy(false);
    else if (bytes > STORE_BUSY_BYTES) this.setBusy(true);
  }

  private setBusy(busy: boolean): void {
    if (busy === this.busy) return;
    this.busy = busy;
    for (const listener of this.busyListeners) listener(busy);
  }
}

function tell(transaction: Transaction, error: Error | null): void {
  if (transaction.told) return;
  transaction.told = true;
  transaction.settled.settled(error);
}

/** How many have been acked already by every queue that had them. */
function countGone(entries: readonly Entry[]): number {
  let gone = 0;
  for (let i = 0; i < entries.length; i++) if ((entries[i] as Entry).alive === 0) gone++;
  return gone;
}

/** Marks the records of a transaction, so that they are found together or not at all. */
function markRuns(entries: readonly Entry[]): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.transaction === null) continue;
    entry.flags &= ~(FLAG.txJoined | FLAG.txMore);
    if (entries[i - 1]?.transaction === entry.transaction) entry.flags |= FLAG.txJoined;
    if (entries[i + 1]?.transaction === entry.transaction) entry.flags |= FLAG.txMore;
  }
}

function addRows(segment: Segment, entries: readonly Entry[]): void {
  const { index } = segment;
  if (index === null) return;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    const { message } = entry;
    index.add(
      entry.offset,
      entry.bytes,
      entry.ordinal,
      entry.slots.length,
      message.bodyBytes,
      entry.flags | priorityBits(message.priority),
      entry.seq,
      message.arrivedAtMs,
      message.expiresAtMs,
    );
  }
}
