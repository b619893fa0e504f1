/**
 * The packets that are not on the hot path: CONNECT, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT and AUTH
 * on their way in, everything but PUBLISH and its acknowledgements on their way out. The codec is
 * mqtt-packet, fed whole packets that have been held against the specification before: it would
 * let ill-formed strings, empty lists and repeated properties pass.
 */
import {
  generate,
  type IConnectPacket,
  type IDisconnectPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
  type Parser,
  parser,
} from 'mqtt-packet';
import { isRepeated } from './acks.ts';
import { type Place, type Property, scan } from './property-rules.ts';
import { MqttError, malformed, protocolError, REASON } from './reason-codes.ts';
import { checkFilter, isTopicName } from './topics.ts';
import { putVarint, readString, readU16, u16At, varintSize } from './wire.ts';

/** Packet types: the upper half of the first byte [MQTT 2.1.2]. */
export const PACKET = {
  CONNECT: 1,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  UNSUBSCRIBE: 10,
  PINGREQ: 12,
  DISCONNECT: 14,
  AUTH: 15,
} as const;

/** Protocol versions as CONNECT names them. */
export type Version = 3 | 4 | 5;

/** A CONNECT, and the bytes of its will's properties. */
export interface Connect {
  readonly packet: IConnectPacket & { readonly protocolVersion: Version };
  /** The whole packet; it may be kept. */
  readonly bytes: Buffer;
  readonly willProperties: readonly Property[];
}

/** The flags of SUBSCRIBE and UNSUBSCRIBE. */
const LIST = 2;

const WILL_FLAG = 0x04;
const WILL_QOS = 0x18;
const WILL_RETAIN = 0x20;
const PASSWORD_FLAG = 0x40;
const USERNAME_FLAG = 0x80;

/**
 * Reads a CONNECT [MQTT 3.1].
 * @throws MqttError; UNSUPPORTED_VERSION is to be answered, the others are not
 */
export function readConnect(first: number, buf: Buffer, start: number, end: number): Connect {
  if (first !== PACKET.CONNECT << 4) throw malformed('CONNECT with flags');
  const name = readString(buf, start, end);
  let at = start + 2 + u16At(buf, start);
  const level = byteAt(buf, at++, end);
  checkVersion(name, level);
  const flags = byteAt(buf, at++, end);
  checkFlags(flags, level);
  readU16(buf, at, end);
  at += 2;
  if (level === 5) at = scan(buf, at, end, 'connect').end;
  at = stringEnd(buf, at, end);
  let willProperties: readonly Property[] = [];
  // What is kept begins with a fixed header of its own.
  const bytes = wholePacket(first, buf, start, end);
  const shift = bytes.length - end;
  if ((flags & WILL_FLAG) !== 0) {
    if (level === 5) {
      willProperties = scan(bytes, at + shift, bytes.length, 'will').properties;
      at = scan(buf, at, end, 'will').end;
    }
    const topic = readString(buf, at, end);
    if (!isTopicName(topic))
      throw new MqttError(REASON.TOPIC_NAME_INVALID, 'the will has no topic');
    at = stringEnd(buf, at, end);
    at += 2 + readU16(buf, at, end);
  }
  if ((flags & USERNAME_FLAG) !== 0) at = stringEnd(buf, at, end);
  if ((flags & PASSWORD_FLAG) !== 0) at += 2 + readU16(buf, at, end);
  if (at !== end) throw malformed('CONNECT is longer or shorter than what is in it');
  return { packet: parse(bytes, 4) as Connect['packet'], bytes, willProperties };
}

/** Reads a SUBSCRIBE [MQTT 3.8]. @throws MqttError */
export function readSubscribe(
  version: Version,
  first: number,
  buf: Buffer,
  start: number,
  end: number,
): ISubscribePacket {
  const at = readListHead(version, first, 'subscribe', buf, start, end);
  for (let next = at; next < end; ) {
    checkFilter(readString(buf, next, end));
    next = stringEnd(buf, next, end);
    checkSubscriptionOptions(byteAt(buf, next++, end), version);
  }
  return parse(wholePacket(LIST | (first & 0xf0), buf, start, end), version) as ISubscribePacket;
}

/** Reads an UNSUBSCRIBE [MQTT 3.10]. @throws MqttError */
export function readUnsubscribe(
  version: Version,
  first: number,
  buf: Buffer,
  start: number,
  end: number,
): IUnsubscribePacket {
  const at = readListHead(version, first, 'unsubscribe', buf, start, end);
  for (let next = at; next < end; next = stringEnd(buf, next, end)) {
    checkFilter(readString(buf, next, end));
  }
  return parse(wholePacket(LIST | (first & 0xf0), buf, start, end), version) as IUnsubscribePacket;
}

