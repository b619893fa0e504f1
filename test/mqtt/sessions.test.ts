/** Sessions, takeover, wills and keep-alive [MQTT 3.1.2, 3.1.3, 4.1, 4.4]; time moves by hand. */
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import { freshId, RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

const clock = new ManualClock();
let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt({ 'mqtt.max_session_expiry_interval_seconds': 'infinity' }, clock);
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const VERSIONS: readonly Version[] = [3, 4, 5];
const login = (version: Version = 4, fields = {}) =>
  RawMqtt.login(broker.mqttPort, version, fields);
const freshTopic = (): string => `session/${freshId()}`;

/** A CONNECT with a session that lives on. */
const keeping = (version: Version, clientId: string, more = {}) => ({
  clientId,
  clean: false,
  ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }),
  ...more,
});

/** Waits until something is so; the broker is told of ends by the system, in its own time. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

const publishes = (packets: readonly Packet[]): IPublishPacket[] =>
  packets.filter((packet) => packet.cmd === 'publish');

describe.each(VERSIONS)('a session of version %i', (version) => {
  it('is there again when its client comes back [MQTT-3.1.2-5], [MQTT-3.2.2-3]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, keeping(version, clientId));
    expect(first.connack.sessionPresent).toBe(false);
    await first.subscribe(topic, 1);
    await first.disconnect();
    const again = await login(version, keeping(version, clientId));
    expect(again.connack.sessionPresent).toBe(version > 3);
    again.publish(topic, 'still subscribed', { qos: 1 });
    const [publish] = publishes(await again.ping());
    expect(shown(publish!)).toBe(`${topic} still subscribed qos=1`);
  });

  it('keeps messages of QoS 1 and 2 for a client that is away [MQTT-4.5.0-1]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, keeping(version, clientId));
    await first.subscribe(`${topic}/#`, 2);
    await first.disconnect();
    const publisher = await login(version);
    for (const qos of [0, 1, 2] as const) publisher.publish(`${topic}/${qos}`, 'x', { qos });
    await publisher.ping();
    const again = await login(version, keeping(version, clientId));
    expect(publishes(await again.ping()).map(shown)).toEqual([
      `${topic}/0 x qos=0`,
      `${topic}/1 x qos=1`,
      `${topic}/2 x qos=2`,
    ]);
  });

  it('sends what was not acknowledged again, in order, DUP, same identifiers [MQTT-4.4.0-1]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, keeping(version, clientId));
    await first.subscribe(topic, 2);
    const publisher = await login(version);
    for (let i = 0; i < 6; i++) publisher.publish(topic, String(i), { qos: i % 2 === 0 ? 1 : 2 });
    await publisher.ping();
    const before = publishes(await first.ping());
    expect(before).toHaveLength(6);
    first.send({ cmd: 'puback', messageId: before[2]!.messageId as number });
    await first.ping();
    await first.destroy();
    const again = await login(version, keeping(version, clientId));
    const after = publishes(await again.ping());
    const left = before.filter((_, index) => index !== 2);
    expect(after.map(({ messageId, payload, dup }) => [messageId, String(payload), dup])).toEqual(
      left.map(({ messageId, payload }) => [messageId, String(payload), true]),
    );
  });

  it('sends PUBREL again, not PUBLISH, once it had PUBREC [MQTT-4.4.0-1]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, keeping(version, clientId));
    await first.subscribe(topic, 2);
    first.publish(topic, 'x', { qos: 2 });
    const publish = await first.until('publish');
    first.send({ cmd: 'pubrec', messageId: publish.messageId as number });
    await first.until('pubrel');
    await first.destroy();
    const again = await login(version, keeping(version, clientId));
    expect((await again.expect('pubrel')).messageId).toBe(publish.messageId);
    again.send({ cmd: 'pubcomp', messageId: publish.messageId as number });
    expect(await again.ping()).toEqual([]);
    await again.disconnect();
    const third = await login(version, keeping(version, clientId));
    expect(await third.ping()).toEqual([]);
  });

  it('knows over a reconnect which QoS 2 messages it has [MQTT-4.3.3-10]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const subscriber = await login(version);
    await subscriber.subscribe(topic, 0);
    const first = await login(version, keeping(version, clientId));
    first.publish(topic, 'once', { qos: 2, messageId: 11 });
    await first.expect('pubrec');
    await first.destroy();
    const again = await login(version, keeping(version, clientId));
    again.publish(topic, 'once', { qos: 2, messageId: 11, dup: true });
    await again.expect('pubrec');
    again.send({ cmd: 'pubrel', messageId: 11 });
    await again.expect('pubcomp');
    expect(publishes(await subscriber.ping())).toHaveLength(1);
  });

  it('starts anew with a clean start [MQTT-3.1.2-4], [MQTT-3.2.2-2]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, keeping(version, clientId));
    await first.subscribe(topic, 1);
    await first.disconnect();
    const clean = await login(version, { ...keeping(version, clientId), clean: true });
    expect(clean.connack.sessionPresent).toBe(false);
    clean.publish(topic, 'x', { qos: 1 });
    expect(publishes(await clean.ping())).toEqual([]);
  });

  it('without expiry ends with the connection [MQTT-3.1.2-6]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const first = await login(version, { clientId });
    await first.subscribe(topic, 1);
    await first.disconnect();
    const again = await login(version, keeping(version, clientId));
    expect(again.connack.sessionPresent).toBe(false);
    again.publish(topic, 'x', { qos: 1 });
    expect(publishes(await again.ping())).toEqual([]);
  });

  it('is taken over by another connection of the client [MQTT-3.1.4-3]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    for (const other of VERSIONS) {
      const old = await login(version, keeping(version, clientId));
      await old.subscribe(topic, 0);
      const now = await login(other, keeping(other, clientId));
      expect(await old.end()).toBe(version === 5 ? 0x8e : null);
      expect(now.connack.sessionPresent).toBe(other > 3);
      now.publish(topic, 'x', { qos: 1 });
      expect(publishes(await now.ping())).toHaveLength(1);
      await now.disconnect();
    }
  });

  it('may be fought for by many at once, and one of them has it', async () => {
    const clientId = freshId();
    const logins = await Promise.allSettled(
      Array.from({ length: 10 }, () => login(version, keeping(version, clientId))),
    );
    const clients = logins.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await until(() => clients.filter(({ isClosed }) => !isClosed).length === 1);
    await clients.find(({ isClosed }) => !isClosed)!.ping();
  });
});

describe('the expiry of a session', () => {
  const expiring = (clientId: string, seconds: number, clean = false) => ({
    clientId,
    clean,
    properties: { sessionExpiryInterval: seconds },
  });

  it('ends it that long after its connection, not before [MQTT-3.1.2-23]', async () => {
    const clientId = freshId();
    await (await login(5, expiring(clientId, 10))).disconnect();
    clock.advance(9_999);
    const again = await login(5, expiring(clientId, 10));
    expect(again.connack.sessionPresent).toBe(true);
    clock.advance(100_000);
    expect(await again.ping()).toEqual([]);
    await again.disconnect();
    clock.advance(10_000);
    expect((await login(5, expiring(clientId, 10))).connack.sessionPresent).toBe(false);
  });

  it('of 0xFFFFFFFF never comes', async () => {
    const clientId = freshId();
    await (await login(5, expiring(clientId, 0xffff_ffff))).disconnect();
    clock.advance(10 * 365 * 86_400_000);
    expect((await login(5, expiring(clientId, 0))).connack.sessionPresent).toBe(true);
  });

  it('can be changed at the end [MQTT 3.14.2.2.2]', async () => {
    const clientId = freshId();
    const topic = freshTopic();
    const first = await login(5, expiring(clientId, 1));
    await first.subscribe(topic, 1);
    await first.disconnect({ properties: { sessionExpiryInterval: 50 } });
    const publisher = await login(4);
    publisher.publish(topic, 'meanwhile', { qos: 1 });
    await publisher.expect('puback');
    clock.advance(49_000);
    const again = await login(5, expiring(clientId, 1));
    expect(again.connack.sessionPresent).toBe(true);
    expect(shown(await again.next())).toBe(`${topic} meanwhile qos=1`);
    again.publish(topic, 'still there', { qos: 1 });
    expect(publishes(await again.ping())).toHaveLength(1);
    await again.disconnect({ properties: { sessionExpiryInterval: 0 } });
    expect((await login(5, expiring(clientId, 1))).connack.sessionPresent).toBe(false);
  });

  it('cannot be given to a session that had none [MQTT-3.14.2-2]', async () => {
    const client = await login(5);
    client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 5 } });
    expect(await client.end()).toBe(0x82);
  });

  it('takes the queues with it', async () => {
    const [clientId, topic] = [freshId(), freshTopic()];
    const first = await login(5, expiring(clientId, 5));
    await first.subscribe(topic, 1);
    await first.disconnect();
    const publisher = await login(5);
    publisher.publish(topic, 'x', { qos: 1 });
    expect((await publisher.expect('puback')).reasonCode).toBe(0);
    clock.advance(5_000);
    publisher.publish(topic, 'x', { qos: 1 });
    expect((await publisher.expect('puback')).reasonCode).toBe(0x10);
  });
});

describe.each(VERSIONS)('the will of a client of version %i', (version) => {
  const willOf = (topic: string, more = {}) => ({
    will: { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false, ...more },
  });

  it('is published when the connection is lost [MQTT-3.1.2-8]', async () => {
    const topic = freshTopic();
    const watcher = await login(version);
    await watcher.subscribe(topic, 2);
    const client = await login(version, willOf(topic));
    await client.destroy();
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
  });

  it('is not published after DISCONNECT [MQTT-3.1.2-10]', async () => {
    const topic = freshTopic();
    const watcher = await login(version);
    await watcher.subscribe(topic, 1);
    await (await login(version, willOf(topic))).disconnect();
    await (await login(version, willOf(topic, { payload: Buffer.from('other') }))).destroy();
    expect(shown(await watcher.next())).toBe(`${topic} other qos=1`);
  });

  it('is retained if it says so [MQTT-3.1.2-14], [MQTT-3.1.2-15]', async () => {
    const topic = freshTopic();
    await (await login(version, willOf(topic, { retain: true }))).destroy();
    await until(async () => {
      const late = await login(version);
      await late.subscribe(topic, 0);
      const [publish] = publishes(await late.ping());
      await late.destroy();
      return publish !== undefined && shown(publish) === `${topic} gone qos=0 retain`;
    });
  });

  it('is published when the client breaks the protocol [MQTT-3.1.2-8]', async () => {
    const topic = freshTopic();
    const watcher = await login(version);
    await watcher.subscribe(topic, 0);
    const client = await login(version, willOf(topic));
    client.write([0, 0]);
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=0`);
  });

  it('is published when the session is taken over [MQTT-3.1.4-3]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const watcher = await login(version);
    await watcher.subscribe(topic, 0);
    await login(version, { clientId, ...willOf(topic) });
    await login(version, { clientId });
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=0`);
  });

  it('is published when the keep-alive runs out [MQTT-3.1.2-22]', async () => {
    const topic = freshTopic();
    const watcher = await login(version);
    await watcher.subscribe(topic, 0);
    const client = await login(version, { keepalive: 10, ...willOf(topic) });
    clock.advance(14_999);
    expect(await watcher.ping()).toEqual([]);
    clock.advance(1);
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=0`);
    expect(await client.end()).toBe(version === 5 ? 0x8d : null);
  });
});

describe('the will of version 5', () => {
  const delayed = (topic: string, seconds: number, more = {}) => ({
    will: {
      topic,
      payload: Buffer.from('gone'),
      qos: 1 as const,
      retain: false,
      properties: { willDelayInterval: seconds, ...more },
    },
  });
  const expiring = (seconds: number) => ({ properties: { sessionExpiryInterval: seconds } });

  async function watch(topic: string): Promise<RawMqtt> {
    const watcher = await login(5);
    await watcher.subscribe(topic, 1);
    return watcher;
  }

  /** Loses a client, and waits until the broker has noticed. */
  async function lose(client: RawMqtt, pendingBefore: number): Promise<void> {
    await client.destroy();
    await until(() => clock.pending > pendingBefore);
  }

  it('waits for its delay [MQTT-3.1.3-9]', async () => {
    const topic = freshTopic();
    const watcher = await watch(topic);
    const client = await login(5, { ...delayed(topic, 30), ...expiring(60) });
    await lose(client, clock.pending);
    clock.advance(29_999);
    expect(await watcher.ping()).toEqual([]);
    clock.advance(1);
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
  });

  it('does not wait longer than the session lives [MQTT 3.1.3.2.2]', async () => {
    const topic = freshTopic();
    const watcher = await watch(topic);
    const client = await login(5, { ...delayed(topic, 300), ...expiring(20) });
    await lose(client, clock.pending);
    clock.advance(20_000);
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
    await (await login(5, delayed(topic, 300, {}))).destroy();
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
  });

  it('is void when the client is back in time [MQTT-3.1.3-9]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const watcher = await watch(topic);
    const fields = { clientId, clean: false, ...delayed(topic, 30), ...expiring(60) };
    await lose(await login(5, fields), clock.pending);
    clock.advance(10_000);
    const back = await login(5, { clientId, clean: false, ...expiring(60) });
    expect(back.connack.sessionPresent).toBe(true);
    clock.advance(60_000);
    expect(await watcher.ping()).toEqual([]);
  });

  it('is published when the client is back without its session', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const watcher = await watch(topic);
    const fields = { clientId, clean: false, ...delayed(topic, 30), ...expiring(60) };
    await lose(await login(5, fields), clock.pending);
    await login(5, { clientId, clean: true });
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
  });

  it('is published after DISCONNECT with reason 4 [MQTT-3.14.4-3]', async () => {
    const topic = freshTopic();
    const watcher = await watch(topic);
    await (await login(5, delayed(topic, 0))).disconnect({ reasonCode: 4 });
    expect(shown(await watcher.next())).toBe(`${topic} gone qos=1`);
  });

  it('has properties like any message [MQTT 3.1.3.2]', async () => {
    const topic = freshTopic();
    const watcher = await watch(topic);
    const properties = {
      contentType: 'text/plain',
      payloadFormatIndicator: true,
      responseTopic: 'a/b',
      correlationData: Buffer.from([1, 2]),
      messageExpiryInterval: 7,
      userProperties: { a: ['1', '2'], b: '3' },
    };
    await (await login(5, delayed(topic, 0, properties))).destroy();
    const publish = (await watcher.next()) as IPublishPacket;
    expect(JSON.stringify(publish.properties?.userProperties)).toBe('{"a":["1","2"],"b":"3"}');
    const { userProperties: _, ...others } = publish.properties ?? {};
    const { userProperties: __, ...expected } = properties;
    expect(others).toEqual(expected);
  });
});

