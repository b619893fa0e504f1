/** Server-Sent Events: credit, acknowledgement, slow readers. amqplib is on the other side. */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/clock.ts';
import { HTTP_STREAM_BEAT_MS, HTTP_STREAM_STALL_MS } from '../../../src/limits.ts';
import { ready, send } from '../../support/amqplib.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const clock = new ManualClock();
const PATIENCE = { timeout: 20_000 };
let broker: ApiBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;
const readers: Reader[] = [];

beforeAll(async () => {
  broker = await startApi({ clock, config: { heartbeat: '0' } });
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
});

beforeEach(async () => {
  await channel.deleteQueue('q');
  await channel.assertQueue('q');
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.stop();
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

/** fetch, and as much of the format as our own server uses [HTML, 9.2.6]. */
class Reader {
  readonly events: { id?: string; event?: string; data?: string; comment?: string }[] = [];
  readonly status: number;
  readonly type: string | null;
  ended = false;
  private readonly abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.type = response.headers.get('content-type');
    this.abort = abort;
    this.read(response).catch(() => {});
  }

  static async open(query = '', headers = {}): Promise<Reader> {
    const abort = new AbortController();
    const url = `http://127.0.0.1:${broker.apiPort}/v1/vhosts/%2F/queues/q/events${query}`;
    const authorization = `Basic ${btoa('guest:guest')}`;
    const { signal } = abort;
    const response = await fetch(url, { headers: { authorization, ...headers }, signal });
    const reader = new Reader(response, abort);
    readers.push(reader);
    return reader;
  }

  stop(): void {
    this.abort.abort();
  }

  /** The messages, once there are so many. */
  async messages(count: number) {
    await vi.waitFor(() => expect(this.found().length).toBeGreaterThanOrEqual(count), PATIENCE);
    return this.found().map(({ data }) => JSON.parse(data as string));
  }

  private found() {
    return this.events.filter(({ id }) => id !== undefined);
  }

  private async read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() as string;
      for (const block of blocks) {
        const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/s.exec(line) ?? []);
        const named = fields.map(([, name, value]) => [name || 'comment', value]);
        this.events.push(Object.fromEntries(named));
      }
    }
    this.ended = true;
  }
}

const ack = (...tokens: string[]) =>
  broker.call('POST', '/v1/vhosts/%2F/queues/q/messages:ack', { tokens });

const becomes = (count: number) =>
  vi.waitFor(async () => expect(await ready(channel, 'q')).toBe(count), PATIENCE);

