/**
 * SegmentLog: the durable message store of one node. All queues share one log: a message is written
 * once however many have it, one sync makes everything safe that arrived meanwhile, and what is
 * acked before that is never written. This file is the port of message-store.ts; who writes, reads,
 * compacts and recovers is beside it. Hot path: publish, ack.
 */
import type { Clock, Timer } from '../../clock.ts';
import { STORE_ACK_SYNC_MS, STORE_OPEN_FILES } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Files } from '../files.ts';
import type {
  Loaded,
  MessageStore,
  NewMessage,
  QueueId,
  QueueSink,
  QueueStore,
  Recovery,
  Ref,
  Settled,
  StoreStats,
} from '../message-store.ts';
import { AckWriter } from './ack-writer.ts';
import { Compactor } from './compactor.ts';
import { Counters } from './counters.ts';
import { FileCache } from './file-cache.ts';
import { Ledger } from './ledger.ts';
import { type DeferredAck, Entry, Pending, type Transaction } from './pending.ts';
import { Reader, type ReadRecord, type Wanted } from './reader.ts';
import { FLAG, priorityOf } from './record.ts';
import type { RecoveredRows } from './recovered-rows.ts';
import { type Recovered, recover } from './recovery.ts';
import type { Segment } from './segment.ts';
import { type QueueOwner, SegmentQueue } from './segment-queue.ts';
import { ACKED, NOWHERE, SHARED, UNWRITTEN } from './slots.ts';
import { Spares } from './spares.ts';
import { Sweeper } from './sweeper.ts';
import { Writer } from './writer.ts';

/** What a log is made of. */
export interface SegmentLogOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a segment gets. */
  readonly segmentBytes: number;
}

export class SegmentLog implements MessageStore, QueueOwner {
  readonly readyOn = 'publish';
  readonly loads = true;
  private readonly options: SegmentLogOptions;
  private readonly counters = new Counters();
  private readonly ledger = new Ledger();
  private readonly pending = new Pending();
  private readonly cache: FileCache;
  private readonly spares: Spares;
  private readonly writer: Writer;
  private readonly acks: AckWriter;
  private readonly reader: Reader;
  private readonly compactor: Compactor;
  private readonly sweeper: Sweeper;
  /** Those that are there, by id. */
  private readonly queues = new Map<QueueId, SegmentQueue>();
  /** The transaction that is being made. */
  private transactionEntries: Entry[] | null = null;
  private transactionAcks: DeferredAck[] = [];
  private recovered = false;
  private idleTimer: Timer | null = null;

  constructor(options: SegmentLogOptions) {
    this.options = options;
    const { files, clock, log, segmentBytes } = options;
    const { counters, ledger, pending } = this;
    this.spares = new Spares({ files, log, segmentBytes });
    const { spares } = this;
    const context = { files, clock, log, ledger, pending, counters, spares, segmentBytes };
    this.cache = new FileCache(files, STORE_OPEN_FILES);
    this.reader = new Reader({ cache: this.cache, clock, counters });
    this.acks = new AckWriter({ ...context, acked: () => this.tidy() });
    this.writer = new Writer({
      ...context,
      ack: (slot) => this.settle(slot),
      written: () => this.wrote(),
    });
    const { cache, acks, reader } = this;
    const pushed = (): void => this.writer.schedule();
    const letGo = (segment: Segment): Promise<void> => this.writer.tail.letGo(segment);
    this.compactor = new Compactor({ ...context, cache, acks, reader, letGo, pushed });
    this.sweeper = new Sweeper(ledger.slots, (slot) => this.settle(slot));
    ledger.onDead = (segment) => this.compactor.retire(segment);
  }

  get busy(): boolean {
    return this.writer.busy;
  }

  get failure(): Error | null {
    return this.writer.failure;
  }

  onBusy(listener: (busy: boolean) => void): void {
    this.writer.onBusy(listener);
  }

  openQueue(id: QueueId, sink: QueueSink): QueueStore {
    const queue = new SegmentQueue(id, sink, this);
    this.ledger.enter(queue);
    this.queues.set(id, queue);
    if (this.recovered) queue.open();
    return queue;
  }

