/** The codec under arbitrary input: round trips, any chunking, and nothing but AmqpError. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decoderOf, methodById, methodFrame } from '../../protocols/amqp/compile.ts';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import {
  CONTENT_HEADER_BYTES,
  contentHeaderSize,
  FRAME_BODY,
  FrameReader,
  type FrameSink,
  HEARTBEAT_FRAME,
  putContentHeader,
  putFrameEnd,
  putFrameHeader,
} from '../../protocols/amqp/frames.ts';
import { decodeProperties, encodeProperties, headerOf } from '../../protocols/amqp/properties.ts';
import {
  decodeTable,
  encodeTable,
  LazyTable,
  putTable,
  tableSize,
  validateTable,
} from '../../protocols/amqp/table.ts';
import {
  Decimal,
  type Field,
  type Fields,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import { Properties, type PropertyValues } from '../../src/broker/properties.ts';

// At most four bytes a character, so that no text outgrows a short string.
const text = fc.string({ unit: 'binary', maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const int32 = fc.integer();
const safeInt64 = fc.maxSafeInteger().filter((value) => value !== (value | 0));

/** Values in the form that decoding gives them. */
const scalar: fc.Arbitrary<Field> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  int32,
  safeInt64,
  fc.double().filter((value) => !Number.isSafeInteger(value)),
  fc.maxSafeInteger().map((value) => new TypedNumber('double', value)),
  fc.float().map((value) => new TypedNumber('float', value)),
  fc.integer({ min: -128, max: 127 }).map((value) => new TypedNumber('int8', value)),
  fc.integer({ min: 0, max: 255 }).map((value) => new TypedNumber('uint8', value)),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => new TypedNumber('int16', value)),
  fc.integer({ min: 0, max: 65_535 }).map((value) => new TypedNumber('uint16', value)),
  fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => new TypedNumber('uint32', value)),
  int32.map((value) => new TypedNumber('int64', BigInt(value))),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map((v) => new TypedNumber('int64', v)),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }).map((v) => new TypedNumber('int64', v)),
  fc.maxSafeInteger().map((value) => new Timestamp(Math.abs(value))),
  fc.tuple(fc.integer({ min: 0, max: 255 }), int32).map(([s, u]) => new Decimal(s, u)),
  bytes,
  bytes.map((buffer) => new OpaqueString(Buffer.concat([buffer, Buffer.from([0xff])]))),
);

const { field } = fc.letrec<{ field: Field; fields: Fields }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('field'), { maxLength: 4 }),
    tie('fields'),
  ),
  fields: fc
    .array(fc.tuple(text, tie('field')), { maxLength: 4 })
    .map((entries) => new Map(entries)),
}));

const table: fc.Arbitrary<Fields> = fc
  .array(fc.tuple(text, field), { maxLength: 6 })
  .map((entries) => new Map(entries));

const octet = fc.integer({ min: 0, max: 255 });

const values: fc.Arbitrary<PropertyValues> = fc.record(
  {
    contentType: text,
    contentEncoding: text,
    headers: table,
    deliveryMode: octet,
    priority: octet,
    correlationId: text,
    replyTo: text,
    expiration: text,
    messageId: text,
    timestamp: fc.maxSafeInteger().map(Math.abs),
    type: text,
    userId: text,
    appId: text,
    clusterId: text,
  },
  { requiredKeys: [] },
);

/** Neither hangs nor throws anything but an AmqpError. */
function refusesOnlyProperly(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof AmqpError)) throw error;
  }
}

