/**
 * One engine decides for every protocol: the same user, permissions and limits met by amqplib,
 * MQTT.js and @stomp/stompjs at once.
 */
import { Client as StompClient } from '@stomp/stompjs';
import amqplib, { type ChannelModel } from 'amqplib';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import type { Administration } from '../../src/broker/administration/administration.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';

vi.setConfig({ testTimeout: 30_000 });

const ALL = { configure: '.*', write: '.*', read: '.*' };

let warren: ObservedBroker;
let desk: Administration;
const goodbyes: (() => unknown)[] = [];

beforeAll(async () => {
  warren = await startObserved({
    'mqtt.listeners.tcp.default': '127.0.0.1:0',
    'web_stomp.tcp.port': '127.0.0.1:0',
  });
  desk = warren.broker.administration('guest');
});
afterEach(async () => {
  await Promise.all(goodbyes.splice(0).map((goodbye) => goodbye()));
});
afterAll(() => warren.stop());

async function addUser(name: string): Promise<void> {
  await desk.users.put(name, { password: name, tags: '' });
  await desk.permissions.put(name, '/', ALL);
}

async function amqp(user: string): Promise<ChannelModel> {
  const connection = await amqplib.connect(`amqp://${user}:${user}@127.0.0.1:${warren.port}`);
  connection.on('error', () => {});
  goodbyes.push(() => connection.close().catch(() => {}));
  return connection;
}

async function mqttAs(user: string, clientId: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${warren.portOf('mqtt')}`, {
    ...{ username: user, password: user, clientId },
    ...{ protocolVersion: 5, reconnectPeriod: 0 },
  });
  client.on('error', () => {});
  goodbyes.push(() => client.endAsync(true));
  return client;
}

/** @throws Error with what an ERROR frame says instead of CONNECTED */
function stomp(user: string): Promise<StompClient> {
  const url = `ws://127.0.0.1:${warren.portOf('http/web-stomp')}/ws`;
  return new Promise((resolve, reject) => {
    const client = new StompClient({
      connectHeaders: { login: user, passcode: user, host: '/' },
      reconnectDelay: 0,
      webSocketFactory: () => new WebSocket(url, ['v12.stomp']),
      onConnect: () => resolve(client),
      onStompError: ({ headers, body }) => reject(new Error(`${headers.message}: ${body}`)),
    });
    goodbyes.push(() => client.deactivate());
    client.activate();
  });
}

/** What the next ERROR frame says. */
function stompError(client: StompClient): Promise<string> {
  return new Promise((resolve) => {
    client.onStompError = ({ headers, body }) => resolve(`${headers.message}: ${body}`);
  });
}

test('A deleted user is told in every protocol, and gone.', async () => {
  await addUser('leaver');
  const [one, two, three] = [
    await amqp('leaver'),
    await mqttAs('leaver', 'l'),
    await stomp('leaver'),
  ];
  const told = [
    new Promise((resolve) => one.once('close', (why: Error) => resolve(why.message))),
    new Promise((resolve) => two.once('disconnect', ({ reasonCode }) => resolve(reasonCode))),
    stompError(three),
  ];
  await desk.users.delete('leaver');
  const [ofAmqp, ofMqtt, ofStomp] = await Promise.all(told);
  expect(ofAmqp).toContain("CONNECTION_FORCED - user 'leaver' is deleted");
  expect(ofMqtt).toBe(0x98); // administrative action [MQTT-5 3.14.2.1]
  expect(ofStomp).toContain("user 'leaver' is deleted");
  await vi.waitFor(() => expect(warren.broker.quota.connections).toBe(0));
});

test('Connections of all protocols count together.', async () => {
  await addUser('few');
  await desk.users.setLimits('few', { 'max-connections': 2 });
  await amqp('few');
  const client = await mqttAs('few', 'f');
  await expect(stomp('few')).rejects.toThrow();
  await client.endAsync();
  await vi.waitFor(() => expect(warren.broker.quota.connections).toBe(1));
  expect(await stomp('few')).toBeDefined();
});

test('A topic permission holds in every protocol, with the id of MQTT clients.', async () => {
  await addUser('sensor');
  const patterns = { write: '^({client_id}|shared)\\.', read: '^{username}\\.' };
  await desk.topicPermissions.put('sensor', '/', 'amq.topic', patterns);
  const thing = await mqttAs('sensor', 'thing-1');
  await thing.publishAsync('thing-1/temperature', '20', { qos: 1 });
  await expect(thing.publishAsync('thing-2/temperature', '20', { qos: 1 })).rejects.toMatchObject({
    code: 0x87,
  });
  const [grant] = await thing.subscribeAsync('sensor/commands', { qos: 1 });
  expect(grant?.qos).toBe(1);
  await expect(thing.subscribeAsync('other/commands', { qos: 1 })).rejects.toThrow(
    'Not authorized',
  );

  const channel = await (await amqp('sensor')).createConfirmChannel();
  channel.on('error', () => {});
  const closed = new Promise((resolve) => channel.once('error', (why) => resolve(why.message)));
  channel.publish('amq.topic', 'shared.a', Buffer.from('a'));
  await channel.waitForConfirms();
  channel.publish('amq.topic', 'thing-1.a', Buffer.from('a'));
  const text = "write access to topic 'thing-1.a' in exchange 'amq.topic' in vhost '/' refused";
  expect(await closed).toContain(text);

  const talker = await stomp('sensor');
  const error = stompError(talker);
  talker.publish({ destination: '/topic/thing-1.a', body: 'a' });
  expect(await error).toContain(text);
});

test('A traced vhost copies what comes and goes by any protocol.', async () => {
  const connection = await amqp('guest');
  const channel = await connection.createChannel();
  const { queue: trace } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(trace, 'amq.rabbitmq.trace', '#');
  const { queue } = await channel.assertQueue('traced', { autoDelete: true });
  await channel.bindQueue(queue, 'amq.topic', 'by.#');
  await desk.vhosts.put('/', { tracing: true });
  const copies: [key: string, queues: unknown, connection: unknown][] = [];
  await channel.consume(
    trace,
    (copy) => {
      const { headers = {} } = copy?.properties ?? {};
      copies.push([copy?.fields.routingKey ?? '', headers.routed_queues, headers.connection]);
    },
    { noAck: true },
  );
  const things = await mqttAs('guest', 't');
  await things.publishAsync('by/mqtt', 'a', { qos: 1 });
  const talker = await stomp('guest');
  talker.subscribe('/amq/queue/traced', () => {}, { id: 's' });
  await vi.waitFor(() => expect(copies).toHaveLength(2));
  talker.publish({ destination: '/topic/by.stomp', body: 'b' });
  await vi.waitFor(() => expect(copies).toHaveLength(4));
  await desk.vhosts.put('/', { tracing: false });
  const port = expect.stringContaining('127.0.0.1:');
  expect(copies).toEqual([
    ['publish.amq.topic', ['traced'], port],
    ['deliver.traced', undefined, port],
    ['publish.amq.topic', ['traced'], port],
    ['deliver.traced', undefined, port],
  ]);
});
