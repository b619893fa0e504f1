/**
 * Outbox: what one connection has to send, written to its socket once per event-loop turn. Writers
 * reserve room in a slab and fill it in place; the slab goes out whole and comes back to the pool
 * when the kernel has it. Over its high-water mark it is not `open`: consumers stop taking. Hot
 * path: one system call per turn instead of one per message is worth a factor of ten and more.
 */
import {
  OUTBOX_HIGH_WATER_BYTES,
  OUTBOX_SLAB_BYTES,
  OUTBOX_SLABS_KEPT,
  OUTBOX_STALL_BYTES,
} from '../limits.ts';

/** Where an outbox sends to: a socket, or what looks like one (websocket-client.ts). */
export interface Sink {
  /** Bytes that have been written and not yet been taken by the kernel. */
  readonly writableLength: number;
  readonly destroyed: boolean;
  /** Bytes must not change until `done`, or until writableLength is 0. */
  write(bytes: Uint8Array, done?: () => void): boolean;
  /** Collects what is written until uncork(). */
  cork(): void;
  uncork(): void;
  on(event: 'drain', listener: () => void): unknown;
}

/** Slabs that no connection is using. One pool serves all connections. */
export class SlabPool {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(OUTBOX_SLAB_BYTES);
  }

  give(slab: Buffer): void {
    const usual = slab.length === OUTBOX_SLAB_BYTES;
    if (usual && this.free.length < OUTBOX_SLABS_KEPT) this.free.push(slab);
  }
}

const NO_SLAB = Buffer.alloc(0);

export class Outbox {
  /** Where reserve() made room; valid until the next reserve(), write() or flush(). */
  slab: Buffer = NO_SLAB;
  /** Bytes sent or waiting to be. */
  bytes = 0;
  /** Calls of the system, about. */
  writes = 0;
  private used = 0;
  private readonly socket: Sink;
  private readonly pool: SlabPool;
  private readonly drained: () => void;
  /** Bytes that the kernel had not taken when moved() was asked last. */
  private queued = 0;
  private scheduled = false;
  private ended = false;

  /** @param drained called when the socket has taken everything after a time of back-pressure */
  constructor(socket: Sink, pool: SlabPool, drained: () => void) {
    this.socket = socket;
    this.pool = pool;
    this.drained = drained;
    socket.on('drain', () => this.drained());
  }

  /** May consumers write more now? */
  get open(): boolean {
    return this.used + this.socket.writableLength < OUTBOX_HIGH_WATER_BYTES;
  }

  /** Bytes that wait to be taken by the kernel. */
  get pending(): number {
    return this.used + this.socket.writableLength;
  }

  /** Is so much waiting that the peer should not be read from until it reads itself? */
  get stalled(): boolean {
    return this.used + this.socket.writableLength > OUTBOX_STALL_BYTES;
  }

  /** Were bytes waiting when this was asked last, and has the kernel taken some of them? */
  moved(): boolean {
    const before = this.queued;
    this.queued = queuedBytes(this.socket);
    return before > 0 && before !== this.queued;
  }

  /**
   * Makes room for `size` bytes that the caller fills at once.
   * @returns the offset into `slab`
   */
  reserve(size: number): number {
    if (this.used + size > this.slab.length) this.nextSlab(size);
    const offset = this.used;
    this.used += size;
    this.bytes += size;
    if (!this.scheduled) this.schedule();
    return offset;
  }

  /** Sends bytes; large ones in place. */
  write(bytes: Buffer): void {
    const size = bytes.length;
    if (size <= OUTBOX_SLAB_BYTES / 4) {
      const offset = this.reserve(size);
      bytes.copy(this.slab, offset);
      return;
    }
    this.writeInPlace(bytes);
  }

  /** Sends bytes without copying, so they must not change any more. */
  writeInPlace(bytes: Buffer): void {
    this.flush();
    this.bytes += bytes.length;
    this.writes++;
    if (!this.ended) this.socket.write(bytes);
  }

  /** Collects several writes into one system call, until uncork(). */
  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.flush();
    this.socket.uncork();
  }

  /** Hands everything to the socket now. */
  flush(): void {
    if (this.used === 0) return;
    const { slab, used, socket, pool } = this;
    this.slab = NO_SLAB;
    this.used = 0;
    if (this.ended || socket.destroyed) {
      pool.give(slab);
      return;
    }
    this.writes++;
    // Small writes that the kernel takes at once need no callback: the slab is free again.
    let pending = true;
    socket.write(slab.subarray(0, used), () => {
      if (!pending) return;
      pending = false;
      pool.give(slab);
    });
    if (pending && socket.writableLength === 0) {
      pending = false;
      pool.give(slab);
    }
  }

  /** Flushes; nothing is sent after that. */
  end(): void {
    this.flush();
    this.ended = true;
  }

  private nextSlab(size: number): void {
    this.flush();
    this.slab = size <= OUTBOX_SLAB_BYTES ? this.pool.take() : Buffer.allocUnsafeSlow(size);
  }

  private schedule(): void {
    this.scheduled = true;
    setImmediate(this.flushLater);
  }

  private readonly flushLater = (): void => {
    this.scheduled = false;
    this.flush();
  };
}

/** What the socket has been given and the kernel has not taken; writableLength moves in leaps. */
function queuedBytes(socket: Sink): number {
  const { _handle: handle } = socket as unknown as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? socket.writableLength;
}
