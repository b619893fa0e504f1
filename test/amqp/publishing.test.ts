/** Contents on their way in: any chunks, repeats, and nothing of one message in another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import type { AmqpError, ReplyName } from '../../protocols/amqp/errors.ts';
import { FRAME_END_BYTES, FRAME_HEADER_BYTES } from '../../protocols/amqp/frames.ts';
import { Publishing } from '../../protocols/amqp/publishing.ts';
import { BodyPool } from '../../src/broker/body-memory.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Message } from '../../src/broker/message.ts';
import type { PropertyValues } from '../../src/broker/properties.ts';
import type { Session } from '../../src/broker/session.ts';
import { FIRST_BODY_BYTES } from '../../src/limits-memory.ts';
import { headerFrame } from '../support/raw-client.ts';

const LARGEST = 1_000_000;

/** A channel that keeps what was published. Frames come in a read buffer used over and over. */
class Bench {
  readonly messages: { message: Message; mandatory: boolean }[] = [];
  readonly publishing: Publishing;
  private readonly shared: Buffer;

  constructor(shared = Buffer.alloc(2 * LARGEST)) {
    this.shared = shared;
    const checkSize = (bytes: number): void => {
      if (bytes > LARGEST) throw new BrokerError('PRECONDITION_FAILED', 'too large');
    };
    const session = { checkSize } as unknown as Session;
    const publish = (message: Message, mandatory: boolean): void => {
      this.messages.push({ message, mandatory });
    };
    this.publishing = new Publishing({ session, bodies: new BodyPool(), publish });
  }

  method(exchange: string, routingKey: string, mandatory = false, immediate = false): void {
    const args = { exchange, routingKey, mandatory, immediate };
    const payload = payloadOf(methodFrame('basic.publish', 1, args)).subarray(4);
    this.arguments(payload);
  }

  arguments(bytes: Buffer): void {
    this.reading(bytes, (end) => this.publishing.method(this.shared, 9, end));
  }

  header(bodyBytes: number, properties: PropertyValues = {}): void {
    const payload = payloadOf(headerFrame(1, bodyBytes, properties));
    this.reading(payload, (end) => this.publishing.header(this.shared, 9, end));
  }

  piece(bytes: Buffer): void {
    this.reading(bytes, (end) => this.publishing.piece(this.shared, 9, end));
  }

  private reading(bytes: Buffer, take: (end: number) => void): void {
    bytes.copy(this.shared, 9);
    try {
      take(9 + bytes.length);
    } finally {
      this.shared.fill(0xaa, 0, 9 + bytes.length);
    }
  }
}

function payloadOf(frame: Buffer): Buffer {
  return frame.subarray(FRAME_HEADER_BYTES, frame.length - FRAME_END_BYTES);
}

function kindOf(run: () => void): ReplyName | undefined {
  try {
    run();
  } catch (error) {
    return (error as AmqpError).kind;
  }
  return undefined;
}

const name = fc.constantFrom('', 'a', 'b', 'a longer name', 'ä', 'b'.repeat(200));
const properties: fc.Arbitrary<PropertyValues> = fc.constantFrom(
  {},
  { deliveryMode: 2 },
  { deliveryMode: 1 },
  { contentType: 'text/plain', headers: new Map([['h', 1]]) },
  { contentType: 'text/plain', headers: new Map([['h', 2]]) },
  { messageId: '1' },
);
const publish = fc.record({
  channel: fc.nat(2),
  exchange: name,
  routingKey: name,
  mandatory: fc.boolean(),
  properties,
  pieces: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
});

