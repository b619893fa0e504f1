/** Contents on their way out, read back by amqplib's codec: bodies and headers of every size. */
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { ContentWriter, DeliverTemplate } from '../../protocols/amqp/delivering.ts';
import { decodeProperties, encodeProperties } from '../../protocols/amqp/properties.ts';
import type { Field } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import { Properties, type PropertyValues } from '../../src/broker/properties.ts';
import { OUTBOX_SLAB_BYTES } from '../../src/limits.ts';
import { Outbox, SlabPool } from '../../src/server/outbox.ts';
import { FakeSocket } from '../support/fake-socket.ts';

/** amqplib's own codec, which its package does not export. */
interface AmqplibFrame {
  parseFrame(bytes: Buffer, max: number): { rest: Buffer; size: number } | false;
  decodeFrame(frame: unknown): AmqplibDecoded;
}

interface AmqplibDecoded {
  readonly channel: number;
  readonly id?: number;
  readonly size?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly content?: Buffer;
}

const require = createRequire(import.meta.url);
const amqplib: AmqplibFrame = require(
  path.join(path.dirname(require.resolve('amqplib')), 'lib/frame.js'),
);

const CHANNEL = 5;
const DELIVER = 0x003c003c;

/** A writer on a socket that keeps what it gets, and what a client makes of it. */
function bench(frameMax: number) {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket.asSocket(), new SlabPool(), () => {});
  const writer = new ContentWriter(outbox, CHANNEL, frameMax);
  return { socket, outbox, writer };
}

/** A content as amqplib reads it. No frame may be above frame-max but a header that has to be. */
function contents(bytes: Buffer, frameMax: number) {
  const found: { fields: Record<string, unknown>; properties: unknown; body: Buffer }[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const method = take();
    const header = take();
    const pieces: Buffer[] = [];
    let missing = header.size as number;
    while (missing > 0) {
      const { content } = take();
      expect((content as Buffer).length + 8).toBeLessThanOrEqual(frameMax);
      pieces.push(content as Buffer);
      missing -= (content as Buffer).length;
    }
    expect(missing).toBe(0);
    const body = Buffer.concat(pieces);
    found.push({ fields: { ...method.fields, id: method.id }, properties: header.fields, body });
  }
  return found;

  function take(): AmqplibDecoded {
    const frame = amqplib.parseFrame(rest, 0);
    if (frame === false) throw new Error('a frame is incomplete');
    rest = frame.rest;
    const decoded = amqplib.decodeFrame(frame);
    expect(decoded.channel).toBe(CHANNEL);
    return decoded;
  }
}

function bodyOf(size: number): Buffer {
  return Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
}

function message(body: Buffer, values: PropertyValues = {}, key = 'key'): Message {
  const bytes = encodeProperties(new Properties(values));
  return new Message('exchange', key, decodeProperties(bytes, 0, bytes.length), body);
}

const FRAME_MAXES = [4096, 17_000, 131_072];

/** Sizes around every border there is. */
function borders(frameMax: number): number[] {
  const inline = OUTBOX_SLAB_BYTES / 4;
  const edges = [1, frameMax - 8, 2 * (frameMax - 8), inline - 150, inline, OUTBOX_SLAB_BYTES];
  return [0, ...edges.flatMap((edge) => [edge - 1, edge, edge + 1]), 400_000];
}

