/** The registry of connections: what it knows of AMQP clients, and how it closes them. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import amqplib from 'amqplib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';

const brokers: RunningBroker[] = [];

afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop('over');
});

async function start() {
  const running = await RunningBroker.start({ config: loopbackConfig(), log: silentLog });
  brokers.push(running);
  return { running, connections: running.connections, port: running.listeners[0]!.port };
}

async function connect(port: number, name = 'test') {
  const url = `amqp://guest:guest@127.0.0.1:${port}?heartbeat=7`;
  const connection = await amqplib.connect(url, { clientProperties: { connection_name: name } });
  connection.on('error', () => {});
  return connection;
}

describe('the registry of connections', () => {
  it('knows what RabbitMQ shows of an AMQP connection', async () => {
    const { connections, port } = await start();
    const before = Date.now();
    const client = await connect(port, 'billing');
    await client.createChannel();
    await client.createChannel();
    const [one] = connections;
    expect(one!.name).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+ -> 127\\.0\\.0\\.1:${port}$`));
    expect(one!.connectedAtMs).toBeGreaterThanOrEqual(before);
    const { clientProperties, session, ...described } = one!.describe();
    expect(session?.user.name).toBe('guest');
    expect(described).toEqual({
      protocol: 'AMQP 0-9-1',
      state: 'running',
      user: 'guest',
      vhost: '/',
      authMechanism: 'PLAIN',
      givenName: 'billing',
      heartbeat: 7,
      frameMax: 131_072,
      channelMax: 2047,
      channels: 2,
    });
    expect(clientProperties?.get('product')).toBe('amqplib');
    await client.close();
  });

  it('counts bytes and pieces both ways', async () => {
    const { connections, port } = await start();
    const client = await connect(port);
    const channel = await client.createConfirmChannel();
    const [one] = connections;
    const { readBytes, reads } = one!.client;
    const { bytes, writes } = one!.client.outbox;
    channel.publish('', 'nowhere', Buffer.alloc(5000));
    await channel.waitForConfirms();
    expect(one!.client.readBytes - readBytes).toBeGreaterThan(5000);
    expect(one!.client.reads).toBeGreaterThan(reads);
    expect(one!.client.outbox.bytes).toBeGreaterThan(bytes);
    expect(one!.client.outbox.writes).toBeGreaterThan(writes);
    await client.close();
  });

  it('lists whoever is connected, and as users only those that are logged in', async () => {
    const { connections, port } = await start();
    const stranger = connectSocket(port, '127.0.0.1');
    await once(stranger, 'connect');
    await connect(port);
    await vi.waitFor(() => expect(connections.size).toBe(2), { timeout: 10_000 });
    expect([...connections].map((one) => one.describe().state).sort()).toEqual([
      ...['running', 'starting'],
    ]);
    expect(connections.of().length).toBe(1);
    stranger.destroy();
    await vi.waitFor(() => expect(connections.size).toBe(1), { timeout: 10_000 });
    expect([connections.opened, connections.closed]).toEqual([2, 1]);
  });

  it('finds one by its name, and closes it with a reason that the client is told', async () => {
    const { connections, port } = await start();
    const client = await connect(port);
    const [one] = connections;
    expect(connections.named(one!.name)).toBe(one);
    expect(connections.named('nobody')).toBeNull();
    const closed = once(client, 'close');
    one!.close('Closed via management plugin');
    const [error] = await closed;
    expect(String(error)).toMatch(/320.*CONNECTION_FORCED.*Closed via management plugin/);
    await vi.waitFor(() => expect(connections.size).toBe(0), { timeout: 10_000 });
  });

  it('closes those of a user or of a vhost, and nobody else', async () => {
    const { connections, port } = await start();
    await connect(port);
    expect(connections.close({ user: 'somebody' }, 'gone')).toBe(0);
    expect(connections.close({ vhost: 'elsewhere' }, 'gone')).toBe(0);
    expect(connections.close({ user: 'guest', vhost: '/' }, 'gone')).toBe(1);
    await vi.waitFor(() => expect(connections.size).toBe(0), { timeout: 10_000 });
  });
});
