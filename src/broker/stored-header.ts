/**
 * Stored header: exchange, routing key and properties of a message as bytes, for stores to keep
 * and hand back. The engine's own format, versioned by its first byte; no protocol's wire format,
 * so that a message published over one protocol can be read back for any other.
 */

import { ByteReader, ByteWriter } from './byte-buffer.ts';
import type { Fields } from './field.ts';
import { decodeFields, encodeFields } from './field-codec.ts';
import { Properties, type PropertyValues } from './properties.ts';

const VERSION = 1;

const TEXTS = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'type',
  'userId',
  'appId',
  'clusterId',
] as const;

const NUMBERS = ['deliveryMode', 'priority', 'timestamp'] as const;

const HEADERS_BIT = 1 << (TEXTS.length + NUMBERS.length);

/** Where a message was sent and what was said about it. */
export interface StoredHeader {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
}

/** The bytes that {@link decodeStoredHeader} reads. */
export function encodeStoredHeader(message: StoredHeader): Buffer {
  const { properties } = message;
  const out = new ByteWriter();
  out.u8(VERSION);
  out.text(message.exchange);
  out.text(message.routingKey);
  out.u32(presenceOf(properties));
  for (const name of TEXTS) {
    const value = properties[name];
    if (value !== undefined) out.text(value);
  }
  for (const name of NUMBERS) {
    const value = properties[name];
    if (value !== undefined) out.f64(value);
  }
  if (properties.headers !== undefined) encodeFields(out, properties.headers);
  return out.bytes();
}

/**
 * What {@link encodeStoredHeader} wrote.
 * @throws Error if the bytes are of a later version or damaged
 */
export function decodeStoredHeader(header: Buffer): StoredHeader {
  const from = new ByteReader(header);
  const version = from.u8();
  if (version !== VERSION) throw new Error(`stored header of unknown version ${version}`);
  const exchange = from.text();
  const routingKey = from.text();
  return { exchange, routingKey, properties: decodeProperties(from) };
}

function presenceOf(properties: Properties): number {
  let bits = properties.hasHeaders ? HEADERS_BIT : 0;
  [...TEXTS, ...NUMBERS].forEach((name, index) => {
    if (properties[name] !== undefined) bits |= 1 << index;
  });
  return bits;
}

function decodeProperties(from: ByteReader): Properties {
  const presence = from.u32();
  const values: { -readonly [K in keyof PropertyValues]: PropertyValues[K] } = {};
  TEXTS.forEach((name, index) => {
    if (presence & (1 << index)) values[name] = from.text();
  });
  NUMBERS.forEach((name, index) => {
    if (presence & (1 << (TEXTS.length + index))) values[name] = from.f64();
  });
  if (presence & HEADERS_BIT) values.headers = decodeFields(from) as Fields;
  return new Properties(values);
}
