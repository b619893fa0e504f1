/**
 * Every golden frame of frames/ in five ways (decode, encode, round trip, byte by byte, from a
 * buffer with an offset), and against amqplib, whose codec is generated from the specification
 * and knows nothing of ours.
 */
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decoderOf,
  encodeMethod,
  methodFrame,
  methodName,
  methodSize,
} from '../../protocols/amqp/compile.ts';
import {
  CONTENT_HEADER_BYTES,
  contentHeaderSize,
  FrameReader,
  type FrameSink,
  putContentHeader,
} from '../../protocols/amqp/frames.ts';
import {
  type AmqpHeader,
  decodeProperties,
  encodeProperties,
} from '../../protocols/amqp/properties.ts';
import { METHODS, type MethodSpec } from '../../protocols/amqp/spec.ts';
import { type Field, Timestamp } from '../../src/broker/field.ts';
import type { Properties } from '../../src/broker/properties.ts';
import { ACCESS_FRAMES } from './frames/access.ts';
import { BASIC_FRAMES } from './frames/basic.ts';
import { CHANNEL_FRAMES } from './frames/channel.ts';
import { CONFIRM_FRAMES } from './frames/confirm.ts';
import { CONNECTION_FRAMES } from './frames/connection.ts';
import { HEADER_FRAMES } from './frames/content-header.ts';
import { EXCHANGE_FRAMES } from './frames/exchange.ts';
import type { GoldenFrame } from './frames/fixture.ts';
import { QUEUE_FRAMES } from './frames/queue.ts';
import { TX_FRAMES } from './frames/tx.ts';

const FRAMES: readonly GoldenFrame[] = [
  ...CONNECTION_FRAMES,
  ...CHANNEL_FRAMES,
  ...ACCESS_FRAMES,
  ...EXCHANGE_FRAMES,
  ...QUEUE_FRAMES,
  ...BASIC_FRAMES,
  ...TX_FRAMES,
  ...CONFIRM_FRAMES,
];

/** What amqplib's lib/defs.js gives, which its package does not export. */
interface Defs {
  encodeMethod(id: number, channel: number, fields: Record<string, unknown>): Buffer;
  encodeProperties(
    id: number,
    channel: number,
    size: number,
    fields: Record<string, unknown>,
  ): Buffer;
  decode(id: number, args: Buffer): Record<string, unknown>;
}

const require = createRequire(import.meta.url);
const defs: Defs = require(join(dirname(require.resolve('amqplib')), 'lib', 'defs.js'));

/** Method and content header payloads, copied while they are valid. */
class Payloads implements FrameSink {
  readonly seen: { kind: string; channel: number; payload: Buffer }[] = [];

  method(channel: number, buf: Buffer, start: number, end: number): void {
    this.keep('method', channel, buf, start, end);
  }

  header(channel: number, buf: Buffer, start: number, end: number): void {
    this.keep('header', channel, buf, start, end);
  }

  body(channel: number, buf: Buffer, start: number, end: number): void {
    this.keep('body', channel, buf, start, end);
  }

  heartbeat(channel: number): void {
    this.seen.push({ kind: 'heartbeat', channel, payload: Buffer.alloc(0) });
  }

  private keep(kind: string, channel: number, buf: Buffer, start: number, end: number): void {
    this.seen.push({ kind, channel, payload: Buffer.from(buf.subarray(start, end)) });
  }
}

/** The one payload that a reader finds in the pieces. */
function payloadIn(...pieces: readonly Buffer[]): { channel: number; payload: Buffer } {
  const sink = new Payloads();
  const reader = new FrameReader(sink, 131_072);
  for (const piece of pieces) reader.read(piece, 0, piece.length);
  expect(sink.seen).toHaveLength(1);
  return sink.seen[0]!;
}

/** One buffer per byte, each overwritten after use, as a shared read buffer is. */
function payloadByteByByte(bytes: Buffer): { channel: number; payload: Buffer } {
  const sink = new Payloads();
  const reader = new FrameReader(sink, 131_072);
  const shared = Buffer.alloc(1);
  for (const byte of bytes) {
    shared[0] = byte;
    reader.read(shared, 0, 1);
    shared[0] = 0xaa;
  }
  expect(sink.seen).toHaveLength(1);
  return sink.seen[0]!;
}

/** The bytes as a view that does not begin where its memory does. */
function offsetView(bytes: Buffer): Buffer {
  const room = new Uint8Array(bytes.length + 29).fill(0xee);
  room.set(bytes, 13);
  return Buffer.from(room.buffer, 13, bytes.length);
}

function decodeMethod(payload: Buffer, start: number, end: number): unknown {
  const name = methodName(payload.readUInt16BE(start), payload.readUInt16BE(start + 2));
  return name === undefined ? undefined : decoderOf(name)(payload, start + 4, end);
}

/** Our arguments as amqplib wants them. */
function amqplibFields(args: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    fields[name === 'noWait' ? 'nowait' : name] = amqplibValue(value, name);
  }
  return fields;
}

