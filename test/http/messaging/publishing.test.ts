/** Publishing over HTTP: what amqplib gets of it, and what publishers are told. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { HTTP_BATCH_MAX } from '../../../src/limits.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let broker: ApiBroker;
let connection: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  broker = await startApi({ config: { max_message_size: '100000' } });
  connection = await connect(broker.url);
  channel = await connection.createChannel();
  await channel.assertExchange('orders', 'topic');
  await channel.assertQueue('full', {
    maxLength: 1,
    arguments: { 'x-overflow': 'reject-publish' },
  });
  for (const name of ['reader', 'stranger']) {
    await broker.call('PUT', `/api/users/${name}`, { password: 'p', tags: '' });
  }
  const rights = { configure: '', write: '', read: '.*' };
  await broker.call('PUT', '/api/permissions/%2F/reader', rights);
});

beforeEach(async () => {
  await channel.deleteQueue('q');
  await channel.assertQueue('q');
  await channel.bindQueue('q', 'orders', 'eu.#');
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

const ORDERS = '/v1/vhosts/%2F/exchanges/orders/messages';
const DEFAULT = '/v1/vhosts/%2F/exchanges/amq.default/messages';

async function got(): Promise<GetMessage> {
  const message = await channel.get('q', { noAck: true });
  if (message === false) throw new Error('the queue is empty');
  return message;
}

describe('one message', () => {
  test('is its body, byte for byte, with properties and headers from the head', async () => {
    const raw = Buffer.from([0, 1, 2, 0xff, 0xfe]);
    const headers = {
      'content-type': 'image/x-thing',
      'content-encoding': 'gzip',
      'warren-message-id': 'm1',
      'warren-correlation-id': 'c1',
      'warren-reply-to': 'answers',
      'warren-expiration': '60000',
      'warren-priority': '7',
      'warren-type': 'created',
      'warren-timestamp': '1700000000',
      'warren-user-id': 'guest',
      'warren-app-id': 'shop',
      'warren-header-region': Buffer.from('Österreich', 'utf8').toString('latin1'),
    };
    const reply = await broker.call('POST', `${ORDERS}?routing_key=eu.at`, undefined, {
      raw,
      headers,
    });
    expect([reply.status, reply.body]).toEqual([200, { routed: 1 }]);
    const { content, fields, properties } = await got();
    expect(content).toEqual(raw);
    expect(fields).toMatchObject({ exchange: 'orders', routingKey: 'eu.at' });
    expect(properties).toMatchObject({
      contentType: 'image/x-thing',
      contentEncoding: 'gzip',
      messageId: 'm1',
      correlationId: 'c1',
      replyTo: 'answers',
      expiration: '60000',
      priority: 7,
      type: 'created',
      timestamp: 1_700_000_000,
      userId: 'guest',
      appId: 'shop',
      deliveryMode: 2,
      headers: { region: 'Österreich' },
    });
  });

  test('JSON is a body like any other', async () => {
    const raw = '[{"payload":"not a batch"}]';
    const headers = { 'content-type': 'application/json' };
    await broker.call('POST', `${DEFAULT}?routing_key=q`, undefined, { raw, headers });
    const { content, properties } = await got();
    expect([String(content), properties.contentType]).toEqual([raw, 'application/json']);
  });

  test('may be empty, of no type, and transient', async () => {
    const headers = { 'warren-persistent': 'false' };
    const { status } = await broker.call('POST', `${DEFAULT}?routing_key=q`, undefined, {
      headers,
    });
    expect(status).toBe(200);
    const { content, properties } = await got();
    expect([content.length, properties.deliveryMode, properties.contentType]).toEqual([
      0,
      1,
      undefined,
    ]);
  });

  test('that no queue takes is routed to none, or a mistake if mandatory', async () => {
    const lost = await broker.call('POST', `${ORDERS}?routing_key=us`, undefined, { raw: 'x' });
    expect([lost.status, lost.body]).toEqual([200, { routed: 0 }]);
    const path = `${ORDERS}?routing_key=us&mandatory=true`;
    const { status, body, headers } = await broker.call('POST', path, undefined, { raw: 'x' });
    expect([status, body.kind]).toEqual([422, 'NO_ROUTE']);
    expect(headers['content-type']).toBe('application/problem+json');
  });

  test('that a full queue refuses is told so, with a time to come again', async () => {
    const path = `${DEFAULT}?routing_key=full`;
    expect((await broker.call('POST', path, undefined, { raw: '1' })).status).toBe(200);
    const { status, body, headers } = await broker.call('POST', path, undefined, { raw: '2' });
    expect([status, body.kind, headers['retry-after']]).toEqual([503, 'REJECTED', '1']);
  });

  test('larger than max_message_size is 413, and the broker goes on', async () => {
    const raw = Buffer.alloc(100_001);
    const path = `${DEFAULT}?routing_key=q`;
    const { status, body } = await broker.call('POST', path, undefined, { raw });
    expect([status, body.kind]).toEqual([413, 'TOO_LARGE']);
    const most = await broker.call('POST', path, undefined, { raw: raw.subarray(1) });
    expect(most.status).toBe(200);
  });

  test('curl publishes with --data-binary', async () => {
    const url = `http://127.0.0.1:${broker.apiPort}${ORDERS}?routing_key=eu.de`;
    const args = ['-sS', '-u', 'guest:guest', '--data-binary', 'from curl', url];
    const { stdout } = await promisify(execFile)('curl', args);
    expect(JSON.parse(stdout)).toEqual({ routed: 1 });
    expect(String((await got()).content)).toBe('from curl');
  });
});

describe('refusals', () => {
  const path = `${ORDERS}?routing_key=eu`;

  test.each([
    ['no such exchange', '/v1/vhosts/%2F/exchanges/nope/messages', 404, 'NOT_FOUND'],
    ['no such vhost', '/v1/vhosts/nope/exchanges/orders/messages', 404, 'NOT_FOUND'],
    ['no such path', '/v1/nope', 404, 'NOT_FOUND'],
    ['a misspelt parameter', `${ORDERS}?rooting_key=x`, 400, 'INVALID_REQUEST'],
    ['mandatory=perhaps', `${ORDERS}?mandatory=perhaps`, 400, 'INVALID_REQUEST'],
    ['a long key', `${ORDERS}?routing_key=${'k'.repeat(256)}`, 400, 'INVALID_REQUEST'],
    [
      'amq.rabbitmq.trace',
      '/v1/vhosts/%2F/exchanges/amq.rabbitmq.trace/messages',
      403,
      'ACCESS_REFUSED',
    ],
  ])('%s', async (_, where, status, kind) => {
    const reply = await broker.call('POST', where, undefined, { raw: 'x' });
    expect([reply.status, reply.body.kind]).toEqual([status, kind]);
    expect(reply.body.detail).toBeTruthy();
  });

  test.each([
    [{ 'warren-priority': '256' }, 'INVALID_REQUEST'],
    [{ 'warren-priority': '-1' }, 'INVALID_REQUEST'],
    [{ 'warren-persistent': 'yes' }, 'INVALID_REQUEST'],
    [{ 'warren-priorty': '1' }, 'INVALID_REQUEST'],
    [{ 'warren-message-id': 'x'.repeat(256) }, 'INVALID_REQUEST'],
    [{ 'warren-expiration': 'soon' }, 'PRECONDITION_FAILED'],
    [{ 'warren-user-id': 'somebody' }, 'PRECONDITION_FAILED'],
  ])('%j', async (headers, kind) => {
    const reply = await broker.call('POST', path, undefined, { raw: 'x', headers });
    expect([reply.status, reply.body.kind]).toEqual([400, kind]);
    expect(await channel.get('q')).toBe(false);
  });

  test('nobody, somebody else, and somebody without the right', async () => {
    const as = async (who: string | null) => {
      const { status, body, headers } = await broker.call('POST', path, undefined, {
        as: who,
        raw: 'x',
      });
      return [status, body.kind, headers['www-authenticate'] !== undefined];
    };
    expect(await as(null)).toEqual([401, 'NOT_LOGGED_IN', true]);
    expect(await as('guest:wrong')).toEqual([401, 'NOT_LOGGED_IN', true]);
    expect(await as('stranger:p')).toEqual([403, 'NOT_ALLOWED', false]);
    expect(await as('reader:p')).toEqual([403, 'ACCESS_REFUSED', false]);
  });

  test('a page of another origin may not use the password that its browser remembers', async () => {
    const headers = { origin: 'https://evil.example' };
    const { status } = await broker.call('POST', path, undefined, { raw: 'x', headers });
    expect(status).toBe(403);
    const own = { origin: `http://127.0.0.1:${broker.apiPort}` };
    expect((await broker.call('POST', path, undefined, { raw: 'x', headers: own })).status).toBe(
      200,
    );
  });

  test('rights taken away count at once, and so does a deleted user', async () => {
    await broker.call('PUT', '/api/users/w', { password: 'p', tags: '' });
    const rights = { configure: '', write: '.*', read: '' };
    await broker.call('PUT', '/api/permissions/%2F/w', rights);
    const publish = async () =>
      (await broker.call('POST', path, undefined, { as: 'w:p', raw: 'x' })).status;
    expect(await publish()).toBe(200);
    await broker.call('DELETE', '/api/permissions/%2F/w');
    expect(await publish()).toBe(403);
    await broker.call('PUT', '/api/permissions/%2F/w', rights);
    expect(await publish()).toBe(200);
    await broker.call('DELETE', '/api/users/w');
    expect(await publish()).toBe(401);
  });

  test('another method is 405 and told which there is', async () => {
    const { status, headers } = await broker.get(ORDERS);
    expect([status, headers.allow]).toEqual([405, 'POST, OPTIONS']);
  });
});

describe('a batch', () => {
  const batch = (body: unknown, headers = {}) =>
    broker.call('POST', `${ORDERS}:batch?routing_key=eu.x&mandatory=true`, body, { headers });

  test('is a JSON array, answered message by message', async () => {
    const { status, body } = await batch([
      { payload: 'text ü' },
      { payload: '/wA=', payload_encoding: 'base64', routing_key: 'eu.y' },
      { payload: 'lost', routing_key: 'us' },
      { payload: 'gone', routing_key: 'us', mandatory: false },
      {
        payload: 'all',
        properties: { delivery_mode: 1, priority: 3, headers: { n: 1, list: ['a'] } },
      },
      { payload: 'not mine', properties: { user_id: 'somebody' } },
    ]);
    expect(status).toBe(207);
    expect(body.confirmed).toBe(4);
    expect(body.results).toMatchObject([
      { routed: 1 },
      { routed: 1 },
      { routed: 0, status: 422, kind: 'NO_ROUTE' },
      { routed: 0 },
      { routed: 1 },
      { routed: 0, status: 400, kind: 'PRECONDITION_FAILED' },
    ]);
    expect(String((await got()).content)).toBe('text ü');
    const { content, fields, properties } = await got();
    expect([content, fields.routingKey, properties.deliveryMode]).toEqual([
      Buffer.from([255, 0]),
      'eu.y',
      2,
    ]);
    expect((await got()).properties).toMatchObject({
      deliveryMode: 1,
      priority: 3,
      headers: { n: 1, list: ['a'] },
    });
  });

  test('may be lines of JSON, and one object', async () => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const raw = '{"payload":"1"}\n\n{"payload":"2"}\r\n';
    const lines = await broker.call('POST', `${ORDERS}:batch?routing_key=eu`, undefined, {
      raw,
      headers,
    });
    expect(lines.body).toEqual({ confirmed: 2, results: [{ routed: 1 }, { routed: 1 }] });
    expect((await batch({ payload: '3' })).status).toBe(200);
    expect([await got(), await got(), await got()].map((one) => String(one.content))).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  test('with a mistake in it is not published at all', async () => {
    const { status, body } = await batch([{ payload: 'a' }, { payload: 'b', propertys: {} }]);
    expect([status, body.kind]).toEqual([400, 'INVALID_REQUEST']);
    expect(body.detail).toMatch(/^message 1: /);
    for (const wrong of [7, [7], [null], [{}], [{ payload: 'x', payload_encoding: 'hex' }]]) {
      expect((await batch(wrong)).status).toBe(400);
    }
    const bad = [{ payload: '!', payload_encoding: 'base64' }];
    expect((await batch(bad)).body.detail).toBe('payload is not base64');
    expect(await channel.get('q')).toBe(false);
  });

  test.each([65, 15_000])('with headers nested %i times is refused', async (depth) => {
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const raw = `[{"payload":"x","properties":{"headers":{"deep":${nested}}}}]`;
    const { status, body } = await broker.call('POST', `${ORDERS}:batch`, undefined, { raw });
    expect([status, body.kind, body.detail]).toEqual([
      400,
      'INVALID_REQUEST',
      'nested deeper than 64',
    ]);
  });

  test('that comes to nothing is answered by its first reason', async () => {
    const path = '/v1/vhosts/%2F/exchanges/nope/messages:batch';
    const { status, body } = await broker.call('POST', path, [{ payload: 'a' }]);
    expect([status, body.kind]).toEqual([404, 'NOT_FOUND']);
  });

  test(`of nothing is fine, of more than ${HTTP_BATCH_MAX} is not`, async () => {
    expect((await batch([])).body).toEqual({ confirmed: 0, results: [] });
    const headers = { 'content-type': 'application/x-ndjson' };
    const raw = '\n'.repeat(3 * HTTP_BATCH_MAX);
    const many = await broker.call('POST', `${ORDERS}:batch`, undefined, { raw, headers });
    expect([many.status, many.body.kind]).toEqual([413, 'TOO_LARGE']);
  });
});

describe('CloudEvents', () => {
  const path = `${ORDERS}?routing_key=eu`;
  const event = {
    specversion: '1.0',
    id: 'e1',
    source: '/shop',
    type: 'order.created',
    time: '2023-11-14T22:13:20Z',
  };

  test('in binary mode: attributes become headers, and properties that say the same', async () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'e1',
      'ce-source': '/shop',
      'ce-type': 'order.created',
      'ce-time': event.time,
      'ce-subject': 'Euro %E2%82%AC 100%',
    };
    const raw = '{"total":7}';
    expect((await broker.call('POST', path, undefined, { raw, headers })).status).toBe(200);
    const { content, properties } = await got();
    expect(String(content)).toBe(raw);
    expect(properties).toMatchObject({
      contentType: 'application/json',
      messageId: 'e1',
      type: 'order.created',
      timestamp: 1_700_000_000,
    });
    expect(properties.headers).toEqual({
      'cloudEvents:specversion': '1.0',
      'cloudEvents:id': 'e1',
      'cloudEvents:source': '/shop',
      'cloudEvents:type': 'order.created',
      'cloudEvents:time': event.time,
      'cloudEvents:subject': 'Euro € 100%',
    });
  });

  test('in structured mode: the body stays as it is', async () => {
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    const raw = JSON.stringify({ ...event, data: { total: 7 } }, null, 2);
    expect((await broker.call('POST', path, undefined, { raw, headers })).status).toBe(200);
    const { content, properties } = await got();
    expect(String(content)).toBe(raw);
    expect(properties).toMatchObject({
      contentType: 'application/cloudevents+json; charset=utf-8',
      messageId: 'e1',
      type: 'order.created',
    });
  });

  test('in a batch: a message each', async () => {
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const body = [event, { ...event, id: 'e2' }];
    const reply = await broker.call('POST', `${ORDERS}:batch?routing_key=eu`, body, { headers });
    expect(reply.body.confirmed).toBe(2);
    expect((await got()).properties.messageId).toBe('e1');
    expect(JSON.parse(String((await got()).content))).toEqual(body[1]);
  });

  test('half an event is refused', async () => {
    const half = { 'ce-id': 'e1', 'ce-specversion': '1.0' };
    const reply = await broker.call('POST', path, undefined, { raw: 'x', headers: half });
    expect([reply.status, reply.body.detail]).toEqual([
      400,
      'a CloudEvent has to have the attribute source',
    ]);
    const headers = { 'content-type': 'application/cloudevents+json' };
    for (const raw of ['{', '[]', '{}', JSON.stringify({ ...event, specversion: '0.3' })]) {
      expect((await broker.call('POST', path, undefined, { raw, headers })).status).toBe(400);
    }
  });
});

test('OpenAPI 3.1 says what there is, to anybody', async () => {
  const { status, body } = await broker.get('/v1/openapi.json', { as: null });
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const { post } = body.paths['/vhosts/{vhost}/exchanges/{exchange}/messages'];
  expect(post.parameters.map(({ name }: { name: string }) => name)).toContain('routing_key');
  const ids = Object.values<Record<string, { operationId: string }>>(body.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
