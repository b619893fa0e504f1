/**
 * Delivering: a message on its way out as a MESSAGE frame [STOMP 1.2, MESSAGE]. What all messages
 * of one subscription from one place have in common is a template; the lines of the properties are
 * encoded once for all subscribers. Hot path: a frame that fits is written into the outbox's slab.
 */
import type { Message } from '../../src/broker/message.ts';
import { OUTBOX_SLAB_BYTES } from '../../src/limits.ts';
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

/** MESSAGE frames of one subscription for messages of one exchange and routing key. */
export class MessageTemplate {
  private readonly exchange: string;
  private readonly routingKey: string;
  private readonly escapes: boolean;
  /** Up to where the number of the message goes. */
  private readonly start: Buffer;
  /** `ack:` and the same; null if there is no such header. */
  private readonly ack: Buffer | null;

  constructor(style: MessageStyle, { exchange, routingKey }: Message) {
    const { escapes } = style;
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.escapes = escapes;
    const line = (name: string, value: string): string => headerLine(name, value, escapes);
    const { subscription } = style;
    const text =
      (subscription === null ? '' : line('subscription', subscription)) +
      line('destination', formatDestination(exchange, routingKey));
    const id = line('message-id', style.idPrefix).slice(0, -1);
    this.start = Buffer.from(`MESSAGE\n${text}${id}`);
    this.ack = style.acked ? Buffer.from(line('ack', style.idPrefix).slice(0, -1)) : null;
  }

  fits(message: Message): boolean {
    return message.routingKey === this.routingKey && message.exchange === this.exchange;
  }

  /** Writes a MESSAGE frame. @param number of the message within its connection */
  write(outbox: Outbox, message: Message, number: number, redelivered: boolean): void {
    const { body } = message;
    const lines = headersOf(message.properties, this.escapes);
    const headBytes = this.headBytes(number, lines.length, body.length, redelivered);
    const bytes = headBytes + body.length + END.length;
    if (bytes <= INLINE_BYTES) {
      const at = outbox.reserve(bytes);
      const { slab } = outbox;
      const bodyAt = this.putHead(slab, at, number, redelivered, lines, body.length);
      body.copy(slab, bodyAt);
      END.copy(slab, bodyAt + body.length);
      return;
    }
    outbox.cork();
    const at = outbox.reserve(headBytes);
    this.putHead(outbox.slab, at, number, redelivered, lines, body.length);
    outbox.write(body);
    outbox.write(END);
    outbox.uncork();
  }

  private headBytes(number: number, lines: number, body: number, redelivered: boolean): number {
    const digits = digitsOf(number);
    const { ack } = this;
    return (
      this.start.length +
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
    lines: Buffer,
    bodyBytes: number,
  ): number {
    const { ack } = this;
    let at = putDigits(slab, put(slab, offset, this.start), number);
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