describe('publishing', () => {
  it('makes of each content what its publisher said, whatever came before it or beside it', () => {
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 40 }), (publishes) => {
        const shared = Buffer.alloc(4096);
        const benches = [new Bench(shared), new Bench(shared), new Bench(shared)];
        for (const one of publishes) {
          const bench = benches[one.channel]!;
          const body = Buffer.concat(one.pieces);
          bench.method(one.exchange, one.routingKey, one.mandatory);
          bench.header(body.length, one.properties);
          for (const piece of one.pieces) bench.piece(Buffer.from(piece));
        }
        for (const [channel, bench] of benches.entries()) {
          const expected = publishes.filter((one) => one.channel === channel);
          expect(bench.messages.length).toBe(expected.length);
          for (const [index, one] of expected.entries()) {
            const { message, mandatory } = bench.messages[index]!;
            const { exchange, routingKey } = message;
            const target = { exchange, routingKey, mandatory };
            const { channel: _channel, properties: wanted, pieces, ...said } = one;
            expect(target).toEqual(said);
            expect(message.body).toEqual(Buffer.concat(pieces));
            const { contentType, deliveryMode, messageId, headers } = message.properties;
            expect(Object.entries({ contentType, deliveryMode, messageId, headers })).toEqual(
              expect.arrayContaining(Object.entries(wanted)),
            );
            expect(deliveryMode).toBe(wanted.deliveryMode);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shares the properties of contents that repeat them, and nothing else', () => {
    const bench = new Bench();
    for (const text of ['one', 'two']) {
      bench.method('x', 'k');
      bench.header(3, { deliveryMode: 2, headers: new Map([['h', 'v']]) });
      bench.piece(Buffer.from(text));
    }
    const [first, second] = bench.messages.map(({ message }) => message);
    expect(second?.properties).toBe(first?.properties);
    expect([first?.body, second?.body].map(String)).toEqual(['one', 'two']);
  });

  it('takes a body in any number of pieces of any size, and copies it', () => {
    const edges = [1, FIRST_BODY_BYTES - 1, FIRST_BODY_BYTES, FIRST_BODY_BYTES + 1, LARGEST];
    for (const size of edges) {
      for (const step of [size, 4088, FIRST_BODY_BYTES - 8]) {
        const body = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
        const bench = new Bench();
        bench.method('', 'q');
        bench.header(size);
        for (let from = 0; from < size; from += step) bench.piece(body.subarray(from, from + step));
        expect(bench.messages[0]!.message.body.equals(body)).toBe(true);
      }
    }
  });

  it('is done with a content without body at its header', () => {
    const bench = new Bench();
    bench.method('', 'q');
    bench.header(0);
    expect([bench.messages.length, bench.publishing.expecting]).toEqual([1, 'nothing']);
  });

  it('does not make room for a large body before it comes', () => {
    const bench = new Bench();
    bench.method('', 'q');
    const before = process.memoryUsage().arrayBuffers;
    bench.header(LARGEST);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LARGEST / 2);
  });

  it('refuses frames in the wrong order with UNEXPECTED_FRAME', () => {
    const bench = new Bench();
    expect(kindOf(() => bench.header(1))).toBe('UNEXPECTED_FRAME');
    expect(kindOf(() => bench.piece(Buffer.from('x')))).toBe('UNEXPECTED_FRAME');
    bench.method('', 'q');
    expect(kindOf(() => bench.piece(Buffer.from('x')))).toBe('UNEXPECTED_FRAME');
    bench.header(1);
    expect(kindOf(() => bench.header(1))).toBe('UNEXPECTED_FRAME');
  });

  it('refuses a body that is longer than its header says with FRAME_ERROR', () => {
    const bench = new Bench();
    bench.method('', 'q');
    bench.header(3);
    bench.piece(Buffer.from('ab'));
    expect(kindOf(() => bench.piece(Buffer.from('cd')))).toBe('FRAME_ERROR');
    expect(bench.messages).toEqual([]);
  });

  it('refuses a body that is going to be too large at its header', () => {
    const bench = new Bench();
    bench.method('', 'q');
    expect(kindOf(() => bench.header(LARGEST + 1))).toBe('PRECONDITION_FAILED');
  });

  it('refuses immediate, every time', () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) {
      expect(kindOf(() => bench.method('', 'q', false, true))).toBe('NOT_IMPLEMENTED');
    }
  });

  it('refuses arguments and headers that are cut short, also the very first ones', () => {
    const whole = payloadOf(
      methodFrame('basic.publish', 1, {
        ...{ exchange: 'x', routingKey: 'key', mandatory: false, immediate: false },
      }),
    ).subarray(4);
    for (let length = 0; length < whole.length; length++) {
      const bench = new Bench();
      expect(kindOf(() => bench.arguments(whole.subarray(0, length)))).toBe('SYNTAX_ERROR');
    }
    const header = payloadOf(headerFrame(1, 5, { contentType: 'text', priority: 3 }));
    for (let length = 0; length < header.length; length++) {
      const bench = new Bench(Buffer.alloc(100));
      bench.method('', 'q');
      const run = () => bench.publishing.header(header, 0, length);
      expect(kindOf(run)).toBe('SYNTAX_ERROR');
    }
  });

  it('refuses a content of another class with UNEXPECTED_FRAME', () => {
    const bench = new Bench();
    const header = payloadOf(headerFrame(1, 0));
    header.writeUInt16BE(50, 0);
    bench.method('', 'q');
    const run = () => bench.publishing.header(header, 0, header.length);
    expect(kindOf(run)).toBe('UNEXPECTED_FRAME');
  });

  it('forgets a content that was abandoned half-way', () => {
    const bench = new Bench();
    bench.method('', 'q');
    bench.header(4);
    bench.piece(Buffer.from('ab'));
    bench.publishing.abandon();
    bench.method('', 'q');
    bench.header(2);
    bench.piece(Buffer.from('cd'));
    expect(bench.messages.map(({ message }) => String(message.body))).toEqual(['cd']);
  });
});
