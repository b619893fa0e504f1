/**
 * MessageForm: what MQTT knows of a message besides topic and payload, and how it maps to the
 * engine's Properties, both ways (protocols/README.md has the table). The properties that travel
 * unaltered are kept as bytes, so that MQTT → MQTT neither decodes nor reorders anything
 * [MQTT-3.3.2-17], [MQTT-3.3.2-18]. Hot path: formOf.
 */
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  type Field,
  type Fields,
  integerOf,
  OpaqueString,
  TypedNumber,
} from '../../src/broker/field.ts';
import {
  type LazyHeaders,
  PERSISTENT,
  Properties,
  type PropertyValues,
  type WireForm,
} from '../../src/broker/properties.ts';
import { MAX_SHORTSTR_BYTES } from '../../src/limits.ts';
import { PROPERTY, type Property } from './property-rules.ts';
import { keyOf, topicOf } from './topics.ts';
import { copyOf, putBinary, readString, u16At } from './wire.ts';

/** Headers that carry what AMQP has no place for. */
const QOS_HEADER = 'x-mqtt-publish-qos';
const RETAIN_HEADER = 'x-mqtt-retain';
const FORMAT_HEADER = 'x-mqtt-payload-format';
const CORRELATION_HEADER = 'x-correlation-id';
const CONTENT_TYPE_HEADER = 'x-mqtt-content-type';
/** Where RabbitMQ has the response topic, as a routing key. */
const RESPONSE_TOPIC_HEADER = 'x-reply-to-topic';

/** Headers that are the broker's own and no user properties. */
const OWN_HEADERS =
  /^(x-mqtt-|x-death$|x-first-death-|x-last-death-|x-correlation-id$|x-reply-to-topic$|B?CC$)/;

/** The retain flag of a message: none, set by its publisher, or because it comes from the store. */
export type Retained = 0 | 1 | 2;

const NOTHING = Buffer.alloc(0);

/** See the head of this file. */
export class MessageForm implements WireForm {
  readonly protocol = 'mqtt';
  readonly qos: number;
  readonly retained: Retained;
  /** Encoded properties of MQTT 5 without expiry, alias and subscription ids. */
  readonly forward: Buffer;

  constructor(qos: number, retained: Retained, forward: Buffer) {
    this.qos = qos;
    this.retained = retained;
    this.forward = forward;
  }
}

function plainProperties(qos: number): Properties {
  const headers = qos === 2 ? new Map([[QOS_HEADER, octet(qos)]]) : undefined;
  return new Properties({ deliveryMode: qos === 0 ? 1 : PERSISTENT, headers });
}

/** The properties of messages without any, by QoS; shared by all of them. */
export const PLAIN: readonly Properties[] = [0, 1, 2].map(plainProperties);

const PLAIN_FORMS = [0, 1, 2].map((qos) => new MessageForm(qos, 0, NOTHING));

/** The form of a message, whoever published it. */
export function formOf(properties: Properties): MessageForm {
  if (properties === PLAIN[0]) return PLAIN_FORMS[0] as MessageForm;
  if (properties === PLAIN[1]) return PLAIN_FORMS[1] as MessageForm;
  const { wire } = properties;
  if (wire instanceof MessageForm) return wire;
  const form = makeForm(properties);
  properties.wire = form;
  return form;
}

/** The engine's properties of a message that an MQTT client publishes. */
export function propertiesOf(
  qos: number,
  retain: boolean,
  buf: Buffer,
  given: readonly Property[],
): Properties {
  if (given.length === 0 && !retain) return PLAIN[qos] as Properties;
  const retained = retain ? 1 : 0;
  const values = valuesOf(buf, given);
  const own = new Map<string, Field>(values.own);
  if (qos === 2) own.set(QOS_HEADER, octet(qos));
  if (retain) own.set(RETAIN_HEADER, octet(retained));
  const headers = headersOf(own, values.pairs);
  const deliveryMode = qos === 0 ? 1 : PERSISTENT;
  const properties = new Properties({ ...values.values, deliveryMode, headers });
  properties.wire = new MessageForm(qos, retained, values.forward);
  return properties;
}

