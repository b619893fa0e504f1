/**
 * Clients that break the protocol, flood the broker, do not read or die: the right end for each,
 * and a well-behaved client beside them that notices nothing. Afterwards all is given back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { OUTBOX_STALL_BYTES, STOMP_TRANSACTION_BYTES } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import { type ObservedBroker, startObserved, Witness } from '../support/observed-broker.ts';
import { StompClient, stompFrame } from '../support/stomp-client.ts';

const MIB = 1024 * 1024;
const WAIT = { timeout: 10_000, interval: 5 };

/** Errors of our own: no client may cause one. */
const internalErrors: string[] = [];
const log: Log = {
  debug() {},
  info() {},
  warning() {},
  error: (text) => internalErrors.push(text),
};

let warren: ObservedBroker;
let port: number;
let witness: Witness;

beforeAll(async () => {
  warren = await startObserved({ 'stomp.listeners.tcp.default': '127.0.0.1:0' }, undefined, log);
  port = warren.portOf('stomp');
  witness = await Witness.connect(warren.port);
});

afterEach(async () => {
  await StompClient.destroyAll();
  await witness.isServed();
  const vhost = warren.broker.vhosts.get('/')!;
  await vi.waitFor(() => expect(warren.broker.sessions.size).toBe(1), WAIT);
  for (const queue of [...vhost.topology.queues.values()]) {
    await vi.waitFor(() => expect(queue.unsettled).toBe(0), WAIT);
    if (queue.owner === null) await vhost.deleteQueue(queue);
  }
  expect(vhost.topology.queues.size).toBe(1);
  expect(internalErrors).toEqual([]);
});

afterAll(async () => {
  await witness.close();
  await warren.stop();
});

function queueSize(name: string): number {
  return warren.broker.vhosts.get('/')!.topology.queues.get(name)?.size ?? -1;
}

describe('before login', () => {
  it.each([
    ['nothing but letters', 'A'.repeat(100_000), /^Frame too large/],
    ['a header without end', `CONNECT\n${'a:b\n'.repeat(20_000)}`, /^Frame too large/],
    ['a body without end', `CONNECT\n\n${'x'.repeat(100_000)}`, /^Frame too large/],
    ['a body of a terabyte', 'SEND\ncontent-length:1099511627776\n\n', /^Frame too large/],
    ['a request of HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n\0', /^Illegal command/],
    ['a header of AMQP', 'AMQP\0\0\x09\x01', /^Malformed frame/],
    ['a handshake of TLS', '\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03', /^Malformed frame/],
  ])('%s is refused', async (_what, bytes, answer) => {
    const client = await StompClient.connect(port);
    client.write(Buffer.from(bytes, 'latin1'));
    expect(await client.error()).toMatch(answer);
  });
});

describe('a client that is logged in', () => {
  it.each([
    ['headers without end', `SEND\na:${'x'.repeat(70_000)}`],
    ['too many headers', `SEND\n${'a:b\n'.repeat(1001)}\n\0`],
    ['a body of a terabyte', 'SEND\ncontent-length:1099511627776\n\n'],
    ['a body that is too large', `SEND\ndestination:/queue/a\n\n${'x'.repeat(16 * MIB + 1)}`],
  ])('sends %s', async (_what, bytes) => {
    const client = await StompClient.login(port);
    client.write(bytes);
    expect(await client.error()).toMatch(/^Frame too large/);
  });

  it('holds no more than its share in transactions', async () => {
    const client = await StompClient.login(port);
    client.send('BEGIN', { transaction: 1 });
    const body = Buffer.alloc(16 * MIB);
    const headers = { destination: '/queue/a', transaction: 1, 'content-length': body.length };
    for (let bytes = 0; bytes <= STOMP_TRANSACTION_BYTES; bytes += body.length) {
      client.send('SEND', headers, body);
    }
    expect(await client.error()).toMatch(/^Transaction too large: Too many bytes/);
  });

  it('holds no more than its share in the headers of transactions', async () => {
    const client = await StompClient.login(port);
    const padding = 'x'.repeat(60_000);
    for (let transaction = 0; transaction < 3; transaction++) {
      client.send('BEGIN', { transaction });
      const frame = stompFrame('ACK', { id: 'a@@b@@1', transaction, padding });
      client.write(Buffer.concat(Array.from({ length: 500 }, () => frame)));
    }
    expect(await client.error()).toMatch(/^Transaction too large: Too many bytes/);
  });

  it('that sends much while the broker waits for its catalog loses nothing', async () => {
    const client = await StompClient.login(port);
    const frames: Buffer[] = [];
    for (let i = 0; i < 500; i++) {
      frames.push(stompFrame('SUBSCRIBE', { destination: `/queue/many-${i}`, id: i }));
      frames.push(stompFrame('SEND', { destination: `/queue/many-${i}` }, `body ${i}`));
    }
    client.write(Buffer.concat(frames));
    const bodies = await client.bodies(500);
    expect(bodies.at(-1)).toBe('body 499');
  });

  it('that goes while its subscription is being made leaves none behind', async () => {
    for (let i = 0; i < 20; i++) {
      const client = await StompClient.login(port);
      client.send('SUBSCRIBE', { destination: '/topic/gone', id: 1 });
      client.send('SEND', { destination: `/queue/gone-${i}`, 'reply-to': '/temp-queue/a' });
      await client.destroy();
    }
  });
});

