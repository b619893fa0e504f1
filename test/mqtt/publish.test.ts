/** PUBLISH and its acknowledgements, both ways [MQTT 3.3 … 3.7, 4.3]. */
import type { IPublishPacket } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshId, RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt();
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const VERSIONS: readonly Version[] = [3, 4, 5];
type QoS = 0 | 1 | 2;
const ALL_QOS: readonly QoS[] = [0, 1, 2];

const login = (version: Version = 4, fields = {}) =>
  RawMqtt.login(broker.mqttPort, version, fields);

/** A topic that nobody else uses. */
const freshTopic = (): string => `topic/${freshId()}`;

/** Everything that comes until the broker has nothing more to say, acknowledged as it should be. */
async function serve(client: RawMqtt): Promise<string[]> {
  const seen: string[] = [];
  for (let quiet = false; !quiet; ) {
    quiet = true;
    for (const packet of await client.ping()) {
      seen.push(shown(packet));
      const { messageId } = packet as { messageId: number };
      quiet = false;
      if (packet.cmd === 'publish' && packet.qos === 1) client.send({ cmd: 'puback', messageId });
      if (packet.cmd === 'publish' && packet.qos === 2) client.send({ cmd: 'pubrec', messageId });
      if (packet.cmd === 'pubrec') client.send({ cmd: 'pubrel', messageId });
      if (packet.cmd === 'pubrel') client.send({ cmd: 'pubcomp', messageId });
    }
  }
  return seen;
}

