/**
 * Outbox: what one connection has to send, written to its socket once per event-loop turn. Writers
 * reserve room in a slab and fill it in place; the slab goes out whole and comes back to the pool
 * when the kernel has it. Over its high-water mark it is not `open`: consumers stop taking. Hot
 * path: one system call per turn instead of one per message is worth a factor of ten and more.
 */
import {
  OUTBOX_BULK_BYTES,
  OUTBOX_BULK_SLAB_BYTES,
  OUTBOX_BULK_SLABS_KEPT,
  OUTBOX_HIGH_WATER_BYTES,
  OUTBOX_SLAB_BYTES,
  OUTBOX_SLABS_KEPT,
  OUTBOX_SMALL_SLAB_BYTES,
  OUTBOX_SMALL_SLABS_KEPT,
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

/** Slabs of one size. */
class Shelf {
  readonly bytes: number;
  private readonly kept: number;
  private readonly slabs: Buffer[] = [];

  constructor(bytes: number, kept: number) {
    this.bytes = bytes;
    this.kept = kept;
  }

  take(): Buffer {
    return this.slabs.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  give(slab: Buffer): void {
    if (this.slabs.length < this.kept) this.slabs.push(slab);
  }
}

/**
 * Slabs that no connection is using. One pool serves all connections. Those that have little to
 * send get small ones: a message for a thousand subscribers takes a thousand slabs at once.
 */
export class SlabPool {
  private readonly small = new Shelf(OUTBOX_SMALL_SLAB_BYTES, OUTBOX_SMALL_SLABS_KEPT);
  private readonly large = new Shelf(OUTBOX_SLAB_BYTES, OUTBOX_SLABS_KEPT);
  private readonly bulk = new Shelf(OUTBOX_BULK_SLAB_BYTES, OUTBOX_BULK_SLABS_KEPT);

  /** A slab for at least `bytes`. */
  take(bytes: number): Buffer {
    if (bytes > OUTBOX_BULK_SLAB_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.shelfOf(bytes).take();
  }

  give(slab: Buffer): void {
    const shelf = this.shelfOf(slab.length);
    if (slab.length === shelf.bytes) shelf.give(slab);
  }

  private shelfOf(bytes: number): Shelf {
    if (bytes <= OUTBOX_SMALL_SLAB_BYTES) return this.small;
    return bytes <= OUTBOX_SLAB_BYTES ? this.large : this.bulk;
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
  /** What went out last: as much may come again. */
  private usual = 0;
  /** What the socket still had when it was looked at: after each write, and when it was taken. */
  private waiting = 0;
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
    socket.on('drain', () => {
      this.waiting = socket.writableLength;
      this.drained();
    });
  }

  /** May consumers write more now? Asked before every delivery, so it looks at no other object. */
  get open(): boolean {
    return this.used + this.waiting < OUTBOX_HIGH_WATER_BYTES;
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
    if (this.ended) return;
    this.socket.write(bytes);
    this.waiting = this.socket.writableLength;
  }

  /** Collects several writes into one system call, until uncork(). */
  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.flush();
    this.socket.uncork();
    this.waiting = this.socket.writableLength;
  }

  /** Hands everything to the socket now. */
  flush(): void {
    if (this.used === 0) return;
    const { slab, used, socket, pool } = this;
    this.slab = NO_SLAB;
    this.used = 0;
    this.usual = used;
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
      this.waiting = socket.writableLength;
      pool.give(slab);
    });
    this.waiting = socket.writableLength;
    if (pending && this.waiting === 0) {
      pending = false;
      pool.give(slab);
    }
  }

  /** Flushes; nothing is sent after that. */
  end(): void {
    this.flush();
    this.ended = true;
  }

  /**
   * A small slab that is full is moved to a large one, and that goes out when it is full. What is
   * bulky goes out in more at once, because each write wakes the peer up.
   */
  private nextSlab(size: number): void {
    const { slab, used, pool } = this;
    const moves = slab.length < OUTBOX_SLAB_BYTES && used + size <= OUTBOX_SLAB_BYTES;
    if (!moves) this.flush();
    const usual = Math.min(this.usual, OUTBOX_SLAB_BYTES);
    const least = size < OUTBOX_BULK_BYTES ? usual : OUTBOX_BULK_SLAB_BYTES;
    this.slab = pool.take(Math.max(this.used + size, least));
    if (!moves || used === 0) return;
    slab.copy(this.slab, 0, 0, used);
    pool.give(slab);
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
