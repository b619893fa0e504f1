/** The metrics, as RabbitMQ's dashboards and Prometheus' own parser want them. */
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiBroker, caller, startApi } from '../support/management.ts';

let broker: ApiBroker;
let client: ChannelModel;
let scrape: (path: string) => Promise<string>;

beforeAll(async () => {
  broker = await startApi();
  const call = caller(broker.metricsPort);
  scrape = async (path) => (await call('GET', path, undefined, { as: null })).text;
  client = await amqplib.connect(broker.url);
  const channel = await client.createConfirmChannel();
  await channel.assertQueue('q"1');
  await channel.assertQueue('q2', { maxLength: 1 });
  for (const size of [10, 200]) channel.sendToQueue('q"1', Buffer.alloc(size));
  for (const body of ['a', 'b']) channel.sendToQueue('q2', Buffer.from(body));
  channel.publish('amq.topic', 'nowhere', Buffer.alloc(1));
  await channel.waitForConfirms();
  await channel.get('q"1', { noAck: true });
  await channel.consume('q"1', (message) => message && channel.ack(message));
  await channel.get('q2', { noAck: true });
  await channel.get('q2', { noAck: true });
});

afterAll(async () => {
  await client?.close();
  await broker?.stop();
});

/** What the panels of RabbitMQ-Overview query. */
const OVERVIEW = [
  ...['queue_messages_ready', 'queue_messages_unacked', 'connections', 'channels', 'queues'],
  ...['connections_opened_total', 'connections_closed_total', 'channels_opened_total'],
  ...['channels_closed_total', 'queues_declared_total', 'queues_created_total'],
  ...['queues_deleted_total', 'global_publishers', 'global_consumers'],
  ...['global_messages_received_total', 'global_messages_received_confirm_total'],
  ...['global_messages_confirmed_total', 'global_messages_routed_total'],
  ...['global_messages_unroutable_dropped_total', 'global_messages_unroutable_returned_total'],
  ...['global_messages_delivered_total', 'global_messages_delivered_consume_manual_ack_total'],
  ...['global_messages_delivered_consume_auto_ack_total'],
  ...['global_messages_delivered_get_manual_ack_total'],
  ...['global_messages_delivered_get_auto_ack_total', 'global_messages_get_empty_total'],
  ...['global_messages_redelivered_total', 'global_messages_acknowledged_total'],
  ...['message_size_bytes_bucket', 'message_size_bytes_sum', 'message_size_bytes_count'],
  ...['resident_memory_limit_bytes', 'process_resident_memory_bytes'],
  ...['disk_space_available_bytes', 'disk_space_available_limit_bytes'],
  ...['process_max_fds', 'process_open_fds', 'erlang_uptime_seconds'],
  ...['build_info', 'identity_info'],
];

