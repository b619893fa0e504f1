/**
 * MQTT.js against the broker, in versions 3.1, 3.1.1 and 5, over TCP and over WebSocket: what its
 * users do with it.
 */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';

let broker: EmbeddedBroker;
const clients: MqttClient[] = [];

beforeAll(async () => {
  const loopback = '127.0.0.1:0';
  const config = { 'mqtt.listeners.tcp.default': loopback, 'web_mqtt.tcp.port': loopback };
  broker = await startBroker({ config });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => broker.stop());

const TRANSPORTS = ['tcp', 'websocket'] as const;
const VERSIONS = [3, 4, 5] as const;
const CASES = TRANSPORTS.flatMap((transport) =>
  VERSIONS.map((version) => ({ transport, version })),
);

let names = 0;

describe.each(CASES)('MQTT.js, version $version over $transport', ({ transport, version }) => {
  async function connect(options: IClientOptions = {}): Promise<MqttClient> {
    const url =
      transport === 'tcp'
        ? `mqtt://127.0.0.1:${broker.portOf('mqtt')}`
        : `ws://127.0.0.1:${broker.portOf('http/web-mqtt')}/ws`;
    const client = await mqtt.connectAsync(url, {
      protocolVersion: version,
      protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
      clientId: `mqttjs-${++names}`,
      username: 'guest',
      password: 'guest',
      reconnectPeriod: 0,
      ...options,
    });
    clients.push(client);
    return client;
  }

  /** Resolves with so many messages. */
  function messages(client: MqttClient, count: number): Promise<IPublishPacket[]> {
    const found: IPublishPacket[] = [];
    return new Promise((resolve) => {
      client.on('message', (topic, _payload, packet) => {
        found.push({ ...packet, topic });
        if (found.length === count) resolve(found);
      });
    });
  }

  const freshTopic = (): string => `mqttjs/${++names}`;

  it('publishes and gets QoS 0, 1 and 2', async () => {
    const topic = freshTopic();
    const client = await connect();
    const arrived = messages(client, 3);
    await client.subscribeAsync(`${topic}/+`, { qos: 2 });
    for (const qos of [0, 1, 2] as const)
      await client.publishAsync(`${topic}/${qos}`, 'x', { qos });
    const found = await arrived;
    expect(found.map((packet) => [packet.topic, packet.qos])).toEqual(
      [0, 1, 2].map((qos) => [`${topic}/${qos}`, qos]),
    );
  });

  it('sends a thousand messages of every QoS without waiting', async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = [await connect(), await connect()];
    const arrived = messages(subscriber, 3000);
    await subscriber.subscribeAsync(topic, { qos: 2 });
    const sending: Promise<unknown>[] = [];
    for (let i = 0; i < 3000; i++) {
      sending.push(publisher.publishAsync(topic, String(i), { qos: (i % 3) as 0 }));
    }
    await Promise.all(sending);
    const ofQos1 = (await arrived).filter(({ qos }) => qos === 1).map(({ payload }) => +payload);
    expect(ofQos1).toEqual(ofQos1.map((_, index) => 3 * index + 1));
  });

  it('carries a megabyte', async () => {
    const topic = freshTopic();
    const client = await connect();
    const arrived = messages(client, 1);
    await client.subscribeAsync(topic);
    const payload = Buffer.alloc(1_000_000, 'warren');
    await client.publishAsync(topic, payload, { qos: 1 });
    expect(Buffer.compare((await arrived)[0]!.payload as Buffer, payload)).toBe(0);
  });

  it('gets what came while it was away', async () => {
    const topic = freshTopic();
    const clientId = `mqttjs-away-${++names}`;
    const properties = version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {};
    const options = { clientId, clean: false, ...properties };
    const first = await connect(options);
    await first.subscribeAsync(topic, { qos: 1 });
    await first.endAsync();
    const publisher = await connect();
    for (let i = 0; i < 10; i++) await publisher.publishAsync(topic, String(i), { qos: 1 });
    const url = (await connect({ clientId: `mqttjs-${++names}` })).options;
    const again = mqtt.connect({ ...url, ...options, manualConnect: true });
    clients.push(again);
    const arrived = messages(again, 10);
    again.connect();
    const found = await arrived;
    expect(found.map(({ payload }) => String(payload))).toEqual([...'0123456789']);
  });

  it('retains, and leaves a will', async () => {
    const topic = freshTopic();
    const client = await connect();
    await client.publishAsync(`${topic}/kept`, 'x', { qos: 1, retain: true });
    const will = { topic: `${topic}/will`, payload: Buffer.from('gone'), qos: 1 as const };
    const leaving = await connect({ will });
    const arrived = messages(client, 2);
    await client.subscribeAsync(`${topic}/#`, { qos: 1 });
    leaving.stream.destroy();
    const found = await arrived;
    expect(found.map((packet) => [packet.topic, packet.retain])).toEqual([
      [`${topic}/kept`, true],
      [`${topic}/will`, false],
    ]);
  });

  it('unsubscribes', async () => {
    const topic = freshTopic();
    const client = await connect();
    const arrived = messages(client, 1);
    await client.subscribeAsync([`${topic}/a`, `${topic}/b`]);
    await client.unsubscribeAsync(`${topic}/a`);
    await client.publishAsync(`${topic}/a`, 'x', { qos: 1 });
    await client.publishAsync(`${topic}/b`, 'x', { qos: 1 });
    expect((await arrived)[0]!.topic).toBe(`${topic}/b`);
  });

  it('is refused with a wrong password', async () => {
    await expect(connect({ password: 'wrong' })).rejects.toThrow(
      version === 5 ? /Bad User Name or Password|Bad username/i : /Bad username or password/i,
    );
  });

  if (version !== 5) return;

  it('uses what version 5 has: properties, aliases, identifiers, request and response', async () => {
    const topic = freshTopic();
    const client = await connect({
      properties: { topicAliasMaximum: 10 },
      autoAssignTopicAlias: true,
    });
    const arrived = messages(client, 3);
    await client.subscribeAsync(topic, { qos: 1, properties: { subscriptionIdentifier: 42 } });
    const properties = {
      userProperties: { a: ['1', '2'], b: '3' },
      contentType: 'text/plain',
      responseTopic: 'answer/here',
      correlationData: Buffer.from([0, 255, 1]),
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
    };
    for (let i = 0; i < 3; i++) await client.publishAsync(topic, String(i), { qos: 1, properties });
    for (const packet of await arrived) {
      expect(packet.properties).toMatchObject({ ...properties, subscriptionIdentifier: 42 });
      expect(packet.topic).toBe(topic);
    }
  });
});
