/**
 * FrameReader: bytes → whole packets [MQTT 2.1]. Knows the fixed header and nothing else. A packet
 * that is larger than allowed is refused as soon as its length is known, one that comes in pieces
 * is collected as it comes, so that announcing a large one costs nobody but the one who sends it.
 * Reading can be held while the connection waits for the engine. Hot path: read.
 */
import { MqttError, malformed, REASON } from './reason-codes.ts';
import { MAX_VARINT_BYTES } from './wire.ts';

/** Where packets go: the connection. */
export interface FrameSink {
  /** A whole packet: its first byte, and where the rest of it is behind the fixed header. */
  frame(first: number, buf: Buffer, start: number, end: number): void;
}

/** What a reader keeps of a packet that has only begun, at least. */
const FIRST_CARRY_BYTES = 128;

export class FrameReader {
  /** Bytes of the largest packet, fixed header included. */
  maxBytes: number;
  private readonly sink: FrameSink;
  /** What has come of a packet that is not complete, or of all that was held. */
  private rest: Buffer | null = null;
  private filled = 0;
  /** The size of the packet in `rest`; 0 while its fixed header is incomplete. */
  private wanted = 0;
  private holding = false;
  private stopped = false;
  /** Where the packet that frameSize() saw begins behind its fixed header. */
  private bodyAt = 0;

  constructor(sink: FrameSink, maxBytes: number) {
    this.sink = sink;
    this.maxBytes = maxBytes;
  }

  /** Is a packet begun, or held? */
  get pending(): boolean {
    return this.rest !== null;
  }

  /** @throws MqttError if it is no packet, or too large; whatever the sink throws */
  read(buf: Buffer, start: number, end: number): void {
    let at = start;
    if (this.rest !== null && !this.holding) at = this.fill(buf, start, end);
    while (at < end && !this.holding && !this.stopped) {
      const size = this.frameSize(buf, at, end);
      if (size === 0 || at + size > end) break;
      const from = at;
      at += size;
      this.sink.frame(buf[from] as number, buf, this.bodyAt, at);
    }
    if (at < end && !this.stopped) this.keep(buf, at, end);
  }

  /** Keeps what comes, also of the read in progress, until release(). */
  hold(): void {
    this.holding = true;
  }

  /** Goes on with what was held. @throws as read() */
  release(): void {
    this.holding = false;
    const { rest, filled } = this;
    if (rest === null || this.stopped) return;
    this.forget();
    this.read(rest, 0, filled);
  }

  /** Nothing that comes matters any more. */
  stop(): void {
    this.stopped = true;
    this.forget();
  }

  private forget(): void {
    this.rest = null;
    this.filled = 0;
    this.wanted = 0;
  }

  /** Completes the packet that has begun. Returns where the next one starts. */
  private fill(buf: Buffer, start: number, end: number): number {
    let at = start;
    while (this.wanted === 0 && at < end) {
      this.append(buf, at, at + 1);
      at++;
      this.wanted = this.frameSize(this.rest as Buffer, 0, this.filled);
    }
    const take = Math.min(end - at, this.wanted - this.filled);
    if (take > 0) this.append(buf, at, at + take);
    at += Math.max(0, take);
    if (this.wanted === 0 || this.filled < this.wanted) return at;
    const whole = this.rest as Buffer;
    const size = this.frameSize(whole, 0, this.filled);
    const { bodyAt } = this;
    this.forget();
    this.sink.frame(whole[0] as number, whole, bodyAt, size);
    return at;
  }

  private keep(buf: Buffer, start: number, end: number): void {
    this.append(buf, start, end);
    if (!this.holding) this.wanted = this.frameSize(this.rest as Buffer, 0, this.filled);
  }

  private append(buf: Buffer, start: number, end: number): void {
    const needed = this.filled + end - start;
    const { rest } = this;
    if (rest === null || rest.length < needed) {
      // A packet grows as it comes, up to what it says it is.
      const doubled = Math.max(FIRST_CARRY_BYTES, 2 * (rest?.length ?? 0));
      const room = this.wanted === 0 ? doubled : Math.min(doubled, this.wanted);
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, room));
      rest?.copy(grown, 0, 0, this.filled);
      this.rest = grown;
    }
    buf.copy(this.rest as Buffer, this.filled, start, end);
    this.filled = needed;
  }

  /** Bytes of the packet that begins at `at`, 0 if its fixed header is not complete. */
  private frameSize(buf: Buffer, at: number, end: number): number {
    let length = 0;
    let scale = 1;
    for (let i = 1; i <= MAX_VARINT_BYTES; i++) {
      if (at + i >= end) return 0;
      const byte = buf[at + i] as number;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.bodyAt = at + i + 1;
        const size = i + 1 + length;
        if (size <= this.maxBytes) return size;
        const text = `a packet of ${size} bytes is larger than ${this.maxBytes}`;
        throw new MqttError(REASON.PACKET_TOO_LARGE, text);
      }
      scale *= 128;
    }
    throw malformed('the remaining length has more than four bytes');
  }
}
