/**
 * PublishWriter: PUBLISH packets to one client [MQTT 3.3], written straight into the outbox's slab.
 * A message for many clients is encoded once: from the second client on, its packet is copied and
 * two bytes are filled in. Hot path.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Message } from '../../src/broker/message.ts';
import { OUTBOX_SLAB_BYTES } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type { MessageForm } from './message-form.ts';
import type { Version } from './packets.ts';
import { PROPERTY } from './property-rules.ts';
import { topicOf } from './topics.ts';
import { putBytes, putU16, putU32, putVarint, varintSize } from './wire.ts';

/** Packets up to this size are copied into the slab; the payload of a larger one is not. */
const INLINE_BYTES = OUTBOX_SLAB_BYTES / 4;

const NOTHING = Buffer.alloc(0);
const NONE: readonly number[] = [];

const PUBLISH = 0x30;
const DUP = 0x08;

/** The topic of the last message as bytes, for all clients. */
let lastKey = '';
let lastTopic: Buffer = NOTHING;

/** The last message, and its packet for MQTT 3 and 5, without and with packet identifier. */
let cachedMessage: Message | null = null;
const cachedPackets: (Buffer | null)[] = [null, null, null, null];

export class PublishWriter {
  /** Bytes of the largest packet that the client takes. */
  maxBytes = Number.POSITIVE_INFINITY;
  private readonly outbox: Outbox;
  private readonly version: Version;
  private readonly aliasMaximum: number;
  /** Aliases by routing key [MQTT 3.3.2.3.4]. */
  private readonly aliases: Map<string, number> | null;

  /** @param aliasMaximum how many topic aliases the client takes */
  constructor(outbox: Outbox, version: Version, aliasMaximum: number) {
    this.outbox = outbox;
    this.version = version;
    this.aliasMaximum = aliasMaximum;
    this.aliases = aliasMaximum > 0 ? new Map() : null;
  }

  /** Does a packet for it fit what the client takes? Asked before it is given an identifier. */
  fits(message: Message, form: MessageForm): boolean {
    if (this.maxBytes === Number.POSITIVE_INFINITY) return true;
    const topic = topicBytesOf(message.routingKey);
    // Fixed header, identifier, expiry, alias, property length: at most so much besides.
    const rest = 1 + 4 + 2 + 2 + 5 + 3 + 4;
    const most = rest + topic.length + form.forward.length + message.bodyBytes;
    if (most <= this.maxBytes) return true;
    return this.sizeOf(message, form, topic) <= this.maxBytes;
  }

  /**
   * Writes a PUBLISH.
   * @param id packet identifier, 0 if qos is 0
   * @param expirySeconds what is left of the message's time to live, −1 for no end
   */
  write(
    delivery: Delivery,
    form: MessageForm,
    qos: number,
    retain: boolean,
    id: number,
    expirySeconds: number,
    identifiers: readonly number[] = NONE,
  ): void {
    const { message } = delivery;
    const dup = qos > 0 && delivery.redelivered;
    const first = PUBLISH | (dup ? DUP : 0) | (qos << 1) | (retain ? 1 : 0);
    const own = identifiers.length > 0 || this.aliases !== null || expirySeconds >= 0;
    if (own && this.version === 5) {
      this.writeOwn(message, form, first, id, expirySeconds, identifiers);
      return;
    }
    const slot = (this.version === 5 ? 2 : 0) | (qos > 0 ? 1 : 0);
    if (message !== cachedMessage) {
      cachedMessage = message;
      cachedPackets.fill(null);
      this.writeWhole(message, form, first, id);
      return;
    }
    const packet = cachedPackets[slot] ?? makePacket(message, form, slot);
    if (packet === null) this.writeWhole(message, form, first, id);
    else this.copyPacket(packet, message, first, id);
  }

  private copyPacket(packet: Buffer, message: Message, first: number, id: number): void {
    const offset = this.outbox.reserve(packet.length);
    const { slab } = this.outbox;
    packet.copy(slab, offset);
    slab[offset] = first;
    if (id !== 0) putU16(slab, offset + idOffsetOf(packet, message.routingKey), id);
  }

  /** A packet that every client of this version and QoS would get. */
  private writeWhole(message: Message, form: MessageForm, first: number, id: number): void {
    const { body } = message;
    const topic = topicBytesOf(message.routingKey);
    const properties = this.version === 5 ? form.forward : null;
    const length = lengthOf(topic, id !== 0, properties, body);
    const size = 1 + varintSize(length) + length;
    const inline = size <= INLINE_BYTES;
    const offset = this.outbox.reserve(inline ? size : size - body.length);
    const at = putHead(this.outbox.slab, offset, first, length, topic, id, properties);
    if (inline) putBytes(this.outbox.slab, at, body);
    else this.outbox.write(body);
  }

