/**
 * Webhooks: what a target gets, what its answers mean, and that nothing is lost when it hangs,
 * fails, answers too late, or the broker stops. Time is moved by hand.
 */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, type ConfirmChannel, connect, type GetMessage } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/clock.ts';
import { CONSUMER_TIMEOUT_MS } from '../../../src/limits.ts';
import {
  WEBHOOK_DRAINING_MAX,
  WEBHOOK_REOPEN_MS,
  WEBHOOK_ROTATION_MS,
} from '../../../src/limits-webhook.ts';
import { ready } from '../../support/amqplib.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';
import { TargetServer } from './target-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000 };
const ALL = '/v1/vhosts/%2F/webhooks';
const clock = new ManualClock();
let broker: ApiBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;
let target: TargetServer;

const LETTERS = { deadLetterExchange: '', deadLetterRoutingKey: 'letters' };

beforeAll(async () => {
  broker = await startApi({ clock, config: { heartbeat: '0', 'webhooks.private_targets': true } });
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
});

beforeEach(async () => {
  target = await TargetServer.start();
  await channel.deleteQueue('q');
  await channel.deleteQueue('letters');
  await channel.assertQueue('q', LETTERS);
  await channel.assertQueue('letters');
});

afterEach(async () => {
  await broker.call('DELETE', `${ALL}/w`);
  target.stop();
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

/** Makes the webhook `w`. */
async function make(settings: object = {}) {
  const reply = await broker.call('PUT', `${ALL}/w`, { queue: 'q', url: target.url, ...settings });
  expect([200, 201], reply.text).toContain(reply.status);
  return reply.body;
}

const publish = (body: string | Buffer, options: object = {}) =>
  new Promise<void>((resolve, reject) => {
    channel.sendToQueue('q', Buffer.from(body), options, (error) =>
      error === null ? resolve() : reject(error),
    );
  });

const hits = (count: number) =>
  vi.waitFor(() => {
    expect(target.hits.length).toBeGreaterThanOrEqual(count);
    return target.hits;
  }, PATIENCE);

/** How the webhook is, once it is like that. */
const becomes = (like: object) =>
  vi.waitFor(async () => {
    const { body } = await broker.get(`${ALL}/w`);
    expect(body).toMatchObject(like);
    return body;
  }, PATIENCE);

const letter = () =>
  vi.waitFor(async () => {
    const message = await channel.get('letters', { noAck: true });
    expect(message).not.toBe(false);
    return message as GetMessage;
  }, PATIENCE);

/** Moves time on until so many requests have come. */
async function hitsInTime(count: number, stepMs: number): Promise<void> {
  while (target.hits.length < count) {
    const before = target.hits.length;
    await vi.waitFor(async () => {
      clock.advance(stepMs);
      expect(target.hits.length).toBeGreaterThan(before);
    }, PATIENCE);
  }
}

describe('a target gets', () => {
  test('messages, acknowledged by 2xx', async () => {
    const made = await make();
    expect(made).toMatchObject({ name: 'w', owner: 'guest', queue: 'q', format: 'json' });
    await publish('one', { contentType: 'text/plain', headers: { colour: 'red' } });
    const [hit] = await hits(1);
    expect(hit!.headers).toMatchObject({
      ...{ 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^Warren\//) },
    });
    expect(JSON.parse(String(hit!.body))).toEqual({
      exchange: '',
      routing_key: 'q',
      redelivered: false,
      properties: { content_type: 'text/plain', headers: { colour: 'red' } },
      payload: 'one',
      payload_encoding: 'string',
    });
    await becomes({ delivered: 1, failed: 0, in_flight: 0, last_status: 204, state: 'active' });
    expect((await broker.get('/api/queues/%2F/q')).body.messages).toBe(0);
  });

  test('the message itself if raw, with its properties and the owner’s headers', async () => {
    const made = await make({ format: 'raw', headers: { Authorization: 'Bearer key' } });
    expect(made.header_names).toEqual(['authorization']);
    expect(JSON.stringify(made)).not.toContain('Bearer');
    const body = Buffer.from([0, 255, 10]);
    await publish(body, { contentType: 'image/png', priority: 3, headers: { colour: 'grün' } });
    const [hit] = await hits(1);
    expect(hit!.body).toEqual(body);
    expect(hit!.headers).toMatchObject({
      ...{ authorization: 'Bearer key', 'content-type': 'image/png', 'warren-priority': '3' },
      ...{ 'warren-routing-key': 'q', 'warren-redelivered': 'false', 'warren-exchange': '' },
    });
    const colour = Buffer.from(String(hit!.headers['warren-header-colour']), 'latin1');
    expect(colour.toString()).toBe('grün');
  });

  test('a signature that Standard Webhooks can verify, two while a secret is replaced', async () => {
    const { secret: first } = await make();
    expect(first).toMatch(/^whsec_/);
    const verify = (key: string, index: number, of: number) => {
      const { headers, body } = target.hits[index]!;
      const bytes = Buffer.from(key.slice('whsec_'.length), 'base64');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const expected = createHmac('sha256', bytes).update(signed).digest('base64');
      const signatures = String(headers['webhook-signature']).split(' ');
      expect(signatures).toHaveLength(of);
      expect(signatures).toContain(`v1,${expected}`);
    };
    await publish('one');
    await hits(1);
    expect(target.hits[0]!.headers['webhook-timestamp']).toBe(
      String(Math.floor(clock.now() / 1000)),
    );
    verify(first, 0, 1);
    const rotated = await broker.call('POST', `${ALL}/w/rotate`);
    expect([rotated.status, rotated.body.secrets]).toEqual([200, 2]);
    const second = rotated.body.secret;
    await becomes({ state: 'active' });
    await publish('two');
    await hits(2);
    verify(first, 1, 2);
    verify(second, 1, 2);
    clock.advance(WEBHOOK_ROTATION_MS);
    await publish('three');
    await hits(3);
    verify(second, 2, 1);
    const { text } = await broker.get(`${ALL}/w`);
    expect(text).not.toContain('whsec_');
    expect((await broker.get(ALL)).text).not.toContain('whsec_');
  });

  test('the same webhook-id for the same message, by its message id or for all attempts', async () => {
    await make({ max_attempts: 2, first_retry_ms: 10 });
    target.answer = ({ response }) => response.writeHead(500).end();
    await publish('plain');
    await hits(1);
    await hitsInTime(2, 10);
    await letter();
    await publish('named', { messageId: 'm.1' });
    await publish('named', { messageId: 'm.1' });
    await hits(4);
    const ids = target.hits.map(({ headers }) => headers['webhook-id'] as string);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(ids[0]).not.toBe(ids[2]);
    for (const id of ids) expect(id).not.toContain('.');
  });
});

describe('an answer', () => {
  test('of 4xx dead-letters the message at once', async () => {
    await make();
    target.answer = ({ response }) => response.writeHead(422).end();
    await publish('bad');
    const { properties, content } = await letter();
    expect(content.toString()).toBe('bad');
    expect(properties.headers?.['x-first-death-reason']).toBe('rejected');
    await becomes({ failed: 1, last_status: 422, last_error: 'the target answers 422' });
    expect(target.hits).toHaveLength(1);
  });

  test.each([408, 425, 429, 500, 503, 302])(
    'of %d is tried again, and then given up',
    async (status) => {
      await make({ max_attempts: 3, first_retry_ms: 1000, longest_retry_ms: 1000 });
      target.answer = ({ response }) => {
        response.writeHead(status, { location: target.url.replace('/hook', '/elsewhere') }).end();
      };
      await publish('again');
      await hits(1);
      await becomes({ waiting: 1, in_flight: 0 });
      await hitsInTime(3, 1000);
      expect((await letter()).content.toString()).toBe('again');
      expect(target.hits).toHaveLength(3);
      expect(target.hits.every(({ path }) => path === '/hook')).toBe(true);
      await becomes({ failed: 1, attempts: 3, waiting: 0, last_status: status });
    },
  );

  test('with Retry-After is asked again no sooner', async () => {
    await make({ first_retry_ms: 10, longest_retry_ms: 10 });
    target.answer = ({ response }) => {
      const head = target.hits.length === 1 ? { 'retry-after': '60' } : {};
      response.writeHead(target.hits.length === 1 ? 503 : 200, head).end();
    };
    await publish('later');
    await becomes({ waiting: 1 });
    clock.advance(59_999);
    await becomes({ waiting: 1 });
    expect(target.hits).toHaveLength(1);
    clock.advance(1);
    await becomes({ delivered: 1 });
  });

  test('of 410 disables the webhook, and the message stays', async () => {
    await make({ concurrency: 1 });
    target.answer = ({ response }) => response.writeHead(410).end();
    await publish('one');
    await publish('two');
    await becomes({ state: 'disabled', last_status: 410 });
    await vi.waitFor(async () => expect(await ready(channel, 'q')).toBe(2), PATIENCE);
    expect(target.hits).toHaveLength(1);
    target.answer = ({ response }) => response.writeHead(200).end();
    await broker.call('POST', `${ALL}/w/resume`);
    await becomes({ state: 'active', delivered: 2 });
  });

  test('of 410 to a request from before a change says nothing about the new target', async () => {
    await make();
    target.answer = () => {};
    await publish('one');
    const [old] = await hits(1);
    const other = await TargetServer.start();
    try {
      await make({ url: other.url });
      old!.response.writeHead(410).end();
      await vi.waitFor(() => expect(other.hits).toHaveLength(1), PATIENCE);
      await becomes({ state: 'active', delivered: 1 });
    } finally {
      other.stop();
    }
  });

  test('without end is cut off, and counts by its status', async () => {
    await make();
    target.answer = ({ response }) => {
      response.writeHead(200);
      const more = (): boolean => !response.destroyed && response.write(Buffer.alloc(16_384));
      response.on('drain', more);
      while (more());
    };
    await publish('one');
    await becomes({ delivered: 1, in_flight: 0 });
    await vi.waitFor(() => expect(target.connections).toBe(0), PATIENCE);
  });
});

describe('a target that hangs', () => {
  test('holds no more than its concurrency, and loses nothing', async () => {
    await make({ concurrency: 2, timeout_ms: 1000, max_attempts: 2, first_retry_ms: 1 });
    target.answer = () => {};
    for (let i = 0; i < 10; i++) await publish(String(i));
    await hits(2);
    const { body } = await broker.get('/api/queues/%2F/q');
    expect([body.messages_ready, body.messages_unacknowledged]).toEqual([8, 2]);
    expect(target.connections).toBe(2);
    clock.advance(1000);
    await becomes({ waiting: 2, last_error: 'no answer within 1000 ms' });
    target.answer = ({ response }) => response.writeHead(200).end();
    await vi.waitFor(async () => {
      clock.advance(10);
      await becomes({ delivered: 10 });
    }, PATIENCE);
    expect(new Set(target.hits.map(({ body: one }) => JSON.parse(String(one)).payload)).size).toBe(
      10,
    );
  });

  test('and answers too late gets the message again', async () => {
    await make({ timeout_ms: 1000, first_retry_ms: 1 });
    target.answer = () => {};
    await publish('twice');
    const [late] = await hits(1);
    clock.advance(1000);
    await becomes({ waiting: 1 });
    late!.response.writeHead(200).end();
    target.answer = ({ response }) => response.writeHead(200).end();
    await hitsInTime(2, 10);
    await becomes({ delivered: 1, failed: 0 });
  });

  test('and breaks the connection gets the message again', async () => {
    await make({ first_retry_ms: 1 });
    target.answer = ({ response }) => response.destroy();
    await publish('again');
    await hits(1);
    await becomes({ waiting: 1 });
    target.answer = ({ response }) => response.writeHead(200).end();
    await hitsInTime(2, 10);
    await becomes({ delivered: 1 });
  });
});

describe('a webhook', () => {
  test('pauses when it is told to: what is under way is finished, the rest waits', async () => {
    await make({ concurrency: 1 });
    target.answer = () => {};
    await publish('one');
    await publish('two');
    const [one] = await hits(1);
    const paused = await broker.call('POST', `${ALL}/w/pause`);
    expect(paused.body.state).toBe('paused');
    await becomes({ state: 'paused', in_flight: 1 });
    one!.response.writeHead(200).end();
    await becomes({ delivered: 1, in_flight: 0 });
    const { body } = await broker.get('/api/queues/%2F/q');
    expect([body.messages_ready, body.consumers]).toEqual([1, 0]);
    target.answer = ({ response }) => response.writeHead(200).end();
    await broker.call('POST', `${ALL}/w/resume`);
    await becomes({ state: 'active', delivered: 2 });
  });

  test('is a connection with a channel and a consumer; closed, it comes back', async () => {
    await make({ concurrency: 7 });
    const shown = () =>
      vi.waitFor(async () => {
        const { body } = await broker.get('/api/connections');
        const one = body.find(({ protocol }: { protocol: string }) => protocol === 'HTTP webhook');
        expect(one).toMatchObject({ name: 'webhook w@/', user: 'guest', peer_host: '127.0.0.1' });
      }, PATIENCE);
    await shown();
    const { body } = await broker.get('/api/consumers/%2F');
    expect(body).toMatchObject([{ prefetch_count: 7, consumer_tag: 'webhook.w' }]);
    await broker.call('DELETE', `/api/connections/${encodeURIComponent('webhook w@/')}`);
    await becomes({ state: 'waiting' });
    clock.advance(WEBHOOK_REOPEN_MS);
    await becomes({ state: 'active' });
    await shown();
    await publish('one');
    await hits(1);
  });

  test('goes with its queue', async () => {
    await make();
    await channel.deleteQueue('q');
    expect((await broker.get(`${ALL}/w`)).status).toBe(404);
  });

  test('that is changed again and again while its target hangs holds a few runs, no more', async () => {
    target.answer = () => {};
    for (let i = 0; i < 10; i++) await publish(String(i));
    for (let i = 1; i <= 6; i++) await make({ concurrency: 1, max_attempts: i });
    await becomes({ in_flight: WEBHOOK_DRAINING_MAX + 1 });
    const { body } = await broker.get('/api/queues/%2F/q');
    expect(body.messages_ready).toBe(10 - (WEBHOOK_DRAINING_MAX + 1));
  });

  test('can be changed, and keeps its secret and headers', async () => {
    const { secret } = await make({ headers: { 'x-key': '1' } });
    const other = await TargetServer.start();
    try {
      const changed = await make({ url: other.url, format: 'raw' });
      expect(changed).toMatchObject({ secrets: 1, header_names: ['x-key'], format: 'raw' });
      expect(changed).not.toHaveProperty('secret');
      await publish('one');
      await vi.waitFor(() => expect(other.bodies).toEqual(['one']), PATIENCE);
      const { headers } = other.hits[0]!;
      expect(headers['x-key']).toBe('1');
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.one`;
      const expected = createHmac('sha256', key).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    } finally {
      other.stop();
    }
  });

  test('on a quorum queue may hold a message longer than other consumers', async () => {
    await channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } });
    const hour = { first_retry_ms: 3_600_000, longest_retry_ms: 3_600_000 };
    await make({ queue: 'quorum', ...hour, timeout_ms: 300_000 });
    target.answer = ({ response }) => response.writeHead(target.hits.length > 1 ? 200 : 500).end();
    channel.sendToQueue('quorum', Buffer.from('x'));
    await becomes({ waiting: 1 });
    const before = clock.now();
    await hitsInTime(2, 250_000);
    // RabbitMQ's and ours: half an hour.
    expect(clock.now() - before).toBeGreaterThan(CONSUMER_TIMEOUT_MS);
    await becomes({ delivered: 1 });
    await channel.deleteQueue('quorum');
  });
});

describe('who may', () => {
  const MAKER = { as: 'maker:x' };
  const put = (settings: object, options = MAKER) =>
    broker.call('PUT', `${ALL}/mine`, { queue: 'q', url: target.url, ...settings }, options);

  beforeEach(async () => {
    await broker.call('PUT', '/api/users/maker', { password: 'x', tags: '' });
    const rights = { configure: '', write: '', read: '^q$' };
    await broker.call('PUT', '/api/permissions/%2F/maker', rights);
  });

  afterEach(async () => {
    await broker.call('DELETE', '/api/users/maker');
  });

  test('whoever may read from the queue makes one, and nobody else', async () => {
    expect((await put({})).status).toBe(201);
    expect((await put({ queue: 'letters' })).status).toBe(403);
    expect((await put({ queue: 'none' })).status).toBe(403);
    expect((await put({}, { as: 'guest:guest' })).status).toBe(403);
  });

  test('its owner sees it, and administrators, who may stop and delete it', async () => {
    await put({});
    await make();
    const listed = async (options: object) =>
      (await broker.get(ALL, options)).body.webhooks.map(({ name }: { name: string }) => name);
    expect(await listed(MAKER)).toEqual(['mine']);
    expect((await listed({})).sort()).toEqual(['mine', 'w']);
    expect((await broker.get(`${ALL}/w`, MAKER)).status).toBe(404);
    expect((await broker.call('POST', `${ALL}/mine/pause`)).body.state).toBe('paused');
    expect((await broker.call('POST', `${ALL}/mine/rotate`)).status).toBe(403);
    expect((await broker.call('DELETE', `${ALL}/w`, undefined, MAKER)).status).toBe(404);
    expect((await broker.call('DELETE', `${ALL}/mine`)).status).toBe(204);
  });

  test('it ends with its owner', async () => {
    await put({});
    await broker.call('DELETE', '/api/users/maker');
    await vi.waitFor(async () => {
      expect((await broker.get('/api/queues/%2F/q')).body.consumers).toBe(0);
    }, PATIENCE);
    expect((await broker.get(ALL)).body.webhooks).toEqual([]);
  });

  test('it stops when its owner may read no more, and goes on when that changes', async () => {
    await put({});
    const change = (read: string) =>
      broker.call('PUT', '/api/permissions/%2F/maker', { configure: '', write: '', read });
    await change('^other$');
    await publish('kept');
    await vi.waitFor(async () => {
      const { body } = await broker.get(`${ALL}/mine`);
      expect([body.state, body.last_error]).toEqual([
        'waiting',
        expect.stringContaining('access refused'),
      ]);
    }, PATIENCE);
    expect([target.hits.length, await ready(channel, 'q')]).toEqual([0, 1]);
    await change('^q$');
    clock.advance(WEBHOOK_REOPEN_MS);
    await hits(1);
  });
});

test.each([
  [{ url: 'ftp://host/' }, /http or https/],
  [{ url: 'nothing' }, /url/],
  [{ url: 'http://user:pass@host/' }, /password/],
  [{ concurrency: 0 }, /concurrency/],
  [{ timeout_ms: 1 }, /timeout_ms/],
  [{ secret: 'whsec_c2hvcnQ=' }, /secret/],
  [{ headers: { 'webhook-id': 'x' } }, /webhook-id/],
  [{ headers: { Host: 'x' } }, /Host/],
  [{ headers: { 'x-a': 'a\nb' } }, /x-a/],
  [{ headers: { 'x-a': 7 } }, /x-a/],
  [{ format: 'xml' }, /format/],
  [{ colour: 'red' }, /additional/],
])('%j is refused', async (settings, text) => {
  const all = { queue: 'q', url: target.url, ...settings };
  const { status, body } = await broker.call('PUT', `${ALL}/w`, all);
  expect([status, body.kind]).toEqual([400, 'INVALID_REQUEST']);
  expect(body.detail).toMatch(text);
});

test('it survives a restart, with its secret; what was under way comes again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-webhooks-'));
  const config = { data_dir: folder, heartbeat: '0', 'webhooks.private_targets': true };
  let durable = await startApi({ config });
  const path = '/v1/vhosts/%2F';
  try {
    await durable.call('PUT', '/api/queues/%2F/d', { durable: true });
    const settings = { queue: 'd', url: target.url, secret: `whsec_${btoa('x'.repeat(24))}` };
    expect((await durable.call('PUT', `${path}/webhooks/w`, settings)).status).toBe(201);
    target.answer = () => {};
    const to = `${path}/exchanges/amq.default/messages?routing_key=d`;
    await durable.call('POST', to, undefined, { raw: 'kept' });
    await hits(1);
    await durable.stop();
    target.answer = ({ response }) => response.writeHead(200).end();
    durable = await startApi({ config });
    await hits(2);
    const [, second] = target.hits;
    expect(JSON.parse(String(second!.body))).toMatchObject({ payload: 'kept', redelivered: true });
    const key = Buffer.from('x'.repeat(24));
    const { headers, body } = second!;
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const expected = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  } finally {
    await durable.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
