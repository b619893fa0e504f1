/**
 * The requests of the samples, replayed against Warren in the order that their objects need, and
 * the answers compared with RabbitMQ's: status, keys, JSON types.
 */
import amqplib, { type ChannelModel } from 'amqplib';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiBroker, type Reply, startApi } from '../support/management.ts';
import { differences, REQUIRED_FIELDS, SAMPLES, type Sample } from './samples.ts';

/** Keys that RabbitMQ has and we have not, with the reason. */
const NOT_OURS: readonly (readonly [RegExp, string])[] = [
  [/\.(reductions(_details)?|garbage_collection)\b/, 'of Erlang processes'],
  [/\.backing_queue_status\.(delta|q\d|target_ram_count|next_)/, 'the inside of its queues'],
  [/\.(gc_|context_switches|mnesia_|io_|msg_store_|queue_index_)/, 'the inside of Erlang'],
  [/\.(ra_open_file_metrics|metrics_gc_queue_length)/, 'the inside of RabbitMQ'],
  [/\.cowboy_opts|contexts\[\]\.protocol/, 'its web server'],
  [/\.config_files: an empty list/, 'there are none in this test'],
  [/\.idle_since/, 'these queues have just been used'],
  [/disk_(reads|writes)_details/, 'not sampled'],
  [/\.recoverable_slaves/, 'mirrored queues are gone'],
  [/\.messages?_(bytes_)?(ready_|unacknowledged_)?(ram|persistent|paged_out)/, 'not counted'],
  [/^\.message_bytes_dlx/, 'not counted'],
  [/^\.parameters\[\]\.value\.(src|dest)-/, 'there are no shovels'],
  [/^\.users\[\]\.limits\.max-connections/, 'of another user than the first'],
  [/^\[\]\.backing_queue_status\.(avg|len|version)/, 'a column inside it brings that alone'],
  [/\.user_who_performed_action/, 'of policies and bindings: not kept'],
  [/\.internal_purpose/, 'an exchange type of federation'],
  [/\.socket_opts\./, 'of Erlang sockets'],
  [/\.(recv|send)_oct: missing/, 'not added up by vhost'],
  [/\.(cluster_state|open_files)\.eco@localhost/, 'the name of another node'],
];

let broker: ApiBroker;
let client: ChannelModel;
let sensor: MqttClient;

beforeAll(async () => {
  broker = await startApi({ config: { 'mqtt.listeners.tcp.default': '127.0.0.1:0' } });
  client = await amqplib.connect(broker.url, { clientProperties: { connection_name: 'billing' } });
  const channel = await client.createConfirmChannel();
  await channel.assertExchange('orders', 'topic');
  await channel.assertExchange('dlx', 'fanout');
  const limits = { deadLetterExchange: 'dlx', maxLength: 100_000, messageTtl: 60_000 };
  await channel.assertQueue('orders.new', limits);
  await channel.assertQueue('orders.dead');
  await channel.bindQueue('orders.new', 'orders', 'a.b', { n: 1, 'x-foo': 'bar' });
  await channel.bindQueue('orders.new', 'orders', 'order.*.created');
  await channel.bindExchange('dlx', 'orders', 'audit.#');
  await channel.prefetch(10);
  await channel.consume('orders.new', (message) => message && channel.ack(message), {
    consumerTag: 'billing-1',
  });
  for (let i = 0; i < 5; i++) channel.publish('orders', 'order.1.created', Buffer.from('new'));
  await channel.waitForConfirms();
  channel.sendToQueue('orders.dead', Buffer.from('dead'));
  await channel.assertQueue('orders.quorum', { arguments: { 'x-queue-type': 'quorum' } });
  await channel.consume('orders.quorum', () => {});
  channel.sendToQueue('orders.quorum', Buffer.from('safe'));
  await channel.waitForConfirms();
  sensor = await subscribedSensor();
});

/** A client of MQTT with a session that is a queue, and a message in it. */
async function subscribedSensor(): Promise<MqttClient> {
  const { listeners } = (await broker.get('/api/overview')).body;
  const { port } = listeners.find((one: { protocol: string }) => one.protocol === 'mqtt');
  const url = `mqtt://127.0.0.1:${port}`;
  const login = { username: 'guest', password: 'guest', protocolVersion: 5 } as const;
  const one = await mqtt.connectAsync(url, { ...login, clientId: 'sensor-1' });
  await one.subscribeAsync('sensors/#', { qos: 1 });
  await one.publishAsync('sensors/1', 'warm', { qos: 1 });
  return one;
}

