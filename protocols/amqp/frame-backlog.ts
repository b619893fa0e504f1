/**
 * FrameBacklog: frames of a channel that arrived while one of its methods waits for the catalog or
 * the store. AMQP answers in order, so they are kept, as copies, and replayed afterwards; other
 * channels of the connection go on meanwhile. All backlogs of a connection share one limit.
 */
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, type FrameSink } from './frames.ts';
import { copyOf } from './wire.ts';

interface HeldFrame {
  readonly type: number;
  readonly payload: Buffer;
}

/** Counts what is held; the connection. */
export interface BacklogHost {
  /** That many more bytes are held, or fewer if it is negative. */
  heldBack(bytes: number): void;
}

export class FrameBacklog {
  private readonly host: BacklogHost;
  private bytes = 0;
  private frames: HeldFrame[] = [];
  private next = 0;

  constructor(host: BacklogHost) {
    this.host = host;
  }

  get empty(): boolean {
    return this.next === this.frames.length;
  }

  add(type: number, buf: Buffer, start: number, end: number): void {
    this.frames.push({ type, payload: copyOf(buf, start, end) });
    this.count(end - start);
  }

  /** Hands the oldest frame over. */
  replayOne(channel: number, into: Omit<FrameSink, 'heartbeat'>): void {
    const { type, payload } = this.frames[this.next++] as HeldFrame;
    this.count(-payload.length);
    if (this.empty) {
      this.frames = [];
      this.next = 0;
    }
    if (type === FRAME_METHOD) into.method(channel, payload, 0, payload.length);
    else if (type === FRAME_HEADER) into.header(channel, payload, 0, payload.length);
    else if (type === FRAME_BODY) into.body(channel, payload, 0, payload.length);
  }

  clear(): void {
    this.frames = [];
    this.next = 0;
    this.count(-this.bytes);
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    if (bytes !== 0) this.host.heldBack(bytes);
  }
}
