/**
 * The basic content header's flags and values ↔ Properties [AMQP 4.2.6.1]. Scalars are decoded at
 * once and headers when asked for; the bytes as they came stay with the properties, so that
 * AMQP → AMQP never encodes again. Class id, weight and body size are the frame's: not read here.
 * Hot path: once per message unless the bytes repeat; see AmqpHeader.equals.
 */
import { Buffer } from 'node:buffer';
import type { Fields } from '../../src/broker/field.ts';
import { NO_PROPERTIES, Properties, type WireForm } from '../../src/broker/properties.ts';
import { syntaxError } from './errors.ts';
import { LazyTable, putTable, tableSize, validateTable } from './table.ts';
import {
  copyOf,
  cutShort,
  lenientNameAt,
  longAt,
  longlongAt,
  putShort,
  putShortstr,
  putTimestamp,
  sameBytes,
  shortAt,
  shortstrSize,
  tooLong,
} from './wire.ts';

const CONTENT_TYPE = 1 << 15;
const CONTENT_ENCODING = 1 << 14;
const HEADERS = 1 << 13;
const DELIVERY_MODE = 1 << 12;
const PRIORITY = 1 << 11;
const CORRELATION_ID = 1 << 10;
const REPLY_TO = 1 << 9;
const EXPIRATION = 1 << 8;
const MESSAGE_ID = 1 << 7;
const TIMESTAMP = 1 << 6;
const TYPE = 1 << 5;
const USER_ID = 1 << 4;
const APP_ID = 1 << 3;
const CLUSTER_ID = 1 << 2;
/** Bit 0 announces more flags, bit 1 a fifteenth property: basic has neither. */
const UNDEFINED = 0b11;

const PROTOCOL = 'amqp-0-9-1';

/** Flags and values as AMQP sends them: a content header's payload after the body size. */
export class AmqpHeader implements WireForm {
  readonly protocol = PROTOCOL;
  readonly bytes: Buffer;

  /** @param bytes owned from now on */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Do the bytes in [start, end) say the same, so that these properties can be shared? */
  equals(buf: Buffer, start: number, end: number): boolean {
    return sameBytes(buf, start, end, this.bytes);
  }
}

const NO_HEADER = new AmqpHeader(Buffer.from([0, 0]));

/**
 * @param start of the property flags
 * @throws AmqpError SYNTAX_ERROR if they are cut short, too long, undefined or hold a bad table
 */
export function decodeProperties(buf: Buffer, start: number, end: number): Properties {
  if (start + 2 > end) throw cutShort('content header');
  const set = shortAt(buf, start);
  if ((set & UNDEFINED) !== 0) throw syntaxError('content header has undefined property flags');
  if (set === 0) {
    if (start + 2 !== end) throw tooLong('content header');
    NO_PROPERTIES.wire ??= NO_HEADER;
    return NO_PROPERTIES;
  }
  const bytes = copyOf(buf, start, end);
  const properties = readValues(bytes, set);
  properties.wire = new AmqpHeader(bytes);
  return properties;
}

// Where readValues is. Here rather than in an object because it is on the path of every message;
// nothing that it calls comes back here.
let input: Buffer = NO_HEADER.bytes;
let at = 0;

/** In the order of the wire, which is the order in which an object literal is evaluated. */
function readValues(bytes: Buffer, set: number): Properties {
  input = bytes;
  at = 2;
  const properties = new Properties({
    contentType: (set & CONTENT_TYPE) === 0 ? undefined : name(),
    contentEncoding: (set & CONTENT_ENCODING) === 0 ? undefined : name(),
    headers: (set & HEADERS) === 0 ? undefined : table(),
    deliveryMode: (set & DELIVERY_MODE) === 0 ? undefined : octet(),
    priority: (set & PRIORITY) === 0 ? undefined : octet(),
    correlationId: (set & CORRELATION_ID) === 0 ? undefined : text(),
    replyTo: (set & REPLY_TO) === 0 ? undefined : name(),
    expiration: (set & EXPIRATION) === 0 ? undefined : name(),
    messageId: (set & MESSAGE_ID) === 0 ? undefined : text(),
    timestamp: (set & TIMESTAMP) === 0 ? undefined : timestamp(),
    type: (set & TYPE) === 0 ? undefined : name(),
    userId: (set & USER_ID) === 0 ? undefined : name(),
    appId: (set & APP_ID) === 0 ? undefined : name(),
    clusterId: (set & CLUSTER_ID) === 0 ? undefined : name(),
  });
  if (at !== bytes.length) throw tooLong('content header');
  return properties;
}