  /** @throws Error if the folder cannot be read */
  async recover(forgetUnknown: boolean): Promise<Recovery> {
    const { files, log } = this.options;
    const { ledger, counters, writer } = this;
    const startMs = performance.now();
    const queues = new Map([...this.queues].map(([id, { index }]) => [id, index]));
    const found = await recover({ files, log, ledger, counters, queues, forgetUnknown });
    writer.lastSeq = found.lastSeq;
    writer.tail.lastId = found.lastSegment;
    counters.damaged += found.lost;
    this.recovered = true;
    for (const queue of [...this.queues.values()]) {
      const rows = found.rows.get(queue.index);
      if (rows !== undefined) tell(queue, rows);
      rows?.release();
      queue.open();
    }
    this.report(found, performance.now() - startMs);
    writer.start();
    this.tidy();
    return { highestQueueId: found.highestQueueId };
  }

  publish(queues: readonly QueueStore[], message: NewMessage, settled: Settled | null): Ref[] {
    return this.push(queues as readonly SegmentQueue[], message, settled, 0);
  }

  transaction(body: () => void, settled: Settled): void {
    this.transactionEntries = [];
    this.transactionAcks = [];
    try {
      body();
    } finally {
      const transaction = { settled, told: false, acks: this.transactionAcks };
      const entries = this.transactionEntries;
      this.transactionEntries = null;
      this.transactionAcks = [];
      this.seal(transaction, entries);
    }
  }

  async flush(): Promise<void> {
    await this.writer.flush();
    await this.acks.write();
  }

  stats(): StoreStats {
    const { ledger, pending, counters } = this;
    return {
      messages: ledger.messages,
      bytes: ledger.liveBytes + pending.bytes,
      disk: {
        diskBytes: ledger.diskBytes + this.spares.bytes,
        segments: ledger.segments.size,
        pendingBytes: pending.bytes,
        writtenMessages: counters.written,
        writtenBytes: counters.writtenBytes,
        elided: counters.elided,
        commits: counters.commits,
        commitMs: counters.commitMs,
        slowestCommitMs: counters.slowestCommitMs,
        syncs: counters.syncs,
        failedWrites: counters.failedWrites,
        compactedSegments: counters.compactedSegments,
        compactedBytes: counters.compactedBytes,
        damaged: counters.damaged,
      },
    };
  }

  async close(): Promise<void> {
    this.idleTimer?.cancel();
    await this.compactor.close();
    await this.writer.close();
    await this.compactor.removed();
    await this.spares.drop();
    await this.acks.close();
    await this.cache.close();
  }

