/**
 * FrameBacklog: frames of a channel that arrived while one of its methods waits for the catalog or
 * the store. AMQP answers in order, so they are kept, as copies, and replayed afterwards; other
 * channels of the connection go on meanwhile.
 */
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, type FrameSink } from './frames.ts';
import { copyOf } from './wire.ts';

interface HeldFrame {
  readonly type: number;
  readonly payload: Buffer;
}

export class FrameBacklog {
  /** Bytes held. */
  bytes = 0;
  private frames: HeldFrame[] = [];
  private next = 0;

  get empty(): boolean {
    return this.next === this.frames.length;
  }

  add(type: number, buf: Buffer, start: number, end: number): void {
    this.frames.push({ type, payload: copyOf(buf, start, end) });
    this.bytes += end - start;
  }

  /** Hands the oldest frame over. */
  replayOne(channel: number, into: Omit<FrameSink, 'heartbeat'>): void {
    const { type, payload } = this.frames[this.next++] as HeldFrame;
    this.bytes -= payload.length;
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
    this.bytes = 0;
  }
}
