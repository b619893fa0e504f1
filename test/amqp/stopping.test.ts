/** A broker that stops: its clients are told, their acks still count, and nobody can hold it up. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { ManualClock } from '../../src/clock.ts';
import { GOODBYE_TIMEOUT_MS } from '../../src/limits.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import {
  acked,
  CONNECTION_CLOSE,
  CONNECTION_CLOSE_OK,
  consuming,
  declared,
  headerFrame,
  published,
  RawClient,
  rawFrame,
} from '../support/raw-client.ts';

let clock: ManualClock;
let warren: ObservedBroker;

beforeEach(async () => {
  clock = new ManualClock();
  warren = await startObserved({}, clock);
});

afterEach(async () => {
  await RawClient.destroyAll();
  await warren.stop();
});

/** A client with two deliveries out and one message behind them, prefetch 2. */
async function consumer(queue = 'q'): Promise<RawClient> {
  const client = await RawClient.login(warren.port, { capabilities: ['consumer_cancel_notify'] });
  const qos = { prefetchSize: 0, prefetchCount: 2, global: false };
  client.write(declared(1, queue), methodFrame('basic.qos', 1, qos));
  for (const text of ['one', 'two', 'three']) client.write(published(1, queue, text));
  client.write(consuming(1, queue));
  for (let i = 0; i < 2; i++) await client.until('body');
  return client;
}

/** Ready and unsettled messages. */
function state(queue = 'q'): { ready: number; out: number } {
  const { size, unsettled } = warren.broker.vhosts.get('/')!.topology.queues.get(queue)!;
  return { ready: size, out: unsettled };
}

describe('a broker that stops', () => {
  it('tells every client why, and nothing is delivered any more', async () => {
    const clients = [await consumer('a'), await consumer('b')];
    const stopped = warren.stop();
    for (const client of clients) {
      const { args } = await client.expect('connection.close');
      expect(args.replyCode).toBe(320);
      const reason = "broker forced connection closure with reason 'shutdown'";
      expect(args.replyText).toBe(`CONNECTION_FORCED - ${reason}`);
      // An ack makes room, but the consumers have been cancelled.
      client.write(acked(1, 2, true), CONNECTION_CLOSE_OK);
      await client.closed;
      expect(await client.leftovers()).toEqual([]);
    }
    await stopped;
  });

  it('takes acks that arrive after its connection.close', async () => {
    const client = await consumer();
    const stopped = warren.stop();
    await client.expect('connection.close');
    client.write(acked(1, 1));
    await expect.poll(() => state()).toEqual({ ready: 1, out: 1 });
    const reject = methodFrame('basic.reject', 1, { deliveryTag: 2, requeue: false });
    client.write(reject);
    await expect.poll(() => state()).toEqual({ ready: 1, out: 0 });
    client.write(CONNECTION_CLOSE_OK);
    await stopped;
  });

  it('takes acks of a client that was in the middle of a publish', async () => {
    const client = await consumer();
    const publish = { exchange: '', routingKey: 'q', mandatory: false, immediate: false };
    client.write(methodFrame('basic.publish', 1, publish), headerFrame(1, 10));
    client.write(rawFrame(3, 1, Buffer.from('12345')), rawFrame(8, 0, Buffer.alloc(0)));
    await expect.poll(() => warren.broker.sessions.size).toBe(1);
    // Until the broker has read that far; a second connection is answered later.
    await (await RawClient.login(warren.port)).ping();
    const stopped = warren.stop();
    await client.expect('connection.close');
    client.write(rawFrame(3, 1, Buffer.from('67890')), acked(1, 2, true));
    await expect.poll(() => state()).toEqual({ ready: 1, out: 0 });
    client.write(CONNECTION_CLOSE_OK);
    await RawClient.destroyAll();
    await stopped;
  });

  it('takes nothing else after it: no publish, no declare, no channel', async () => {
    const client = await consumer();
    const stopped = warren.stop();
    await client.expect('connection.close');
    client.write(published(1, 'q', 'late'), declared(1, 'late'), acked(9, 1));
    client.write(methodFrame('channel.open', 5, {}), acked(1, 1));
    await expect.poll(() => state()).toEqual({ ready: 1, out: 1 });
    client.write(CONNECTION_CLOSE_OK);
    await client.closed;
    expect(await client.leftovers()).toEqual([]);
    await stopped;
  });

  it('gives back what was not acked', async () => {
    const client = await consumer();
    const stopped = warren.stop();
    await client.expect('connection.close');
    client.write(acked(1, 1), CONNECTION_CLOSE_OK);
    await client.closed;
    await expect.poll(() => state()).toEqual({ ready: 2, out: 0 });
    await stopped;
  });

  it('answers a client that closes at the same moment', async () => {
    const client = await consumer();
    const stopped = warren.stop();
    client.write(CONNECTION_CLOSE);
    expect(await client.namesUntil('connection.close-ok')).toEqual([
      ...['connection.close', 'connection.close-ok'],
    ]);
    await stopped;
  });

  it('drops a client that does not answer, by its clock', async () => {
    const client = await consumer();
    const stopped = warren.stop();
    await client.expect('connection.close');
    clock.advance(4_999);
    expect(client.isClosed).toBe(false);
    clock.advance(1);
    await client.closed;
    await stopped;
  });

  it('drops a client that does not answer even if its clock stands still', async () => {
    const client = await consumer();
    client.socket.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stopped = warren.stop();
    vi.advanceTimersByTime(GOODBYE_TIMEOUT_MS);
    vi.useRealTimers();
    await stopped;
    expect(warren.broker.sessions.size).toBe(0);
  });

  it('drops clients that have not opened a connection yet', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(Buffer.from('AMQP'));
    await (await RawClient.login(warren.port)).destroy();
    await warren.stop();
    await client.closed;
  });

  it('lets a client that takes its time to leave have its last answer', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'mine', { exclusive: true }), CONNECTION_CLOSE);
    await Promise.all([warren.stop(), client.closed]);
    const names = (await client.leftovers()).map(({ name }) => name);
    expect(names.at(-1)).toMatch(/^connection\.close/);
  });
});
