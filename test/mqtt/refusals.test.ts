/**
 * What becomes of a PUBLISH that the engine does not take, or nobody wants: MQTT 5 is told by
 * PUBACK and PUBREC [MQTT 3.4.2.1, 3.5.2.1], MQTT 3 cannot be told and is disconnected.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../../src/broker/session.ts';
import type { Overrides } from '../../src/config.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { RawMqtt, type Version } from '../support/mqtt-client.ts';

let folder: string;
let running: RunningBroker;
let port: number;
let operator: Session;

async function start(more: Overrides = {}): Promise<void> {
  const listening = { 'mqtt.listeners.tcp.default': '127.0.0.1:0', 'mqtt.allow_anonymous': true };
  const config = loopbackConfig({ ...listening, data_dir: folder, ...more });
  running = await RunningBroker.start({ config, log: silentLog });
  port = running.listeners.find(({ id }) => id === 'mqtt')!.port;
  operator = running.broker.openSession(running.broker.users.get('guest')!, '/');
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'warren-mqtt-'));
  await start({ max_message_size: 5000 });
});
afterEach(() => RawMqtt.destroyAll());
afterAll(async () => {
  await running.stop('over');
  await rm(folder, { recursive: true, force: true });
});

/** A queue that takes one message, and what it does with more. */
async function declareFull(name: string, overflow: string): Promise<void> {
  const kind = { durable: true, exclusive: false, autoDelete: false };
  const args = new Map<string, string | number>([
    ['x-max-length', 1],
    ['x-overflow', overflow],
  ]);
  await operator.topology.declareQueue({ name, ...kind, arguments: args });
  const binding = { source: 'amq.topic', destination: name, destinationKind: 'queue' } as const;
  await operator.topology.bind({ ...binding, routingKey: name, arguments: new Map() });
}

const keeping = (clientId: string) => ({
  ...{ clientId, clean: false },
  properties: { sessionExpiryInterval: 1000 },
});

/** The reason code of the acknowledgement of one message. */
async function answer(client: RawMqtt, topic: string, qos: 1 | 2, payload = 'x', messageId = 7) {
  client.publish(topic, payload, { qos, messageId });
  return (await client.expect(qos === 1 ? 'puback' : 'pubrec')).reasonCode;
}

describe('a PUBLISH', () => {
  it.each([
    ['reject-publish', 1],
    ['reject-publish', 2],
    ['reject-publish-dlx', 1],
    ['reject-publish-dlx', 2],
  ] as const)('to a queue that is full (%s) with QoS %i is refused with 0x97', async (how, qos) => {
    const name = `full-${how}-${qos}`;
    await declareFull(name, how);
    const client = await RawMqtt.login(port, 5);
    expect(await answer(client, name, qos)).toBe(0);
    if (qos === 2) client.send({ cmd: 'pubrel', messageId: 7 });
    if (qos === 2) await client.expect('pubcomp');
    expect(await answer(client, name, qos)).toBe(0x97);
    const queue = operator.vhost.topology.queues.get(name)!;
    expect([queue.size, queue.backlog.purge()]).toEqual([1, 1]);
    // The identifier of what was refused is free: this is another message.
    expect(await answer(client, name, qos)).toBe(0);
    await expect.poll(() => queue.size).toBe(1);
  });

  it.each([3, 4] as const)(
    'of version %i that is refused ends the connection [MQTT-3.3.5-2]',
    async (version) => {
      const name = `full-${version}`;
      await declareFull(name, 'reject-publish');
      const client = await RawMqtt.login(port, version as Version);
      client.publish(name, 'first', { qos: 1 });
      await client.expect('puback');
      client.publish(name, 'second', { qos: 1 });
      expect(await client.end()).toBe(null);
    },
  );

  it('with QoS 0 that is refused is dropped, and the client stays', async () => {
    await declareFull('full-0', 'reject-publish');
    const client = await RawMqtt.login(port, 5);
    for (let i = 0; i < 3; i++) client.publish('full-0', 'x', { qos: 0 });
    expect(await client.ping()).toEqual([]);
    expect(operator.vhost.topology.queues.get('full-0')!.size).toBe(1);
  });

  it('that nobody has subscribed to is told so with 0x10', async () => {
    const client = await RawMqtt.login(port, 5);
    expect(await answer(client, 'nobody', 1)).toBe(0x10);
    expect(await answer(client, 'nobody', 2)).toBe(0x10);
  });

  it('that is larger than messages may be is refused with 0x83', async () => {
    const client = await RawMqtt.login(port, 5);
    expect(await answer(client, 'large', 1, 'x'.repeat(5000))).toBe(0x10);
    expect(await answer(client, 'large', 1, 'x'.repeat(5001))).toBe(0x83);
  });

  it('whose time has come reaches who is there, with nothing left of it [MQTT-3.3.2-6]', async () => {
    const client = await RawMqtt.login(port, 5);
    await client.subscribe('now', 0);
    const properties = { messageExpiryInterval: 0 };
    client.publish('now', 'x', { properties });
    expect(await client.next()).toMatchObject({ topic: 'now', properties });
  });

  it('of QoS 2 that was refused is forgotten over a restart, too [MQTT 4.3.3]', async () => {
    await declareFull('again', 'reject-publish');
    const client = await RawMqtt.login(port, 5, keeping('writer'));
    expect(await answer(client, 'again', 2, 'first', 1)).toBe(0);
    expect(await answer(client, 'again', 2, 'second', 2)).toBe(0x97);
    await running.stop('over');
    await start();
    const queue = operator.vhost.topology.queues.get('again')!;
    expect(queue.backlog.purge()).toBe(1);
    const back = await RawMqtt.login(port, 5, keeping('writer'));
    expect(back.connack.sessionPresent).toBe(true);
    // The first is known, and not taken twice; the second never was.
    expect(await answer(back, 'again', 2, 'third', 2)).toBe(0);
    expect(await answer(back, 'again', 2, 'first', 1)).toBe(0);
    expect(queue.size).toBe(1);
  });
});
