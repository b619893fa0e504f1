/**
 * Delivering: a content on its way out: basic.deliver, basic.get-ok and basic.return with header
 * and body [AMQP 4.2.6]. The method frame of deliveries is a template with two places to fill in;
 * the header is the one the publisher sent. Hot path: a message that fits is written straight
 * into the outbox's slab.
 */
import type { Message } from '../../src/broker/message.ts';
import type { Properties } from '../../src/broker/properties.ts';
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
import { copyBytes, putLonglong } from './wire.ts';

/** Contents up to this size are copied into the slab: cheaper than a write for each. */
const INLINE_BYTES = OUTBOX_SLAB_BYTES / 2;

/** Larger bodies are sent in place if the frames are large, too. */
const IN_PLACE_FRAME_BYTES = OUTBOX_SLAB_BYTES / 4;

/** Frame header, class id and method id come before the consumer tag. */
const CONSUMER_TAG_OFFSET = FRAME_HEADER_BYTES + 4;

/**
 * basic.deliver frames of one consumer for messages of one exchange and routing key. When messages
 * with the very same properties follow each other, their header frame is kept as well.
 */
export class DeliverTemplate {
  readonly exchange: string;
  readonly routingKey: string;
  /** The method frame; delivery tag and redelivered bit are to be filled in. */
  readonly method: Buffer;
  /** Where the delivery tag (8 bytes) and the redelivered bit (1 byte) are. */
  readonly tagOffset: number;
  /** Where the body size (8 bytes) is in method and header frame together. */
  readonly sizeOffset: number;
  private readonly channel: number;
  /** The properties of the last message. */
  private last: Properties | null = null;
  /** Method and header frame for them; made when they come for the second time. */
  private withHeader: Buffer | null = null;

  constructor(channel: number, consumerTag: string, exchange: string, routingKey: string) {
    this.channel = channel;
    this.exchange = exchange;
    this.routingKey = routingKey;
    const args = { consumerTag, deliveryTag: 0, redelivered: false, exchange, routingKey };
    this.method = methodFrame('basic.deliver', channel, args);
    this.tagOffset = CONSUMER_TAG_OFFSET + 1 + (this.method[CONSUMER_TAG_OFFSET] as number);
    this.sizeOffset = this.method.length + FRAME_HEADER_BYTES + 4;
  }

  fits(message: Message): boolean {
    return message.routingKey === this.routingKey && message.exchange === this.exchange;
  }

  /** Method and header frame, body size to be filled in; null if the properties are new. */
  framesFor(properties: Properties): Buffer | null {
    if (properties !== this.last) {
      this.last = properties;
      this.withHeader = null;
      return null;
    }
    this.withHeader ??= this.join(headerOf(properties).bytes);
    return this.withHeader;
  }

  private join(header: Buffer): Buffer {
    const frames = Buffer.allocUnsafe(this.method.length + contentHeaderSize(header));
    frames.set(this.method);
    putContentHeader(frames, this.method.length, this.channel, 0, header);
    return frames;
  }
}

/** Writes contents of one channel. */
export class ContentWriter {
  private readonly outbox: Outbox;
  private readonly channel: number;
  /** Bytes of the largest body frame's payload. */
  private readonly payloadMax: number;
  /** The message of the content being written, if its body does not fit behind the header. */
  private pending: Message | null = null;

  /** @param frameMax as negotiated, in bytes */
  constructor(outbox: Outbox, channel: number, frameMax: number) {
    this.outbox = outbox;
    this.channel = channel;
    this.payloadMax = frameMax - FRAME_OVERHEAD_BYTES;
  }

  /** Writes a delivery. The template has to fit the message. */
  deliver(template: DeliverTemplate, tag: number, redelivered: boolean, message: Message): void {
    const frames = template.framesFor(message.properties);
    const offset =
      frames === null
        ? this.putAll(template.method, message)
        : this.putRepeated(frames, template.sizeOffset, message);
    const { slab } = this.outbox;
    const tagAt = offset + template.tagOffset;
    putLonglong(slab, tagAt, tag);
    slab[tagAt + 8] = redelivered ? 1 : 0;
    if (this.pending !== null) this.sendPending(this.pending);
  }

