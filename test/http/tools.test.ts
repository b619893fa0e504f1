/**
 * Requests of well-known tools, word for word as they send them: KEDA's scaler, Flower, the
 * Prometheus exporter of kbudde, Terraform's provider (rabbit-hole), Spring's node locator.
 */
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiBroker, startApi } from '../support/management.ts';

let broker: ApiBroker;

beforeAll(async () => {
  broker = await startApi();
  for (const name of ['orders.new', 'orders.dead', 'other']) {
    await broker.call('PUT', `/api/queues/%2F/${name}`, { durable: true });
  }
  for (let i = 0; i < 3; i++) {
    await broker.call('POST', '/api/exchanges/%2F/amq.default/publish', {
      properties: {},
      routing_key: 'orders.new',
      payload: 'x',
      payload_encoding: 'string',
    });
  }
});

afterAll(() => broker?.stop());

describe('KEDA', () => {
  test('reads one queue', async () => {
    const { body } = await broker.get('/api/queues/%2F/orders.new');
    expect(body).toMatchObject({
      messages: 3,
      messages_ready: 3,
      messages_unacknowledged: 0,
      message_stats: { publish_details: { rate: expect.any(Number) } },
    });
  });

  test('reads queues by pattern, and wants a page though it says that it does not', async () => {
    const query = 'page=1&use_regex=true&pagination=false&name=%5Eorders&page_size=100';
    const { body } = await broker.get(`/api/queues/%2F?${query}`);
    expect([body.page_count, body.items.length]).toEqual([1, 2]);
    expect(body.items.map(({ messages }: { messages: number }) => messages)).toContain(3);
  });
});

test('Flower lists the queues of a vhost', async () => {
  const headers = { 'content-type': 'application/json' };
  const { body } = await broker.get('/api/queues/%2F', { headers });
  for (const queue of body) {
    for (const key of ['name', 'messages', 'messages_unacknowledged', 'messages_ready']) {
      expect(queue).toHaveProperty(key);
    }
    expect(queue.consumers).toBe(0);
  }
});

test('the exporter reads lists without an order, and prefers another format', async () => {
  const headers = { accept: 'application/bert, application/json;q=0.1' };
  for (const name of [
    'overview',
    'queues',
    'exchanges',
    'nodes',
    'connections',
    'aliveness-test/%2F',
  ]) {
    const { status, headers: got, body } = await broker.get(`/api/${name}?sort=`, { headers });
    expect([status, got['content-type']], name).toEqual([200, 'application/json']);
    expect(typeof body).toBe('object');
  }
});

describe('Terraform’s provider', () => {
  test('makes, reads, changes and deletes what it manages', async () => {
    expect((await broker.call('PUT', '/api/vhosts/tf', {})).status).toBe(201);
    const user = { password: 'p', tags: 'management', hashing_algorithm: '' };
    expect((await broker.call('PUT', '/api/users/tf', { ...user })).status).toBe(201);
    const rights = { configure: '.*', write: '.*', read: '.*' };
    for (const name of ['tf', 'guest']) {
      expect((await broker.call('PUT', `/api/permissions/tf/${name}`, rights)).status).toBeLessThan(
        205,
      );
    }
    const exchange = { type: 'fanout', durable: false, auto_delete: true };
    expect((await broker.call('PUT', '/api/exchanges/tf/x', exchange)).status).toBe(201);
    const queue = { durable: false, auto_delete: true, arguments: {} };
    expect((await broker.call('PUT', '/api/queues/tf/q', queue)).status).toBe(201);
    const binding = { destination_type: 'queue', routing_key: '#', arguments: {} };
    const bound = await broker.call('POST', '/api/bindings/tf/e/x/q/q', binding);
    expect([bound.status, bound.headers.location]).toEqual([201, 'q/%2523']);
    const all = (await broker.get('/api/bindings/tf')).body;
    expect(all.map((one: { properties_key: string }) => one.properties_key)).toContain('%23');
    const policy = {
      pattern: '.*',
      priority: 0,
      'apply-to': 'all',
      definition: { 'max-length': 10_000 },
    };
    expect((await broker.call('PUT', '/api/policies/tf/p', policy)).status).toBe(201);
    expect((await broker.get('/api/policies/tf/p')).body).toMatchObject(policy);
    const paths = [
      'policies/tf/p',
      'bindings/tf/e/x/q/q/%2523',
      'queues/tf/q',
      'users/tf',
      'vhosts/tf',
    ];
    for (const path of paths) {
      expect((await broker.call('DELETE', `/api/${path}`)).status, path).toBe(204);
      expect((await broker.call('DELETE', `/api/${path}`)).status, path).toBe(404);
    }
  });
});

test('Spring asks on which node a queue is', async () => {
  const { body } = await broker.get('/api/queues/%2F/orders.new');
  expect(body.node).toMatch(/^rabbit@/);
});

test('a balancer’s check fails as soon as the broker has all the clients that it may have', async () => {
  const small = await startApi({ config: { connection_max: 1 } });
  const check = () => small.get('/api/health/checks/ready-to-serve-clients');
  const below = () => small.get('/api/health/checks/below-node-connection-limit');
  expect((await check()).status).toBe(200);
  expect((await below()).body).toEqual({ status: 'ok', current: 0, limit: 1 });
  const connection = await amqplib.connect(small.url);
  const failed = { status: 'failed', reason: 'node connection limit is reached' };
  for (const { status, body } of [await check(), await below()]) {
    expect([status, body]).toEqual([503, { ...failed, current: 1, limit: 1 }]);
  }
  await connection.close();
  await small.stop();
});
