/**
 * Looking into queues over HTTP while clients of every protocol use them: what is shown, who may
 * see it, what is refused; and the command that does the same.
 */
import type { Channel, ChannelModel, Options } from 'amqplib';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { INSPECT_COMMANDS } from '../../src/commands/inspect-commands.ts';
import { run } from '../../src/commands/program.ts';
import type { ApiBroker } from '../support/management.ts';
import { type OpenDoor, openDoor } from '../support/open-door.ts';
import { StompClient } from '../support/stomp-client.ts';

let door: OpenDoor;
let broker: ApiBroker;
let folder: string;
let connection: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  door = await openDoor();
  ({ broker, folder, connection } = door);
  channel = await connection.createChannel();
});

afterAll(async () => {
  await door?.stop();
});

const messages = (queue: string, query = ''): string =>
  `/api/x/queues/%2F/${queue}/messages${query}`;

async function queue(name: string, count: number, options: Options.AssertQueue = {}) {
  await channel.assertQueue(name, options);
  const confirms = await connection.createConfirmChannel();
  for (let i = 0; i < count; i++) {
    const headers = { tenant: i % 2 === 0 ? 'even' : 'odd', n: i };
    confirms.publish('', name, Buffer.from(`{"n":${i}}`), { headers, persistent: true });
  }
  await confirms.waitForConfirms();
  await confirms.close();
}

test('a message is shown with everything that is known of it', async () => {
  await queue('shown', 3);
  const { status, body } = await broker.get(messages('shown', '?limit=1&payload_bytes=4'));
  expect(status).toBe(200);
  expect(body).toMatchObject({
    vhost: '/',
    queue: 'shown',
    type: 'classic',
    state: 'ready',
    counts: { ready: 3, unacked: 0, delayed: 0 },
    offset: 0,
    complete: false,
  });
  const now = Date.now();
  expect(body.items).toEqual([
    {
      id: expect.stringMatching(/^\w+-0-0$/),
      state: 'ready',
      exchange: '',
      routing_key: 'shown',
      properties: { delivery_mode: 2, headers: { tenant: 'even', n: 0 } },
      redelivered: false,
      delivery_count: 0,
      priority: 0,
      payload_bytes: 7,
      payload: '{"n"',
      payload_encoding: 'string',
      payload_truncated: true,
      arrived_at: expect.any(Number),
      age_ms: expect.any(Number),
      expires_at: null,
      ttl_left_ms: null,
      in_memory: true,
      persisted: true,
      deaths: [],
      held_by: null,
    },
  ]);
  expect(body.items[0].arrived_at).toBeLessThanOrEqual(now);
  const next = await broker.get(messages('shown', `?cursor=${body.cursor}&payload_bytes=0`));
  expect(next.body.items.map((one: { id: string }) => one.id.slice(-2))).toEqual(['-1', '-2']);
  expect(next.body.items[0]).not.toHaveProperty('payload');
  expect(next.body).toMatchObject({ offset: 1, cursor: null, complete: true });
});

test('what was looked at is delivered as if nobody had looked', async () => {
  await queue('untouched', 5);
  for (const state of ['ready', 'unacked', 'all']) {
    await broker.get(messages('untouched', `?state=${state}`));
  }
  const { body: before } = await broker.get('/api/queues/%2F/untouched');
  expect(before).toMatchObject({ messages_ready: 5, messages_unacknowledged: 0 });
  for (let i = 0; i < 5; i++) {
    const got = await channel.get('untouched');
    if (got === false) throw new Error('the queue is empty');
    expect(got.fields.redelivered).toBe(false);
    expect(String(got.content)).toBe(`{"n":${i}}`);
    channel.ack(got);
  }
});

test('a client of each protocol is shown as the holder of what it has', async () => {
  await queue('held', 6);
  await new Promise<void>((resolve) => {
    void channel
      .prefetch(1)
      .then(() => channel.consume('held', () => resolve(), { consumerTag: 'amqp-tag' }));
  });
  await channel.get('held');
  const stomp = await StompClient.login(broker.portOf('stomp') as number);
  stomp.send('SUBSCRIBE', {
    destination: '/amq/queue/held',
    id: 's',
    ack: 'client',
    'prefetch-count': 1,
  });
  await stomp.expect('MESSAGE');
  const { body } = await broker.get(messages('held', '?state=unacked'));
  const holders = body.items.map((one: { held_by: object }) => one.held_by);
  expect(holders).toMatchObject([
    {
      client: 'billing-worker',
      protocol: 'amqp091',
      channel: 1,
      consumer_tag: 'amqp-tag',
      user: 'guest',
    },
    { client: 'billing-worker', protocol: 'amqp091', channel: 1, consumer_tag: null },
    { protocol: 'stomp12' },
  ]);
  expect(holders[0].connection).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  expect(holders[0].for_ms).toBeGreaterThanOrEqual(0);
  expect(body.items[0]).toMatchObject({ state: 'unacked', payload: '{"n":0}' });
  const all = await broker.get(messages('held', '?state=all'));
  expect(all.body.items.map((one: { state: string }) => one.state)).toEqual([
    ...['unacked', 'unacked', 'unacked', 'ready', 'ready', 'ready'],
  ]);
  await stomp.destroy();
});

