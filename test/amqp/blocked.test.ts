/**
 * connection.blocked: an alarm as AMQP clients see it. amqplib and pika are the judges; where it
 * is about what a client must not do, RawClient.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import amqplib, { type ChannelModel } from 'amqplib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import { startObserved } from '../support/observed-broker.ts';
import { runPython, testWithPika } from '../support/python.ts';
import { CONNECTION_CLOSE_OK, declared, published, RawClient } from '../support/raw-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await RawClient.destroyAll();
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

const PATIENCE = { timeout: 20_000, interval: 2 };

async function start(clock?: ManualClock) {
  const observed = await startObserved({}, clock);
  cleanup.push(() => observed.stop());
  return { ...observed, alarms: observed.broker.alarms };
}

async function connect(port: number): Promise<ChannelModel> {
  const connection = await amqplib.connect(`amqp://127.0.0.1:${port}?heartbeat=0`);
  cleanup.push(() => connection.close().catch(() => {}));
  return connection;
}

describe('an alarm', () => {
  it('is told to publishers with its reason, and that it is over', async () => {
    const { port, alarms } = await start();
    const connection = await connect(port);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    channel.sendToQueue(queue, Buffer.from('first'));
    await channel.waitForConfirms();
    const blocked = once(connection, 'blocked');
    alarms.set('memory', true);
    alarms.set('disk', true);
    expect(await blocked).toEqual(['low on memory']);
    const unblocked = once(connection, 'unblocked');
    alarms.set('memory', false);
    alarms.set('disk', false);
    await unblocked;
    channel.sendToQueue(queue, Buffer.from('second'));
    await channel.waitForConfirms();
  });

  it('holds back what publishers send until it is over; nothing is lost', async () => {
    const { port, alarms, broker } = await start();
    const connection = await connect(port);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('held');
    alarms.set('disk', true);
    const told = once(connection, 'blocked');
    let confirmed = 0;
    for (let i = 0; i < 200; i++) {
      channel.sendToQueue('held', Buffer.alloc(100_000), {}, () => confirmed++);
    }
    expect(await told).toEqual(['low on disk']);
    const { queues } = broker.vhosts.get('/')!.topology;
    const held = queues.get('held')!;
    // What was in the one buffer that was read when it published may still come.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(held.size).toBeLessThan(20);
    alarms.set('disk', false);
    await channel.waitForConfirms();
    expect([confirmed, held.size]).toEqual([200, 200]);
  });

  it('does not concern who only consumes, and queues drain on', async () => {
    const { port, alarms } = await start();
    const publisher = await connect(port);
    const channel = await publisher.createConfirmChannel();
    await channel.assertQueue('drained', { autoDelete: true });
    for (let i = 0; i < 100; i++) channel.sendToQueue('drained', Buffer.from(String(i)));
    await channel.waitForConfirms();
    alarms.set('memory', true);
    const consumer = await connect(port);
    const blocked = vi.fn();
    consumer.on('blocked', blocked);
    const consuming = await consumer.createChannel();
    await consuming.prefetch(1);
    let got = 0;
    await consuming.consume('drained', (message) => {
      got++;
      consuming.ack(message!);
    });
    await vi.waitFor(() => expect(got).toBe(100), PATIENCE);
    expect(blocked).not.toHaveBeenCalled();
  });

  it('lets consumers ack on a connection that has published, too', async () => {
    const { port, alarms } = await start();
    const connection = await connect(port);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (let i = 0; i < 100; i++) channel.sendToQueue(queue, Buffer.from(String(i)));
    await channel.waitForConfirms();
    const blocked = once(connection, 'blocked');
    alarms.set('memory', true);
    await blocked;
    await channel.prefetch(1);
    let got = 0;
    await channel.consume(queue, (message) => {
      got++;
      channel.ack(message!);
    });
    await vi.waitFor(() => expect(got).toBe(100), PATIENCE);
  });

  it('is not told to clients that do not know connection.blocked, but holds them', async () => {
    const { port, alarms } = await start();
    const client = await RawClient.login(port);
    alarms.set('memory', true);
    client.write(published(1, 'nowhere', 'x', { mandatory: true }));
    await client.expect('basic.return');
    await client.content();
    client.write(declared(1, 'later', { exclusive: true }));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.unread).toBe(0);
    alarms.set('memory', false);
    await client.expect('queue.declare-ok');
  });

  it('does not have publishers that are held taken for dead', async () => {
    const clock = new ManualClock();
    const { port, alarms, broker } = await start(clock);
    const client = await RawClient.login(port, { heartbeat: 10 });
    alarms.set('memory', true);
    client.write(published(1, 'nowhere', 'x', { mandatory: true }));
    await client.until('basic.return');
    for (let i = 0; i < 20; i++) clock.advance(5_000);
    expect(broker.sessions.size).toBe(1);
    alarms.set('memory', false);
    for (let i = 0; i < 20; i++) clock.advance(5_000);
    await vi.waitFor(() => expect(broker.sessions.size).toBe(0), PATIENCE);
  });

  it('does not keep the broker from hearing the answer to its goodbye', async () => {
    const observed = await startObserved();
    const client = await RawClient.login(observed.port);
    observed.broker.alarms.set('memory', true);
    client.write(published(1, 'nowhere', 'x', { mandatory: true }));
    await client.until('basic.return');
    // What the broker would do by force it does by these timers.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stopped = observed.stop();
    await client.until('connection.close');
    client.write(published(1, 'nowhere'), CONNECTION_CLOSE_OK);
    await client.closed;
    await stopped;
  });

  it('is not told to a client that has been sent connection.close', async () => {
    const { port, alarms } = await start();
    const client = await RawClient.login(port, { capabilities: ['connection.blocked'] });
    client.write(published(1, 'nowhere'), published(77, 'no such channel'));
    await client.until('connection.close');
    alarms.set('memory', true);
    alarms.set('memory', false);
    client.write(CONNECTION_CLOSE_OK);
    expect(await client.leftovers()).toEqual([]);
  });

  testWithPika('is what pika calls blocked and unblocked', async () => {
    const { port, alarms } = await start();
    const script = join(import.meta.dirname, '../clients/blocked.py');
    const running = runPython([script, String(port)], {});
    // The script publishes to a queue of this name, and waits for what comes of it.
    await vi.waitFor(async () => {
      const connection = await amqplib.connect(`amqp://127.0.0.1:${port}`);
      try {
        const channel = await connection.createChannel();
        channel.on('error', () => {});
        expect((await channel.checkQueue('blocked')).messageCount).toBe(1);
      } finally {
        await connection.close();
      }
    }, PATIENCE);
    alarms.set('disk', true);
    setTimeout(() => alarms.set('disk', false), 300);
    const { stdout, stderr } = await running;
    expect(stdout, stderr).toBe('blocked: low on disk\nunblocked\n');
  });
});
