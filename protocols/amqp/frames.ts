/**
 * Frames [AMQP 4.2.3]: type, channel, size, payload, end marker. FrameReader cuts a stream of
 * chunks into frames and hands them to a sink; the small functions below write frames. What the
 * payloads mean is not known here, nor is the protocol header that precedes the first frame.
 * Hot path: three frames per message; no copy of a frame that lies whole in a chunk.
 */
import { Buffer } from 'node:buffer';
import { FRAME_CARRY_BYTES } from '../../src/limits.ts';
import { type AmqpError, frameError } from './errors.ts';
import { BASIC_CLASS } from './spec.ts';
import { longAt, putLong, putLonglong, putShort, shortAt } from './wire.ts';

export const FRAME_METHOD = 1;
export const FRAME_HEADER = 2;
export const FRAME_BODY = 3;
export const FRAME_HEARTBEAT = 8;

/** Type, channel and size. */
export const FRAME_HEADER_BYTES = 7;
export const FRAME_END = 0xce;
export const FRAME_END_BYTES = 1;
/** What a frame has besides its payload: frame-max counts it [AMQP 4.2.3]. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + FRAME_END_BYTES;
/** Class id, weight and body size, before a content header's flags. */
export const CONTENT_HEADER_BYTES = 12;

/**
 * Where frames go. Bytes are valid during the call only. An error that the sink throws leaves the
 * reader in the middle of a chunk: whoever wants to read on afterwards catches it in the sink.
 */
export interface FrameSink {
  /** A whole method payload at [start, end) of buf, class id first. */
  method(channel: number, buf: Buffer, start: number, end: number): void;
  /** A whole content header payload, class id first. */
  header(channel: number, buf: Buffer, start: number, end: number): void;
  /** A piece of a body frame's payload, never empty; a frame split over reads comes in several. */
  body(channel: number, buf: Buffer, start: number, end: number): void;
  heartbeat(channel: number): void;
}

/** What the previous chunk ended in the middle of. */
type Split = 'no' | 'header' | 'payload' | 'body';

const NOTHING = Buffer.alloc(0);

export class FrameReader {
  /** Largest frame in bytes, payload and overhead; set when it has been negotiated. */
  frameMax: number;
  private readonly sink: FrameSink;
  private stopped = false;
  private split: Split = 'no';
  /** What has come of the split frame's header, then of its payload and end marker. */
  private carry: Buffer = NOTHING;
  private carried = 0;
  private type = 0;
  private channel = 0;
  /** Payload bytes of the split frame; of a body those that have not come yet. */
  private size = 0;

  constructor(sink: FrameSink, frameMax: number) {
    this.sink = sink;
    this.frameMax = frameMax;
  }

  /** Ignores the rest of the current chunk and all later ones. The sink may call it. */
  stop(): void {
    this.stopped = true;
    this.carry = NOTHING;
  }

  /**
   * Takes in [start, end) of a chunk; only what belongs to a split frame is copied.
   * @throws AmqpError FRAME_ERROR, after which the reader has stopped: the borders are lost
   */
  read(chunk: Buffer, start: number, end: number): void {
    if (this.stopped) return;
    let at = this.split === 'no' ? start : this.resume(chunk, start, end);
    while (!this.stopped && end - at >= FRAME_OVERHEAD_BYTES) {
      const size = longAt(chunk, at + 3);
      const payload = at + FRAME_HEADER_BYTES;
      const last = payload + size;
      if (last >= end) break;
      const type = chunk[at]!;
      const channel = shortAt(chunk, at + 1);
      this.check(type, size);
      if (chunk[last] !== FRAME_END) throw this.badEnd(chunk[last]!);
      at = last + FRAME_END_BYTES;
      if (type !== FRAME_BODY) this.pass(type, channel, chunk, payload, last);
      else if (size > 0) this.sink.body(channel, chunk, payload, last);
    }
    if (this.stopped || at >= end) return;
    this.split = 'header';
    this.carried = 0;
    this.reserve(FRAME_HEADER_BYTES);
    this.resume(chunk, at, end);
  }

  /** Goes on with the split frame. @returns the offset after what the chunk has of it */
  private resume(chunk: Buffer, start: number, end: number): number {
    let at = start;
    if (this.split === 'header') {
      at = this.fill(chunk, at, end, FRAME_HEADER_BYTES);
      if (this.carried < FRAME_HEADER_BYTES) return at;
      this.announce();
    }
    return this.split === 'body' ? this.passBody(chunk, at, end) : this.collect(chunk, at, end);
  }