describe('a stream', () => {
  test('brings messages as they come, each with its token as id', async () => {
    await send(channel, 'q', 'two\nlines');
    const reader = await Reader.open();
    expect([reader.status, reader.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const [first] = await reader.messages(1);
    expect(first).toMatchObject({ payload: 'two\nlines', routing_key: 'q', redelivered: false });
    await send(channel, 'q', 'later');
    const [, second] = await reader.messages(2);
    expect(second.payload).toBe('later');
    const ids = reader.events.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toEqual([first.token, second.token]);
    expect((await ack(first.token, second.token)).body.done).toBe(2);
  });

  test('has no more unacknowledged than its credit', async () => {
    await send(channel, 'q', '1', '2', '3', '4');
    const reader = await Reader.open('?credit=2');
    const [first] = await reader.messages(2);
    expect(await ready(channel, 'q')).toBe(2);
    await ack(first.token);
    const all = await reader.messages(3);
    expect(all.map(({ payload }) => payload)).toEqual(['1', '2', '3']);
  });

  test('that ends gives back what was not acknowledged; Last-Event-ID changes nothing', async () => {
    await send(channel, 'q', '1', '2');
    const reader = await Reader.open();
    const [first, second] = await reader.messages(2);
    await ack(first.token);
    reader.stop();
    await becomes(1);
    const again = await Reader.open('', { 'last-event-id': second.token });
    expect(await again.messages(1)).toMatchObject([{ payload: '2', redelivered: true }]);
  });

  test('with ack=auto needs no acknowledging', async () => {
    await send(channel, 'q', '1', '2', '3');
    const reader = await Reader.open('?ack=auto&credit=1&encoding=base64');
    const all = await reader.messages(3);
    expect(all.map(({ payload }) => atob(payload))).toEqual(['1', '2', '3']);
    expect(all[0]).not.toHaveProperty('token');
    await vi.waitFor(async () => {
      const { body } = await broker.get('/api/queues/%2F/q');
      expect(body.messages).toBe(0);
    }, PATIENCE);
  });

  test('says now and then that it is there', async () => {
    const reader = await Reader.open();
    clock.advance(HTTP_STREAM_BEAT_MS);
    await vi.waitFor(() => {
      expect(reader.events).toContainEqual({ comment: 'still here' });
    }, PATIENCE);
  });

  test('says why it ends when its queue is deleted', async () => {
    const reader = await Reader.open();
    await channel.deleteQueue('q');
    await vi.waitFor(() => expect(reader.ended).toBe(true), PATIENCE);
    const { event, data } = reader.events.at(-1) ?? {};
    expect([event, JSON.parse(data as string).kind]).toEqual(['end', 'NOT_FOUND']);
    expect((await Reader.open()).status).toBe(404);
  });

  test.each(['?credit=0', '?credit=many', '?ack=never', '?from=1'])(
    '%s is refused',
    async (query) => {
      expect((await Reader.open(query)).status).toBe(400);
    },
  );
});

test('a reader that stops reading holds what fits, is given up, and loses nothing', async () => {
  const count = 400;
  const body = 'x'.repeat(100_000);
  await send(channel, 'q', ...Array.from({ length: count }, () => body));
  const socket = dial(broker.apiPort, '127.0.0.1');
  socket.pause();
  socket.write(
    'GET /v1/vhosts/%2F/queues/q/events?credit=1000&ack=auto HTTP/1.1\r\nhost: x\r\n' +
      `authorization: Basic ${btoa('guest:guest')}\r\n\r\n`,
  );
  await vi.waitFor(async () => {
    const { body: queue } = await broker.get('/api/queues/%2F/q');
    expect([queue.consumers, queue.messages_unacknowledged > 0]).toEqual([1, true]);
  }, PATIENCE);
  const waiting = await ready(channel, 'q');
  expect(waiting).toBeGreaterThan(count / 4);
  for (let ms = 0; ms <= HTTP_STREAM_STALL_MS; ms += HTTP_STREAM_BEAT_MS) {
    clock.advance(HTTP_STREAM_BEAT_MS);
  }
  await vi.waitFor(async () => {
    const { body: queue } = await broker.get('/api/queues/%2F/q');
    expect([queue.consumers, queue.messages_unacknowledged]).toEqual([0, 0]);
  }, PATIENCE);
  // What the kernel took counts as read with ack=auto; what it did not is back.
  expect(await ready(channel, 'q')).toBeGreaterThanOrEqual(waiting);
  socket.destroy();
  await once(socket, 'close');
});

describe('to operators', () => {
  const listed = async () => {
    const { body } = await broker.get('/api/connections');
    return (body as { name: string; protocol: string; user: string; peer_port: number }[]).filter(
      ({ protocol }) => protocol.startsWith('HTTP'),
    );
  };

  test('a stream is a connection, whose consumer is on a channel of the session', async () => {
    await Reader.open('?credit=7');
    const all = await listed();
    expect(all.map(({ protocol }) => protocol).sort()).toEqual(['HTTP', 'HTTP events']);
    expect(all).toMatchObject([{ user: 'guest' }, { user: 'guest' }]);
    expect(all.every(({ peer_port: port }) => port > 0)).toBe(true);
    const { body } = await broker.get('/api/consumers/%2F');
    const details = body[0].channel_details;
    expect(details.connection_name).toBe('HTTP guest@/');
    const channel = await broker.get(`/api/channels/${encodeURIComponent(details.name)}`);
    expect(channel.body).toMatchObject({ prefetch_count: 7, consumer_count: 1 });
  });

  test('a stream can be closed, and says why', async () => {
    await send(channel, 'q', '1');
    const reader = await Reader.open();
    await reader.messages(1);
    const stream = (await listed()).find(({ protocol }) => protocol === 'HTTP events');
    const path = `/api/connections/${encodeURIComponent(stream?.name ?? '')}`;
    await broker.call('DELETE', path, undefined, { headers: { 'x-reason': 'enough' } });
    await vi.waitFor(() => expect(reader.ended).toBe(true), PATIENCE);
    const { data } = reader.events.at(-1) ?? {};
    expect(JSON.parse(data as string)).toMatchObject({ detail: 'enough', status: 503 });
    await becomes(1);
    expect((await listed()).map(({ protocol }) => protocol)).toEqual(['HTTP']);
  });

  test('the session of all requests can be closed: polls end, and leases go back', async () => {
    await send(channel, 'q', '1');
    const receive = (order: object) =>
      broker.call('POST', '/v1/vhosts/%2F/queues/q/messages:receive', order);
    const { body } = await receive({});
    expect(body.messages).toHaveLength(1);
    const waiting = receive({ wait_ms: 60_000 });
    const path = `/api/connections/${encodeURIComponent('HTTP guest@/')}`;
    await vi.waitFor(async () => {
      const { body: queue } = await broker.get('/api/queues/%2F/q');
      expect(queue.consumers).toBe(1);
    }, PATIENCE);
    expect((await broker.call('DELETE', path)).status).toBe(204);
    expect((await waiting).body.kind).toBe('CONNECTION_FORCED');
    await becomes(1);
  });
});