afterAll(async () => {
  await sensor?.endAsync();
  await client?.close();
  await broker?.stop();
});

/** Replaces what was particular to the machine of the sample. */
async function localPath(path: string): Promise<string> {
  const { body: connections } = await broker.get('/api/connections');
  const name = encodeURIComponent(connections[0].name);
  return path
    .replace(/127\.0\.0\.1%3A\d+%20-%3E%20127\.0\.0\.1%3A\d+(%20%28\d+%29)?/, (_all, channel) =>
      channel === undefined ? name : `${name}%20(1)`,
    )
    .replace('eco@localhost', await nodeName())
    .replace('port-listener/5681', `port-listener/${broker.port}`);
}

async function nodeName(): Promise<string> {
  return (await broker.get('/api/overview')).body.node;
}

async function replay(sample: Sample, as = 'guest:guest'): Promise<Reply> {
  return broker.call(sample.method, await localPath(sample.path), sample.body, { as });
}

function sampleOf(name: string): Sample {
  const sample = SAMPLES.get(name);
  if (sample === undefined) throw new Error(`no sample ${name}`);
  return sample;
}

/** What is missing or different and has no excuse. */
function unexcused(sample: Sample, body: unknown): string[] {
  if (sample.shape === undefined) return [];
  return differences(sample.shape, body).filter(
    (line) => !NOT_OURS.some(([pattern]) => pattern.test(line)),
  );
}

async function check(name: string): Promise<void> {
  const sample = sampleOf(name);
  const reply = await replay(sample);
  expect(reply.status, `${name}: ${reply.text}`).toBe(sample.status);
  if (sample.answer !== undefined && sample.status !== 503) {
    // RabbitMQ escapes some reasons for HTML, whoever asks.
    const answer = JSON.stringify(sample.answer).replaceAll('&lt;', '<').replaceAll('&gt;', '>');
    expect(reply.body, name).toEqual(JSON.parse(answer));
  }
  expect(unexcused(sample, reply.body), name).toEqual([]);
  if (sample.location !== undefined) {
    // What follows the ~ is a hash of RabbitMQ's own.
    const shown = String(reply.headers.location).replace(/~\w[\w-]{5}$/, '~8IXMRA');
    expect(shown).toBe(sample.location);
  }
}

/** What is read, as guest. */
const READ: readonly string[] = [
  ...['overview', 'overview-lengths', 'whoami', 'nodes', 'node', 'node-memory'],
  ...['exchanges', 'exchange', 'exchange-default', 'exchange-default-amq'],
  ...['queues', 'queues-vhost', 'queue-classic', 'queue-classic-samples'],
  ...['queues-disable-stats-totals', 'queues-keda-regex', 'queues-paginated'],
  ...['bindings', 'bindings-eq', 'bindings-ee', 'queue-bindings'],
  ...['exchange-bindings-source', 'exchange-bindings-destination'],
  ...['connections', 'connection', 'connections-paginated', 'connections-username'],
  ...['connections-vhost', 'connection-channels', 'channels', 'channel'],
  ...['consumers', 'consumers-vhost', 'aliveness'],
  ...['hc-alarms', 'hc-local-alarms', 'hc-port-listener-ok', 'hc-port-listener-fail'],
  ...['hc-protocol-listener-ok', 'hc-protocol-listener-amqp', 'hc-cert', 'hc-virtual-hosts'],
  ...['users', 'user', 'users-without-permissions', 'user-permissions', 'vhosts', 'vhost'],
  ...['permissions', 'permission', 'topic-permissions', 'vhost-permissions'],
  ...[
    'vhost-topic-permissions',
    'vhost-limits',
    'user-limits',
    'parameters',
    'cluster-name',
    'policies',
  ],
  ...['operator-policies', 'feature-flags', 'auth-attempts'],
  ...['hc-quorum', 'hc-mirror', 'healthchecks-node'],
  ...['queues-columns', 'global-parameters', 'queue-quorum', 'queue-mqtt'],
  ...['err-404-queue', 'err-404-vhost', 'err-page-size', 'err-regex', 'w-method-notallowed'],
];