describe('a client that does not read', () => {
  it('has its messages kept in their queue, and its publisher goes on', async () => {
    const lazy = await StompClient.login(port);
    await lazy.ask('SUBSCRIBE', { destination: '/queue/lazy', id: 1 });
    lazy.socket.pause();
    const sender = await StompClient.login(port);
    const body = Buffer.alloc(64 * 1024, 'x');
    const headers = { destination: '/queue/lazy', 'content-length': body.length };
    // Far more than the kernel's buffers and the outbox hold together.
    for (let i = 0; i < 400; i++) sender.send('SEND', headers, body);
    await sender.nothing();
    expect(queueSize('lazy')).toBeGreaterThan(100);
    lazy.socket.resume();
    expect(await lazy.bodies(400)).toHaveLength(400);
  });

  it('is not read from any more when its answers pile up', async () => {
    const lazy = await StompClient.login(port);
    lazy.socket.pause();
    const receipt = 'r'.repeat(10_000);
    const asking = stompFrame('SEND', { destination: '/topic/nowhere', receipt });
    const all = Buffer.concat(Array.from({ length: 1000 }, () => asking));
    for (let i = 0; i < 4; i++) lazy.socket.write(all);
    const [open] = [...warren.broker.sessions].slice(-1);
    await vi.waitFor(() => expect(open!.traffic.publish).toBeGreaterThan(400), WAIT);
    // It has sent 40 MB and is stopped long before that.
    const most = (2 * (OUTBOX_STALL_BYTES + 8 * MIB)) / receipt.length;
    await witness.isServed();
    expect(open!.traffic.publish).toBeLessThan(most);
    lazy.socket.resume();
    for (let i = 0; i < 4000; i++) await lazy.expect('RECEIPT');
  });
});

describe('an alarm', () => {
  it('holds publishers back until it is over; consumers go on, nothing is lost', async () => {
    const { alarms } = warren.broker;
    const consumer = await StompClient.login(port);
    await consumer.ask('SUBSCRIBE', { destination: '/queue/held', id: 1, ack: 'client' });
    const sender = await StompClient.login(port);
    await sender.ask('SEND', { destination: '/queue/held' }, 'before');
    alarms.set('memory', true);
    try {
      const { headers } = await consumer.expect('MESSAGE');
      await consumer.ask('ACK', { id: headers.ack! });
      sender.send('SEND', { destination: '/queue/held' }, 'at once');
      // The next one finds nobody who reads.
      expect((await consumer.expect('MESSAGE')).body).toBe('at once');
      sender.send('SEND', { destination: '/queue/held', receipt: 'later' }, 'later');
      await consumer.nothing();
      expect(sender.unread + consumer.unread).toBe(0);
    } finally {
      alarms.set('memory', false);
    }
    await sender.expect('RECEIPT');
    expect((await consumer.expect('MESSAGE')).body).toBe('later');
  });
});
