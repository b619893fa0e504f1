/**
 * The properties of MQTT 5 as data [MQTT 2.2.2.2]: identifier, type, where each may stand. scan()
 * holds a block of properties against it: what mqtt-packet lets through (duplicates, properties
 * of other packets, ill-formed strings, values out of range) is refused here.
 */
import { malformed, protocolError } from './reason-codes.ts';
import { isTopicName } from './topics.ts';
import { readString, readU16, readU32, readVarint, varintSize } from './wire.ts';

/** Property identifiers. */
export const PROPERTY = {
  PAYLOAD_FORMAT: 1,
  MESSAGE_EXPIRY: 2,
  CONTENT_TYPE: 3,
  RESPONSE_TOPIC: 8,
  CORRELATION_DATA: 9,
  SUBSCRIPTION_ID: 11,
  SESSION_EXPIRY: 17,
  AUTH_METHOD: 21,
  AUTH_DATA: 22,
  REQUEST_PROBLEM: 23,
  WILL_DELAY: 24,
  REQUEST_RESPONSE: 25,
  SERVER_REFERENCE: 28,
  REASON_STRING: 31,
  RECEIVE_MAXIMUM: 33,
  TOPIC_ALIAS_MAXIMUM: 34,
  TOPIC_ALIAS: 35,
  USER_PROPERTY: 38,
  MAXIMUM_PACKET_SIZE: 39,
} as const;

/** Where a property stands in what a client sends. */
export type Place = 'connect' | 'will' | 'publish' | 'ack' | 'subscribe' | 'unsubscribe' | 'end';

type Kind = 'flag' | 'u16' | 'u32' | 'varint' | 'string' | 'topic' | 'binary' | 'pair';

interface Rule {
  readonly kind: Kind;
  readonly places: readonly Place[];
  /** Zero is a protocol error. */
  readonly positive?: true;
}

const MESSAGE: readonly Place[] = ['publish', 'will'];
const EVERYWHERE: readonly Place[] = [
  ...(['connect', 'will', 'publish', 'ack', 'subscribe', 'unsubscribe', 'end'] as const),
];

/** What clients may send; the others are the server's own [MQTT table 2-4]. */
const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [PROPERTY.PAYLOAD_FORMAT, { kind: 'flag', places: MESSAGE }],
  [PROPERTY.MESSAGE_EXPIRY, { kind: 'u32', places: MESSAGE }],
  [PROPERTY.CONTENT_TYPE, { kind: 'string', places: MESSAGE }],
  [PROPERTY.RESPONSE_TOPIC, { kind: 'topic', places: MESSAGE }],
  [PROPERTY.CORRELATION_DATA, { kind: 'binary', places: MESSAGE }],
  [PROPERTY.SUBSCRIPTION_ID, { kind: 'varint', places: ['subscribe'], positive: true }],
  [PROPERTY.SESSION_EXPIRY, { kind: 'u32', places: ['connect', 'end'] }],
  [PROPERTY.AUTH_METHOD, { kind: 'string', places: ['connect'] }],
  [PROPERTY.AUTH_DATA, { kind: 'binary', places: ['connect'] }],
  [PROPERTY.REQUEST_PROBLEM, { kind: 'flag', places: ['connect'] }],
  [PROPERTY.WILL_DELAY, { kind: 'u32', places: ['will'] }],
  [PROPERTY.REQUEST_RESPONSE, { kind: 'flag', places: ['connect'] }],
  [PROPERTY.REASON_STRING, { kind: 'string', places: ['ack', 'end'] }],
  [PROPERTY.RECEIVE_MAXIMUM, { kind: 'u16', places: ['connect'], positive: true }],
  [PROPERTY.TOPIC_ALIAS_MAXIMUM, { kind: 'u16', places: ['connect'] }],
  // Zero has a reason code of its own: publishing.ts.
  [PROPERTY.TOPIC_ALIAS, { kind: 'u16', places: ['publish'] }],
  [PROPERTY.USER_PROPERTY, { kind: 'pair', places: EVERYWHERE }],
  [PROPERTY.MAXIMUM_PACKET_SIZE, { kind: 'u32', places: ['connect'], positive: true }],
]);

/** One property of a block. */
export interface Property {
  readonly id: number;
  /** Where it is, its identifier included. */
  readonly start: number;
  readonly end: number;
  /** Where its value is. */
  readonly valueAt: number;
  /** Its value if it is a number, else 0. */
  readonly number: number;
}

/**
 * Reads a block of properties, the length in front of it included.
 * @returns the properties in order; the block ends at `end` of the last
 * @throws MqttError if one of them may not stand there, stands there twice, or is ill-formed
 */
export function scan(
  buf: Buffer,
  offset: number,
  end: number,
  place: Place,
): { readonly properties: readonly Property[]; readonly end: number } {
  const length = readVarint(buf, offset, end);
  let at = offset + varintSize(length);
  const stop = at + length;
  if (stop > end) throw malformed('the properties are cut short');
  const properties: Property[] = [];
  let seen = 0n;
  while (at < stop) {
    const property = readProperty(buf, at, stop, place);
    if (property.id !== PROPERTY.USER_PROPERTY) {
      const bit = 1n << BigInt(property.id);
      if ((seen & bit) !== 0n) throw protocolError(`property ${property.id} comes twice`);
      seen |= bit;
    }
    properties.push(property);
    at = property.end;
  }
  return { properties, end: stop };
}

function readProperty(buf: Buffer, start: number, end: number, place: Place): Property {
  const id = readVarint(buf, start, end);
  const rule = RULES.get(id);
  if (rule === undefined) throw malformed(`property ${id} is not one that a client sends`);
  if (!rule.places.includes(place)) throw protocolError(`property ${id} may not stand here`);
  const valueAt = start + varintSize(id);
  let number = 0;
  let stop = valueAt;
  switch (rule.kind) {
    case 'flag':
      if (valueAt >= end) throw malformed('the packet is cut short');
      number = buf[valueAt] as number;
      if (number > 1) throw protocolError(`property ${id} is ${number} instead of 0 or 1`);
      stop += 1;
      break;
    case 'u16':
      number = readU16(buf, valueAt, end);
      stop += 2;
      break;
    case 'u32':
      number = readU32(buf, valueAt, end);
      stop += 4;
      break;
    case 'varint':
      number = readVarint(buf, valueAt, end);
      stop += varintSize(number);
      break;
    case 'string':
      stop = stringEnd(buf, valueAt, end);
      break;
    case 'topic':
      stop = stringEnd(buf, valueAt, end);
      // [MQTT-3.3.2-14]
      if (!isTopicName(readString(buf, valueAt, end)))
        throw protocolError(`property ${id} is no topic name`);
      break;
    case 'binary':
      stop += 2 + readU16(buf, valueAt, end);
      if (stop > end) throw malformed('the packet is cut short');
      break;
    case 'pair':
      stop = stringEnd(buf, stringEnd(buf, valueAt, end), end);
      break;
  }
  if (rule.positive && number === 0) throw protocolError(`property ${id} is 0`);
  return { id, start, end: stop, valueAt, number };
}

function stringEnd(buf: Buffer, offset: number, end: number): number {
  readString(buf, offset, end);
  return offset + 2 + readU16(buf, offset, end);
}
