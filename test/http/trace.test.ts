/**
 * Live traces over HTTP, with clients of every protocol: what is told of messages, as JSON and as
 * Server-Sent Events that go on where they were; who may see it; and the command.
 */
import { get, type IncomingMessage } from 'node:http';
import type { Channel, ChannelModel } from 'amqplib';
import mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../../src/commands/program.ts';
import { TRACE_COMMAND } from '../../src/commands/trace-command.ts';
import type { ApiBroker } from '../support/management.ts';
import { type OpenDoor, openDoor } from '../support/open-door.ts';
import { StompClient } from '../support/stomp-client.ts';

interface Traced {
  readonly id: number;
  readonly seq: number;
  readonly text: string;
  readonly state: string;
  readonly events: readonly { readonly event: string }[];
}

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

afterEach(async () => {
  for (const { id } of (await broker.get('/api/x/traces')).body) {
    await broker.call('DELETE', `/api/x/traces/${id}`);
  }
});

afterAll(async () => {
  await door?.stop();
});

async function trace(wishes: object): Promise<string> {
  const { status, body } = await broker.call('POST', '/api/x/traces', wishes);
  expect(status).toBe(201);
  return `/api/x/traces/${body.id}`;
}

/** The first message that is as it should be. */
async function wanted(where: string, isWanted: (message: Traced) => boolean): Promise<Traced> {
  for (let after = 0; ; ) {
    const { body } = await broker.get(`${where}/events?after=${after}&wait_ms=10000`);
    const found = body.items.find(isWanted);
    if (found !== undefined) return found;
    after = body.next;
  }
}

const isAcked = ({ state }: Traced): boolean => state === 'acked';