describe('tables', () => {
  it('decode to what was encoded, types and order included', () => {
    fc.assert(
      fc.property(table, (fields) => {
        const encoded = encodeTable(fields);
        const decoded = decodeTable(encoded, 0, encoded.length);
        expect(decoded).toStrictEqual(fields);
        expect([...decoded.keys()]).toEqual([...fields.keys()]);
        expect(encodeTable(decoded)).toEqual(encoded);
      }),
    );
  });

  it('take the room that they say', () => {
    fc.assert(
      fc.property(table, (fields) => {
        const size = tableSize(fields);
        const room = Buffer.alloc(size + 4, 0xee);
        expect(putTable(room, 2, fields)).toBe(2 + size);
        expect(room.readUInt32BE(2)).toBe(size - 4);
        expect(room.readUInt16BE(size + 2)).toBe(0xeeee);
      }),
    );
  });

  it('are refused by validating if and only if by decoding', () => {
    const mutated = fc.oneof(fc.uint8Array({ maxLength: 60 }).map(Buffer.from), mutations(table));
    fc.assert(
      fc.property(mutated, (input) => {
        const errors = [validateTable, decodeTable].map((read) => {
          try {
            read(input, 0, input.length);
            return 'none';
          } catch (error) {
            expect(error).toBeInstanceOf(AmqpError);
            return (error as Error).message;
          }
        });
        expect(errors[0]).toBe(errors[1]);
        if (errors[0] !== 'none') return;
        const decoded = LazyTable.copied(input, 0, input.length).decode();
        const again = encodeTable(decoded);
        // Bytes that are no UTF-8 have become longer ones, and names that are too long now are cut.
        if (namesFit(decoded)) {
          expect(decodeTable(again, 0, again.length)).toStrictEqual(decoded);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('have names cut that became too long because their bytes were no UTF-8', () => {
    const name = Buffer.alloc(255, 0xff);
    const input = Buffer.concat([Buffer.from([255]), name, Buffer.from('V')]);
    const decoded = decodeTable(input, 0, input.length);
    expect([...decoded.keys()]).toEqual(['\uFFFD'.repeat(255)]);
    const again = encodeTable(decoded);
    expect([...decodeTable(again, 0, again.length).keys()]).toEqual(['\uFFFD'.repeat(85)]);
  });
});

/** Can all names, also of tables within, be written as they are? */
function namesFit(field: Field): boolean {
  if (Array.isArray(field)) return (field as readonly Field[]).every(namesFit);
  if (!(field instanceof Map)) return true;
  return [...field].every(([name, value]) => Buffer.byteLength(name) <= 255 && namesFit(value));
}

/** Encoded tables with a few bytes changed, or cut. */
function mutations(tables: fc.Arbitrary<Fields>): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(), octet);
  return fc
    .tuple(tables, fc.array(change, { maxLength: 3 }), fc.nat({ max: 5 }))
    .map(([fields, changes, cut]) => {
      const input = encodeTable(fields);
      for (const [at, value] of changes) if (input.length > 0) input[at % input.length] = value;
      return input.subarray(0, Math.max(0, input.length - cut));
    });
}

describe('properties', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(values, (given) => {
        const encoded = encodeProperties(new Properties(given));
        const decoded = decodeProperties(encoded, 0, encoded.length);
        for (const [name, value] of Object.entries(given)) {
          expect(decoded[name as keyof PropertyValues]).toStrictEqual(value);
        }
        expect(encodeProperties(decoded)).toEqual(encoded);
        expect(headerOf(decoded).bytes).toEqual(encoded);
      }),
    );
  });

  it('of random bytes are decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (array) => {
        const input = Buffer.from(array);
        refusesOnlyProperly(() => {
          const decoded = decodeProperties(input, 0, input.length);
          decoded.headers;
          encodeProperties(decoded);
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('method arguments', () => {
  it('of random bytes are decoded or refused', () => {
    const ids = fc.tuple(fc.constantFrom(10, 20, 30, 40, 50, 60, 85, 90), fc.nat({ max: 120 }));
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 60 }), ([classId, methodId], array) => {
        const input = Buffer.from(array);
        refusesOnlyProperly(() => methodById(classId, methodId)?.decode(input, 0, input.length));
      }),
      { numRuns: 2000 },
    );
  });

  it('decode to what was encoded', () => {
    const args = fc.record({
      queue: text,
      passive: fc.boolean(),
      durable: fc.boolean(),
      exclusive: fc.boolean(),
      autoDelete: fc.boolean(),
      noWait: fc.boolean(),
      arguments: table,
    });
    fc.assert(
      fc.property(args, (given) => {
        const frame = methodFrame('queue.declare', 1, given);
        expect(decoderOf('queue.declare')(frame, 11, frame.length - 1)).toStrictEqual({ ...given });
      }),
    );
  });
});

/** What a sink is called with; the pieces of a message's body joined. */
class Transcript implements FrameSink {
  readonly lines: string[] = [];

  method(channel: number, buf: Buffer, start: number, end: number): void {
    this.lines.push(`method ${channel} ${buf.toString('hex', start, end)}`);
  }

  header(channel: number, buf: Buffer, start: number, end: number): void {
    this.lines.push(`header ${channel} ${buf.toString('hex', start, end)}`);
  }

  body(channel: number, buf: Buffer, start: number, end: number): void {
    if (end <= start) throw new Error('an empty piece');
    const last = this.lines.at(-1) ?? '';
    const piece = buf.toString('hex', start, end);
    if (last.startsWith(`body ${channel} `)) this.lines[this.lines.length - 1] = last + piece;
    else this.lines.push(`body ${channel} ${piece}`);
  }

  heartbeat(channel: number): void {
    this.lines.push(`heartbeat ${channel}`);
  }
}

/** The transcript of a stream that comes in chunks of the given lengths, in one shared buffer. */
function transcript(stream: Buffer, lengths: readonly number[]): string[] {
  const sink = new Transcript();
  const reader = new FrameReader(sink, 4096);
  const shared = Buffer.alloc(4096 + 3);
  let at = 0;
  for (let i = 0; at < stream.length; i += 1) {
    const length = Math.min(lengths[i % lengths.length]!, stream.length - at);
    shared.fill(0xce);
    stream.copy(shared, 3, at, at + length);
    reader.read(shared, 3, 3 + length);
    at += length;
  }
  return sink.lines;
}

const channel = fc.nat({ max: 65_535 });

function bodyFrame(on: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(payload.length + 8);
  const start = putFrameHeader(frame, 0, FRAME_BODY, on, payload.length);
  frame.set(payload, start);
  putFrameEnd(frame, start + payload.length);
  return frame;
}

const contentHeader = fc.tuple(channel, fc.nat(), values).map(([on, size, given]) => {
  const properties = encodeProperties(new Properties(given));
  const frame = Buffer.alloc(contentHeaderSize(properties));
  putContentHeader(frame, 0, on, size, properties);
  return frame;
});

const publish = fc.tuple(channel, text, text).map(([on, exchange, routingKey]) =>
  methodFrame('basic.publish', on, {
    exchange,
    routingKey,
    mandatory: false,
    immediate: false,
  }),
);

const stream = fc
  .array(
    fc.oneof(
      publish,
      contentHeader,
      fc.tuple(channel, fc.uint8Array({ maxLength: 60 })).map(([on, p]) => bodyFrame(on, p)),
      fc.constant(HEARTBEAT_FRAME),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((frames) => Buffer.concat(frames));

const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 });

describe('frames', () => {
  it('are the same in any chunks', () => {
    fc.assert(
      fc.property(stream, lengths, (input, chunks) => {
        const whole = transcript(input, [4096]);
        expect(whole.length).toBeLessThanOrEqual(8);
        expect(transcript(input, chunks)).toEqual(whole);
        expect(transcript(input, [1])).toEqual(whole);
      }),
    );
  });

  it('of mutated bytes are read or refused, and their payloads too', () => {
    const changes = fc.array(fc.tuple(fc.nat(), octet), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stream, changes, lengths, (input, changed, chunks) => {
        const mutated = Buffer.from(input);
        for (const [at, value] of changed) mutated[at % mutated.length] = value;
        refusesOnlyProperly(() => transcript(mutated, chunks));
        refusesOnlyProperly(() => decodeAll(mutated));
      }),
      { numRuns: 500 },
    );
  });

  it('of random bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), lengths, (array, chunks) => {
        refusesOnlyProperly(() => transcript(Buffer.from(array), chunks));
      }),
      { numRuns: 500 },
    );
  });
});

/** Decodes every payload as a connection would. */
function decodeAll(input: Buffer): void {
  const sink: FrameSink = {
    method(_, buf, start, end) {
      if (end - start < 4) return;
      const method = methodById(buf.readUInt16BE(start), buf.readUInt16BE(start + 2));
      method?.decode(buf, start + 4, end);
    },
    header(_, buf, start, end) {
      if (end - start < CONTENT_HEADER_BYTES) return;
      decodeProperties(buf, start + CONTENT_HEADER_BYTES, end).headers;
    },
    body() {},
    heartbeat() {},
  };
  new FrameReader(sink, 4096).read(input, 0, input.length);
}
