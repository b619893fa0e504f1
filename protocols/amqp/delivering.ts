/**
 * Delivering: a content on its way out: basic.deliver, basic.get-ok and basic.return with header
 * and body [AMQP 4.2.6]. The method frame of deliveries is a template with two places to fill in;
 * the header is the one the publisher sent. Hot path: a message that fits is written straight
 * into the outbox's slab.
 */
import type { Message } from '../../src/broker/message.ts';
import { OUTBOX_SLAB_BYTES } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { methodFrame } from './compile.ts';
import {
  contentHeaderSize,
  FRAME_BODY,
  FRAME_END_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  putContentHeader,
  putFrameEnd,
  putFrameHeader,
} from './frames.ts';
import { headerOf } from './properties.ts';
import { putLonglong } from './wire.ts';

/** Contents up to this size are copied into the slab; the body of a larger one is sent in place. */
const INLINE_BYTES = OUTBOX_SLAB_BYTES / 4;

/** Frame header, class id and method id come before the consumer tag. */
const CONSUMER_TAG_OFFSET = FRAME_HEADER_BYTES + 4;

/** basic.deliver frames of one consumer for messages of one exchange and routing key. */
export class DeliverTemplate {
  readonly exchange: string;
  readonly routingKey: string;
  readonly frame: Buffer;
  /** Where the delivery tag (8 bytes) and the redelivered bit (1 byte) are. */
  readonly tagOffset: number;

  constructor(channel: number, consumerTag: string, exchange: string, routingKey: string) {
    this.exchange = exchange;
    this.routingKey = routingKey;
    const args = { consumerTag, deliveryTag: 0, redelivered: false, exchange, routingKey };
    this.frame = methodFrame('basic.deliver', channel, args);
    this.tagOffset = CONSUMER_TAG_OFFSET + 1 + (this.frame[CONSUMER_TAG_OFFSET] as number);
  }
}

/** Writes contents of one channel. */
export class ContentWriter {
  private readonly outbox: Outbox;
  private readonly channel: number;
  /** Bytes of the largest body frame's payload. */
  private readonly payloadMax: number;
  /** The body that did not fit into the slab. */
  private pending: Buffer | null = null;

  /** @param frameMax as negotiated, in bytes */
  constructor(outbox: Outbox, channel: number, frameMax: number) {
    this.outbox = outbox;
    this.channel = channel;
    this.payloadMax = frameMax - FRAME_OVERHEAD_BYTES;
  }

  /** Writes a delivery from its template. */
  deliver(template: DeliverTemplate, tag: number, redelivered: boolean, message: Message): void {
    const offset = this.write(template.frame, message);
    const at = offset + template.tagOffset;
    const { slab } = this.outbox;
    putLonglong(slab, at, tag);
    slab[at + 8] = redelivered ? 1 : 0;
    if (this.pending !== null) this.sendBody();
  }

  /** Writes a whole method frame and the content behind it. */
  send(frame: Buffer, message: Message): void {
    this.write(frame, message);
    if (this.pending !== null) this.sendBody();
  }

  /**
   * Writes method and header frame, and the body if it is small enough.
   * @returns where in the slab the method frame is
   */
  private write(frame: Buffer, message: Message): number {
    const { outbox, channel } = this;
    const { body } = message;
    const properties = headerOf(message.properties).bytes;
    const size = frame.length + contentHeaderSize(properties);
    const bodyBytes = body.length;
    const inline =
      bodyBytes <= this.payloadMax && bodyBytes <= INLINE_BYTES && size <= INLINE_BYTES;
    const bodySize = inline && bodyBytes > 0 ? FRAME_OVERHEAD_BYTES + bodyBytes : 0;
    const offset = outbox.reserve(size + bodySize);
    const { slab } = outbox;
    slab.set(frame, offset);
    let at = putContentHeader(slab, offset + frame.length, channel, bodyBytes, properties);
    if (bodySize > 0) {
      at = putFrameHeader(slab, at, FRAME_BODY, channel, bodyBytes);
      slab.set(body, at);
      putFrameEnd(slab, at + bodyBytes);
    }
    this.pending = inline ? null : body;
    return offset;
  }

  /** Sends a large body in as many frames as it needs, without copying it. */
  private sendBody(): void {
    const { outbox, channel, payloadMax } = this;
    const body = this.pending as Buffer;
    this.pending = null;
    outbox.cork();
    for (let from = 0; from < body.length; from += payloadMax) {
      const to = Math.min(from + payloadMax, body.length);
      const offset = outbox.reserve(FRAME_HEADER_BYTES);
      putFrameHeader(outbox.slab, offset, FRAME_BODY, channel, to - from);
      outbox.write(body.subarray(from, to));
      const end = outbox.reserve(FRAME_END_BYTES);
      putFrameEnd(outbox.slab, end);
    }
    outbox.uncork();
  }
}