  /** A packet with properties that are this client's own. */
  private writeOwn(
    message: Message,
    form: MessageForm,
    first: number,
    id: number,
    expirySeconds: number,
    identifiers: readonly number[],
  ): void {
    const { body, routingKey } = message;
    const known = this.aliases?.get(routingKey) ?? 0;
    const alias = known === 0 ? this.newAlias(routingKey) : known;
    const topic = known === 0 ? topicBytesOf(routingKey) : NOTHING;
    const own = ownSize(alias, expirySeconds, identifiers);
    const propertyBytes = own + form.forward.length;
    const length =
      2 + topic.length + (id === 0 ? 0 : 2) + varintSize(propertyBytes) + propertyBytes;
    const size = 1 + varintSize(length + body.length) + length;
    const { outbox } = this;
    const inline = size + body.length <= INLINE_BYTES;
    let at = outbox.reserve(inline ? size + body.length : size);
    const { slab } = outbox;
    slab[at++] = first;
    at = putVarint(slab, at, length + body.length);
    at = putBytes(slab, putU16(slab, at, topic.length), topic);
    if (id !== 0) at = putU16(slab, at, id);
    at = putVarint(slab, at, propertyBytes);
    at = putOwn(slab, at, alias, expirySeconds, identifiers);
    at = putBytes(slab, at, form.forward);
    if (inline) putBytes(slab, at, body);
    else outbox.write(body);
  }

  /** An alias for a topic that has none; 0 if there are no more. */
  private newAlias(routingKey: string): number {
    const { aliases } = this;
    if (aliases === null || aliases.size >= this.aliasMaximum) return 0;
    const alias = aliases.size + 1;
    aliases.set(routingKey, alias);
    return alias;
  }

  /** What the largest packet for this message takes, but for subscription identifiers. */
  private sizeOf(message: Message, form: MessageForm, topic: Buffer): number {
    const expiry = message.properties.ttlMs < 0 ? 0 : 5;
    const propertyBytes = expiry + (this.aliases === null ? 0 : 3) + form.forward.length;
    const properties = this.version === 5 ? varintSize(propertyBytes) + propertyBytes : 0;
    const length = 2 + topic.length + (form.qos === 0 ? 0 : 2) + properties + message.bodyBytes;
    return 1 + varintSize(length) + length;
  }
}

function topicBytesOf(routingKey: string): Buffer {
  if (routingKey !== lastKey) {
    lastTopic = Buffer.from(topicOf(routingKey) ?? '', 'utf8');
    lastKey = routingKey;
  }
  return lastTopic;
}

/** Remaining length. @param properties null for versions that have none */
function lengthOf(topic: Buffer, hasId: boolean, properties: Buffer | null, body: Buffer): number {
  const propertyBytes = properties === null ? 0 : varintSize(properties.length) + properties.length;
  return 2 + topic.length + (hasId ? 2 : 0) + propertyBytes + body.length;
}

/** Everything in front of the payload. Returns where that starts. */
function putHead(
  to: Buffer,
  offset: number,
  first: number,
  length: number,
  topic: Buffer,
  id: number,
  properties: Buffer | null,
): number {
  to[offset] = first;
  let at = putVarint(to, offset + 1, length);
  at = putBytes(to, putU16(to, at, topic.length), topic);
  if (id !== 0) at = putU16(to, at, id);
  if (properties === null) return at;
  return putBytes(to, putVarint(to, at, properties.length), properties);
}

/** Makes the packet of the cached message for a slot; null if it is too large to be copied. */
function makePacket(message: Message, form: MessageForm, slot: number): Buffer | null {
  const topic = topicBytesOf(message.routingKey);
  const properties = slot >= 2 ? form.forward : null;
  const hasId = (slot & 1) === 1;
  const length = lengthOf(topic, hasId, properties, message.body);
  const size = 1 + varintSize(length) + length;
  if (size > INLINE_BYTES) return null;
  const packet = Buffer.allocUnsafe(size);
  const at = putHead(packet, 0, 0, length, topic, hasId ? 1 : 0, properties);
  putBytes(packet, at, message.body);
  cachedPackets[slot] = packet;
  return packet;
}

/** Where the identifier is: behind fixed header and topic. */
function idOffsetOf(packet: Buffer, routingKey: string): number {
  let at = 2;
  while ((packet[at - 1] as number) > 0x7f) at++;
  return at + 2 + topicBytesOf(routingKey).length;
}

function ownSize(alias: number, expirySeconds: number, identifiers: readonly number[]): number {
  let bytes = (alias === 0 ? 0 : 3) + (expirySeconds < 0 ? 0 : 5);
  for (let i = 0; i < identifiers.length; i++) bytes += 1 + varintSize(identifiers[i] as number);
  return bytes;
}

function putOwn(
  to: Buffer,
  offset: number,
  alias: number,
  expirySeconds: number,
  identifiers: readonly number[],
): number {
  let at = offset;
  if (expirySeconds >= 0) {
    to[at] = PROPERTY.MESSAGE_EXPIRY;
    at = putU32(to, at + 1, expirySeconds);
  }
  if (alias !== 0) {
    to[at] = PROPERTY.TOPIC_ALIAS;
    at = putU16(to, at + 1, alias);
  }
  for (let i = 0; i < identifiers.length; i++) {
    to[at] = PROPERTY.SUBSCRIPTION_ID;
    at = putVarint(to, at + 1, identifiers[i] as number);
  }
  return at;
}
