/** Long polls over HTTP: leases, tokens, and clients that vanish. amqplib is on the other side. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/clock.ts';
import { HTTP_SESSION_IDLE_MS } from '../../../src/limits.ts';
import { ready, send } from '../../support/amqplib.ts';
import { type ApiBroker, type Reply, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const clock = new ManualClock();
let broker: ApiBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  broker = await startApi({ clock, config: { heartbeat: '0' } });
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
});

beforeEach(async () => {
  for (const name of ['q', 'dead']) await channel.deleteQueue(name);
  await channel.assertQueue('dead');
  await channel.assertQueue('q', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

const order = (what: string, body: unknown = {}, as = 'guest:guest', queue = 'q') =>
  broker.call('POST', `/v1/vhosts/%2F/queues/${queue}/messages:${what}`, body, { as });

const payloads = (reply: Reply): string[] =>
  reply.body.messages.map(({ payload }: { payload: string }) => payload);

const tokens = (reply: Reply): string[] =>
  reply.body.messages.map(({ token }: { token: string }) => token);

/** How many the queue has ready, once that is so. */
const becomes = (count: number, queue = 'q') =>
  vi.waitFor(async () => expect(await ready(channel, queue)).toBe(count), { timeout: 20_000 });

describe('receive', () => {
  test('takes what is there, in order, with everything that its publisher said', async () => {
    const options = { priority: 3, contentType: 'text/plain', headers: { n: 1, list: [true] } };
    channel.sendToQueue('q', Buffer.from('text ü'), { ...options, persistent: true });
    channel.sendToQueue('q', Buffer.from([0xff, 0]));
    await channel.waitForConfirms();
    const { status, body } = await order('receive', { max_messages: 10, wait_ms: 60_000 });
    expect(status).toBe(200);
    expect(body.messages).toEqual([
      {
        token: expect.any(String),
        exchange: '',
        routing_key: 'q',
        redelivered: false,
        properties: {
          content_type: 'text/plain',
          delivery_mode: 2,
          priority: 3,
          headers: { n: 1, list: [true] },
        },
        payload: 'text ü',
        payload_encoding: 'string',
      },
      expect.objectContaining({ payload: '/wA=', payload_encoding: 'base64' }),
    ]);
    expect((await order('ack', { tokens: tokens({ body } as Reply) })).body).toEqual({
      done: 2,
      unknown: [],
    });
  });

  test('answers at once if nothing is there and nobody waits', async () => {
    const { status, body } = await order('receive');
    expect([status, body]).toEqual([200, { messages: [] }]);
  });

  test('waits for the first message, and no longer than it was told', async () => {
    const first = order('receive', { wait_ms: 60_000 });
    const second = order('receive', { wait_ms: 30_000 });
    await vi.waitFor(async () => expect((await channel.checkQueue('q')).consumerCount).toBe(1));
    await send(channel, 'q', 'a');
    const got = await Promise.race([first, second]);
    expect(payloads(got)).toEqual(['a']);
    // The other one may still be on its way.
    const passing = setInterval(() => clock.advance(10_000), 20);
    const both = await Promise.all([first, second]);
    clearInterval(passing);
    expect(both.flatMap(payloads)).toEqual(['a']);
    await order('ack', { tokens: both.flatMap(tokens) });
  });

  test('takes no more than it was told; the rest is for others', async () => {
    await send(channel, 'q', '1', '2', '3');
    const reply = await order('receive', { max_messages: 2 });
    expect(payloads(reply)).toEqual(['1', '2']);
    expect(await ready(channel, 'q')).toBe(1);
    await order('nack', { tokens: tokens(reply) });
  });

  test('with auto_ack is done with the answer', async () => {
    await send(channel, 'q', '1');
    const { body } = await order('receive', { auto_ack: true, encoding: 'base64' });
    expect(body.messages[0]).toMatchObject({ payload: 'MQ==', payload_encoding: 'base64' });
    expect(body.messages[0]).not.toHaveProperty('token');
    clock.advance(60_000);
    expect(await ready(channel, 'q')).toBe(0);
  });

  test.each([{ max_messages: 0 }, { max_messages: 1001 }, { wait_ms: -1 }, { lease: 5 }, [], 7])(
    '%j is refused',
    async (body) => {
      const { status, body: problem } = await order('receive', body);
      expect([status, problem.kind]).toEqual([400, 'INVALID_REQUEST']);
    },
  );

  test('needs the queue and the right to read from it', async () => {
    await broker.call('PUT', '/api/users/writer', { password: 'p', tags: '' });
    const rights = { configure: '', write: '.*', read: '' };
    await broker.call('PUT', '/api/permissions/%2F/writer', rights);
    const refused = await order('receive', {}, 'writer:p');
    expect([refused.status, refused.body.kind]).toEqual([403, 'ACCESS_REFUSED']);
    const missing = await order('receive', {}, 'guest:guest', 'nope');
    expect([missing.status, missing.body.kind]).toEqual([404, 'NOT_FOUND']);
  });

  test('tells those who wait that the queue is gone', async () => {
    const waiting = order('receive', { wait_ms: 60_000 });
    await vi.waitFor(async () => expect((await channel.checkQueue('q')).consumerCount).toBe(1));
    await channel.deleteQueue('q');
    const { status, body } = await waiting;
    expect([status, body.kind]).toEqual([404, 'NOT_FOUND']);
  });

  test('an auto-delete queue stays between two polls, and goes when nobody polls', async () => {
    await channel.assertQueue('auto', { autoDelete: true });
    await send(channel, 'auto', '1', '2');
    expect(payloads(await order('receive', { auto_ack: true }, undefined, 'auto'))).toEqual(['1']);
    expect(payloads(await order('receive', { auto_ack: true }, undefined, 'auto'))).toEqual(['2']);
    clock.advance(HTTP_SESSION_IDLE_MS);
    await vi.waitFor(async () => {
      expect((await broker.get('/api/queues/%2F/auto')).status).toBe(404);
    });
  });
});

