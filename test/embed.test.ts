/** Warren inside another program: it starts, works, stops, and leaves nothing behind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib, { type GetMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { ConfigError, ManualClock, startBroker } from '../src/embed.ts';
import { run } from './support/program.ts';
import { RawClient } from './support/raw-client.ts';

const EMBED = path.join(import.meta.dirname, '../src/embed.ts');

/** Starts, uses and stops brokers many times, then says what is left. Has to exit by itself. */
const PROGRAM = `
import amqplib from 'amqplib';
import { startBroker } from ${JSON.stringify(EMBED)};
for (let i = 0; i < 30; i++) {
  const broker = await startBroker();
  if (i % 3 === 0) {
    const connection = await amqplib.connect(broker.url);
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const { queue } = await channel.assertQueue('', { arguments: { 'x-expires': 60_000 } });
    channel.sendToQueue(queue, Buffer.from('x'), { expiration: '50000' });
    await channel.get(queue);
    if (i % 2 === 0) await connection.close();
  }
  await broker.stop();
}
// Handles that are closing are listed until their callbacks have run.
for (let i = 0; i < 20; i++) await new Promise(setImmediate);
const left = process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY)/.test(name));
console.log('left:', JSON.stringify(left));
`;

describe('an embedded broker', () => {
  it('leaves nothing behind that keeps the process alive', async () => {
    const args = ['--input-type=module', '-e', PROGRAM];
    const { code, stdout, stderr } = await run(process.execPath, args);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'left: []\n', stderr: '' });
  });

  it('has a URL that clients take, also with odd names', async () => {
    const config = { default_user: 'a:b@c', default_pass: 'p/w?#', default_vhost: 'v/h' };
    const broker = await startBroker({ config });
    const connection = await amqplib.connect(broker.url);
    await connection.close();
    await broker.stop();
  });

  it('may run beside others, each with queues of its own', async () => {
    const brokers = await Promise.all([startBroker(), startBroker(), startBroker()]);
    expect(new Set(brokers.map(({ port }) => port)).size).toBe(3);
    const counts = await Promise.all(
      brokers.map(async ({ url }) => {
        const connection = await amqplib.connect(url);
        const channel = await connection.createChannel();
        const { messageCount } = await channel.assertQueue('q', { durable: true });
        channel.sendToQueue('q', Buffer.from('x'));
        await connection.close();
        return messageCount;
      }),
    );
    expect(counts).toEqual([0, 0, 0]);
    await Promise.all(brokers.map((broker) => broker.stop()));
  });

  it('keeps the time of the clock that it is given', async () => {
    const clock = new ManualClock();
    const broker = await startBroker({ clock });
    const connection = await amqplib.connect(`${broker.url}?heartbeat=0`);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('q', { messageTtl: 60_000 });
    channel.sendToQueue('q', Buffer.from('x'));
    await channel.waitForConfirms();
    clock.advance(59_999);
    expect((await channel.checkQueue('q')).messageCount).toBe(1);
    clock.advance(1);
    expect((await channel.checkQueue('q')).messageCount).toBe(0);
    await connection.close();
    await broker.stop();
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer on its clock, whatever its clients were doing', async () => {
    const clock = new ManualClock();
    const broker = await startBroker({ clock, config: { heartbeat: 5 } });
    const silent = await RawClient.connect(broker.port);
    const open = await RawClient.login(broker.port, { heartbeat: 5 });
    await open.destroy();
    expect(clock.pending).toBeGreaterThan(0);
    await broker.stop();
    await silent.closed;
    expect(clock.pending).toBe(0);
  });

  it('may be stopped twice', async () => {
    const broker = await startBroker();
    await Promise.all([broker.stop(), broker.stop()]);
    await broker.stop();
  });

  it('is not started with options that do not exist, or on a port that is taken', async () => {
    await expect(startBroker({ config: { heartbaet: 5 } as never })).rejects.toThrow(ConfigError);
    const broker = await startBroker();
    const config = { 'listeners.tcp.default': `127.0.0.1:${broker.port}` };
    await expect(startBroker({ config })).rejects.toThrow(/port \d+ for .* is taken/);
    await broker.stop();
  });
});

it('with a data directory, what is durable is there the next time', async () => {
  const data_dir = await mkdtemp(path.join(tmpdir(), 'warren-embed-'));
  try {
    const first = await startBroker({ config: { data_dir } });
    const connection = await amqplib.connect(first.url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('kept', { durable: true, maxPriority: 3 });
    await channel.assertQueue('passing', { durable: false });
    const properties = { headers: { a: 1, list: ['x', null] }, priority: 2, messageId: 'id' };
    channel.sendToQueue('kept', Buffer.from('transient'), { persistent: false });
    channel.sendToQueue('kept', Buffer.from('body'), { persistent: true, ...properties });
    await channel.waitForConfirms();
    await connection.close();
    await first.stop();
    const second = await startBroker({ config: { data_dir } });
    const again = await (await amqplib.connect(second.url)).createChannel();
    const message = (await again.get('kept')) as GetMessage;
    expect(message.content.toString()).toBe('body');
    expect(message.properties).toMatchObject(properties);
    expect(message.fields).toMatchObject({ redelivered: false, messageCount: 0 });
    again.on('error', () => {});
    await expect(again.checkQueue('passing')).rejects.toThrow('404');
    await second.stop();
  } finally {
    await rm(data_dir, { recursive: true });
  }
});
