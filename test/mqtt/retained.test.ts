/** Retained messages [MQTT 3.3.1.3]: over the wire, and the tree that keeps them. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PLAIN } from '../../protocols/mqtt/message-form.ts';
import { Retained } from '../../protocols/mqtt/retained.ts';
import { keyOf, matches, topicOf } from '../../protocols/mqtt/topics.ts';
import { Message } from '../../src/broker/message.ts';
import { ManualClock } from '../../src/clock.ts';
import { freshId, RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

const clock = new ManualClock();
let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt({}, clock);
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const VERSIONS: readonly Version[] = [3, 4, 5];
const login = (version: Version = 4, fields = {}) =>
  RawMqtt.login(broker.mqttPort, version, fields);
const freshTopic = (): string => `retained/${freshId()}`;

/** What somebody gets who subscribes now. */
async function late(filter: string, qos: 0 | 1 | 2 = 2, version: Version = 4): Promise<string[]> {
  const client = await login(version);
  await client.subscribe(filter, qos);
  const packets = await client.ping();
  await client.destroy();
  return packets.map(shown);
}

describe.each(VERSIONS)('version %i', (version) => {
  it('gets the last retained message of a topic, with the flag [MQTT-3.3.1-6], [MQTT-3.3.1-8]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    for (const text of ['a', 'b', 'c']) client.publish(topic, text, { qos: 1, retain: true });
    client.publish(topic, 'not retained', { qos: 1 });
    await client.ping();
    expect(await late(topic, 2, version)).toEqual([`${topic} c qos=1 retain`]);
  });

  it('gets it with the lower of both QoS', async () => {
    const topic = freshTopic();
    const client = await login(version);
    for (const qos of [0, 1, 2] as const) {
      client.publish(topic, 'x', { qos, retain: true });
      await client.ping();
      const lines = [await late(topic, 0), await late(topic, 1), await late(topic, 2)];
      expect(lines.flat()).toEqual(
        [0, 1, 2].map((granted) => `${topic} x qos=${Math.min(qos, granted)} retain`),
      );
    }
  });

  it('gets what is published while it is subscribed without the flag [MQTT-3.3.1-12]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(topic, 0);
    client.publish(topic, 'x', { retain: true });
    expect((await client.ping()).map(shown)).toEqual([`${topic} x qos=0`]);
  });

  it('gets nothing once an empty message was retained [MQTT-3.3.1-6], [MQTT-3.3.1-7]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    await client.subscribe(topic, 0);
    client.publish(topic, 'x', { retain: true });
    client.publish(topic, '', { retain: true });
    expect((await client.ping()).map(shown)).toEqual([`${topic} x qos=0`, `${topic}  qos=0`]);
    expect(await late(topic)).toEqual([]);
  });

  it('gets all that a wildcard takes', async () => {
    const topic = freshTopic();
    const client = await login(version);
    const names = ['', '/a', '/a/b', '/c', '/c/'];
    for (const name of names) client.publish(`${topic}${name}`, 'x', { retain: true });
    await client.ping();
    const seen = async (filter: string): Promise<string[]> =>
      (await late(filter, 0, version)).map((line) => line.split(' ')[0]!).sort();
    expect(await seen(`${topic}/#`)).toEqual(names.map((name) => topic + name).sort());
    expect(await seen(`${topic}/+`)).toEqual([`${topic}/a`, `${topic}/c`]);
    expect(await seen(`${topic}/+/+`)).toEqual([`${topic}/a/b`, `${topic}/c/`]);
    expect(await seen(topic)).toEqual([topic]);
  });

  it('gets them again whenever it subscribes [MQTT-3.8.4-4]', async () => {
    const topic = freshTopic();
    const client = await login(version);
    client.publish(topic, 'x', { retain: true });
    for (let i = 0; i < 2; i++) {
      await client.subscribe(topic, 0);
      expect((await client.ping()).map(shown)).toEqual([`${topic} x qos=0 retain`]);
    }
  });
});

describe('a retained message', () => {
  it('of version 5 keeps its properties, and runs out [MQTT-3.3.2-5], [MQTT-3.3.2-6]', async () => {
    const topic = freshTopic();
    const client = await login(5);
    const properties = { messageExpiryInterval: 10, userProperties: { a: 'b' } };
    client.publish(topic, 'x', { qos: 1, retain: true, properties });
    await client.ping();
    clock.advance(4_000);
    const reader = await login(5);
    await reader.subscribe(topic, 1);
    const publish = await reader.expect('publish');
    expect(publish.properties?.messageExpiryInterval).toBe(6);
    expect(publish.properties?.userProperties).toMatchObject({ a: 'b' });
    clock.advance(6_000);
    expect(await late(topic)).toEqual([]);
  });

  it('is not kept when there are too many, or too much of them', async () => {
    const limits = { 'mqtt.retained_messages_max': 2, 'mqtt.retained_bytes_max': 100 };
    const small = await startMqtt(limits);
    const client = await RawMqtt.login(small.mqttPort, 4);
    for (const topic of ['a', 'b', 'c']) client.publish(topic, 'x', { retain: true });
    client.publish('a', 'y'.repeat(200), { retain: true });
    client.publish('b', 'z', { retain: true });
    await client.subscribe('#', 0);
    expect((await client.ping()).map(shown).sort()).toEqual([
      'a x qos=0 retain',
      'b z qos=0 retain',
    ]);
    await small.stop();
  });
});

describe('Retained', () => {
  const level = fc.constantFrom('a', 'b', 'c', '', '$x');
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((words) => words.join('/'));
  const filters = fc
    .array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 })
    .chain((words) => fc.boolean().map((all) => (all ? [...words, '#'] : words).join('/')));

  it('finds what a look at every topic would find', () => {
    const changes = fc.array(fc.tuple(topics, fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(changes, filters, (steps, filter) => {
        const retained = new Retained({ messages: 1000, bytes: 100_000 });
        const model = new Set<string>();
        for (const [topic, keep] of steps.filter(([name]) => name !== '')) {
          const message = new Message('amq.topic', keyOf(topic), PLAIN[0]!, Buffer.from('x'));
          if (keep) retained.put(message);
          else retained.delete(topic);
          if (keep) model.add(topic);
          else model.delete(topic);
        }
        const found = retained.match(filter, 0).map(({ routingKey }) => topicOf(routingKey));
        expect(found.sort()).toEqual([...model].filter((topic) => matches(filter, topic)).sort());
        expect(retained.size).toBe(model.size);
        for (const topic of model) retained.delete(topic);
        expect([retained.size, retained.bytes]).toEqual([0, 0]);
      }),
    );
  });
});
