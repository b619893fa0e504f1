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

describe('rabbitmqadmin 2', () => {
  const node = encodeURIComponent;
  type Step = readonly [status: number, method: string, path: string, body?: unknown];

  /** As the Rust client behind it sends them, in an order in which each finds what it needs. */
  const STEPS: readonly Step[] = [
    [201, 'PUT', 'vhosts/v2', { name: 'v2', description: 'd', tags: ['a'], tracing: false }],
    [204, 'POST', 'vhosts/v2/deletion/protection', {}],
    [400, 'DELETE', 'vhosts/v2'],
    [204, 'DELETE', 'vhosts/v2/deletion/protection'],
    [
      201,
      'PUT',
      'users/u2',
      { name: 'u2', password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', tags: '' },
    ],
    [
      201,
      'PUT',
      'permissions/v2/u2',
      { user: 'u2', vhost: 'v2', configure: '.*', read: '.*', write: '.*' },
    ],
    [
      204,
      'PUT',
      'permissions/v2/guest',
      { user: 'guest', vhost: 'v2', configure: '.*', read: '.*', write: '.*' },
    ],
    [
      201,
      'PUT',
      'topic-permissions/v2/u2',
      { user: 'u2', vhost: 'v2', exchange: 'amq.topic', read: '.*', write: '.*' },
    ],
    [200, 'GET', 'vhosts/v2/topic-permissions'],
    [204, 'PUT', 'vhost-limits/v2/max-connections', { value: 500 }],
    [204, 'PUT', 'user-limits/u2/max-channels', { value: 500 }],
    [200, 'GET', 'vhost-limits/v2'],
    [200, 'GET', 'user-limits/u2'],
    [204, 'DELETE', 'vhost-limits/v2/max-connections'],
    [204, 'DELETE', 'user-limits/u2/max-channels'],
    [
      201,
      'PUT',
      'queues/v2/q2',
      {
        name: 'q2',
        durable: true,
        auto_delete: false,
        exclusive: false,
        arguments: { 'x-queue-type': 'quorum' },
      },
    ],
    [
      201,
      'PUT',
      'exchanges/v2/x2',
      { name: 'x2', type: 'topic', durable: true, auto_delete: false, arguments: {} },
    ],
    [201, 'POST', 'bindings/v2/e/x2/q/q2', { routing_key: 'k' }],
    [201, 'POST', 'bindings/v2/e/amq.fanout/e/x2', {}],
    [200, 'GET', 'queues/v2/q2/bindings'],
    [200, 'GET', 'exchanges/v2/x2/bindings/source'],
    [200, 'GET', 'exchanges/v2/x2/bindings/destination'],
    [
      200,
      'POST',
      'exchanges/v2/x2/publish',
      {
        routing_key: 'k',
        properties: { delivery_mode: 2 },
        payload: 'hi',
        payload_encoding: 'string',
      },
    ],
    [200, 'POST', 'queues/v2/q2/get', { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }],
    [204, 'DELETE', 'queues/v2/q2/contents'],
    [204, 'DELETE', 'bindings/v2/e/x2/q/q2/k'],
    [
      201,
      'PUT',
      'policies/v2/p2',
      {
        vhost: 'v2',
        name: 'p2',
        pattern: '^q',
        'apply-to': 'queues',
        priority: 7,
        definition: { 'max-length': 10 },
      },
    ],
    [
      201,
      'PUT',
      'operator-policies/v2/p2',
      {
        vhost: 'v2',
        name: 'p2',
        pattern: '^q',
        'apply-to': 'queues',
        priority: 7,
        definition: { 'max-length': 10 },
      },
    ],
    [204, 'DELETE', 'policies/v2/p2'],
    [204, 'DELETE', 'operator-policies/v2/p2'],
    [
      400,
      'PUT',
      'parameters/federation-upstream/v2/f',
      { name: 'f', vhost: 'v2', component: 'federation-upstream', value: { uri: 'amqp://h' } },
    ],
    [200, 'GET', 'parameters/federation-upstream'],
    [404, 'DELETE', 'parameters/federation-upstream/v2/f'],
    [
      201,
      'PUT',
      'global-parameters/cluster_tags',
      { name: 'cluster_tags', value: { region: 'x' } },
    ],
    [200, 'GET', 'global-parameters/cluster_tags'],
    [204, 'DELETE', 'global-parameters/cluster_tags'],
    [204, 'PUT', 'cluster-name', { name: 'second' }],
    [200, 'GET', 'cluster-name'],
    [204, 'POST', 'rebalance/queues', {}],
    [200, 'GET', 'definitions/v2'],
    [
      204,
      'POST',
      'definitions/v2',
      { queues: [], exchanges: [], bindings: [], policies: [], parameters: [] },
    ],
    [204, 'POST', 'users/bulk-delete', { users: ['u2'] }],
    [204, 'DELETE', 'vhosts/v2'],
  ];

  test('makes, reads and deletes everything that it knows', async () => {
    for (const [status, method, path, body] of STEPS) {
      const reply = await broker.call(method, `/api/${path}`, body);
      expect(reply.status, `${method} ${path}: ${reply.text}`).toBe(status);
    }
  });

  test('finds a user that has no password', async () => {
    await broker.call('PUT', '/api/users/certified', { password_hash: '', tags: '' });
    const { body } = await broker.get('/api/users/certified');
    expect(body).toMatchObject({ name: 'certified', tags: [], password_hash: '' });
  });

  test('asks every check, and the node for its numbers', async () => {
    const { node: name } = (await broker.get('/api/overview')).body;
    const paths = [
      ...['health/checks/alarms', 'health/checks/local-alarms', 'health/checks/virtual-hosts'],
      ...['health/checks/node-is-quorum-critical', `health/checks/port-listener/${broker.port}`],
      ...['health/checks/protocol-listener/amqp', 'health/checks/metadata-store/initialized'],
      ...[`nodes/${node(name)}`, `nodes/${node(name)}/memory`, `auth/attempts/${node(name)}`],
      ...['deprecated-features', 'deprecated-features/used', 'feature-flags', 'extensions', 'auth'],
      ...[
        'queues?page=1&page_size=100',
        'connections?page=1',
        'channels?page=1',
        'consumers?page=1',
      ],
    ];
    for (const path of paths) expect((await broker.get(`/api/${path}`)).status, path).toBe(200);
    const enable = await broker.call('PUT', '/api/feature-flags/all/enable', { name: 'all' });
    expect(enable.status).toBe(204);
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