/** What is written, and read again. */
const WRITTEN: readonly string[] = [
  ...['w-put-exchange', 'w-put-exchange-notype', 'w-put-exchange-badtype'],
  ...['w-put-queue-new', 'w-put-queue-again', 'w-put-queue-inequiv', 'w-put-queue-badtype'],
  ...['w-post-binding', 'w-post-binding-404', 'w-get-bindings-apie'],
  ...['w-publish-routed', 'w-publish-unrouted', 'w-publish-base64', 'w-publish-missing'],
  ...['w-get-requeue', 'w-get-bad', 'w-get-v36', 'w-get-truncate', 'w-get-ack'],
  ...['w-put-vhost', 'w-get-vhost', 'w-put-user', 'w-put-user-notags', 'w-get-user'],
  ...['w-put-perm', 'w-put-topicperm', 'w-get-topicperm', 'w-post-bulkdel'],
  ...['w-put-vhostlimit', 'w-get-vhostlimit', 'w-put-userlimit', 'w-get-userlimit'],
  ...['w-put-globalparam', 'w-get-globalparam', 'w-put-cluster-name'],
  ...['w-put-policy', 'w-get-policy', 'w-put-policy-bad', 'policies-filled', 'w-put-oppolicy'],
  ...['w-get-queue-with-policy', 'w-post-def', 'w-post-def-bad', 'definitions-vhost'],
  ...['w-del-ifempty', 'w-actions-bad', 'w-purge', 'w-rebalance'],
  ...['definitions', 'definitions-filled', 'parameters-filled'],
];

