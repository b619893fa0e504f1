/**
 * Redrive, move, edit and replay over HTTP, with dead letters of AMQP, MQTT and STOMP clients; who
 * may; what is refused; and the commands.
 */
import type { Channel, ChannelModel } from 'amqplib';
import mqtt from 'mqtt';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../src/commands/program.ts';
import { REDRIVE_COMMANDS } from '../../src/commands/redrive-commands.ts';
import type { ApiBroker, Reply } from '../support/management.ts';
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
});

/** `work` on `amq.topic`, which dies into `dead`; both empty. */
beforeEach(async () => {
  await channel?.close();
  channel = await connection.createChannel();
  for (const name of ['work', 'dead', 'other']) await channel.deleteQueue(name);
  await channel.assertQueue('dead');
  await channel.assertQueue('other');
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
  await channel.bindQueue('work', 'amq.topic', 'jobs.#');
});

afterAll(async () => {
  await door?.stop();
});

/** Rejects what comes to `work`, until there are so many dead letters. */
async function reject(count: number): Promise<void> {
  const { consumerTag } = await channel.consume(
    'work',
    (got) => got && channel.nack(got, false, false),
  );
  await vi.waitFor(
    async () => expect((await channel.checkQueue('dead')).messageCount).toBe(count),
    {
      timeout: 10_000,
    },
  );
  await channel.cancel(consumerTag);
}

async function died(...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const options = { persistent: true, headers: { n: body }, contentType: 'text/plain' };
    channel.publish('amq.topic', `jobs.${body}`, Buffer.from(body), options);
  }
  await reject(bodies.length);
}

const post = (path: string, body: object, as?: string): Promise<Reply> =>
  broker.call('POST', `/api/x/queues/%2F/${path}`, body, as === undefined ? {} : { as });

async function bodies(queue: string): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const got = await channel.get(queue, { noAck: true });
    if (got === false) return found;
    found.push(String(got.content));
  }
}

async function idOf(queue: string, text: string): Promise<string> {
  const { body } = await broker.get(`/api/x/queues/%2F/${queue}/messages?header.n=${text}`);
  return body.items[0].id;
}