  /** Writes a whole method frame and the content behind it. */
  send(method: Buffer, message: Message): void {
    this.putAll(method, message);
    if (this.pending !== null) this.sendPending(this.pending);
  }

  /** Method and header frame in one piece. Returns where they are in the slab. */
  private putRepeated(frames: Buffer, sizeOffset: number, message: Message): number {
    const { outbox } = this;
    const body = message.lent;
    const bodySize = this.inlineSize(frames.length, message);
    const offset = outbox.reserve(frames.length + bodySize);
    const { slab } = outbox;
    slab.set(frames, offset);
    putLonglong(slab, offset + sizeOffset, body.length);
    if (bodySize > 0) this.putBody(slab, offset + frames.length, body);
    return offset;
  }

  /** Method frame, and a header frame made for the message. Returns where they are in the slab. */
  private putAll(method: Buffer, message: Message): number {
    const { outbox, channel } = this;
    const body = message.lent;
    const header = headerOf(message.properties).bytes;
    const framesSize = method.length + contentHeaderSize(header);
    const bodySize = this.inlineSize(framesSize, message);
    const offset = outbox.reserve(framesSize + bodySize);
    const { slab } = outbox;
    slab.set(method, offset);
    const at = putContentHeader(slab, offset + method.length, channel, body.length, header);
    if (bodySize > 0) this.putBody(slab, at, body);
    return offset;
  }

  /** Bytes of the body frame if it can be written at once; if not, it is left pending. */
  private inlineSize(framesSize: number, message: Message): number {
    const bytes = message.bodyBytes;
    this.pending = null;
    if (bytes === 0) return 0;
    if (bytes <= this.payloadMax && framesSize + bytes <= INLINE_BYTES) {
      return FRAME_OVERHEAD_BYTES + bytes;
    }
    this.pending = message;
    return 0;
  }

  private putBody(slab: Buffer, offset: number, body: Buffer): void {
    const at = putFrameHeader(slab, offset, FRAME_BODY, this.channel, body.length);
    copyBytes(body, 0, body.length, slab, at);
    putFrameEnd(slab, at + body.length);
  }

  /** Sends a large body in as many frames as it needs. */
  private sendPending(message: Message): void {
    const { outbox } = this;
    outbox.cork();
    if (this.payloadMax > IN_PLACE_FRAME_BYTES) this.sendInPlace(message.body);
    else this.sendCopied(message.lent);
    outbox.uncork();
  }

  /**
   * Does not copy it. What is between the payloads is one piece of memory: a slab of the outbox
   * for each border would wait, nearly empty, as long as the body does.
   */
  private sendInPlace(body: Buffer): void {
    const { outbox, channel, payloadMax } = this;
    const first = Math.min(payloadMax, body.length);
    const head = outbox.reserve(FRAME_HEADER_BYTES);
    putFrameHeader(outbox.slab, head, FRAME_BODY, channel, first);
    outbox.write(body.subarray(0, first));
    const borders = Buffer.allocUnsafe(FRAME_OVERHEAD_BYTES * Math.floor(body.length / payloadMax));
    let at = 0;
    for (let from = first; from < body.length; from += payloadMax) {
      const to = Math.min(from + payloadMax, body.length);
      const next = putFrameHeader(
        borders,
        putFrameEnd(borders, at),
        FRAME_BODY,
        channel,
        to - from,
      );
      outbox.writeInPlace(borders.subarray(at, next));
      outbox.write(body.subarray(from, to));
      at = next;
    }
    const end = outbox.reserve(FRAME_END_BYTES);
    putFrameEnd(outbox.slab, end);
  }

  /** Frames are so small that they are worth collecting in slabs. */
  private sendCopied(body: Buffer): void {
    const { outbox, channel, payloadMax } = this;
    for (let from = 0; from < body.length; from += payloadMax) {
      const to = Math.min(from + payloadMax, body.length);
      const offset = outbox.reserve(FRAME_HEADER_BYTES);
      putFrameHeader(outbox.slab, offset, FRAME_BODY, channel, to - from);
      outbox.write(body.subarray(from, to));
      const end = outbox.reserve(FRAME_END_BYTES);
      putFrameEnd(outbox.slab, end);
    }
  }
}
