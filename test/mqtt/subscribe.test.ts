/** SUBSCRIBE, UNSUBSCRIBE and what comes of them [MQTT 3.8 … 3.11, 4.7, 4.8]. */
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshId, RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt();
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const VERSIONS: readonly Version[] = [3, 4, 5];
const login = (version: Version = 4, fields = {}) =>
  RawMqtt.login(broker.mqttPort, version, fields);
const freshTopic = (): string => `sub/${freshId()}`;

/** The publishes among what comes until the answer to a ping. */
async function received(client: RawMqtt): Promise<string[]> {
  return (await client.ping()).filter(({ cmd }) => cmd === 'publish').map(shown);
}

describe.each(VERSIONS)('version %i', (version) => {
  it('gets a SUBACK with a code for each filter, in order [MQTT-3.8.4-6]', async () => {
    const client = await login(version);
    const topics = [freshTopic(), freshTopic(), freshTopic()];
    client.send({
      cmd: 'subscribe',
      messageId: 4711,
      subscriptions: topics.map((topic, qos) => ({ topic, qos: qos as 0 })),
    });
    const suback = await client.expect('suback');
    expect(suback).toMatchObject({ messageId: 4711, granted: [0, 1, 2] });
  });

  it('is refused a filter that is too deep, and gets the others [MQTT-3.9.3-1]', async () => {
    const client = await login(version);
    const deep = `a${'/+'.repeat(300)}`;
    const subscriptions = [deep, freshTopic(), deep].map((topic) => ({ topic, qos: 1 as const }));
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    const bad = version === 5 ? 0x8f : 0x80;
    expect((await client.expect('suback')).granted).toEqual([bad, 1, bad]);
  });

  it.each(['a/#/b', 'a+', '+a', '#a', 'a#', '##', 'a/++', ''])(
    'closes on what is no filter, in UNSUBSCRIBE, too: %j [MQTT-4.7.1-1], [MQTT-4.7.1-2]',
    async (filter) => {
      const subscriptions = [
        { topic: freshTopic(), qos: 1 as const },
        { topic: filter, qos: 0 },
      ];
      const [first, second] = [await login(version), await login(version)];
      first.send({ cmd: 'subscribe', messageId: 1, subscriptions } as Packet);
      second.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [filter] });
      const code = version === 5 ? 0x81 : null;
      expect([await first.end(), await second.end()]).toEqual([code, code]);
    },
  );

  it('gets each message once, with the highest QoS of overlapping filters [MQTT-3.3.4-2]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(`${topic}/#`, 2);
    await client.subscribe(`${topic}/+`, 1);
    client.publish(`${topic}/x`, 'once', { qos: 2 });
    expect(await received(client)).toEqual([`${topic}/x once qos=2`]);
  });

  it('replaces a subscription that it makes again [MQTT-3.8.4-3]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    for (const qos of [0, 2, 1, 0, 1] as const) {
      await client.subscribe(topic, qos);
      client.publish(topic, 'x', { qos: 2 });
      expect(await received(client)).toEqual([`${topic} x qos=${qos}`]);
    }
  });

  it('gets nothing more after UNSUBSCRIBE [MQTT-3.10.4-2], [MQTT-3.10.4-4]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(topic, 1);
    await client.subscribe(`${topic}/b`, 0);
    const unsuback = await client.unsubscribe(topic);
    if (version === 5) expect(unsuback.granted).toEqual([0]);
    client.publish(topic, 'x', { qos: 1 });
    client.publish(`${topic}/b`, 'y', { qos: 1 });
    expect(await received(client)).toEqual([`${topic}/b y qos=0`]);
  });

  it('is answered an UNSUBSCRIBE of what it has not [MQTT-3.10.4-5]', async () => {
    const client = await login(version);
    const unsuback = await client.unsubscribe(freshTopic());
    if (version === 5) expect(unsuback.granted).toEqual([0x11]);
  });

  it.each([
    ['#', 'all'],
    ['+/x', 'first level'],
  ])('does not get topics of the server by %j [MQTT-4.7.2-1]', async (filter) => {
    const own = await startMqtt();
    const client = await RawMqtt.login(own.mqttPort, version);
    await client.subscribe(filter, 1);
    await client.subscribe(filter === '#' ? '+/+' : '#', 0);
    client.publish('$own/x', 'hidden', { qos: 1 });
    expect(await received(client)).toEqual([]);
    await client.subscribe('$own/#', 1);
    client.publish('$own/x', 'asked for', { qos: 1 });
    expect(await received(client)).toEqual(['$own/x asked for qos=1']);
    await own.stop();
  });

  it('matches level by level, empty ones included [MQTT-4.7.1-3]', async () => {
    const own = await startMqtt();
    const client = await RawMqtt.login(own.mqttPort, version);
    await client.subscribe('+/+', 0);
    for (const topic of ['/', 'a/', '/b', 'a/b', 'a', 'a/b/c', '//']) client.publish(topic, 'x');
    const topics = (await received(client)).map((line) => line.split(' ')[0]);
    expect(topics).toEqual(['/', 'a/', '/b', 'a/b']);
    await own.stop();
  });

  it('tells topics apart by every character [MQTT-4.7.3-4]', async () => {
    const own = await startMqtt();
    const client = await RawMqtt.login(own.mqttPort, version);
    const topics = [
      'A.B',
      'A/B',
      'a/b',
      'A/B/',
      '/A/B',
      'A B',
      'Ä/B',
      'A/*',
      '*',
      'A.*.#'.slice(0, 3),
    ];
    for (const topic of topics) await client.subscribe(topic, 0);
    for (const topic of topics) {
      client.publish(topic, topic);
      expect(await received(client)).toEqual([`${topic} ${topic} qos=0`]);
    }
    await own.stop();
  });

  const refused: readonly [string, number[], number][] = [
    ['no filter at all [MQTT-3.8.3-2]', [0x82, 2, 0, 1], 0x82],
    ['wrong flags [MQTT-3.8.1-1]', [0x80, 6, 0, 1, 0, 1, 0x61, 0], 0x81],
    ['packet identifier 0 [MQTT-2.2.1-3]', [0x82, 6, 0, 0, 0, 1, 0x61, 0], 0x82],
    ['QoS 3 [MQTT-3.8.3-4]', [0x82, 6, 0, 1, 0, 1, 0x61, 3], 0x81],
    ['reserved bits [MQTT-3.8.3-5]', [0x82, 6, 0, 1, 0, 1, 0x61, 0xc1], 0x81],
    ['a filter that is not UTF-8 [MQTT-3.8.3-1]', [0x82, 6, 0, 1, 0, 1, 0xff, 0], 0x81],
    ['a filter with U+0000 [MQTT-4.7.3-2]', [0x82, 6, 0, 1, 0, 1, 0, 0], 0x81],
    ['a filter without options', [0x82, 5, 0, 1, 0, 1, 0x61], 0x81],
    ['UNSUBSCRIBE without filter [MQTT-3.10.3-2]', [0xa2, 2, 0, 1], 0x82],
    ['UNSUBSCRIBE with wrong flags [MQTT-3.10.1-1]', [0xa0, 5, 0, 1, 0, 1, 0x61], 0x81],
    ['UNSUBSCRIBE that is not UTF-8 [MQTT-3.10.3-1]', [0xa2, 5, 0, 1, 0, 1, 0xff], 0x81],
  ];

  it.each(refused)('closes on SUBSCRIBE with %s', async (_what, bytes, code) => {
    const client = await login(version);
    const [first, length, ...rest] = bytes as [number, number, ...number[]];
    // Version 5 has properties behind the identifier.
    const whole = [first, length + 1, ...rest.slice(0, 2), 0, ...rest.slice(2)];
    client.write(version === 5 ? whole : bytes);
    expect(await client.end()).toBe(version === 5 ? code : null);
  });

  it('is served by queues of the engine that are named as RabbitMQ names them', async () => {
    const own = await startMqtt();
    const clientId = freshId();
    const client = await RawMqtt.login(own.mqttPort, version, { clientId });
    await client.subscribe('a/b', 0);
    await client.subscribe('a/c', 1);
    const { default: amqplib } = await import('amqplib');
    const connection = await amqplib.connect(own.url);
    const channel = await connection.createChannel();
    connection.on('error', () => {});
    channel.on('error', () => {});
    for (const kind of ['qos0', 'qos1']) {
      // It is there, and it is this client's own.
      const looked = channel.checkQueue(`mqtt-subscription-${clientId}${kind}`);
      await expect(looked).rejects.toThrow(/RESOURCE_LOCKED|405/);
      break;
    }
    await own.stop();
  });
});