/** The samples of a text by name and labels. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    expect(name, `not a sample: ${line}`).toBeDefined();
    expect(found.has(name as string), `twice: ${name}`).toBe(false);
    found.set(name as string, Number(value));
  }
  return found;
}

describe('/metrics', () => {
  test('has every metric that the dashboard RabbitMQ-Overview shows', async () => {
    const names = new Set([...samples(await scrape('/metrics')).keys()].map(nameOf));
    expect(OVERVIEW.filter((name) => !names.has(`rabbitmq_${name}`))).toEqual([]);
  });

  test('every family has its type and help once, before its samples', async () => {
    for (const path of ['/metrics', '/metrics/per-object']) {
      const types = [...(await scrape(path)).matchAll(/^# TYPE (\S+) (\w+)$/gm)];
      const names = types.map(([, name]) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('counts by protocol and queue type', async () => {
    const found = samples(await scrape('/metrics'));
    const published = (name: string) =>
      found.get(`rabbitmq_global_messages_${name}_total{protocol="amqp091"}`);
    expect(published('received')).toBe(5);
    expect(published('received_confirm')).toBe(5);
    expect(published('confirmed')).toBe(5);
    expect(published('routed')).toBe(4);
    expect(published('unroutable_dropped')).toBe(1);
    const labels = '{protocol="amqp091",queue_type="rabbit_classic_queue"}';
    const delivered = (name: string) =>
      found.get(`rabbitmq_global_messages_${name}_total${labels}`);
    expect(delivered('delivered_get_auto_ack')).toBe(2);
    expect(delivered('delivered_consume_manual_ack')).toBe(1);
    expect(delivered('get_empty')).toBe(1);
    const dropped = 'queue_type="rabbit_classic_queue",dead_letter_strategy="disabled"';
    expect(found.get(`rabbitmq_global_messages_dead_lettered_maxlen_total{${dropped}}`)).toBe(1);
    expect(found.get('rabbitmq_channel_messages_published_total')).toBe(5);
  });

  test('the classes of message sizes have the strings that dashboards compare', async () => {
    const bounds = [...samples(await scrape('/metrics'))]
      .filter(([name]) => name.startsWith('rabbitmq_message_size_bytes_bucket'))
      .map(([name, count]) => [/le="(.*)"/.exec(name)?.[1], count]);
    expect(bounds).toEqual([
      ['100.0', 4],
      ...['1000.0', '10000.0', '100000.0', '1e+06', '1e+07', '5e+07', '1e+08', '+Inf'].map(
        (bound) => [bound, 5],
      ),
    ]);
  });

  test('says who it is, for every endpoint', async () => {
    const endpoints = { '': 'aggregated', '/per-object': 'per-object', '/detailed': 'detailed' };
    for (const [path, endpoint] of Object.entries(endpoints)) {
      const text = await scrape(`/metrics${path}`);
      expect(text).toContain(`rabbitmq_endpoint="${endpoint}"`);
      expect(text).toMatch(/rabbitmq_build_info\{rabbitmq_version="4\.\d+\.\d+"/);
    }
  });

  test("has Node's own", async () => {
    const found = samples(await scrape('/metrics'));
    expect(found.get('nodejs_heap_size_used_bytes')).toBeGreaterThan(0);
    expect(found.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
    expect(found.has('nodejs_gc_duration_seconds_count{kind="minor"}')).toBe(true);
  });
});

test('/metrics/per-object has a line for each queue and channel, names escaped', async () => {
  const found = samples(await scrape('/metrics/per-object'));
  expect(found.get('rabbitmq_queue_messages_published_total{vhost="/",queue="q\\"1"}')).toBe(2);
  expect(found.get('rabbitmq_queue_messages_published_total{vhost="/",queue="q2"}')).toBe(2);
  const names = [...found.keys()];
  expect(names.some((name) => /^rabbitmq_channel_consumers\{channel=".*\(1\)"\}$/.test(name))).toBe(
    true,
  );
  expect(names.some((name) => name.startsWith('rabbitmq_connection_incoming_bytes_total{'))).toBe(
    true,
  );
});

describe('/metrics/detailed', () => {
  test('has what is asked for, under names of its own', async () => {
    const path = '/metrics/detailed?family=queue_coarse_metrics&family=vhost_status&queue=^q2$';
    const found = samples(await scrape(path));
    expect(found.has('rabbitmq_detailed_queue_messages_ready{vhost="/",queue="q2"}')).toBe(true);
    expect(found.get('rabbitmq_cluster_vhost_status{vhost="/"}')).toBe(1);
    expect([...found.keys()].some((name) => name.includes('q\\"1'))).toBe(false);
    expect([...found.keys()].some((name) => name.includes('consumers'))).toBe(false);
  });

  test('without a family it has only who the broker is; a bad pattern is a 400', async () => {
    const names = [...samples(await scrape('/metrics/detailed')).keys()].map(nameOf);
    expect(names).toEqual(['rabbitmq_build_info', 'rabbitmq_identity_info']);
    const call = caller(broker.metricsPort);
    expect((await call('GET', '/metrics/detailed?queue=(')).status).toBe(400);
  });
});

test('/metrics/memory-breakdown, the content type, and /healthz without a login', async () => {
  expect(await scrape('/metrics/memory-breakdown')).toMatch(/^rabbitmq_memory_binary_bytes \d+$/m);
  const call = caller(broker.metricsPort);
  const { headers } = await call('GET', '/metrics', undefined, { as: null });
  expect(headers['content-type']).toBe('text/plain; version=0.0.4');
  for (const port of [broker.metricsPort, broker.apiPort]) {
    const { status, body } = await caller(port)('GET', '/healthz', undefined, { as: null });
    expect([status, body]).toEqual([200, { status: 'ok' }]);
  }
});

function nameOf(sample: string): string {
  return sample.replace(/\{.*/, '');
}