test('a message of an MQTT client is followed to the consumer that acknowledges it', async () => {
  await channel.assertQueue('orders.new');
  await channel.bindQueue('orders.new', 'amq.topic', 'orders.*');
  const where = await trace({ queue: 'orders.*', payload_bytes: 3 });
  await channel.consume('orders.new', (got) => got && channel.ack(got), { consumerTag: 'tag' });
  const url = `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
  const sensor = await mqtt.connectAsync(url, { clientId: 'sensor-1', protocolVersion: 5 });
  await sensor.publishAsync('orders/17', '{"n":1}', { qos: 1 });
  const message = await wanted(where, isAcked);
  expect(message).toMatchObject({
    vhost: '/',
    exchange: 'amq.topic',
    routing_keys: ['orders.17'],
    payload_bytes: 7,
    payload: '{"n',
    payload_truncated: true,
    published_by: { client: 'sensor-1', protocol: 'mqtt50', channel: 0 },
    queues: ['orders.new'],
    state: 'acked',
    events: [
      { event: 'published', after_ms: 0 },
      { event: 'routed', queues: ['orders.new'] },
      {
        event: 'delivered',
        queue: 'orders.new',
        redelivered: false,
        auto_ack: false,
        to: {
          client: 'billing-worker',
          protocol: 'amqp091',
          user: 'guest',
          channel: 1,
          consumer_tag: 'tag',
        },
      },
      { event: 'acked', queue: 'orders.new', held_ms: expect.any(Number) },
    ],
  });
  expect(message.text.replace(/\d+ ms$/, 'n ms')).toBe(
    'MQTT 5.0 sensor-1 → amq.topic → orders.new → billing-worker (AMQP 0-9-1), acked after n ms',
  );
  await sensor.endAsync();
  await channel.cancel('tag');
});

test('a rejection is followed through the dead-letter exchange to a STOMP client', async () => {
  await channel.assertQueue('dead');
  await channel.assertQueue('risky', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
  const where = await trace({ vhost: '/', connection: 'billing' });
  channel.sendToQueue('risky', Buffer.from('x'));
  await channel.checkQueue('risky');
  const got = await channel.get('risky');
  if (got === false) throw new Error('the queue is empty');
  channel.nack(got, false, false);
  const stomp = await StompClient.login(broker.portOf('stomp') as number);
  stomp.send('SUBSCRIBE', { destination: '/amq/queue/dead', id: 's' });
  await stomp.expect('MESSAGE');
  const message = await wanted(where, isAcked);
  expect(message.events.map(({ event }) => event)).toEqual([
    ...['published', 'routed', 'delivered', 'rejected', 'dead_lettered', 'delivered'],
  ]);
  expect(message.events[4]).toMatchObject({ queue: 'risky', exchange: '', queues: ['dead'] });
  expect(message.events[5]).toMatchObject({ queue: 'dead', to: { protocol: 'stomp12' } });
  await stomp.destroy();
});

test('what goes nowhere is shown as that, and what comes over HTTP too', async () => {
  const where = await trace({ routing_key: 'nowhere.#' });
  await broker.call('POST', '/api/exchanges/%2F/amq.topic/publish', {
    properties: {},
    routing_key: 'nowhere.at.all',
    payload: 'x',
    payload_encoding: 'string',
  });
  const message = await wanted(where, () => true);
  expect(message).toMatchObject({ state: 'unroutable', published_by: { protocol: 'http' } });
});

test('a mandatory message that reaches nobody is seen to go back', async () => {
  const where = await trace({ routing_key: 'mandatory.#' });
  const returned = new Promise((resolve) => channel.once('return', resolve));
  channel.publish('amq.topic', 'mandatory.x', Buffer.from('x'), { mandatory: true });
  await returned;
  const { events } = await wanted(where, ({ events: all }) => all.at(-1)?.event === 'returned');
  expect(events.map(({ event }) => event)).toEqual(['published', 'unroutable', 'returned']);
});

/** Events of a stream, until there are enough. */
async function stream(where: string, count: number, headers = {}): Promise<string[][]> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const accept = 'text/event-stream';
  const options = { port: broker.apiPort, path: `${where}/events` };
  const response = await new Promise<IncomingMessage>((resolve) => {
    get({ host: '127.0.0.1', ...options, headers: { authorization, accept, ...headers } }, resolve);
  });
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    const events = text.split('\n\n').slice(0, -1);
    const told = events.filter((event) => event.startsWith('event: '));
    if (told.length >= count) return told.slice(0, count).map((event) => event.split('\n'));
  }
  throw new Error(`the stream ended: ${text}`);
}

test('a stream goes on where its reader was, and says when the trace has ended', async () => {
  const where = await trace({ text: 'streamed' });
  await channel.assertQueue('streamed');
  const send = (n: number): boolean =>
    channel.sendToQueue('streamed', Buffer.from(`streamed ${n}`));
  for (let n = 0; n < 3; n++) send(n);
  const first = await stream(where, 2);
  expect(first.map(([event]) => event)).toEqual(['event: message', 'event: message']);
  const place = String(first[1]?.[1]).replace('id: ', '');
  const [rest] = await stream(where, 1, { 'last-event-id': place });
  const ids = [...first, rest as string[]].map((lines) => {
    return JSON.parse(String(lines[2]).replace('data: ', '')).id;
  });
  expect(new Set(ids).size).toBe(3);
  const { body } = await broker.get(where);
  expect(body).toMatchObject({ matched: 3, messages: 3, dropped: 0, filter: { text: 'streamed' } });
  const ending = stream(where, 1, { 'last-event-id': String(body.seq) });
  await vi.waitFor(async () => expect((await broker.get(where)).body.readers).toBe(1));
  await broker.call('DELETE', where);
  expect(await ending).toEqual([['event: end', 'data: {"reason":"deleted"}']]);
  expect((await broker.get(where)).status).toBe(404);
});

test('who waits for something to happen hears of the end, too', async () => {
  const where = await trace({});
  const waiting = broker.get(`${where}/events?after=${2 ** 40}&wait_ms=30000`);
  await vi.waitFor(async () => expect((await broker.get(where)).body.readers).toBe(1));
  await broker.call('DELETE', where);
  expect((await waiting).body).toMatchObject({ items: [], ended: 'deleted' });
});

test('others see neither the trace nor what they may not read', async () => {
  await broker.call('PUT', '/api/users/dev', { password: 'dev', tags: 'management' });
  const rights = { configure: '', write: '', read: '^mine$' };
  await broker.call('PUT', '/api/permissions/%2F/dev', rights);
  await channel.assertQueue('mine');
  await channel.assertQueue('theirs');
  const own = await trace({});
  const as = 'dev:dev';
  expect((await broker.get(own, { as })).status).toBe(404);
  const { body: made } = await broker.call('POST', '/api/x/traces', { name: 'dev' }, { as });
  channel.sendToQueue('theirs', Buffer.from('x'));
  channel.sendToQueue('mine', Buffer.from('x'));
  const path = `/api/x/traces/${made.id}/events?wait_ms=10000`;
  const { body } = await broker.get(path, { as });
  expect(body.items).toMatchObject([{ routing_keys: ['mine'], queues: ['mine'] }]);
  expect((await broker.get('/api/x/traces', { as })).body).toHaveLength(1);
  expect((await broker.get('/api/x/traces')).body).toHaveLength(2);
  await broker.call('PUT', '/api/users/nobody', { password: 'nobody', tags: '' });
  expect((await broker.call('POST', '/api/x/traces', {}, { as: 'nobody:nobody' })).status).toBe(
    401,
  );
});

test.each([
  { vhost: 'none' },
  { sample: 0 },
  { max_messages: 10_001 },
  { payload_bytes: 4097 },
  { idle_timeout_ms: 1 },
  { queue: 7 },
  { headers: { a: {} } },
  { unheard: 'of' },
])('%o is refused', async (wishes) => {
  const { status, body } = await broker.call('POST', '/api/x/traces', wishes);
  expect([status, body.error]).toEqual([400, 'bad_request']);
});

test('the command prints what happens', async () => {
  await channel.assertQueue('printed');
  const out: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  try {
    const words = ['trace', '--queue', 'printed', '--count', '1', '--payload-bytes', '10'];
    const running = run({ name: 'warren', commands: [TRACE_COMMAND] }, [
      ...['--data-dir', folder, '-q', ...words],
    ]);
    await vi.waitFor(async () => {
      expect((await broker.get('/api/x/traces')).body).toMatchObject([{ readers: 1 }]);
    });
    channel.sendToQueue('printed', Buffer.from('hello'));
    expect(await running).toBe(0);
  } finally {
    spy.mockRestore();
  }
  expect(out.join('').replace(/\d+/g, 'n')).toBe(
    'n:n:n.n  #n  AMQP n-n-n billing-worker → (default exchange) → printed, ready after n ms  ' +
      '"hello"\n',
  );
});