describe('subscription options of version 5', () => {
  it('no-local: a client does not get what it publishes itself [MQTT-3.8.3-3]', async () => {
    const topic = freshTopic();
    const [client, other] = [await login(5), await login(5)];
    for (const qos of [0, 1] as const) {
      await client.subscribe(topic, qos, { nl: true });
      await other.subscribe(topic, qos, { nl: true });
      client.publish(topic, 'mine', { qos: 1 });
      expect(await received(client)).toEqual([]);
      expect(await received(other)).toEqual([`${topic} mine qos=${qos}`]);
      other.publish(topic, 'theirs', { qos: 1 });
      expect((await other.expect('puback')).reasonCode).toBe(0);
      expect(await received(client)).toEqual([`${topic} theirs qos=${qos}`]);
    }
  });

  it('no-local: another subscription still gets it', async () => {
    const topic = freshTopic();
    const client = await login(5);
    await client.subscribe(topic, 1, { nl: true });
    await client.subscribe(`${topic}/#`, 1);
    client.publish(topic, 'mine', { qos: 1 });
    expect(await received(client)).toEqual([`${topic} mine qos=1`]);
  });

  it('no-local on a shared subscription is a protocol error [MQTT-3.8.3-4]', async () => {
    const client = await login(5);
    await expect(client.subscribe('$share/g/x', 1, { nl: true })).rejects.toThrow(/disconnect/);
  });

  it('retain as published [MQTT-3.3.1-12], [MQTT-3.3.1-13]', async () => {
    const topic = freshTopic();
    const [plain, keeping] = [await login(5), await login(5)];
    await plain.subscribe(topic, 1, { rap: false });
    await keeping.subscribe(topic, 1, { rap: true });
    plain.publish(topic, 'kept', { qos: 1, retain: true });
    plain.publish(topic, 'not', { qos: 1 });
    expect(await received(plain)).toEqual([`${topic} kept qos=1`, `${topic} not qos=1`]);
    expect(await received(keeping)).toEqual([`${topic} kept qos=1 retain`, `${topic} not qos=1`]);
  });

  it('retain handling: always, for new ones, never [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]', async () => {
    const topic = freshTopic();
    const client = await login(5);
    client.publish(topic, 'kept', { qos: 1, retain: true });
    await client.expect('puback');
    const once = async (rh: number): Promise<number> => {
      await client.subscribe(topic, 0, { rh });
      return (await received(client)).length;
    };
    expect([await once(2), await once(2)]).toEqual([0, 0]);
    await client.unsubscribe(topic);
    expect([await once(1), await once(1)]).toEqual([1, 0]);
    expect([await once(0), await once(0)]).toEqual([1, 1]);
  });

  it('subscription identifiers come with the message [MQTT-3.3.4-3], [MQTT-3.3.4-4]', async () => {
    const topic = freshTopic();
    const [client, other] = [await login(5), await login(5)];
    await client.subscribe(topic, 1, {}, { subscriptionIdentifier: 456_789 });
    await other.subscribe(topic, 1, {}, { subscriptionIdentifier: 2 });
    await other.subscribe(`${topic}/#`, 1, {}, { subscriptionIdentifier: 3 });
    other.publish(topic, 'x', { qos: 1 });
    const ids = async (one: RawMqtt): Promise<unknown> => {
      const publish = (await one.ping()).find(({ cmd }) => cmd === 'publish') as IPublishPacket;
      return publish.properties?.subscriptionIdentifier;
    };
    expect(await ids(client)).toBe(456_789);
    expect(await ids(other)).toEqual([2, 3]);
  });

  it('a subscription identifier may not be 0 [MQTT 3.8.2.1.2]', async () => {
    const client = await login(5);
    client.write([0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, 0x61, 0]);
    expect(await client.end()).toBe(0x82);
  });

  it('retain handling 3 is a protocol error [MQTT 3.8.3.1]', async () => {
    const client = await login(5);
    client.write([0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x30]);
    expect(await client.end()).toBe(0x82);
  });
});