  /** The split frame's header is complete: keeps what it says. */
  private announce(): void {
    this.type = this.carry[0]!;
    this.channel = shortAt(this.carry, 1);
    this.size = longAt(this.carry, 3);
    this.check(this.type, this.size);
    this.split = this.type === FRAME_BODY ? 'body' : 'payload';
    this.carried = 0;
    if (this.split === 'payload') this.reserve(this.size + FRAME_END_BYTES);
  }

  /** Completes the payload of a method, content header or heartbeat. */
  private collect(chunk: Buffer, start: number, end: number): number {
    const size = this.size;
    const next = this.fill(chunk, start, end, size + FRAME_END_BYTES);
    if (this.carried <= size) return next;
    const payload = this.carry;
    this.split = 'no';
    if (payload.length > FRAME_CARRY_BYTES) this.carry = NOTHING;
    if (payload[size] !== FRAME_END) throw this.badEnd(payload[size]!);
    this.pass(this.type, this.channel, payload, 0, size);
    return next;
  }

  /** Passes on what the chunk has of a body; the end marker is checked when it comes. */
  private passBody(chunk: Buffer, start: number, end: number): number {
    const next = Math.min(start + this.size, end);
    this.size -= next - start;
    if (next > start) this.sink.body(this.channel, chunk, start, next);
    if (this.stopped || next === end) return next;
    if (chunk[next] !== FRAME_END) throw this.badEnd(chunk[next]!);
    this.split = 'no';
    return next + FRAME_END_BYTES;
  }

  /** Copies from the chunk until the carry holds `bytes` or the chunk ends. */
  private fill(chunk: Buffer, start: number, end: number, bytes: number): number {
    const next = Math.min(start + bytes - this.carried, end);
    chunk.copy(this.carry, this.carried, start, next);
    this.carried += next - start;
    return next;
  }

  private reserve(bytes: number): void {
    if (this.carry.length >= bytes) return;
    // Not from the pool, which this long-lived buffer would pin.
    this.carry = Buffer.allocUnsafeSlow(Math.max(bytes, FRAME_CARRY_BYTES));
  }

  private pass(type: number, channel: number, buf: Buffer, start: number, end: number): void {
    if (type === FRAME_METHOD) this.sink.method(channel, buf, start, end);
    else if (type === FRAME_HEADER) this.sink.header(channel, buf, start, end);
    else this.sink.heartbeat(channel);
  }

  private check(type: number, size: number): void {
    if (type < FRAME_METHOD || (type > FRAME_BODY && type !== FRAME_HEARTBEAT)) {
      throw this.lost(`unknown frame type ${type}`);
    }
    // Clients (rabbitmq-client) fill the payload up to frame-max itself, and RabbitMQ lets them.
    if (size <= (type === FRAME_HEARTBEAT ? 0 : this.frameMax)) return;
    const most = type === FRAME_HEARTBEAT ? 0 : this.frameMax - FRAME_OVERHEAD_BYTES;
    throw this.lost(`type ${type} frame has ${size} bytes of payload where ${most} are allowed`);
  }

  private badEnd(byte: number): AmqpError {
    return this.lost(`frame ends in ${byte} where the end marker ${FRAME_END} belongs`);
  }

  private lost(explanation: string): AmqpError {
    this.stop();
    return frameError(explanation);
  }
}

/** Writes the seven bytes before a payload of `size` bytes. @returns the offset after them */
export function putFrameHeader(
  buf: Buffer,
  offset: number,
  type: number,
  channel: number,
  size: number,
): number {
  buf[offset] = type;
  return putLong(buf, putShort(buf, offset + 1, channel), size);
}

/** @returns the offset after the end marker */
export function putFrameEnd(buf: Buffer, offset: number): number {
  buf[offset] = FRAME_END;
  return offset + FRAME_END_BYTES;
}

/** Bytes of the whole frame that putContentHeader writes. */
export function contentHeaderSize(properties: Buffer): number {
  return FRAME_OVERHEAD_BYTES + CONTENT_HEADER_BYTES + properties.length;
}

/**
 * Writes a whole content header frame.
 * @param properties flags and values, as headerOf gives them
 * @returns the offset after it
 */
export function putContentHeader(
  buf: Buffer,
  offset: number,
  channel: number,
  bodyBytes: number,
  properties: Buffer,
): number {
  const payload = CONTENT_HEADER_BYTES + properties.length;
  let at = putFrameHeader(buf, offset, FRAME_HEADER, channel, payload);
  at = putShort(buf, at, BASIC_CLASS);
  at = putShort(buf, at, 0); // weight: unused, must be zero [AMQP 4.2.6.1]
  at = putLonglong(buf, at, bodyBytes);
  buf.set(properties, at);
  return putFrameEnd(buf, at + properties.length);
}

/** Sent when nothing else has been for half the negotiated time. Shared: not to be changed. */
export const HEARTBEAT_FRAME: Buffer = Buffer.from([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END]);