function amqplibValue(value: Field, name = ''): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, field]) => [key, amqplibField(field)]));
  }
  if (typeof value === 'string' && name === 'response') return Buffer.from(value);
  return value;
}

/** A table's value; amqplib would choose the smallest integer type by itself. */
function amqplibField(value: Field): unknown {
  if (typeof value === 'number') {
    return { '!': value === (value | 0) ? 'int32' : 'int64', value };
  }
  if (value instanceof Timestamp) return { '!': 'timestamp', value: value.seconds };
  if (Array.isArray(value)) return value.map(amqplibField);
  return amqplibValue(value);
}

describe('golden method frames', () => {
  it('cover every method of the specification', () => {
    expect(FRAMES.map((frame) => frame.name).sort()).toEqual(Object.keys(METHODS).sort());
  });

  describe.each(FRAMES)('$name', ({ name, channel, args, bytes }) => {
    const spec: MethodSpec = METHODS[name];

    it('decodes to its arguments', () => {
      const seen = payloadIn(bytes);
      expect(seen.channel).toBe(channel);
      expect(methodName(seen.payload.readUInt16BE(0), seen.payload.readUInt16BE(2))).toBe(name);
      expect(decodeMethod(seen.payload, 0, seen.payload.length)).toEqual(args);
    });

    it('is what the arguments encode to', () => {
      expect(methodFrame(name, channel, args)).toEqual(bytes);
      expect(methodSize(name, args)).toBe(bytes.length - 8);
    });

    it('survives a round trip into a used buffer', () => {
      const room = Buffer.alloc(bytes.length + 10, 0xff);
      const end = encodeMethod(name, args, room, 5);
      expect(end).toBe(5 + bytes.length - 8);
      expect(decodeMethod(room, 5, end)).toEqual(args);
      expect(room[end]).toBe(0xff);
    });

    it('decodes when it comes byte by byte', () => {
      const { payload } = payloadByteByByte(bytes);
      expect(decodeMethod(payload, 0, payload.length)).toEqual(args);
    });

    it('decodes from a buffer with an offset', () => {
      const { payload } = payloadIn(offsetView(bytes));
      const view = offsetView(payload);
      expect(decodeMethod(view, 0, view.length)).toEqual(args);
    });

    it('is what amqplib encodes', () => {
      const id = spec.id[0] * 65_536 + spec.id[1];
      expect(defs.encodeMethod(id, channel, amqplibFields(args))).toEqual(bytes);
    });
  });
});

describe('golden content headers', () => {
  describe.each(HEADER_FRAMES)('with $title', ({ channel, bodyBytes, properties, bytes }) => {
    const values = bytes.subarray(7 + CONTENT_HEADER_BYTES, -1);

    it('decodes to its properties', () => {
      const { channel: on, payload } = payloadIn(bytes);
      expect(on).toBe(channel);
      expect(payload.readUInt16BE(0)).toBe(60);
      expect(Number(payload.readBigUInt64BE(4))).toBe(bodyBytes);
      const decoded = decodeProperties(payload, CONTENT_HEADER_BYTES, payload.length);
      expect(plain(decoded)).toEqual(plain(properties));
      expect((decoded.wire as AmqpHeader).bytes).toEqual(values);
    });

    it('is what the properties encode to', () => {
      const encoded = encodeProperties(properties);
      const room = Buffer.alloc(contentHeaderSize(encoded));
      expect(putContentHeader(room, 0, channel, bodyBytes, encoded)).toBe(room.length);
      expect(room).toEqual(bytes);
    });

    it('survives a round trip that does not use the cached bytes', () => {
      const decoded = decodeProperties(values, 0, values.length);
      expect(encodeProperties(decoded)).toEqual(values);
    });

    it('decodes when it comes byte by byte', () => {
      const { payload } = payloadByteByByte(bytes);
      const decoded = decodeProperties(payload, CONTENT_HEADER_BYTES, payload.length);
      expect(plain(decoded)).toEqual(plain(properties));
    });

    it('decodes from a buffer with an offset', () => {
      const { payload } = payloadIn(offsetView(bytes));
      const view = offsetView(payload);
      const decoded = decodeProperties(view, CONTENT_HEADER_BYTES, view.length);
      view.fill(0);
      expect(plain(decoded)).toEqual(plain(properties));
    });

    it('is what amqplib encodes', () => {
      const fields = amqplibFields(plain(properties));
      expect(defs.encodeProperties(60, channel, bodyBytes, fields)).toEqual(bytes);
    });
  });
});

const NAMES = [
  'contentType',
  'contentEncoding',
  'headers',
  'deliveryMode',
  'priority',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'timestamp',
  'type',
  'userId',
  'appId',
  'clusterId',
] as const;

/** The properties that are set, headers decoded. */
function plain(properties: Properties): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of NAMES) {
    if (properties[name] !== undefined) values[name] = properties[name];
  }
  return values;
}