describe.each(VERSIONS)('version %i', (version) => {
  it.each(ALL_QOS)('with QoS %i gets the lower of both QoS [MQTT-3.8.4-8]', async (granted) => {
    const topic = freshTopic();
    const client = await login(version);
    const suback = await client.subscribe(topic, granted);
    expect(suback.granted).toEqual([granted]);
    for (const qos of ALL_QOS) client.publish(topic, `q${qos}`, { qos });
    const seen = await serve(client);
    expect(seen.filter((line) => line.startsWith(topic))).toEqual(
      ALL_QOS.map((qos) => `${topic} q${qos} qos=${Math.min(qos, granted)}`),
    );
  });

  it('is answered PUBACK with the packet identifier of PUBLISH [MQTT-4.3.2-4]', async () => {
    const client = await login(version);
    for (const id of [1, 77, 65_535]) {
      client.publish(freshTopic(), 'x', { qos: 1, messageId: id });
      expect((await client.expect('puback')).messageId).toBe(id);
    }
  });

  it('is answered PUBREC, and PUBCOMP to PUBREL [MQTT-4.3.3-8], [MQTT-4.3.3-11]', async () => {
    const client = await login(version);
    client.publish(freshTopic(), 'x', { qos: 2, messageId: 9 });
    expect((await client.expect('pubrec')).messageId).toBe(9);
    client.send({ cmd: 'pubrel', messageId: 9 });
    expect((await client.expect('pubcomp')).messageId).toBe(9);
  });

  it('delivers a QoS 2 message once, however often it is sent [MQTT-4.3.3-10]', async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = [await login(version), await login(version)];
    await subscriber.subscribe(topic, 0);
    publisher.publish(topic, 'once', { qos: 2, messageId: 5 });
    await publisher.expect('pubrec');
    publisher.publish(topic, 'once', { qos: 2, messageId: 5, dup: true });
    await publisher.expect('pubrec');
    publisher.send({ cmd: 'pubrel', messageId: 5 });
    await publisher.expect('pubcomp');
    expect((await subscriber.ping()).map(shown)).toEqual([`${topic} once qos=0`]);
    // Released: the identifier stands for another message now [MQTT-4.3.3-12].
    publisher.publish(topic, 'again', { qos: 2, messageId: 5 });
    await publisher.expect('pubrec');
    expect((await subscriber.ping()).map(shown)).toEqual([`${topic} again qos=0`]);
  });

  it('answers a PUBREL of which it knows nothing all the same', async () => {
    const client = await login(version);
    client.send({ cmd: 'pubrel', messageId: 1234 });
    const pubcomp = await client.expect('pubcomp');
    expect(pubcomp.reasonCode ?? 0).toBe(version === 5 ? 0x92 : 0);
  });

  it('answers in the order of the PUBLISH packets [MQTT-4.6.0-2], [MQTT-4.6.0-3]', async () => {
    const client = await login(version);
    for (let id = 1; id <= 20; id++) {
      client.publish(freshTopic(), 'x', { qos: id % 2 === 0 ? 2 : 1, messageId: id });
    }
    const answers = (await client.ping()) as { cmd: string; messageId: number }[];
    expect(answers.map(({ messageId }) => messageId)).toEqual(answers.map((_, i) => i + 1));
    expect(answers).toHaveLength(20);
  });

  it('gets messages in the order in which they were published [MQTT-4.6.0-5]', async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = [await login(version), await login(version)];
    await subscriber.subscribe(topic, 1);
    for (let i = 0; i < 50; i++) publisher.publish(topic, String(i), { qos: 1 });
    await publisher.ping();
    const seen = await serve(subscriber);
    expect(seen.map((line) => line.split(' ')[1])).toEqual(seen.map((_, i) => String(i)));
    expect(seen).toHaveLength(50);
  });

  it('uses identifiers that are not in use [MQTT-2.2.1-4]', async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = [await login(version), await login(version)];
    await subscriber.subscribe(topic, 1);
    const ids: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) publisher.publish(topic, String(i), { qos: 1 });
      await publisher.ping();
      const packets = (await subscriber.ping()) as IPublishPacket[];
      ids.push(...packets.map(({ messageId }) => messageId as number));
      // Every other one is acknowledged: its identifier may be used again, the others may not.
      for (const [index, packet] of packets.entries()) {
        const messageId = packet.messageId as number;
        if (index % 2 === 0) subscriber.send({ cmd: 'puback', messageId });
      }
      await subscriber.ping();
    }
    expect(ids).toHaveLength(30);
    expect(new Set(ids).size).toBe(30);
    expect(ids.every((id) => id > 0)).toBe(true);
  });

  it('is sent PUBREL after its PUBREC, and nothing after PUBCOMP [MQTT-4.3.3-4]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(topic, 2);
    client.publish(topic, 'x', { qos: 2, messageId: 3 });
    const packets = (await client.ping()) as IPublishPacket[];
    const delivered = packets.find(({ cmd }) => cmd === 'publish') as IPublishPacket;
    client.send({ cmd: 'pubrec', messageId: delivered.messageId as number });
    expect((await client.expect('pubrel')).messageId).toBe(delivered.messageId);
    client.send({ cmd: 'pubrec', messageId: delivered.messageId as number });
    expect((await client.expect('pubrel')).messageId).toBe(delivered.messageId);
    client.send({ cmd: 'pubcomp', messageId: delivered.messageId as number });
    expect(await client.ping()).toEqual([]);
  });

  it('does not send more than its window before it is acknowledged', async () => {
    const topic = freshTopic();
    const narrow = await startMqtt({ 'mqtt.prefetch': 3 });
    const client = await RawMqtt.login(narrow.mqttPort, version);
    const publisher = await RawMqtt.login(narrow.mqttPort, version);
    await client.subscribe(topic, 1);
    for (let i = 0; i < 8; i++) publisher.publish(topic, String(i), { qos: 1 });
    await publisher.ping();
    expect(await client.ping()).toHaveLength(3);
    client.send({ cmd: 'puback', messageId: 1 });
    const [fourth, ...more] = await client.ping();
    expect([shown(fourth!), more]).toEqual([`${topic} 3 qos=1`, []]);
    await narrow.stop();
  });

  it('carries payloads of any size and content', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(topic, 0);
    for (const bytes of [0, 1, 127, 128, 16_383, 16_384, 70_000, 1_000_000]) {
      const payload = Buffer.alloc(bytes, '\0\xff\x80x', 'latin1');
      client.publish(topic, payload);
      const packet = await client.expect('publish');
      expect(Buffer.compare(packet.payload as Buffer, payload)).toBe(0);
    }
  });

  const refused: readonly [string, Buffer | number[], number][] = [
    ['QoS 3 [MQTT-3.3.1-4]', [0x36, 5, 0, 1, 0x61, 0, 1], 0x81],
    ['DUP and QoS 0 [MQTT-3.3.1-2]', [0x38, 3, 0, 1, 0x61], 0x81],
    ['packet identifier 0 [MQTT-2.2.1-3]', [0x32, 5, 0, 1, 0x61, 0, 0], 0x82],
    ['a topic that is cut short', [0x30, 3, 0, 9, 0x61], 0x81],
    ['a topic with + [MQTT-3.3.2-2]', [0x30, 5, 0, 3, 0x61, 0x2f, 0x2b], 0x90],
    ['a topic with # [MQTT-3.3.2-2]', [0x30, 3, 0, 1, 0x23], 0x90],
    ['a topic with U+0000 [MQTT-1.5.4-2]', [0x30, 3, 0, 1, 0], 0x81],
    ['a topic that is not UTF-8 [MQTT-1.5.4-1]', [0x30, 4, 0, 2, 0xc0, 0x80], 0x81],
    ['a surrogate in its topic [MQTT-1.5.4-1]', [0x30, 5, 0, 3, 0xed, 0xa0, 0x80], 0x81],
    ['PUBACK with flags [MQTT-2.1.3-1]', [0x41, 2, 0, 1], 0x81],
    ['PUBREL without its flags [MQTT-3.6.1-1]', [0x60, 2, 0, 1], 0x81],
    ['PUBACK with identifier 0', [0x40, 2, 0, 0], 0x82],
    ['PUBACK that is cut short', [0x40, 1, 0], 0x81],
    ['PINGREQ with a body', [0xc0, 1, 0], 0x81],
    ['a packet type that only servers send', [0x90, 3, 0, 1, 0], 0x82],
    ['packet type 0', [0, 0], 0x82],
    ['a remaining length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 1], 0x81],
  ];

  it.each(refused)('closes on %s', async (_what, bytes, code) => {
    const client = await login(version);
    // With version 5 the body has properties; what is refused comes before them.
    const topics = version === 5 && bytes[0]! >> 4 === 3 && !(code === 0x81 && bytes[3] === 9);
    const whole = topics
      ? Buffer.from([bytes[0]!, bytes[1]! + 1, ...[...bytes].slice(2), 0])
      : bytes;
    client.write(bytes[1] === 0xff ? bytes : whole);
    expect(await client.end()).toBe(version === 5 ? code : null);
  });

  it('closes on an empty topic [MQTT-4.7.3-1]', async () => {
    const client = await login(version);
    client.write(version === 5 ? [0x30, 3, 0, 0, 0] : [0x30, 2, 0, 0]);
    expect(await client.end()).toBe(version === 5 ? 0x82 : null);
  });

  it('may not publish for the broker in $SYS', async () => {
    const client = await login(version);
    client.publish('$SYS/broker/version', 'x', { qos: 1 });
    if (version === 5) expect((await client.expect('puback')).reasonCode).toBe(0x87);
    else expect(await client.end()).toBe(null);
  });
});