/** This process, and how many messages of QoS 2 it has taken. */
const origin = randomBytes(6).toString('base64url');
let identities = 0;

/**
 * With a message id, by which a message of QoS 2 is known again after a restart. It is seen in
 * AMQP's message-id.
 */
export function identified(properties: Properties): Properties {
  const copy = properties.with({ messageId: `${origin}-${(++identities).toString(36)}` });
  copy.wire = formOf(properties);
  return copy;
}

/**
 * A number that follows from what identified() gave, also in another process: those of a process
 * follow one another. null for a message without identity.
 */
export function identityOf({ messageId }: Properties): number | null {
  if (messageId === undefined) return null;
  const count = Number.parseInt(messageId.slice(messageId.lastIndexOf('-') + 1), 36);
  let hash = 0;
  const hashed = Number.isNaN(count) ? messageId.length : messageId.lastIndexOf('-');
  for (let i = 0; i < hashed; i++) hash = (hash * 31 + messageId.charCodeAt(i)) >>> 0;
  return hash + (count || 0);
}

/** The same as the store hands them to a new subscriber, with another QoS if that is lower. */
export function asRetained(properties: Properties): Properties {
  const { qos, forward } = formOf(properties);
  const headers = new Map(properties.headers ?? []);
  headers.set(RETAIN_HEADER, octet(2));
  const copy = properties.with({ headers });
  copy.wire = new MessageForm(qos, 2, forward);
  return copy;
}

/** User properties, decoded for those who look at headers. */
class UserProperties implements LazyHeaders {
  private readonly own: ReadonlyMap<string, Field>;
  private readonly pairs: readonly (readonly [string, string])[];

  constructor(own: ReadonlyMap<string, Field>, pairs: readonly (readonly [string, string])[]) {
    this.own = own;
    this.pairs = pairs;
  }

  /** A name that comes more than once has an array of values. */
  decode(): Fields {
    const fields = new Map<string, Field>();
    for (const [name, value] of this.pairs) {
      if (OWN_HEADERS.test(name)) continue;
      const before = fields.get(name);
      if (before === undefined) fields.set(name, value);
      else fields.set(name, Array.isArray(before) ? [...before, value] : [before, value]);
    }
    for (const [name, value] of this.own) fields.set(name, value);
    return fields;
  }
}

function headersOf(
  own: ReadonlyMap<string, Field>,
  pairs: readonly (readonly [string, string])[],
): LazyHeaders | undefined {
  return own.size === 0 && pairs.length === 0 ? undefined : new UserProperties(own, pairs);
}