/** Where others are, or why they cannot be. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  auth: 'of RabbitMQ 3.10; that of 4.x is in test/auth',
  'deprecated-features': 'there since RabbitMQ 3.12',
  'err-401-bad': 'below: without a login',
  'err-401-none': 'below: without a login',
  'err-page-range': 'below',
  extensions: 'the console is our own',
  'federation-links': 'there is no federation',
  'hash-password': 'there since RabbitMQ 4.0',
  'hc-is-in-service': 'there since RabbitMQ 4.0',
  'hc-protocol-listener-fail': 'below',
  'perm-monitoring-put': 'below: who monitors',
  'perm-monitoring-queues': 'below: who monitors',
  'perm-monitoring-users': 'below: who monitors',
  'queue-stream': 'there are no streams',
  shovels: 'there are no shovels',
  'shovels-running': 'there are no shovels',
  'stream-connections': 'there are no streams',
  'stream-publishers': 'there are no streams',
  version: 'there since RabbitMQ 4.0',
  'w-del-binding': 'below: a binding is found',
  'w-get-binding-one': 'below: a binding is found',
  'w-put-fed': 'there is no federation',
  'w-put-shovel': 'there are no shovels',
};

test('every sample is replayed, or has a reason', () => {
  const known = new Set([...READ, ...WRITTEN, ...Object.keys(ELSEWHERE)]);
  expect([...SAMPLES.keys()].filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !SAMPLES.has(name))).toEqual([]);
});

describe('reading', () => {
  test.each(READ)('%s', check);

  test('hc-protocol-listener-fail, with a list of what is missing as 4.1 has it', async () => {
    const { status, body } = await replay(sampleOf('hc-protocol-listener-fail'));
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'failed', missing: ['amqp/ssl'] });
    expect(body.protocols).toContain('amqp');
  });

  test('err-page-range', async () => {
    const { status, body } = await broker.get('/api/queues?page=99&page_size=10');
    const length = (await broker.get('/api/queues')).body.length;
    expect(status).toBe(400);
    expect(body).toEqual({
      error: 'page_out_of_range',
      reason: `Page out of range, page: 99 page size: 10, len: ${length}`,
    });
  });

  test.each(['perm-monitoring-put', 'perm-monitoring-queues', 'perm-monitoring-users'])(
    '%s, by one who monitors and may enter no vhost',
    async (name) => {
      await broker.call('PUT', '/api/users/monitor', { password: 'p', tags: 'monitoring' });
      const sample = sampleOf(name);
      const { status, body } = await replay(sample, 'monitor:p');
      expect([status, body]).toEqual([sample.status, sample.answer ?? []]);
      await broker.call('DELETE', '/api/users/monitor');
    },
  );

  test('without a login there is no body, with a wrong one an error', async () => {
    const nobody = await broker.get('/api/overview', { as: null });
    const wrong = await broker.get('/api/overview', { as: 'guest:wrong' });
    expect([nobody.status, nobody.text]).toEqual([401, '']);
    expect([wrong.status, wrong.body]).toEqual([401, sampleOf('err-401-bad').answer]);
    for (const { headers } of [nobody, wrong]) {
      expect(headers['www-authenticate']).toBe('Basic realm="RabbitMQ Management"');
    }
  });
});

describe('writing, in the order of the samples', () => {
  test.each(WRITTEN)('%s', check);

  test('a binding is found and deleted by its properties key, encoded twice', async () => {
    const [binding] = (await broker.get('/api/bindings/%2F/e/apie/q/apiq')).body;
    expect(binding.properties_key).toMatch(/^rk%2F1~[\w-]{6}$/);
    const path = `/api/bindings/%2F/e/apie/q/apiq/${encodeURIComponent(binding.properties_key)}`;
    const one = await broker.get(path);
    expect(unexcused(sampleOf('w-get-binding-one'), one.body)).toEqual([]);
    expect((await broker.call('DELETE', path)).status).toBe(204);
    expect((await broker.call('DELETE', path)).status).toBe(404);
  });
});

describe('what rabbitmqadmin 2 needs to decode', () => {
  const LISTS: readonly (readonly [type: string, path: string])[] = [
    ['ClusterNode', '/api/nodes'],
    ['Connection', '/api/connections'],
    ['Channel', '/api/channels'],
    ['Consumer', '/api/consumers'],
    ['QueueInfo', '/api/queues'],
    ['DetailedQueueInfo', '/api/queues/detailed'],
    ['ExchangeInfo', '/api/exchanges'],
    ['BindingInfo', '/api/bindings'],
    ['UserConnection', '/api/connections/username/guest'],
    ['User', '/api/users'],
    ['VirtualHost', '/api/vhosts'],
    ['Permissions', '/api/permissions'],
    ['FeatureFlag', '/api/feature-flags'],
  ];

  test.each(LISTS)('%s is in %s', async (type, path) => {
    const { body } = await broker.get(path);
    expect(body.length).toBeGreaterThan(0);
    for (const item of body) expect(undecodable(type, item)).toEqual([]);
  });

  test('nodes’ memory, pages, listeners and channel details', async () => {
    const { body } = await broker.get(`/api/nodes/${await nodeName()}/memory`);
    expect(undecodable('NodeMemoryBreakdown', body.memory)).toEqual([]);
    expect(undecodable('NodeMemoryTotals', body.memory.total)).toEqual([]);
    const page = await broker.get('/api/queues?page=1');
    expect(undecodable('PaginatedResponse', page.body)).toEqual([]);
    const overview = await broker.get('/api/overview');
    for (const one of overview.body.listeners) expect(undecodable('Listener', one)).toEqual([]);
    const [consumer] = (await broker.get('/api/consumers')).body;
    expect(undecodable('ChannelDetails', consumer.channel_details)).toEqual([]);
  });

  test('counters are whole numbers of at least 0, wherever they are', async () => {
    const lists = ['overview', 'nodes', 'queues', 'exchanges', 'connections', 'channels'];
    for (const name of lists) {
      const { body } = await broker.get(`/api/${name}`);
      expect(badNumbers(body), name).toEqual([]);
    }
  });
});

/** Required fields that are missing or not of the type that Rust wants. */
function undecodable(type: string, item: Record<string, unknown>): string[] {
  return Object.entries(REQUIRED_FIELDS.get(type) ?? { '?': type }).flatMap(([key, rust]) => {
    if (!Object.hasOwn(item, key)) return [`${key}: missing`];
    const value = item[key];
    const text = key === 'os_pid' ? Number(value) : value;
    if (/^(u\d+|usize)$/.test(rust)) return isCount(text) ? [] : [`${key}: ${value}`];
    if (rust === 'bool') return typeof value === 'boolean' ? [] : [`${key}: ${value}`];
    if (rust === 'String') return typeof value === 'string' ? [] : [`${key}: ${value}`];
    return value === undefined ? [`${key}: ${value}`] : [];
  });
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

const FRACTIONS = /rate|capacity|utilisation|avg/;

function badNumbers(value: unknown, at = ''): string[] {
  if (typeof value === 'number')
    return isCount(value) || FRACTIONS.test(at) ? [] : [`${at}: ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => badNumbers(inside, `${at}.${key}`));
}