describe.each(FRAME_MAXES)('a delivery with a frame-max of %i', (frameMax) => {
  it('has its body whole, whatever its size', () => {
    const { socket, outbox, writer } = bench(frameMax);
    const template = new DeliverTemplate(CHANNEL, 'tag', 'exchange', 'key');
    const messages = borders(frameMax).map((size) => message(bodyOf(size), { priority: size % 9 }));
    for (const [index, one] of messages.entries()) {
      writer.deliver(template, index + 1, index % 2 === 0, one);
    }
    outbox.flush();
    const got = contents(socket.bytes(), frameMax);
    expect(got.length).toBe(messages.length);
    for (const [index, { fields, properties, body }] of got.entries()) {
      expect(fields).toEqual({
        ...{ id: DELIVER, consumerTag: 'tag', exchange: 'exchange', routingKey: 'key' },
        ...{ deliveryTag: index + 1, redelivered: index % 2 === 0 },
      });
      expect(properties).toMatchObject({ priority: messages[index]!.properties.priority });
      expect(body.equals(messages[index]!.body)).toBe(true);
    }
  });

  it('has its headers whole, whatever their size', () => {
    const { socket, outbox, writer } = bench(frameMax);
    const template = new DeliverTemplate(CHANNEL, 'tag', 'exchange', 'key');
    const sizes = [0, 1000, 16_000, 17_000, 65_000, 66_000, 130_000];
    for (const size of sizes) {
      const headers = new Map<string, Field>([['large', 'x'.repeat(size)]]);
      // Twice, so that the header frame that is kept is used as well.
      const twice = message(bodyOf(3), { headers });
      writer.deliver(template, 1, false, twice);
      writer.deliver(
        template,
        2,
        false,
        new Message('exchange', 'key', twice.properties, bodyOf(20_000)),
      );
    }
    outbox.flush();
    const got = contents(socket.bytes(), frameMax);
    const lengths = got.map(({ properties, body }) => {
      const { headers } = properties as { headers: { large: string } };
      return [headers.large.length, body.length];
    });
    expect(lengths).toEqual(
      sizes.flatMap((size) => [
        [size, 3],
        [size, 20_000],
      ]),
    );
  });
});

describe('deliveries', () => {
  it('of messages that share properties, or not, keep them apart', () => {
    const values: PropertyValues[] = [{}, { deliveryMode: 2 }, { type: 'a' }, { type: 'b' }];
    const pool = values.map((one) => message(Buffer.alloc(0), one).properties);
    const step = fc.record({
      which: fc.nat(pool.length - 1),
      size: fc.constantFrom(0, 1, 5, 4088, 4089, 20_000),
      consumer: fc.nat(1),
      tag: fc.integer({ min: 1, max: 2 ** 50 }),
      redelivered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { socket, outbox, writer } = bench(4096);
        const templates = ['one', 'two'].map(
          (tag) => new DeliverTemplate(CHANNEL, tag, 'exchange', 'key'),
        );
        for (const { which, size, consumer, tag, redelivered } of steps) {
          const one = new Message('exchange', 'key', pool[which]!, bodyOf(size));
          writer.deliver(templates[consumer]!, tag, redelivered, one);
        }
        outbox.flush();
        const got = contents(socket.bytes(), 4096);
        const seen = got.map(({ fields, properties, body }) => {
          const { deliveryMode, type } = properties as Record<string, unknown>;
          const { consumerTag, deliveryTag, redelivered } = fields;
          return [consumerTag, deliveryTag, redelivered, deliveryMode, type, body.length];
        });
        const expected = steps.map(({ which, size, consumer, tag, redelivered }) => {
          const { deliveryMode, type } = values[which]!;
          return [['one', 'two'][consumer], tag, redelivered, deliveryMode, type, size];
        });
        expect(seen).toEqual(expected);
      }),
    );
  });

  it('with a large body wait in few slabs, however small the frames', () => {
    const pool = new SlabPool();
    let taken = 0;
    const counting = {
      take(bytes: number) {
        taken++;
        return pool.take(bytes);
      },
      give: () => {},
    };
    const socket = new FakeSocket();
    socket.blocked = true;
    const outbox = new Outbox(socket.asSocket(), counting as unknown as SlabPool, () => {});
    const writer = new ContentWriter(outbox, CHANNEL, 17_000);
    const template = new DeliverTemplate(CHANNEL, 'tag', 'exchange', 'key');
    writer.deliver(template, 1, false, message(bodyOf(8_000_000)));
    outbox.flush();
    // A slab for the borders of each frame would be 30 MB for a body of 8 MB that all share.
    expect(taken).toBeLessThan(4);
    expect(contents(socket.bytes(), 17_000)[0]?.body.length).toBe(8_000_000);
  });

  it('are returned and fetched with the same content', () => {
    const { socket, outbox, writer } = bench(4096);
    const args = { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'x', routingKey: 'k' };
    for (const size of [0, 10, 5000, 70_000]) {
      writer.send(methodFrame('basic.return', CHANNEL, args), message(bodyOf(size)));
    }
    outbox.flush();
    const got = contents(socket.bytes(), 4096);
    expect(got.map(({ fields, body }) => [fields.replyText, body.length])).toEqual(
      [0, 10, 5000, 70_000].map((size) => ['NO_ROUTE', size]),
    );
  });
});