describe('tokens', () => {
  test('nack puts back, or gives up; each token settles once', async () => {
    await send(channel, 'q', '1', '2');
    const reply = await order('receive', { max_messages: 2 });
    const [first, second] = tokens(reply);
    expect((await order('nack', { tokens: [first] })).body.done).toBe(1);
    expect((await order('nack', { tokens: [second], requeue: false })).body.done).toBe(1);
    await becomes(1, 'dead');
    const again = await order('receive', { max_messages: 2 });
    expect(again.body.messages).toMatchObject([{ payload: '1', redelivered: true }]);
    const both = await order('ack', { tokens: [first, tokens(again)[0]] });
    expect([both.status, both.body]).toEqual([207, { done: 1, unknown: [first] }]);
    const none = await order('ack', { tokens: [first] });
    expect([none.status, none.body.kind]).toEqual([410, 'UNKNOWN_TOKEN']);
  });

  test('are of their queue and of their user', async () => {
    await send(channel, 'q', '1');
    const reply = await order('receive');
    expect((await order('ack', { tokens: tokens(reply) }, undefined, 'dead')).status).toBe(410);
    await broker.call('PUT', '/api/users/other', { password: 'p', tags: '' });
    const rights = { configure: '', write: '', read: '.*' };
    await broker.call('PUT', '/api/permissions/%2F/other', rights);
    expect((await order('ack', { tokens: tokens(reply) }, 'other:p')).status).toBe(410);
    expect((await order('ack', { tokens: tokens(reply) })).status).toBe(200);
  });

  test.each([{}, { tokens: [] }, { tokens: 7 }, { tokens: ['x'.repeat(65)] }])(
    '%j is refused',
    async (body) => {
      expect((await order('ack', body)).status).toBe(400);
    },
  );
});