  load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]> {
    const { slots } = this.ledger;
    for (const ref of refs) if (slots.segment(ref) !== UNWRITTEN) return this.read(refs);
    return refs.map((ref) => this.resident(ref));
  }

  ack(queue: SegmentQueue, ref: Ref): void {
    if (this.transactionEntries === null) this.settle(ref);
    else this.transactionAcks.push({ queue, slot: ref });
  }

  setDeliveries(ref: Ref, deliveries: number): void {
    this.ledger.setDeliveries(ref, deliveries);
    this.acks.soon();
  }

  page(queue: SegmentQueue, message: NewMessage): Ref {
    return this.push([queue], message, null, FLAG.paged)[0] as Ref;
  }

  async deleteQueue(queue: SegmentQueue): Promise<void> {
    if (this.queues.get(queue.id) === queue) this.queues.delete(queue.id);
    if (queue.messages === 0) this.ledger.leave(queue);
    else await this.sweeper.sweep(queue);
  }

  private push(
    queues: readonly SegmentQueue[],
    message: NewMessage,
    settled: Settled | null,
    flags: number,
  ): number[] {
    const { ledger, pending } = this;
    const place = pending.reserve();
    const slots: number[] = [];
    for (let i = 0; i < queues.length; i++) {
      slots.push(ledger.take((queues[i] as SegmentQueue).index, place));
    }
    const entry = new Entry(message, settled, flags, slots);
    pending.push(entry, place);
    if (this.transactionEntries !== null) this.transactionEntries.push(entry);
    else this.writer.schedule();
    return slots;
  }

  /** What a transaction has published is one run, and its acks follow that. */
  private seal(transaction: Transaction, entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last === undefined) {
      for (const { slot } of transaction.acks) this.settle(slot);
      transaction.settled.settled(null);
      return;
    }
    for (const entry of entries) entry.transaction = transaction;
    last.last = true;
    this.writer.schedule();
  }

  /** A message is done with in one queue, wherever it is. */
  private settle(slot: number): void {
    const { ledger, pending } = this;
    const segment = ledger.slots.segment(slot);
    if (segment === NOWHERE) return;
    if (segment !== UNWRITTEN) {
      ledger.settle(slot);
      this.acks.soon();
      return;
    }
    const entry = pending.at(ledger.slots.offset(slot));
    if (entry.writing) ledger.slots.markAcked(slot);
    else this.elide(entry, slot);
  }

  /** A queue has acked a message before it was written. */
  private elide(entry: Entry, slot: number): void {
    entry.slots[entry.slots.indexOf(slot)] = 0;
    entry.alive--;
    this.ledger.forget(slot);
    if (entry.alive > 0) return;
    this.counters.elided++;
    this.pending.free(entry);
    this.writer.relax();
    const { settled } = entry;
    entry.settled = null;
    settled?.settled(null);
  }

  private resident(ref: Ref): Loaded {
    const { message } = this.pending.at(this.ledger.slots.offset(ref));
    const { arrivedAtMs } = message;
    return { header: message.encodeHeader(), body: Buffer.from(message.lent), arrivedAtMs };
  }

  private async read(refs: readonly Ref[]): Promise<Loaded[]> {
    const { ledger, compactor } = this;
    const answer: (Loaded | ReadRecord)[] = [];
    const wanted: Wanted[] = [];
    const segments = new Set<Segment>();
    for (const [rank, ref] of refs.entries()) {
      const id = ledger.slots.segment(ref);
      const segment = ledger.segments.get(id);
      if (id === UNWRITTEN && (ledger.slots.length(ref) & ACKED) === 0) {
        answer[rank] = this.resident(ref);
      } else if (segment === undefined) {
        throw new Error(`no message ${ref}`);
      } else {
        segments.add(segment);
        const offset = ledger.slots.offset(ref);
        wanted.push({ segment, offset, bytes: ledger.slots.length(ref) & ~SHARED, rank });
      }
    }
    for (const segment of segments) segment.readers++;
    try {
      await this.reader.read(wanted, answer as ReadRecord[]);
      return answer;
    } finally {
      for (const segment of segments) {
        segment.readers--;
        compactor.retire(segment);
      }
    }
  }

  private wrote(): void {
    this.acks.soon();
    if (this.spares.size > 0) this.tidy();
    else this.compactor.consider();
  }

  /** What has died may go, also the segment that is written to if little else happens. */
  private tidy(): void {
    this.compactor.consider();
    if (this.idleTimer !== null) return;
    const tail = this.writer.tail.segment;
    const dead = tail !== null && tail.live === 0 && tail.ordinals > 0;
    if (!dead && this.spares.size === 0) return;
    const { commits } = this.counters;
    this.idleTimer = this.options.clock.schedule(STORE_ACK_SYNC_MS, () => {
      this.idleTimer = null;
      if (this.counters.commits !== commits) this.tidy();
      else void this.rest();
    });
  }

  /** Nothing has been written for a while. */
  private async rest(): Promise<void> {
    await this.spares.drop();
    this.writer.rollDead();
  }

  private report(found: Recovered, tookMs: number): void {
    const { log } = this.options;
    const { messages, lost, orphans, scanned } = found;
    if (orphans > 0) {
      const why = 'the catalog does not know their queues, and is damaged or of a newer Warren';
      log.error(`${orphans} messages are kept but out of reach: ${why}`);
    }
    if (lost > 0) log.error(`${lost} messages are lost to damage on the disk`);
    const { segments } = this.ledger;
    if (segments.size === 0) return;
    const what = `${messages} messages in ${segments.size} segments`;
    log.info(`messages: ${what}, ${scanned} scanned, in ${Math.round(tookMs)} ms`);
  }
}

/** Tells a queue what it has, in order. */
function tell({ sink }: SegmentQueue, rows: RecoveredRows): void {
  for (let place = 0; place < rows.size; place++) {
    const meta = {
      ref: rows.slot(place),
      bodyBytes: rows.bodyBytes(place),
      arrivedAtMs: rows.arrivedAtMs(place),
      expiresAtMs: rows.expiresAtMs(place),
      priority: priorityOf(rows.flags(place)),
      deliveries: rows.deliveries(place),
    };
    sink.ready(meta, null);
  }
}