describe('version 5', () => {
  it('is told when nobody got its message [MQTT 3.4.2.1]', async () => {
    const topic = freshTopic();
    const client = await login(5);
    client.publish(topic, 'x', { qos: 1 });
    expect((await client.expect('puback')).reasonCode).toBe(0x10);
    client.publish(topic, 'x', { qos: 2 });
    expect((await client.expect('pubrec')).reasonCode).toBe(0x10);
    await client.subscribe(topic, 0);
    client.publish(topic, 'x', { qos: 1 });
    const [, puback] = await client.ping();
    expect(puback).toMatchObject({ cmd: 'puback', reasonCode: 0 });
  });

  it('is not sent PUBREL after a PUBREC that refuses [MQTT-4.3.3-4]', async () => {
    const topic = freshTopic();
    const client = await login(5);
    await client.subscribe(topic, 2);
    client.publish(topic, 'x', { qos: 2 });
    const delivered = (await client.ping()).find(({ cmd }) => cmd === 'publish') as IPublishPacket;
    client.send({ cmd: 'pubrec', messageId: delivered.messageId as number, reasonCode: 0x83 });
    expect(await client.ping()).toEqual([]);
  });

  it('is disconnected when it does not release QoS 2 messages [MQTT-3.3.4-9]', async () => {
    const strict = await startMqtt({ 'mqtt.receive_maximum': 3 });
    const client = await RawMqtt.login(strict.mqttPort, 5);
    expect(client.connack.properties?.receiveMaximum).toBe(3);
    for (let id = 1; id <= 4; id++) client.publish('x', 'x', { qos: 2, messageId: id });
    for (let id = 1; id <= 3; id++) await client.expect('pubrec');
    expect((await client.expect('disconnect')).reasonCode).toBe(0x93);
    await strict.stop();
  });

  it('is sent no more than its receive maximum [MQTT-3.3.4-9]', async () => {
    const topic = freshTopic();
    const client = await login(5, { properties: { receiveMaximum: 2 } });
    await client.subscribe(topic, 2);
    for (const qos of [1, 2, 1] as const) client.publish(topic, `q${qos}`, { qos });
    const first = (await client.ping()).filter(({ cmd }) => cmd === 'publish') as IPublishPacket[];
    expect(first.map(shown)).toEqual([`${topic} q1 qos=1`, `${topic} q2 qos=2`]);
    client.send({ cmd: 'pubrec', messageId: first[1]!.messageId as number });
    await client.expect('pubrel');
    // Still counts, until PUBCOMP [MQTT 4.9].
    expect(await client.ping()).toEqual([]);
    client.send({ cmd: 'pubcomp', messageId: first[1]!.messageId as number });
    expect((await client.ping()).map(shown)).toEqual([`${topic} q1 qos=1`]);
  });

  it('is sent QoS 0 all the same when its receive maximum is reached [MQTT 4.9]', async () => {
    const topic = freshTopic();
    const client = await login(5, { properties: { receiveMaximum: 1 } });
    await client.subscribe(topic, 1);
    await client.subscribe(`${topic}/0`, 0);
    client.publish(topic, 'a', { qos: 1 });
    client.publish(topic, 'b', { qos: 1 });
    client.publish(`${topic}/0`, 'c', { qos: 0 });
    const seen = (await client.ping()).filter(({ cmd }) => cmd === 'publish');
    expect(seen.map(shown)).toEqual([`${topic} a qos=1`, `${topic}/0 c qos=0`]);
  });

  it('is sent no packet larger than it takes [MQTT-3.1.2-24], [MQTT-3.1.2-25]', async () => {
    const topic = freshTopic();
    const client = await login(5, { properties: { maximumPacketSize: 60 } });
    await client.subscribe(topic, 1);
    client.publish(topic, 'x'.repeat(60), { qos: 1 });
    client.publish(topic, 'fits', { qos: 1 });
    const seen = (await client.ping()).filter(({ cmd }) => cmd === 'publish');
    expect(seen.map(shown)).toEqual([`${topic} fits qos=1`]);
  });

  it('that sends a packet larger than the broker takes is told so [MQTT-3.2.2-15]', async () => {
    const small = await startMqtt({ 'mqtt.max_packet_size_authenticated': 2048 });
    const client = await RawMqtt.login(small.mqttPort, 5);
    expect(client.connack.properties?.maximumPacketSize).toBe(2048);
    client.publish('x', Buffer.alloc(2048));
    expect(await client.end()).toBe(0x95);
    await small.stop();
  });
});
