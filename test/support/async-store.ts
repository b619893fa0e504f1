/**
 * AsyncStore: a message store for tests in which nothing happens at once. Writes are kept after a
 * random delay and in order, loads come back in any order, and both can fail. Of a message only
 * its bytes survive the write. Time is an injected clock, so that a ManualClock replays a run from
 * its seed; with a SystemClock it runs by itself. What is written is on a Disk, which outlives the
 * store: a second store on the same disk is a restart, after crash() one without good-bye.
 */
import type { Clock } from '../../src/clock.ts';
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
} from '../../src/storage/message-store.ts';
import { Random } from './random.ts';

export interface AsyncStoreOptions {
  readonly readyOn: MessageStore['readyOn'];
  readonly clock: Clock;
  readonly seed?: number;
  /** Every answer takes 1 … this many ms. */
  readonly maxDelayMs?: number;
  /** How many of the publishes and of the loads fail, 0 … 1. */
  readonly publishFailureRate?: number;
  readonly loadFailureRate?: number;
  /** Unwritten body bytes above which the store is busy. */
  readonly busyBytes?: number;
  /** Does ready() hand over the object of the publish? Else the queue gets the meta data only. */
  readonly passResident?: boolean;
  readonly disk?: Disk;
}

/** One message in one queue as it was written. */
interface Written {
  readonly header: Buffer;
  readonly body: Buffer;
  readonly arrivedAtMs: number;
  readonly expiresAtMs: number;
  readonly priority: number;
  deliveries: number;
}

/** What survives a store: the messages of each queue in order. */
export class Disk {
  readonly queues = new Map<QueueId, Map<Ref, Written>>();
  lastRef: Ref = 0;

  queue(id: QueueId): Map<Ref, Written> {
    const known = this.queues.get(id);
    if (known !== undefined) return known;
    const made = new Map<Ref, Written>();
    this.queues.set(id, made);
    return made;
  }
}

/** A publish that is not written yet. */
interface Pending {
  readonly message: NewMessage;
  readonly to: readonly { readonly queue: AsyncQueue; readonly ref: Ref }[];
  readonly settled: Settled | null;
  fails: boolean;
}

export class AsyncStore implements MessageStore {
  readonly readyOn: MessageStore['readyOn'];
  readonly loads = true;
  readonly disk: Disk;
  busy = false;
  readonly failure = null;
  /** Messages that cannot be read back, nor any load that asks for one of them. */
  readonly damaged = new Set<Ref>();
  /** Body bytes of every load so far, and the calls. */
  loadCalls = 0;
  publishFailureRate: number;
  loadFailureRate: number;
  private readonly options: AsyncStoreOptions;
  private readonly random: Random;
  private readonly queues = new Map<QueueId, AsyncQueue>();
  private readonly listeners: ((busy: boolean) => void)[] = [];
  /** Writes in the order of the calls; each timer runs the oldest. */
  private readonly writes: (() => void)[] = [];
  private lastWriteAtMs = 0;
  private pendingBytes = 0;
  private crashed = false;
  /** The transaction being made: its publishes, and what else it does when it is kept. */
  private batch: { readonly publishes: Pending[]; readonly besides: (() => void)[] } | null = null;

  constructor(options: AsyncStoreOptions) {
    this.options = options;
    this.readyOn = options.readyOn;
    this.disk = options.disk ?? new Disk();
    this.random = new Random(options.seed ?? 1);
    this.publishFailureRate = options.publishFailureRate ?? 0;
    this.loadFailureRate = options.loadFailureRate ?? 0;
  }

  onBusy(listener: (busy: boolean) => void): void {
    this.listeners.push(listener);
  }

  openQueue(id: QueueId, sink: QueueSink): QueueStore {
    const queue = new AsyncQueue(id, sink, this);
    this.queues.set(id, queue);
    return queue;
  }

  async recover(): Promise<Recovery> {
    return { highestQueueId: Math.max(0, ...this.disk.queues.keys()) };
  }