/** Reads a DISCONNECT [MQTT 3.14]. @throws MqttError */
export function readDisconnect(
  version: Version,
  first: number,
  buf: Buffer,
  start: number,
  end: number,
): { readonly reasonCode: number; readonly sessionExpiry: number | null } {
  // [MQTT-3.14.1-1]
  if ((first & 0x0f) !== 0) throw malformed('DISCONNECT with flags');
  if (version < 5) {
    if (start !== end) throw malformed('DISCONNECT is longer than it may be');
    return { reasonCode: 0, sessionExpiry: null };
  }
  if (end - start >= 2 && scan(buf, start + 1, end, 'end').end !== end) {
    throw malformed('DISCONNECT is longer than what is in it');
  }
  const packet = parse(wholePacket(first, buf, start, end), version) as IDisconnectPacket;
  const sessionExpiry = packet.properties?.sessionExpiryInterval ?? null;
  return { reasonCode: packet.reasonCode ?? 0, sessionExpiry };
}

/** The bytes of a packet. */
export function bytesOf(packet: Packet, version: Version): Buffer {
  return generate(packet, { protocolVersion: version });
}

/** Packet identifier and properties. Returns where the list starts, which has to have an entry. */
function readListHead(
  version: Version,
  first: number,
  place: Place,
  buf: Buffer,
  start: number,
  end: number,
): number {
  // [MQTT-3.8.1-1], [MQTT-3.10.1-1]
  if ((first & 0x0f) !== LIST && !isRepeated(version, first, LIST)) {
    throw malformed(`${place} with flags other than 2`);
  }
  // [MQTT-2.2.1-3]
  if (readU16(buf, start, end) === 0) throw protocolError(`${place} with packet identifier 0`);
  const at = version === 5 ? scan(buf, start + 2, end, place).end : start + 2;
  // [MQTT-3.8.3-2], [MQTT-3.10.3-2]
  if (at === end) throw protocolError(`${place} without a topic filter`);
  return at;
}

function checkVersion(name: string, level: number): void {
  if (name !== 'MQTT' && name !== 'MQIsdp')
    throw malformed('the protocol is neither MQTT nor MQIsdp');
  // Bridges of mosquitto set the upper bit; nothing here treats them otherwise.
  const plain = level & 0x7f;
  const known = name === 'MQIsdp' ? plain === 3 : plain === 4 || level === 5;
  if (known) return;
  throw new MqttError(REASON.UNSUPPORTED_VERSION, `version ${level} of ${name} is not supported`);
}

function checkFlags(flags: number, level: number): void {
  // [MQTT-3.1.2-3]
  if ((flags & 1) !== 0) throw malformed('the reserved flag of CONNECT is set');
  const will = (flags & WILL_FLAG) !== 0;
  // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  if (!will && (flags & (WILL_QOS | WILL_RETAIN)) !== 0) throw malformed('will flags without will');
  // [MQTT-3.1.2-12]
  if ((flags & WILL_QOS) === WILL_QOS) throw malformed('the QoS of the will is 3');
  // [MQTT-3.1.2-22] of 3.1.1; MQTT 5 allows a password alone.
  if (level !== 5 && (flags & PASSWORD_FLAG) !== 0 && (flags & USERNAME_FLAG) === 0) {
    throw malformed('a password without a user name');
  }
}

function checkSubscriptionOptions(options: number, version: Version): void {
  if ((options & 3) === 3) throw malformed('a subscription with QoS 3');
  if (version < 5) {
    if ((options & 0xfc) !== 0) throw malformed('reserved bits of a subscription are set');
    return;
  }
  // [MQTT-3.8.3-5]
  if ((options & 0xc0) !== 0) throw malformed('reserved bits of a subscription are set');
  if ((options & 0x30) === 0x30) throw protocolError('a subscription with retain handling 3');
}

function byteAt(buf: Buffer, at: number, end: number): number {
  if (at >= end) throw malformed('the packet is cut short');
  return buf[at] as number;
}

function stringEnd(buf: Buffer, offset: number, end: number): number {
  readString(buf, offset, end);
  return offset + 2 + u16At(buf, offset);
}

/** A copy of the packet: what mqtt-packet makes of it are views into it. */
function wholePacket(first: number, buf: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  const headerBytes = 1 + varintSize(length);
  const bytes = Buffer.allocUnsafeSlow(headerBytes + length);
  bytes[0] = first;
  putVarint(bytes, 1, length);
  buf.copy(bytes, headerBytes, start, end);
  return bytes;
}

/** Parsers keep nothing between whole packets, so that all connections share them. */
const parsers = new Map<Version, Parser>();

function parse(bytes: Buffer, version: Version): Packet {
  let found: Packet | null = null;
  let failure: Error | null = null;
  // A CONNECT leaves its version behind in the parser, so that it gets one of its own.
  const connecting = bytes[0] === PACKET.CONNECT << 4;
  const parser = (connecting ? undefined : parsers.get(version)) ?? newParser(version);
  const take = (packet: Packet): void => {
    found = packet;
  };
  const fail = (error: Error): void => {
    failure = error;
  };
  parser.on('packet', take).on('error', fail);
  if (!connecting) parsers.set(version, parser);
  parser.parse(bytes);
  parser.off('packet', take).off('error', fail);
  if (found !== null && failure === null) return found;
  parsers.delete(version);
  throw malformed((failure as Error | null)?.message ?? 'the packet is cut short');
}

function newParser(version: Version): Parser {
  return parser({ protocolVersion: version } as Parameters<typeof parser>[0]);
}
