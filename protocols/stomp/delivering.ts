/**
 * Delivering: a message on its way out as a MESSAGE frame [STOMP 1.2, MESSAGE]. What all messages
 * of one subscription have in common is encoded once, and what one message says to all subscribers
 * as well. Hot path: a frame that fits is written into the outbox's slab.
 */
import type { Message } from '../../src/broker/message.ts';
import { OUTBOX_SLAB_BYTES, STOMP_DESTINATION_LINES_MAX } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { formatDestination } from './destinations.ts';
import { headerLine } from './header-text.ts';
import { headersOf } from './properties.ts';

/** Frames up to this size are copied into the slab; the body of a larger one is sent in place. */
const INLINE_BYTES = OUTBOX_SLAB_BYTES / 4;

/** What the frames of one subscription look like. */
export interface MessageStyle {
  /** The `subscription` header; null if the client gave none. */
  readonly subscription: string | null;
  /** `T_1@@session-…@@`: everything of a message id but its number. */
  readonly idPrefix: string;
  /** Has the frame an `ack` header? [STOMP 1.2] */
  readonly acked: boolean;
  /** false for STOMP 1.0 */
  readonly escapes: boolean;
}

const NOT_REDELIVERED = Buffer.from('\nredelivered:false\n');
const REDELIVERED = Buffer.from('\nredelivered:true\n');
const CONTENT_LENGTH = Buffer.from('content-length:');
const END = Buffer.from('\0\n');

const LF = 0x0a;

/**
 * `destination` lines of places that messages came from, shared by all subscriptions: a subscriber
 * of many topics must not make one for each message. One map for each way of escaping.
 */
const escapedLines = new Map<string, Buffer>();
const plainLines = new Map<string, Buffer>();

function destinationLine({ exchange, routingKey }: Message, escapes: boolean): Buffer {
  const lines = escapes ? escapedLines : plainLines;
  const place = `${exchange}\0${routingKey}`;
  const known = lines.get(place);
  if (known !== undefined) return known;
  const text = headerLine('destination', formatDestination(exchange, routingKey), escapes);
  const line = Buffer.from(text);
  if (lines.size >= STOMP_DESTINATION_LINES_MAX) lines.clear();
  lines.set(place, line);
  return line;
}

/** MESSAGE frames of one subscription. */
export class MessageWriter {
  private readonly escapes: boolean;
  /** Up to the `destination` line, and on to where the number of the message goes. */
  private readonly start: Buffer;
  private readonly id: Buffer;
  /** `ack:` and the same; null if there is no such header. */
  private readonly ack: Buffer | null;
  /** Where the last message came from, and its line. */
  private exchange = '';
  private routingKey = '';
  private destination: Buffer | null = null;

  constructor({ subscription, idPrefix, acked, escapes }: MessageStyle) {
    this.escapes = escapes;
    const line = (name: string, value: string): string => headerLine(name, value, escapes);
    const id = subscription === null ? '' : line('subscription', subscription);
    this.start = Buffer.from(`MESSAGE\n${id}`);
    this.id = Buffer.from(line('message-id', idPrefix).slice(0, -1));
    this.ack = acked ? Buffer.from(line('ack', idPrefix).slice(0, -1)) : null;
  }

  /** Writes a MESSAGE frame. @param number of the message within its connection */
  write(outbox: Outbox, message: Message, number: number, redelivered: boolean): void {
    const { body } = message;
    const destination = this.destinationOf(message);
    const lines = headersOf(message.properties, this.escapes);
    const more = destination.length + lines.length;
    const headBytes = this.headBytes(number, more, body.length, redelivered);
    const bytes = headBytes + body.length + END.length;
    if (bytes <= INLINE_BYTES) {
      const at = outbox.reserve(bytes);
      const { slab } = outbox;
      const bodyAt = this.putHead(slab, at, number, redelivered, destination, lines, body.length);
      body.copy(slab, bodyAt);
      END.copy(slab, bodyAt + body.length);
      return;
    }
    outbox.cork();
    const at = outbox.reserve(headBytes);
    this.putHead(outbox.slab, at, number, redelivered, destination, lines, body.length);
    outbox.write(body);
    outbox.write(END);
    outbox.uncork();
  }

  private destinationOf(message: Message): Buffer {
    const { exchange, routingKey } = message;
    let { destination } = this;
    if (destination === null || routingKey !== this.routingKey || exchange !== this.exchange) {
      destination = destinationLine(message, this.escapes);
      this.exchange = exchange;
      this.routingKey = routingKey;
      this.destination = destination;
    }
    return destination;
  }

  /** @param lines bytes of the lines that are the message's own */
  private headBytes(number: number, lines: number, body: number, redelivered: boolean): number {
    const digits = digitsOf(number);
    const { ack } = this;
    return (
      this.start.length +
      this.id.length +
      digits +
      (redelivered ? REDELIVERED.length : NOT_REDELIVERED.length) +
      (ack === null ? 0 : ack.length + digits + 1) +
      lines +
      (body === 0 ? 0 : CONTENT_LENGTH.length + digitsOf(body) + 1) +
      1
    );
  }

  /** @returns where the body goes */
  private putHead(
    slab: Buffer,
    offset: number,
    number: number,
    redelivered: boolean,
    destination: Buffer,
    lines: Buffer,
    bodyBytes: number,
  ): number {
    const { ack } = this;
    let at = put(slab, put(slab, offset, this.start), destination);
    at = putDigits(slab, put(slab, at, this.id), number);
    at = put(slab, at, redelivered ? REDELIVERED : NOT_REDELIVERED);
    if (ack !== null) at = putLine(slab, at, ack, number);
    at = put(slab, at, lines);
    if (bodyBytes > 0) at = putLine(slab, at, CONTENT_LENGTH, bodyBytes);
    slab[at] = LF;
    return at + 1;
  }
}

function putLine(slab: Buffer, offset: number, start: Buffer, number: number): number {
  const at = putDigits(slab, put(slab, offset, start), number);
  slab[at] = LF;
  return at + 1;
}

function put(slab: Buffer, offset: number, bytes: Buffer): number {
  slab.set(bytes, offset);
  return offset + bytes.length;
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

function putDigits(slab: Buffer, offset: number, number: number): number {
  const end = offset + digitsOf(number);
  let rest = number;
  for (let at = end - 1; at >= offset; at--) {
    const left = Math.floor(rest / 10);
    slab[at] = 0x30 + rest - left * 10;
    rest = left;
  }
  return end;
}
