/**
 * MessageStore: the port between the engine and whatever keeps messages. A backend knows files,
 * offsets, fsync or subjects; nothing of that shows here. The engine hangs three things on a
 * store's answers: a publisher's confirm, a message's readiness (`readyOn`), and the end of a
 * dead-letter move. Backends: memory-store.ts; the segment log and the cluster's logs follow.
 * A new backend has to pass test/storage/conformance.ts and the engine's own tests.
 */

/** Given by the catalog to each durable queue; a u32, never used again. */
export type QueueId = number;

/**
 * One message in one queue from publish until ack. A number below 2⁵³ whose order means nothing;
 * a backend may hand the same number out again after the ack.
 */
export type Ref = number;

/** The ref of a message that no store holds. */
export const NO_REF: Ref = 0;

/**
 * A message on its way into a store, which holds it until it is written or acked. One that keeps it
 * by reference and never calls release() costs memory that could have been used again, no more.
 */
export interface NewMessage {
  /** The body, to be read while the message is held, and not to be kept. */
  readonly lent: Buffer;
  readonly bodyBytes: number;
  /** When the broker accepted it, ms since 1970. */
  readonly arrivedAtMs: number;
  /** When its own expiration runs out, ms since 1970; 0 for never. A queue's TTL is not in it. */
  readonly expiresAtMs: number;
  /** 0 … 255; −1 if the publisher gave none. */
  readonly priority: number;
  /** Exchange, routing key and properties as bytes; asked for when the message is written. */
  encodeHeader(): Buffer;
  hold(): void;
  release(): void;
}

/** What a store knows of a message without reading it back. */
export interface Meta {
  readonly ref: Ref;
  readonly bodyBytes: number;
  readonly arrivedAtMs: number;
  readonly expiresAtMs: number;
  readonly priority: number;
  /** What its queue last said to {@link QueueStore.returned}; 0 if it never came back. */
  readonly deliveries: number;
}

/** A message read back. Both buffers are the reader's to keep. */
export interface Loaded {
  readonly header: Buffer;
  readonly body: Buffer;
  /** As {@link NewMessage} said it. */
  readonly arrivedAtMs: number;
}

/**
 * What a store tells one queue: never from inside a publish, and nothing after the queue's delete.
 */
export interface QueueSink {
  /**
   * A message became available: at recovery, in order, and for `readyOn: 'durable'` stores when
   * it is committed: then in every queue before the publish is settled, in the same turn.
   * `resident` is the very object of the publish, while the store still has it; a store that
   * cannot load always has it.
   */
  ready(meta: Meta, resident: NewMessage | null): void;
  /** The queue's log is gone: taken over by another node, or the store failed. */
  closed(reason: Error | null): void;
}

/** Told once how a write ended. */
export interface Settled {
  /** null when the message is safe (or was acked before it had to be), else why it is not. */
  settled(error: Error | null): void;
}

/** The stored messages of one durable queue. */
export interface QueueStore {
  readonly id: QueueId;
  /** Resolves when recovery has told the sink everything; publishing may start before that. */
  readonly opened: Promise<void>;
  /**
   * The messages of `refs`, in that order: at once if resident. Asks for several to read ahead. A
   * rejection means that a message is gone for good: passing trouble is the backend's to retry.
   */
  load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]>;
  /**
   * The message is settled for good: consumed, expired, dropped or dead-lettered. Harmless for one
   * whose publish failed.
   */
  ack(ref: Ref): void;
  /** It is out for the so-many-th time: remember that, lazily, for should it not come back. */
  delivered(ref: Ref, deliveries: number): void;
  /**
   * It went back to the queue: remember how often it has been delivered, lazily. A number below
   * 2²⁸ that means something to the queue only.
   */
  returned(ref: Ref, deliveries: number): void;
  /**
   * Keeps a message because memory is short, no longer than the process: nothing is recovered of
   * it, and nobody is told. Only if the store {@link MessageStore.loads}.
   */
  page(message: NewMessage): Ref;
  /** The queue is gone, and everything in it. */
  delete(): Promise<void>;
}

/** What a store holds, and what it has done since it was opened. */
export interface StoreStats {
  /** Messages, once for each queue that has them. */
  readonly messages: number;
  /** What they take where they are kept. */
  readonly bytes: number;
  /** The rest is that of stores with a disk; null for others. */
  readonly disk: DiskStats | null;
}

/** How a store gets on with its disk. */
export interface DiskStats {
  /** What its files take, and how many segments they are. */
  readonly diskBytes: number;
  readonly segments: number;
  /** Bytes that wait to be written. */
  readonly pendingBytes: number;
  readonly writtenMessages: number;
  readonly writtenBytes: number;
  /** Messages that were acked before they had to be written. */
  readonly elided: number;
  /** Writes of many messages at once, and what they took in all and at most. */
  readonly commits: number;
  readonly commitMs: number;
  readonly slowestCommitMs: number;
  readonly syncs: number;
  readonly failedWrites: number;
  readonly compactedSegments: number;
  readonly compactedBytes: number;
  /** Messages found damaged, at the start or when they were read. */
  readonly damaged: number;
}

/** What {@link MessageStore.recover} found. */
export interface Recovery {
  /** The highest queue id that anything is kept of, 0 for none. */
  readonly highestQueueId: QueueId;
}

/** See the head of this file. */
export interface MessageStore {
  /**
   * 'publish': a message may be delivered before it is safe, and its ack can spare the write.
   * 'durable': it enters the queue through {@link QueueSink.ready} once it is safe.
   */
  readonly readyOn: 'publish' | 'durable';
  /** Can {@link QueueStore.load} bring back a message that its queue has let go of? */
  readonly loads: boolean;
  /** Too much is waiting to be written, or nothing can be: stop reading from publishers. */
  readonly busy: boolean;
  /** Why nothing can be written at the moment; null if it can. The store is busy as long. */
  readonly failure: Error | null;
  onBusy(listener: (busy: boolean) => void): void;
  openQueue(id: QueueId, sink: QueueSink): QueueStore;
  /**
   * Called once, when every queue that exists at boot has been opened: their sinks are told what
   * they hold, in order. `forgetUnknown`: what is left is of queues that are gone, and may go.
   */
  recover(forgetUnknown: boolean): Promise<Recovery>;
  /**
   * Keeps one body for many queues. Returns a ref for each queue in their order, in an array that
   * is valid until the next call, or an empty one if `readyOn` is 'durable'. `settled` is told
   * once: null when the message is safe in every queue.
   */
  publish(queues: readonly QueueStore[], message: NewMessage, settled: Settled | null): Ref[];
  /** The publishes and acks made inside `body`, all or nothing if the backend can. */
  transaction(body: () => void, settled: Settled): void;
  /** Resolves when everything so far is written. */
  flush(): Promise<void>;
  stats(): StoreStats;
  close(): Promise<void>;
}