describe('a shared subscription', () => {
  it('gets each message to one of the group [MQTT-4.8.2-4]', async () => {
    const topic = freshTopic();
    const members = [await login(5), await login(4), await login(5)];
    for (const member of members) await member.subscribe(`$share/g/${topic}/+`, 1);
    const outside = await login(5);
    await outside.subscribe(`${topic}/x`, 1);
    for (let i = 0; i < 30; i++) outside.publish(`${topic}/x`, String(i), { qos: 1 });
    expect(await received(outside)).toHaveLength(30);
    const got = await Promise.all(members.map(received));
    expect(got.map(({ length }) => length)).toEqual([10, 10, 10]);
    const payloads = got.flat().map((line) => Number(line.split(' ')[1]));
    expect(payloads.sort((a, b) => a - b)).toEqual(payloads.map((_, i) => i));
  });

  it('gives what a member did not acknowledge to another [MQTT 4.8.2]', async () => {
    const topic = freshTopic();
    const [first, second] = [await login(5), await login(5)];
    await first.subscribe(`$share/g/${topic}`, 1);
    second.publish(topic, 'a', { qos: 1 });
    second.publish(topic, 'b', { qos: 1 });
    await second.ping();
    expect(await received(first)).toHaveLength(2);
    await second.subscribe(`$share/g/${topic}`, 1);
    await received(second);
    await first.destroy();
    for (let got: string[] = []; got.length < 2; ) got = [...got, ...(await received(second))];
  });

  it('has a QoS for each member, and sends no retained messages [MQTT-3.3.1-9]', async () => {
    const topic = freshTopic();
    const [zero, two] = [await login(5), await login(5)];
    zero.publish(topic, 'kept', { retain: true });
    await zero.subscribe(`$share/g/${topic}`, 0);
    await two.subscribe(`$share/g/${topic}`, 2);
    expect([await received(zero), await received(two)]).toEqual([[], []]);
    for (let i = 0; i < 4; i++) zero.publish(topic, 'x', { qos: 2 });
    expect(await received(zero)).toEqual([`${topic} x qos=0`, `${topic} x qos=0`]);
    expect(await received(two)).toEqual([`${topic} x qos=2`, `${topic} x qos=2`]);
  });

  it('ends with UNSUBSCRIBE of the same text [MQTT-3.10.4-1]', async () => {
    const topic = freshTopic();
    const client = await login(5);
    await client.subscribe(`$share/g/${topic}`, 1);
    expect((await client.unsubscribe(topic)).granted).toEqual([0x11]);
    expect((await client.unsubscribe(`$share/g/${topic}`)).granted).toEqual([0]);
    client.publish(topic, 'x', { qos: 1 });
    expect((await client.expect('puback')).reasonCode).toBe(0x10);
  });

  it.each([
    '$share',
    '$share/g',
    '$share//a',
    '$share/g+/a',
    '$share/#/a',
    '$share/g/',
    '$share/g/a+',
  ])('that is not sound is a protocol error: %j [MQTT-4.8.2-1], [MQTT-4.8.2-2]', async (filter) => {
    const client = await login(5);
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
    expect(await client.end()).toBe(0x82);
  });
});