describe('the keep-alive', () => {
  it('is kept by any packet', async () => {
    const client = await login(5, { keepalive: 10 });
    for (let i = 0; i < 5; i++) {
      clock.advance(14_000);
      await client.ping();
    }
    clock.advance(15_000);
    expect(await client.end()).toBe(0x8d);
  });

  it('of 0 means none', async () => {
    const client = await login(4, { keepalive: 0 });
    clock.advance(100 * 86_400_000);
    expect(await client.ping()).toEqual([]);
  });

  it('is the shorter one that the broker allows, and the client is told [MQTT-3.2.2-21]', async () => {
    const other = new ManualClock();
    const strict = await startMqtt({ 'mqtt.max_keep_alive': 60 }, other);
    for (const keepalive of [0, 120]) {
      const client = await RawMqtt.login(strict.mqttPort, 5, { keepalive });
      expect(client.connack.properties?.serverKeepAlive).toBe(60);
      other.advance(90_000);
      expect(await client.end()).toBe(0x8d);
    }
    const client = await RawMqtt.login(strict.mqttPort, 5, { keepalive: 60 });
    expect(client.connack.properties?.serverKeepAlive).toBe(undefined);
    await strict.stop();
  });

  it('of a client that never says CONNECT is the login timeout', async () => {
    const silent = await RawMqtt.dial(broker.mqttPort);
    await until(() => clock.pending > 0);
    await login(4);
    clock.advance(10_000);
    await silent.closed;
    const other = new ManualClock();
    const hasty = await startMqtt({ 'mqtt.login_timeout': 300 }, other);
    const before = other.pending;
    const late = await RawMqtt.dial(hasty.mqttPort);
    await until(() => other.pending > before);
    other.advance(300);
    await late.closed;
    await hasty.stop();
  });
});