test('an MQTT client that is away finds everything that somebody looked at', async () => {
  const url = `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
  const options = { clientId: 'sensor-1', clean: false, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(url, options);
  await client.subscribeAsync('sensors/#', { qos: 1 });
  await client.endAsync();
  const publisher = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
  await publisher.publishAsync('sensors/1', 'warm', { qos: 1 });
  await publisher.endAsync();
  const { body } = await broker.get(messages('mqtt-subscription-sensor-1qos1'));
  expect(body.items).toMatchObject([
    { exchange: 'amq.topic', routing_key: 'sensors.1', payload: 'warm' },
  ]);
  const back = mqtt.connect(url, options);
  const got = await new Promise<{ text: string; dup: boolean }>((resolve) => {
    back.on('message', (_topic, payload, { dup }) => resolve({ text: String(payload), dup }));
  });
  expect(got).toEqual({ text: 'warm', dup: false });
  await back.endAsync();
});

describe('a search', () => {
  beforeAll(() => queue('searched', 40));

  test.each<[string, number]>([
    ['?text=%22n%22%3A1', 11],
    ['?header.tenant=odd', 20],
    ['?header.tenant=odd&text=%3A3', 6],
    ['?header.n=7', 1],
    ['?routing_key=search*', 40],
    ['?routing_key=nothing', 0],
    ['?reason=rejected', 0],
  ])('for %s finds %i', async (query, count) => {
    const { body } = await broker.get(messages('searched', query));
    expect(body.items).toHaveLength(count);
    expect(body).toMatchObject({ complete: true, cursor: null, scanned: 40, offset: null });
  });

  test.each([
    'state=some',
    'limit=0',
    'limit=501',
    'payload_bytes=1048577',
    'offset=x',
    'cursor=x',
    'cursor=r.other.0.0',
    'encoding=hex',
    'unheard=of',
    'state=all&offset=1',
    'older_than_ms=-1',
  ])('with %s is refused', async (query) => {
    const { status, body } = await broker.get(messages('searched', `?${query}`));
    expect([status, body.error]).toEqual([400, 'bad_request']);
  });
});

test('one message is shown by its name, and its payload comes as it is', async () => {
  await channel.assertQueue('single');
  const bytes = Buffer.from([0xff, 0, 1, 2]);
  channel.sendToQueue('single', bytes, { contentType: 'text/html' });
  channel.sendToQueue('single', Buffer.from('{}'), { contentType: 'application/json' });
  await channel.checkQueue('single');
  const { body } = await broker.get(messages('single', '?encoding=auto'));
  const [binary, json] = body.items;
  expect(binary).toMatchObject({ payload: bytes.toString('base64'), payload_encoding: 'base64' });
  const one = await broker.get(messages('single', `/${json.id}?encoding=base64`));
  expect(one.body).toMatchObject({ id: json.id, payload: 'e30=', payload_encoding: 'base64' });
  const raw = await broker.get(messages('single', `/${json.id}/payload`));
  expect([raw.headers['content-type'], raw.text]).toEqual(['application/json', '{}']);
  const hostile = await broker.get(messages('single', `/${binary.id}/payload`));
  expect(hostile.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${binary.id}.bin"`,
    'x-content-type-options': 'nosniff',
  });
  await channel.get('single', { noAck: true });
  expect((await broker.get(messages('single', `/${binary.id}`))).status).toBe(404);
});

test('who may not read from the queue sees nothing of it', async () => {
  await queue('secret', 1);
  await broker.call('PUT', '/api/users/snoop', { password: 'snoop', tags: 'management' });
  const rights = { configure: '.*', write: '.*', read: 'other' };
  await broker.call('PUT', '/api/permissions/%2F/snoop', rights);
  const { status, body } = await broker.get(messages('secret'), { as: 'snoop:snoop' });
  expect(status).toBe(401);
  expect(body).toEqual({
    error: 'not_authorised',
    reason: "read access to queue 'secret' in vhost '/' refused for user 'snoop'",
  });
  expect((await broker.get(messages('none'))).status).toBe(404);
  expect((await broker.get(messages('secret'), { as: null })).status).toBe(401);
});

test('a delayed exchange shows what it holds back', async () => {
  await channel.assertExchange('later', 'x-delayed-message', {
    arguments: { 'x-delayed-type': 'fanout' },
  });
  channel.publish('later', 'k', Buffer.from('wait'), { headers: { 'x-delay': 600_000 } });
  await channel.checkExchange('later');
  const { body } = await broker.get('/api/x/exchanges/%2F/later/messages');
  expect(body).toMatchObject({
    exchange: 'later',
    state: 'delayed',
    counts: { delayed: 1 },
    items: [{ state: 'delayed', exchange: 'later', routing_key: 'k', payload: 'wait' }],
  });
  expect(body.items[0].due_at).toBeGreaterThan(Date.now());
  expect(body.items[0].properties).toEqual({ headers: { 'x-delay': 600_000 } });
  const { status } = await broker.get('/api/x/exchanges/%2F/amq.direct/messages');
  expect(status).toBe(400);
});

test('the command shows the same', async () => {
  await queue('commanded', 30);
  const out: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  const words = ['peek', 'commanded', '--header', 'tenant=odd', '--limit', '3'];
  try {
    const all = ['--data-dir', folder, '--formatter', 'json', ...words];
    expect(await run({ name: 'warren', commands: INSPECT_COMMANDS }, all)).toBe(0);
  } finally {
    spy.mockRestore();
  }
  expect(JSON.parse(out.join(''))).toMatchObject([
    { payload: '{"n":1}', headers: { n: 1 } },
    { payload: '{"n":3}' },
    { payload: '{"n":5}' },
  ]);
});
