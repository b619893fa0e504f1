/**
 * PUBLISH on the wire: golden packets, byte by byte, and our writer and reader against mqtt-packet
 * for whatever fast-check thinks of.
 */
import fc from 'fast-check';
import { generate, type IPublishPacket, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { formOf, propertiesOf } from '../../protocols/mqtt/message-form.ts';
import { scan } from '../../protocols/mqtt/property-rules.ts';
import { PublishWriter } from '../../protocols/mqtt/publish-writer.ts';
import { isTopicName, keyOf, topicOf } from '../../protocols/mqtt/topics.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import { Message } from '../../src/broker/message.ts';
import { type Properties, Properties as PropertySet } from '../../src/broker/properties.ts';
import type { Outbox } from '../../src/server/outbox.ts';

/** Where a writer writes to; what it was is what came out. */
class Paper {
  slab: Buffer = Buffer.alloc(0);
  private readonly pieces: Buffer[] = [];

  reserve(size: number): number {
    // An offset, so that nobody counts from the start of the slab.
    this.slab = Buffer.alloc(size + 7);
    this.pieces.push(this.slab.subarray(7));
    return 7;
  }

  write(bytes: Buffer): void {
    this.pieces.push(bytes);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

interface Wanted {
  readonly qos?: number;
  readonly retain?: boolean;
  readonly id?: number;
  readonly dup?: boolean;
  readonly expirySeconds?: number;
  readonly identifiers?: readonly number[];
}

function write(version: 4 | 5, message: Message, wanted: Wanted = {}, aliases = 0): Buffer {
  const paper = new Paper();
  const writer = new PublishWriter(paper as unknown as Outbox, version, aliases);
  put(writer, message, wanted);
  return paper.bytes;
}

function put(writer: PublishWriter, message: Message, wanted: Wanted): void {
  const { qos = 0, retain = false, id = 0, dup = false, expirySeconds = -1 } = wanted;
  const delivery = { message, redelivered: dup } as Delivery;
  const form = formOf(message.properties);
  writer.write(delivery, form, qos, retain, id, expirySeconds, wanted.identifiers);
}

/** The properties that a block of MQTT 5 stands for. */
function propertiesIn(block: Buffer, qos = 0): Properties {
  return propertiesOf(qos, false, block, scan(block, 0, block.length, 'publish').properties);
}

const PLAIN = new PropertySet({});

/** Versions, what is said, and the bytes of it. */
const GOLDEN: readonly [name: string, 4 | 5, Message, Wanted, string][] = [
  ['nothing', 4, new Message('', 'a', PLAIN, Buffer.alloc(0)), {}, '30 03 0001 61'],
  [
    'QoS 1',
    4,
    new Message('', 'a.b', PLAIN, Buffer.from('x')),
    { qos: 1, id: 258 },
    '32 08 0003 612f62 0102 78',
  ],
  [
    'QoS 2, retain, DUP',
    4,
    new Message('', 'a', PLAIN, Buffer.from('x')),
    { qos: 2, id: 1, retain: true, dup: true },
    '3d 06 0001 61 0001 78',
  ],
  ['version 5', 5, new Message('', 'a', PLAIN, Buffer.from('x')), {}, '30 05 0001 61 00 78'],
  [
    'expiry and identifiers',
    5,
    new Message('', 'a', PLAIN, Buffer.from('x')),
    { qos: 1, id: 2, expirySeconds: 60, identifiers: [1, 200] },
    '32 11 0001 61 0002 0a 02 0000003c 0b 01 0b c801 78',
  ],
  [
    'properties as they came',
    5,
    new Message(
      '',
      'a',
      propertiesIn(Buffer.from('110101260001610001620300017408000172', 'hex')),
      Buffer.from('x'),
    ),
    {},
    '30 16 0001 61 11 0101 26 0001 61 0001 62 03 0001 74 08 0001 72 78',
  ],
];

describe('PUBLISH', () => {
  it.each(GOLDEN)('is written as it should be: %s', (_name, version, message, wanted, hex) => {
    // From the second time on the packet is copied.
    for (let round = 0; round < 3; round++) {
      expect(write(version, message, wanted).toString('hex')).toBe(hex.replaceAll(' ', ''));
    }
  });

  const topics = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((topic) => {
    return isTopicName(topic) && !topic.includes('\0') && topic.isWellFormed();
  });
  const text = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((value) => {
    return !value.includes('\0') && value.isWellFormed();
  });
  const packets = fc.record({
    topic: topics,
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    properties: fc.record(
      {
        payloadFormatIndicator: fc.boolean(),
        contentType: text,
        responseTopic: topics,
        correlationData: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        messageExpiryInterval: fc.integer({ min: 1, max: 100_000 }),
      },
      { requiredKeys: [] },
    ),
  });

  it('is read back by mqtt-packet as it was, through the store or not', () => {
    fc.assert(
      fc.property(packets, fc.boolean(), ({ topic, payload, qos, retain, properties }, stored) => {
        const packet = { topic, payload, qos, retain, properties, dup: false, messageId: 77 };
        const given = read(generate({ cmd: 'publish', ...packet }, { protocolVersion: 5 }));
        let kept = given.properties;
        // What comes from disk has no bytes to send on.
        if (stored) kept = new PropertySet({ ...kept, headers: kept.headers });
        const message = new Message('', keyOf(topic), kept, payload);
        const form = formOf(message.properties);
        expect([form.qos, form.retained]).toEqual([qos, retain ? 1 : 0]);
        const expirySeconds = properties.messageExpiryInterval ?? -1;
        const wanted = { qos, id: qos === 0 ? 0 : 9, retain, expirySeconds };
        const again = parse(write(5, message, wanted));
        expect(again.topic).toBe(topic);
        expect(Buffer.compare(again.payload as Buffer, payload)).toBe(0);
        expect({ ...again.properties }).toEqual(properties);
        expect(topicOf(message.routingKey)).toBe(topic);
      }),
    );
  });

  it('has a topic alias from the second time on, if the client takes one', () => {
    const paper = new Paper();
    const writer = new PublishWriter(paper as unknown as Outbox, 5, 1);
    const message = new Message('', 'a.b', PLAIN, Buffer.from('x'));
    for (let round = 0; round < 2; round++) put(writer, message, {});
    expect(paper.bytes.toString('hex')).toBe(
      '300a0003612f6203230001' + '78' + '30070000' + '03230001' + '78',
    );
  });

  it('is not copied whole when it is large', () => {
    const message = new Message('', 'a', PLAIN, Buffer.alloc(100_000, 'y'));
    for (const version of [4, 5] as const) {
      const packet = parse(write(version, message), version);
      expect(Buffer.compare(packet.payload as Buffer, message.body)).toBe(0);
    }
  });
});

function parse(bytes: Buffer, protocolVersion = 5): IPublishPacket {
  let found: IPublishPacket | null = null;
  const reading = parser({ protocolVersion } as object);
  reading.on('packet', (packet) => {
    found = packet as IPublishPacket;
  });
  reading.on('error', (error: Error) => {
    throw error;
  });
  reading.parse(bytes);
  if (found === null) throw new Error('no packet');
  return found;
}

/** What Publishing makes of a PUBLISH of version 5 and QoS above 0: its properties. */
function read(bytes: Buffer): { readonly properties: Properties } {
  const first = bytes[0] as number;
  let at = 1;
  while ((bytes[at++] as number) > 0x7f);
  at += 2 + bytes.readUInt16BE(at);
  const qos = (first >> 1) & 3;
  if (qos > 0) at += 2;
  const { properties, end } = scan(bytes, at, bytes.length, 'publish');
  const block = bytes.subarray(at, end);
  const shifted = scan(block, 0, block.length, 'publish').properties;
  expect(properties).toHaveLength(shifted.length);
  return { properties: propertiesOf(qos, (first & 1) === 1, block, shifted) };
}