describe('DISCONNECT', () => {
  it('with flags is malformed [MQTT-3.14.1-1]', async () => {
    const client = await login(5);
    client.write([0xe1, 0]);
    expect(await client.end()).toBe(0x81);
  });

  it('of version 3 with a body is malformed', async () => {
    const client = await login(4);
    client.write([0xe0, 1, 0]);
    expect(await client.end()).toBe(null);
  });

  it('is followed by the end of the connection [MQTT-3.14.4-1]', async () => {
    const client = await login(5);
    client.send({ cmd: 'disconnect' });
    client.send({ cmd: 'pingreq' });
    await client.closed;
    expect(client.unread).toEqual([]);
  });
});

describe('$SYS', () => {
  it('tells about the broker, at once and again', async () => {
    const time = new ManualClock();
    const own = await startMqtt({}, time);
    const client = await RawMqtt.login(own.mqttPort, 5);
    await client.subscribe('$SYS/broker/clients/#', 1);
    const first = publishes(await client.ping())
      .map(shown)
      .sort();
    expect(first).toEqual([
      '$SYS/broker/clients/connected 1 qos=0 retain',
      '$SYS/broker/clients/disconnected 0 qos=0 retain',
      '$SYS/broker/clients/total 1 qos=0 retain',
    ]);
    await RawMqtt.login(own.mqttPort, 4);
    time.advance(10_000);
    expect(shown(await client.next())).toBe('$SYS/broker/clients/connected 2 qos=0');
    await own.stop();
  });

  it('is for those who ask for it by name', async () => {
    const time = new ManualClock();
    const own = await startMqtt({}, time);
    const client = await RawMqtt.login(own.mqttPort, 5);
    await client.subscribe('#', 0);
    await client.subscribe('$SYS/broker/version', 0);
    const [version, ...more] = await client.ping();
    expect([shown(version!), more]).toEqual([
      expect.stringMatching(/^\$SYS\/broker\/version Warren \d/),
      [],
    ]);
    await client.unsubscribe('$SYS/broker/version');
    time.advance(30_000);
    expect(await client.ping()).toEqual([]);
    await own.stop();
  });
});