interface Decoded {
  readonly values: PropertyValues;
  readonly own: readonly (readonly [string, Field])[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly forward: Buffer;
}

function valuesOf(buf: Buffer, given: readonly Property[]): Decoded {
  const values: { -readonly [K in keyof PropertyValues]: PropertyValues[K] } = {};
  const own: [string, Field][] = [];
  const pairs: [string, string][] = [];
  const forward: Buffer[] = [];
  for (const { id, start, end, valueAt, number } of given) {
    if (id === PROPERTY.TOPIC_ALIAS || id === PROPERTY.WILL_DELAY) continue;
    if (id === PROPERTY.MESSAGE_EXPIRY) {
      values.expiration = String(number * 1000);
      continue;
    }
    forward.push(buf.subarray(start, end));
    if (id === PROPERTY.PAYLOAD_FORMAT) {
      own.push([FORMAT_HEADER, octet(number)]);
    } else if (id === PROPERTY.CONTENT_TYPE) {
      const text = readString(buf, valueAt, end);
      if (end - valueAt - 2 <= MAX_SHORTSTR_BYTES) values.contentType = text;
      else own.push([CONTENT_TYPE_HEADER, text]);
    } else if (id === PROPERTY.RESPONSE_TOPIC) {
      const key = keyOf(readString(buf, valueAt, end));
      if (end - valueAt - 2 <= MAX_SHORTSTR_BYTES) values.replyTo = key;
      own.push([RESPONSE_TOPIC_HEADER, key]);
    } else if (id === PROPERTY.CORRELATION_DATA) {
      const bytes = copyOf(buf, valueAt + 2, end);
      if (bytes.length <= MAX_SHORTSTR_BYTES && isUtf8(bytes)) {
        values.correlationId = bytes.toString('utf8');
      } else own.push([CORRELATION_HEADER, textOrBytes(bytes)]);
    } else if (id === PROPERTY.USER_PROPERTY) {
      const name = readString(buf, valueAt, end);
      pairs.push([name, readString(buf, valueAt + 2 + u16At(buf, valueAt), end)]);
    }
  }
  return { values, own, pairs, forward: Buffer.concat(forward) };
}

/** The form of a message that another protocol published, or that comes from disk. */
function makeForm(properties: Properties): MessageForm {
  const headers = properties.headers;
  const persistent = properties.persistent ? 1 : 0;
  const qos = integerOf(headers?.get(QOS_HEADER)) ?? persistent;
  const retained = integerOf(headers?.get(RETAIN_HEADER)) ?? 0;
  const forward: Buffer[] = [];
  const format = integerOf(headers?.get(FORMAT_HEADER));
  if (format === 0 || format === 1) forward.push(Buffer.from([PROPERTY.PAYLOAD_FORMAT, format]));
  const contentType = properties.contentType ?? headers?.get(CONTENT_TYPE_HEADER);
  addString(forward, PROPERTY.CONTENT_TYPE, contentType);
  const response = headers?.get(RESPONSE_TOPIC_HEADER) ?? properties.replyTo;
  const responseTopic = typeof response === 'string' ? topicOf(response) : null;
  addString(forward, PROPERTY.RESPONSE_TOPIC, responseTopic ?? undefined);
  const correlation = properties.correlationId ?? headers?.get(CORRELATION_HEADER);
  addBytes(forward, PROPERTY.CORRELATION_DATA, bytesOf(correlation));
  for (const [name, value] of headers ?? []) {
    if (!OWN_HEADERS.test(name)) addUserProperty(forward, name, value);
  }
  const known = retained === 1 || retained === 2 ? retained : 0;
  return new MessageForm(Math.min(Math.max(qos, 0), 2), known, Buffer.concat(forward));
}

/** A header as a user property, if it is something that text can say. */
function addUserProperty(to: Buffer[], name: string, value: Field): void {
  if (Array.isArray(value)) {
    for (const one of value as readonly Field[]) addUserProperty(to, name, one);
    return;
  }
  const text = textOf(value);
  if (text === null || !isText(name) || !isText(text)) return;
  const [first, second] = [Buffer.from(name), Buffer.from(text)];
  if (first.length > 0xffff || second.length > 0xffff) return;
  const bytes = Buffer.allocUnsafe(1 + 2 + first.length + 2 + second.length);
  bytes[0] = PROPERTY.USER_PROPERTY;
  putBinary(bytes, putBinary(bytes, 1, first), second);
  to.push(bytes);
}

function textOf(value: Field): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof TypedNumber ? String(value.value) : null;
}

function addString(to: Buffer[], id: number, value: Field | undefined): void {
  if (typeof value === 'string' && isText(value)) addBytes(to, id, Buffer.from(value));
}

function addBytes(to: Buffer[], id: number, value: Buffer | null): void {
  if (value === null || value.length > 0xffff) return;
  const bytes = Buffer.allocUnsafe(3 + value.length);
  bytes[0] = id;
  putBinary(bytes, 1, value);
  to.push(bytes);
}

/** As AMQP's long string, which may be both. */
function textOrBytes(bytes: Buffer): Field {
  return isUtf8(bytes) ? bytes.toString('utf8') : new OpaqueString(bytes);
}

function bytesOf(value: Field | undefined): Buffer | null {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof OpaqueString) return value.bytes;
  return Buffer.isBuffer(value) ? value : null;
}

/** May MQTT send this as a string? [MQTT-1.5.4-2] */
function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function octet(value: number): TypedNumber {
  return new TypedNumber('uint8', value);
}