test('dead letters of every protocol go back, and their consumers get them as they were', async () => {
  const url = `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
  const sensor = await mqtt.connectAsync(url, { protocolVersion: 5 });
  await sensor.publishAsync('jobs/mqtt', 'from MQTT', { qos: 1 });
  await sensor.endAsync();
  const stomp = await StompClient.login(broker.portOf('stomp') as number);
  await stomp.ask('SEND', { destination: '/topic/jobs.stomp', persistent: true }, 'from STOMP');
  channel.publish('amq.topic', 'jobs.amqp', Buffer.from('from AMQP'), { persistent: true });
  await reject(3);
  const dry = await post('dead/redrive', { dry_run: true, wait_ms: 20_000 });
  expect(dry.status).toBe(200);
  expect(dry.body).toMatchObject({ state: 'done', dry_run: true, matched: 3, moved: 0 });
  expect(dry.body.destinations).toHaveLength(3);
  expect(dry.body.samples[0]).toMatchObject({
    reason: 'rejected',
    from: 'work',
    to: { queue: 'work', exchange: 'amq.topic' },
    problem: null,
  });
  const { body: job } = await post('dead/redrive', { wait_ms: 20_000 });
  expect(job).toMatchObject({ kind: 'redrive', state: 'done', total: 3, moved: 3, in_flight: 0 });
  stomp.send('SUBSCRIBE', { destination: '/amq/queue/work', id: 's' });
  const got = [
    await stomp.expect('MESSAGE'),
    await stomp.expect('MESSAGE'),
    await stomp.expect('MESSAGE'),
  ];
  expect(got.map(({ body }) => body).sort()).toEqual(['from AMQP', 'from MQTT', 'from STOMP']);
  for (const { headers } of got) {
    expect(headers.destination).toMatch(/^\/topic\/jobs\.(amqp|mqtt|stomp)$/);
    expect(Object.keys(headers).filter((name) => name.includes('death'))).toEqual([]);
  }
  await stomp.destroy();
});

test('a filter, a limit and names say which', async () => {
  await died('a', 'b', 'c', 'd');
  const filter = { reason: 'rejected', source_queue: 'work', headers: { n: 'c' } };
  const { body: first } = await post('dead/redrive', { filter, wait_ms: 20_000 });
  expect(first).toMatchObject({ scanned: 4, matched: 1, moved: 1 });
  const { body: second } = await post('dead/redrive', { limit: 1, wait_ms: 20_000 });
  expect(second).toMatchObject({ moved: 1 });
  const ids = [await idOf('dead', 'd')];
  await post('dead/redrive', { ids, wait_ms: 20_000 });
  expect(await bodies('work')).toEqual(['c', 'a', 'd']);
  expect(await bodies('dead')).toEqual(['b']);
});

test('a job can be followed and cancelled, and is forgotten when it has ended', async () => {
  await died('a', 'b', 'c');
  const { status, body } = await post('dead/redrive', { rate: 1 });
  expect([status, body.state]).toEqual([202, 'running']);
  const where = `/api/x/redrives/${body.id}`;
  await vi.waitFor(async () => {
    expect((await broker.get(where)).body).toMatchObject({ waiting: 'rate', moved: 1 });
  });
  expect((await broker.call('DELETE', where)).status).toBe(204);
  const { body: ended } = await broker.get(`${where}?wait_ms=20000`);
  expect(ended).toMatchObject({ state: 'cancelled', waiting: null });
  const list = (await broker.get('/api/x/redrives')).body.map(({ id }: { id: string }) => id);
  expect(list).toContain(body.id);
  await broker.call('DELETE', where);
  expect((await broker.get(where)).status).toBe(404);
});

test('messages are moved as they are', async () => {
  await died('a', 'b');
  const order = { to: { queue: 'other' }, filter: { headers: { n: 'a' } }, wait_ms: 20_000 };
  const { body } = await post('dead/move', order);
  expect(body).toMatchObject({ kind: 'move', to: { queue: 'other' }, moved: 1 });
  const got = await channel.get('other', { noAck: true });
  if (got === false) throw new Error('nothing was moved');
  expect(got.fields).toMatchObject({ exchange: '', routingKey: 'dead', redelivered: false });
  expect(got.properties.headers).toHaveProperty('x-death');
  const through = { to: { exchange: 'amq.topic', routing_key: 'jobs.again' }, wait_ms: 20_000 };
  await post('dead/move', through);
  expect(await bodies('work')).toEqual(['b']);
});

test('one message is changed and put back where it died, and the old one is gone', async () => {
  await died('a', 'b');
  const id = await idOf('dead', 'b');
  const change = {
    to: 'queue',
    edit: {
      payload: 'better',
      headers: { n: null, fixed: true },
      properties: { content_type: null, priority: 3 },
    },
  };
  const { status, body } = await post(`dead/messages/${id}/edit`, change);
  expect([status, body]).toEqual([200, { routed: true, queues: ['work'] }]);
  const got = await channel.get('work', { noAck: true });
  if (got === false) throw new Error('nothing came');
  expect(String(got.content)).toBe('better');
  expect(got.fields).toMatchObject({ exchange: 'amq.topic', routingKey: 'jobs.b' });
  expect(got.properties).toMatchObject({
    headers: { fixed: true },
    contentType: undefined,
    priority: 3,
    deliveryMode: 2,
  });
  expect((await post(`dead/messages/${id}/edit`, change)).status).toBe(404);
  expect(await bodies('dead')).toEqual(['a']);
});

test('one message is changed in its queue, and stays a dead letter', async () => {
  await died('a');
  const id = await idOf('dead', 'a');
  await post(`dead/messages/${id}/edit`, { edit: { payload: 'Yg==', payload_encoding: 'base64' } });
  const { body } = await broker.get('/api/x/queues/%2F/dead/messages');
  expect(body.items).toMatchObject([{ payload: 'b', deaths: [{ queue: 'work' }] }]);
});

test('a copy is put elsewhere, and the message stays with who holds it', async () => {
  await died('a');
  const held = await channel.get('dead');
  if (held === false) throw new Error('the queue is empty');
  const { body } = await broker.get('/api/x/queues/%2F/dead/messages?state=unacked');
  const id = body.items[0].id;
  const { body: done } = await post(`dead/messages/${id}/replay`, {
    to: { exchange: 'amq.topic', routing_key: 'jobs.copy' },
  });
  expect(done).toEqual({ routed: true, queues: ['work'] });
  expect(await bodies('work')).toEqual(['a']);
  const nowhere = { to: { exchange: 'amq.topic', routing_key: 'nowhere' } };
  expect((await post(`dead/messages/${id}/replay`, nowhere)).body).toEqual({
    error: 'bad_request',
    reason: "exchange 'amq.topic' in vhost '/' routes it to no queue",
  });
  expect((await post(`dead/messages/${id}/edit`, {})).status).toBe(400);
  channel.ack(held);
});

test('who may not read here or write there moves nothing', async () => {
  await died('a');
  await broker.call('PUT', '/api/users/op', { password: 'op', tags: 'management' });
  const rights = { configure: '', write: '^other$', read: '^dead$' };
  await broker.call('PUT', '/api/permissions/%2F/op', rights);
  const id = await idOf('dead', 'a');
  const { body: job } = await post('dead/redrive', { wait_ms: 20_000 }, 'op:op');
  expect(job).toMatchObject({ moved: 0, skipped: 1 });
  expect(job.samples[0].problem).toBe(
    "write access to queue 'work' in vhost '/' refused for user 'op'",
  );
  const to = { to: { exchange: 'amq.topic' } };
  const { body: replay } = await post(`dead/messages/${id}/replay`, to, 'op:op');
  expect(replay.reason).toBe(
    "write access to exchange 'amq.topic' in vhost '/' refused for user 'op'",
  );
  expect((await post('work/redrive', {}, 'op:op')).status).toBe(401);
  const others = await post('dead/redrive', { dry_run: true });
  expect((await broker.get(`/api/x/redrives/${others.body.id}`, { as: 'op:op' })).status).toBe(404);
  const moved = await post('dead/move', { to: { queue: 'other' }, wait_ms: 20_000 }, 'op:op');
  expect(moved.body).toMatchObject({ moved: 1, user: 'op' });
});

test.each<[string, object]>([
  ['dead/move', {}],
  ['dead/move', { to: 'queue' }],
  ['dead/redrive', { to: 'elsewhere' }],
  ['dead/redrive', { to: { queue: 'a', exchange: 'b' } }],
  ['dead/redrive', { filter: { unheard: 'of' } }],
  ['dead/redrive', { unheard: 'of' }],
  ['dead/redrive', { ids: [1] }],
  ['dead/redrive', { rate: -1 }],
])('%s with %o is refused', async (path, order) => {
  const { status, body } = await post(path, order);
  expect([status, body.error]).toEqual([400, 'bad_request']);
});

test('what a message may not become is refused, and it stays as it is', async () => {
  await died('a');
  const id = await idOf('dead', 'a');
  const edits = [
    { properties: { expiration: 'soon' } },
    { properties: { unheard: 1 } },
    { properties: { headers: {} } },
    { payload: 7 },
    { payload: '?', payload_encoding: 'base64' },
  ];
  for (const edit of edits) {
    expect((await post(`dead/messages/${id}/edit`, { edit })).status, JSON.stringify(edit)).toBe(
      400,
    );
  }
  expect(await bodies('dead')).toEqual(['a']);
});

async function command(...words: readonly string[]): Promise<string> {
  const out: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  try {
    const all = ['--data-dir', folder, '-q', ...words];
    expect(await run({ name: 'warren', commands: REDRIVE_COMMANDS }, all)).toBe(0);
  } finally {
    spy.mockRestore();
  }
  return out.join('');
}

test('the commands do the same', async () => {
  await died('a', 'b');
  expect(await command('redrive', 'dead', '--header', 'n=a', '--dry-run')).toBe(
    "done: 1 matched, 1 would go, 0 cannot go, 0 failed\n1\tqueue 'work'\n",
  );
  expect(await command('redrive', 'dead', '--header', 'n=a')).toBe(
    "done: 1 matched, 1 moved, 0 cannot go, 0 failed\n1\tqueue 'work'\n",
  );
  expect(await command('move', 'dead', '--to', 'exchange:amq.topic/jobs.x')).toBe(
    "done: 1 matched, 1 moved, 0 cannot go, 0 failed\n1\texchange 'amq.topic' by 'jobs.x'\n",
  );
  expect(await bodies('work')).toEqual(['a', 'b']);
});