describe('a lease', () => {
  test('that runs out gives the message back', async () => {
    await send(channel, 'q', '1');
    const reply = await order('receive', { lease_ms: 5_000 });
    clock.advance(4_999);
    expect(await ready(channel, 'q')).toBe(0);
    clock.advance(1);
    expect(await ready(channel, 'q')).toBe(1);
    expect((await order('ack', { tokens: tokens(reply) })).status).toBe(410);
  });

  test('can be prolonged', async () => {
    await send(channel, 'q', '1');
    const reply = await order('receive', { lease_ms: 5_000 });
    clock.advance(4_000);
    const extended = await order('extend', { tokens: tokens(reply), lease_ms: 10_000 });
    expect(extended.body).toEqual({ done: 1, unknown: [] });
    clock.advance(9_999);
    expect((await order('ack', { tokens: tokens(reply) })).status).toBe(200);
  });

  test('outlives the idle session, and ends with its user', async () => {
    await broker.call('PUT', '/api/users/brief', { password: 'p', tags: '' });
    const rights = { configure: '', write: '', read: '.*' };
    await broker.call('PUT', '/api/permissions/%2F/brief', rights);
    await send(channel, 'q', '1');
    await order('receive', { lease_ms: 10 * HTTP_SESSION_IDLE_MS }, 'brief:p');
    clock.advance(5 * HTTP_SESSION_IDLE_MS);
    expect(await ready(channel, 'q')).toBe(0);
    await broker.call('DELETE', '/api/users/brief');
    await becomes(1);
  });
});

test('a broker that restarts has what was leased, and knows its old tokens no more', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'warren-'));
  const config = { data_dir: folder };
  try {
    const before = await startApi({ config });
    await before.call('PUT', '/api/queues/%2F/kept', { durable: true });
    const at = '/v1/vhosts/%2F/queues/kept/messages';
    const publish = '/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=kept';
    await before.call('POST', publish, undefined, { raw: 'precious' });
    const leased = await before.call('POST', `${at}:receive`, {});
    expect(payloads(leased)).toEqual(['precious']);
    await before.stop();
    const after = await startApi({ config });
    const again = await after.call('POST', `${at}:receive`, { wait_ms: 10_000 });
    expect(again.body.messages).toMatchObject([{ payload: 'precious', redelivered: true }]);
    expect((await after.call('POST', `${at}:ack`, { tokens: tokens(leased) })).status).toBe(410);
    expect((await after.call('POST', `${at}:ack`, { tokens: tokens(again) })).status).toBe(200);
    await after.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a client that vanishes', () => {
  test('while it waits takes nothing with it', async () => {
    const socket = dial(broker.apiPort, '127.0.0.1');
    const body = JSON.stringify({ wait_ms: 60_000 });
    socket.write(
      'POST /v1/vhosts/%2F/queues/q/messages:receive HTTP/1.1\r\nhost: x\r\n' +
        `authorization: Basic ${btoa('guest:guest')}\r\ncontent-length: ${body.length}\r\n\r\n` +
        body,
    );
    await vi.waitFor(async () => expect((await channel.checkQueue('q')).consumerCount).toBe(1));
    socket.destroy();
    await once(socket, 'close');
    // Should the broker not have noticed yet, the lease brings it back.
    await send(channel, 'q', '1');
    const got = await vi.waitFor(
      async () => {
        clock.advance(30_000);
        const reply = await order('receive', { auto_ack: true });
        expect(payloads(reply)).toEqual(['1']);
        return reply;
      },
      { timeout: 20_000 },
    );
    expect(got.status).toBe(200);
  });

  test('before it has read the answer leaves the messages to the lease, or gives them back', async () => {
    await send(channel, 'q', 'x'.repeat(4_000_000));
    const socket = dial(broker.apiPort, '127.0.0.1');
    socket.pause();
    socket.write(
      'POST /v1/vhosts/%2F/queues/q/messages:receive HTTP/1.1\r\nhost: x\r\n' +
        `authorization: Basic ${btoa('guest:guest')}\r\ncontent-length: 2\r\n\r\n{}`,
    );
    await becomes(0);
    socket.destroy();
    await once(socket, 'close');
    await vi.waitFor(async () => {
      clock.advance(30_000);
      expect(await ready(channel, 'q')).toBe(1);
    });
    await channel.purgeQueue('q');
  });
});
