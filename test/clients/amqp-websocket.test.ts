/**
 * AMQP over WebSocket, judged by the client that browsers use (@cloudamqp/amqp-client): on the
 * listener of its own, and on an HTTP server that hands over its upgrades as the management port
 * does.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AMQPWebSocketClient } from '@cloudamqp/amqp-client';
import { afterEach, describe, expect, it } from 'vitest';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';

const brokers: RunningBroker[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop('over');
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function start(): Promise<{ running: RunningBroker; port: number }> {
  const config = loopbackConfig({ 'listeners.tcp': 'none', 'web_amqp.tcp.port': '127.0.0.1:0' });
  const running = await RunningBroker.start({ config, log: silentLog });
  brokers.push(running);
  return { running, port: running.listeners[0]!.port };
}

async function connect(url: string) {
  const login = { vhost: '/', username: 'guest', password: 'guest', name: 'browser' };
  const client = new AMQPWebSocketClient({ url, ...login, logger: null });
  await client.connect();
  return client;
}

describe('AMQP over WebSocket', () => {
  it('is a listener of its own, and says so', async () => {
    const { running, port } = await start();
    expect(running.listeners.map(String)).toEqual([
      `AMQP 0-9-1 over WebSocket listening on 127.0.0.1:${port}`,
    ]);
    expect(running.listeners[0]!.id).toBe('http/web-amqp');
  });

  it.each([0, 1, 100_000, 1_000_000])('carries messages of %i bytes, confirmed', async (bytes) => {
    const { port } = await start();
    const client = await connect(`ws://127.0.0.1:${port}/ws`);
    const channel = await client.channel();
    await channel.confirmSelect();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    const body = Buffer.alloc(bytes, 'warren');
    const arrived = new Promise<Uint8Array>((resolve) => {
      void channel.basicConsume(name, { noAck: true }, (message) => {
        resolve(message.body ?? new Uint8Array());
      });
    });
    await channel.basicPublish('', name, body);
    expect(Buffer.compare(Buffer.from(await arrived), body)).toBe(0);
    await client.close();
  });

  it('works on the management port too', async () => {
    const { running } = await start();
    const endpoint = running.endpoints.find(({ paths }) => paths.includes('/ws/amqp'))!;
    const server = createServer().listen(0, '127.0.0.1');
    servers.push(server);
    server.on('upgrade', (request, socket, head) => endpoint.handleUpgrade(request, socket, head));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = await connect(`ws://127.0.0.1:${port}/ws/amqp`);
    const [one] = running.connections;
    expect(one!.describe()).toMatchObject({ user: 'guest', givenName: 'browser' });
    await client.close();
  });

  it('tells the client why it is closed when the broker stops', async () => {
    const { running, port } = await start();
    const client = await connect(`ws://127.0.0.1:${port}/ws`);
    const told = new Promise<Error>((resolve) => {
      client.onerror = resolve;
    });
    await running.stop('shutdown');
    expect((await told).message).toMatch(/CONNECTION_FORCED/);
  });
});