  publish(queues: readonly QueueStore[], message: NewMessage, settled: Settled | null): Ref[] {
    const to = queues.map((store) => {
      const queue = store as AsyncQueue;
      const ref = ++this.disk.lastRef;
      queue.unwritten.set(ref, message);
      return { queue, ref };
    });
    const fails = this.random.chance(this.publishFailureRate);
    const pending: Pending = { message, to, settled, fails };
    message.hold();
    this.weigh(message.bodyBytes);
    if (this.batch !== null) this.batch.publishes.push(pending);
    else this.write(() => this.commit(pending));
    return this.readyOn === 'publish' ? to.map(({ ref }) => ref) : [];
  }

  /** A write that nobody waits for. */
  page(queue: AsyncQueue, message: NewMessage): Ref {
    const ref = ++this.disk.lastRef;
    message.hold();
    queue.unwritten.set(ref, message);
    return ref;
  }

  transaction(body: () => void, settled: Settled): void {
    const batch = { publishes: [] as Pending[], besides: [] as (() => void)[] };
    this.batch = batch;
    try {
      body();
    } finally {
      this.batch = null;
    }
    const fails = batch.publishes.some((pending) => pending.fails);
    this.write(() => {
      for (const pending of batch.publishes) this.commit({ ...pending, fails });
      if (!fails) for (const run of batch.besides) run();
      settled.settled(fails ? new Error('the transaction could not be written') : null);
    });
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.write(resolve));
  }

  stats(): StoreStats {
    let messages = 0;
    let bytes = 0;
    for (const queue of this.queues.values()) {
      for (const kept of [...queue.unwritten.values(), ...queue.written.values()]) {
        messages++;
        bytes += bodyOf(kept).length;
      }
    }
    return { messages, bytes, disk: null };
  }

  async close(): Promise<void> {
    await this.flush();
    this.crashed = true;
  }

  /** What is not written by now never will be, and nobody hears of this store again. */
  crash(): void {
    this.crashed = true;
  }

  /** The queue's log is taken away, as by a takeover; what was on its way to it fails. */
  takeAway(id: QueueId, reason: Error | null): void {
    const queue = this.queues.get(id) as AsyncQueue;
    queue.takenAway = reason ?? new Error('taken over by another node');
    queue.sink.closed(reason);
  }

  /** A write: as slow as the one before it at least. */
  write(run: () => void): void {
    const now = this.options.clock.now();
    this.lastWriteAtMs = Math.max(this.lastWriteAtMs, now + this.delayMs());
    this.writes.push(run);
    this.options.clock.schedule(this.lastWriteAtMs - now, () => {
      const oldest = this.writes.shift() as () => void;
      if (!this.crashed) oldest();
    });
  }

  /** Like write(), but part of the transaction if one is being made. */
  writeOrJoin(run: () => void): void {
    if (this.batch !== null) this.batch.besides.push(run);
    else this.write(run);
  }

  /** An answer that waits for nothing else. */
  later<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.options.clock.schedule(this.delayMs(), () => {
        if (this.crashed) return;
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  failsToLoad(): boolean {
    this.loadCalls++;
    return this.random.chance(this.loadFailureRate);
  }

  private commit({ message, to, settled, fails }: Pending): void {
    this.weigh(-message.bodyBytes);
    let error = fails ? new Error('the disk is full') : null;
    for (const { queue, ref } of to) {
      error ??= queue.takenAway;
      if (!queue.unwritten.delete(ref) || error !== null || queue.deleted) continue;
      const { arrivedAtMs, expiresAtMs, priority } = message;
      const bytes = { header: message.encodeHeader(), body: Buffer.from(message.lent) };
      const times = { arrivedAtMs, expiresAtMs, priority, deliveries: 0 };
      queue.keep(ref, { ...bytes, ...times });
      if (this.readyOn === 'publish') continue;
      queue.tell(ref, this.options.passResident ? message : null);
    }
    settled?.settled(error);
  }

  private weigh(bytes: number): void {
    this.pendingBytes += bytes;
    const busy = this.pendingBytes > (this.options.busyBytes ?? Number.POSITIVE_INFINITY);
    if (busy === this.busy) return;
    this.busy = busy;
    for (const listener of this.listeners) listener(busy);
  }

  private delayMs(): number {
    return 1 + this.random.below(this.options.maxDelayMs ?? 5);
  }
}

class AsyncQueue implements QueueStore {
  readonly id: QueueId;
  readonly sink: QueueSink;
  readonly opened: Promise<void>;
  readonly unwritten = new Map<Ref, NewMessage>();
  readonly written: Map<Ref, Written>;
  deleted = false;
  takenAway: Error | null = null;
  private readonly store: AsyncStore;
  private readonly disk: Map<Ref, Written>;

  constructor(id: QueueId, sink: QueueSink, store: AsyncStore) {
    this.id = id;
    this.sink = sink;
    this.store = store;
    this.disk = store.disk.queue(id);
    this.written = new Map(this.disk);
    this.opened = new Promise((resolve) => {
      const recovered = [...this.written.keys()];
      store.write(() => {
        for (const ref of recovered)
          if (!this.deleted && this.takenAway === null) this.tell(ref, null);
        resolve();
      });
    });
  }

  load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]> {
    const fails = this.store.failsToLoad();
    const waiting = refs.map((ref) => this.unwritten.get(ref));
    if (waiting.every((message) => message !== undefined)) {
      return waiting.map(loadedFrom);
    }
    return this.store.later(() => {
      if (fails) throw new Error('the disk could not be read');
      return refs.map((ref) => this.read(ref));
    });
  }

  ack(ref: Ref): void {
    this.store.writeOrJoin(() => void this.disk.delete(ref));
    this.unwritten.delete(ref);
    this.written.delete(ref);
  }

  delivered(ref: Ref, deliveries: number): void {
    this.returned(ref, deliveries);
  }

  /** As slow as any other write, and gone with the process. */
  page(message: NewMessage): Ref {
    return this.store.page(this, message);
  }

  returned(ref: Ref, deliveries: number): void {
    this.store.writeOrJoin(() => {
      const written = this.disk.get(ref);
      if (written !== undefined) written.deliveries = deliveries;
    });
  }

  delete(): Promise<void> {
    this.deleted = true;
    this.unwritten.clear();
    this.written.clear();
    return new Promise((resolve) => {
      this.store.write(() => {
        this.store.disk.queues.delete(this.id);
        resolve();
      });
    });
  }

  keep(ref: Ref, written: Written): void {
    this.disk.set(ref, written);
    this.written.set(ref, written);
  }

  tell(ref: Ref, resident: NewMessage | null): void {
    const { body, arrivedAtMs, expiresAtMs, priority, deliveries } = this.written.get(
      ref,
    ) as Written;
    const times = { arrivedAtMs, expiresAtMs };
    this.sink.ready({ ref, bodyBytes: body.length, ...times, priority, deliveries }, resident);
  }

  /** Acked messages are gone for the engine at once, but a read under way may still see them. */
  private read(ref: Ref): Loaded {
    const written = this.written.get(ref) ?? this.disk.get(ref) ?? this.unwritten.get(ref);
    if (this.store.damaged.has(ref)) throw new Error(`message ${ref} is damaged`);
    if (written === undefined || this.deleted) throw new Error(`no message ${ref}`);
    return loadedFrom(written);
  }
}

/** Copies, as from a disk. */
function loadedFrom(kept: Written | NewMessage): Loaded {
  const header = 'header' in kept ? kept.header : kept.encodeHeader();
  const { arrivedAtMs } = kept;
  return { header: Buffer.from(header), body: Buffer.from(bodyOf(kept)), arrivedAtMs };
}

function bodyOf(kept: Written | NewMessage): Buffer {
  return 'lent' in kept ? kept.lent : kept.body;
}
