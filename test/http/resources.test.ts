/** Paths of the management API that no sample covers [management-api.md §1.2]. */
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import { type ApiBroker, startApi } from '../support/management.ts';

let broker: ApiBroker;
let client: ChannelModel;
const clock = new ManualClock(1_000_000_000_000);

beforeAll(async () => {
  const config = { 'management.path_prefix': '', heartbeat: 0, default_vhost: '/' };
  broker = await startApi({ clock, config });
  for (const [name, tags] of [
    ['worker', 'management'],
    ['other', 'management'],
    ['client', ''],
  ]) {
    await broker.call('PUT', `/api/users/${name}`, { password: 'p', tags });
    const rights = { configure: '.*', write: '.*', read: '.*' };
    await broker.call('PUT', `/api/permissions/%2F/${name}`, rights);
  }
  client = await amqplib.connect(broker.url.replace('guest:guest', 'worker:p'));
});

afterAll(async () => {
  await client?.close();
  await broker?.stop();
});

describe('POST /api/login', () => {
  const form = (raw: string) => broker.call('POST', '/api/login', undefined, { as: null, raw });

  test('takes a form and gives a cookie for the scripts of the page', async () => {
    const { status, body, headers } = await form('username=worker&password=p');
    expect([status, body]).toEqual([200, 'ok']);
    const [cookie] = headers['set-cookie'] as string[];
    expect(cookie).toBe(`auth=${btoa('worker:p')}; Path=/; SameSite=Strict`);
  });

  test('refuses what is wrong, who may not use the API, and a form without names', async () => {
    for (const raw of ['username=worker&password=no', '', 'username=worker', '{"a":1}']) {
      const { status, body, headers } = await form(raw);
      expect([status, body.error, headers['set-cookie']]).toEqual([
        401,
        'not_authorized',
        undefined,
      ]);
    }
    expect((await form('username=client&password=p')).body).toEqual({
      error: 'not_authorised',
      reason: 'Not management user',
    });
  });

  test('is the only method there', async () => {
    const get = await broker.get('/api/login', { as: null });
    expect([get.status, get.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect((await broker.call('OPTIONS', '/api/login')).headers.allow).toBe('POST, OPTIONS');
  });

  test('no request is let in by the cookie alone', async () => {
    const headers = { cookie: `auth=${btoa('worker:p')}` };
    expect((await broker.get('/api/whoami', { as: null, headers })).status).toBe(401);
  });
});

describe('who declared what', () => {
  test('a queue and an exchange know the user, and a user has a list of queues', async () => {
    const channel = await client.createChannel();
    await channel.assertQueue('made-by-worker');
    await channel.assertExchange('made', 'direct');
    await broker.call('PUT', '/api/queues/%2F/made-by-guest', { durable: true });
    const { body: queues } = await broker.get('/api/users/worker/queues');
    expect(queues.map(({ name }: { name: string }) => name)).toEqual(['made-by-worker']);
    const whoOf = async (path: string) => (await broker.get(path)).body.user_who_performed_action;
    expect(await whoOf('/api/queues/%2F/made-by-worker')).toBe('worker');
    expect(await whoOf('/api/exchanges/%2F/made')).toBe('worker');
    expect(await whoOf('/api/exchanges/%2F/amq.direct')).toBe('rmq-internal');
  });

  test('others’ lists are for those who monitor', async () => {
    expect((await broker.get('/api/users/worker/queues', { as: 'worker:p' })).status).toBe(200);
    const { status, body } = await broker.get('/api/users/worker/queues', { as: 'other:p' });
    expect([status, body.error]).toEqual([401, 'not_authorised']);
  });
});

describe('DELETE /api/reset', () => {
  test('forgets samples and keeps counters', async () => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue('counted');
    channel.sendToQueue('counted', Buffer.from('x'));
    await channel.waitForConfirms();
    clock.advance(5000);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    const stats = async () => (await broker.get('/api/queues/%2F/counted')).body.message_stats;
    expect((await stats()).publish_details.rate).toBe(0.2);
    expect((await broker.call('DELETE', '/api/reset')).status).toBe(204);
    expect(await stats()).toMatchObject({ publish: 1, publish_details: { rate: 0 } });
  });

  test('of one node; of another there is none; and not for everybody', async () => {
    const { node } = (await broker.get('/api/overview')).body;
    expect((await broker.call('DELETE', `/api/reset/${node}`)).status).toBe(204);
    expect((await broker.call('DELETE', '/api/reset/rabbit@nowhere')).status).toBe(404);
    const worker = await broker.call('DELETE', '/api/reset', undefined, { as: 'worker:p' });
    expect(worker.status).toBe(401);
  });
});

test('GET /api/config/effective has every setting and no secret', async () => {
  const { body } = await broker.get('/api/config/effective');
  expect(body).toMatchObject({ default_vhost: '/', heartbeat: 0, default_pass: '***' });
  expect((await broker.get('/api/config/effective', { as: 'worker:p' })).status).toBe(401);
});

describe('what counts for a queue or an exchange', () => {
  test('is explained key by key: who says so, arguments, policies, defaults', async () => {
    const call = broker.call;
    await call('PUT', '/api/queues/%2F/ruled', { arguments: { 'x-max-length': 50 } });
    const policy = { pattern: '^ruled', definition: { 'max-length': 10, expires: 60000 } };
    await call('PUT', '/api/policies/%2F/short', policy);
    const ordered = {
      pattern: '^ruled',
      definition: { 'message-ttl': 5000 },
      'apply-to': 'queues',
    };
    await call('PUT', '/api/operator-policies/%2F/old', ordered);
    const { body } = await broker.get('/api/x/queues/%2F/ruled/policy-explanation');
    expect(body).toEqual(
      expect.arrayContaining([
        { key: 'max-length', value: 10, source: 'policy', policy: 'short' },
        { key: 'expires', value: 60000, source: 'policy', policy: 'short' },
        { key: 'message-ttl', value: 5000, source: 'operator policy', policy: 'old' },
      ]),
    );
    const alternate = { arguments: { 'alternate-exchange': 'amq.fanout' } };
    await call('PUT', '/api/exchanges/%2F/led', alternate);
    expect((await broker.get('/api/x/exchanges/%2F/led/policy-explanation')).body).toEqual([
      { key: 'alternate-exchange', value: 'amq.fanout', source: 'argument', policy: null },
    ]);
    for (const path of ['queues/%2F/none', 'exchanges/%2F/none', 'queues/none/ruled']) {
      expect((await broker.get(`/api/x/${path}/policy-explanation`)).status, path).toBe(404);
    }
  });
});

test('a quorum queue shows what waits for its retry and what for its dead letter', async () => {
  const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
  await broker.call('PUT', '/api/queues/%2F/safe', quorum);
  const { body } = await broker.get('/api/queues/%2F/safe');
  expect(body).toMatchObject({ messages_delayed: 0, messages_dlx: 0 });
});