/** @returns where the next `count` bytes are, which it steps over */
function take(count: number): number {
  const start = at;
  if (start + count > input.length) throw cutShort('content header');
  at = start + count;
  return start;
}

function octet(): number {
  return input[take(1)]!;
}

/**
 * A string that is likely to come again. Bytes that are not UTF-8 become U+FFFD here but stay as
 * they were on the wire: clients put binary ids into properties, and RabbitMQ lets them.
 */
function name(): string {
  const length = octet();
  return lenientNameAt(input, take(length), length);
}

/** A string that is different in every message: not worth remembering. */
function text(): string {
  const length = octet();
  const start = take(length);
  return input.toString('utf8', start, start + length);
}

function timestamp(): number {
  return longlongAt(input, take(8));
}

function table(): LazyTable {
  const length = longAt(input, take(4));
  const start = take(length);
  validateTable(input, start, at);
  return new LazyTable(input, start, at);
}

/**
 * The header of these properties, encoded at most once. It replaces another protocol's cached
 * form: a message is mostly read by one protocol at a time.
 */
export function headerOf(properties: Properties): AmqpHeader {
  const wire = properties.wire;
  if (wire instanceof AmqpHeader) return wire;
  const header = new AmqpHeader(encodeProperties(properties));
  properties.wire = header;
  return header;
}

/** Flags and values. Strings of more than 255 bytes are cut; see putShortstr. */
export function encodeProperties(p: Properties): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOf(p));
  output = bytes;
  at = 2;
  flags = 0;
  putString(CONTENT_TYPE, p.contentType);
  putString(CONTENT_ENCODING, p.contentEncoding);
  putHeaders(p.headers);
  putOctet(DELIVERY_MODE, p.deliveryMode);
  putOctet(PRIORITY, p.priority);
  putString(CORRELATION_ID, p.correlationId);
  putString(REPLY_TO, p.replyTo);
  putString(EXPIRATION, p.expiration);
  putString(MESSAGE_ID, p.messageId);
  putSeconds(p.timestamp);
  putString(TYPE, p.type);
  putString(USER_ID, p.userId);
  putString(APP_ID, p.appId);
  putString(CLUSTER_ID, p.clusterId);
  putShort(bytes, 0, flags);
  return bytes;
}

// Where encodeProperties is; see `input`.
let output: Buffer = NO_HEADER.bytes;
let flags = 0;

function putString(flag: number, value: string | undefined): void {
  if (value === undefined) return;
  flags |= flag;
  at = putShortstr(output, at, value);
}

function putOctet(flag: number, value: number | undefined): void {
  if (value === undefined) return;
  flags |= flag;
  output[at] = value;
  at += 1;
}

function putHeaders(fields: Fields | undefined): void {
  if (fields === undefined) return;
  flags |= HEADERS;
  at = putTable(output, at, fields);
}

function putSeconds(seconds: number | undefined): void {
  if (seconds === undefined) return;
  flags |= TIMESTAMP;
  at = putTimestamp(output, at, seconds);
}

function sizeOf(p: Properties): number {
  let bytes = 2;
  if (p.headers !== undefined) bytes += tableSize(p.headers);
  if (p.deliveryMode !== undefined) bytes += 1;
  if (p.priority !== undefined) bytes += 1;
  if (p.timestamp !== undefined) bytes += 8;
  return (
    bytes +
    stringSize(p.contentType) +
    stringSize(p.contentEncoding) +
    stringSize(p.correlationId) +
    stringSize(p.replyTo) +
    stringSize(p.expiration) +
    stringSize(p.messageId) +
    stringSize(p.type) +
    stringSize(p.userId) +
    stringSize(p.appId) +
    stringSize(p.clusterId)
  );
}

function stringSize(value: string | undefined): number {
  return value === undefined ? 0 : shortstrSize(value);
}
