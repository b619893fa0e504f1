/**
 * WebSockets under `/v1`: Node's own WebSocket, which can do what a browser's can, and `ws` where
 * a header is wanted. amqplib is on the other side.
 */
import { once } from 'node:events';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WsSocket from 'ws';
import { ManualClock } from '../../../src/clock.ts';
import {
  HTTP_SOCKET_LOGIN_MS,
  HTTP_STREAM_BEAT_MS,
  HTTP_STREAM_STALL_MS,
} from '../../../src/limits.ts';
import { loopbackConfig } from '../../../src/listeners.ts';
import { silentLog } from '../../../src/log.ts';
import { RunningBroker } from '../../../src/running-broker.ts';
import { ready, send } from '../../support/amqplib.ts';
import { caller, type Reply } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000 };
const clock = new ManualClock();
let running: RunningBroker;
let port: number;
let call: ReturnType<typeof caller>;
let connection: ChannelModel;
let channel: ConfirmChannel;
const peers: Peer[] = [];

beforeAll(async () => {
  const config = loopbackConfig({ 'management.tcp.port': '127.0.0.1:0', heartbeat: '0' });
  running = await RunningBroker.start({ config, log: silentLog, clock });
  port = running.http?.portOf('http') as number;
  call = caller(port);
  const user = { password: 'secret', tags: '' };
  await call('PUT', '/api/users/reader', user);
  const rights = { configure: '', write: '^amq\\.default$', read: '^q$' };
  await call('PUT', '/api/permissions/%2F/reader', rights);
  await call('PUT', '/api/users/outsider', user);
  connection = await connect(`amqp://127.0.0.1:${running.listeners[0]!.port}`);
  channel = await connection.createConfirmChannel();
});

beforeEach(async () => {
  await channel.deleteQueue('q');
  await channel.assertQueue('q');
});

afterEach(() => {
  for (const peer of peers.splice(0)) peer.socket.close();
});

afterAll(async () => {
  await connection?.close();
  await running?.stop('over');
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
type Event = any;

/** A client, with everything that it was told. */
class Peer {
  readonly socket: WebSocket;
  readonly events: Event[] = [];
  code: number | null = null;

  constructor(path = '/v1/vhosts/%2F/socket', protocols: string[] = []) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
    this.socket.onmessage = ({ data }) => this.events.push(JSON.parse(data as string));
    this.socket.onclose = ({ code }) => {
      this.code = code;
    };
    peers.push(this);
  }

  /** One that is logged in. */
  static async open(login = { username: 'guest', password: 'guest' }): Promise<Peer> {
    const peer = new Peer();
    await peer.opened();
    peer.say({ type: 'login', ...login });
    await peer.hears('ready');
    return peer;
  }

  async opened(): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
  }

  say(...commands: unknown[]): void {
    for (const command of commands) this.socket.send(JSON.stringify(command));
  }

  /** The first event of a type, or of a type and an id. */
  async hears(type: string, id?: unknown): Promise<Event> {
    return vi.waitFor(() => {
      const found = this.events.find((one) => one.type === type && (!id || one.id === id));
      expect(found, JSON.stringify(this.events)).toBeDefined();
      return found;
    }, PATIENCE);
  }

  /** The messages, once there are so many. */
  async messages(count: number): Promise<Event[]> {
    return vi.waitFor(() => {
      const all = this.events.flatMap(({ messages = [] }) => messages);
      expect(all.length).toBeGreaterThanOrEqual(count);
      return all;
    }, PATIENCE);
  }

  /** The results of publishing, once there are so many. */
  async results(count: number): Promise<Event[]> {
    return vi.waitFor(() => {
      const all = this.events.flatMap(({ results = [] }) => results);
      expect(all.length).toBeGreaterThanOrEqual(count);
      return all;
    }, PATIENCE);
  }

  async ends(): Promise<Event> {
    await vi.waitFor(() => expect(this.code).not.toBeNull(), PATIENCE);
    return this.events.at(-1);
  }
}

const becomes = (count: number) =>
  vi.waitFor(async () => expect(await ready(channel, 'q')).toBe(count), PATIENCE);

/** The one connection of this kind that the management API shows. */
const shown = async (): Promise<Event> => {
  const { body } = await call('GET', '/api/connections');
  return body.find(({ protocol }: Event) => protocol === 'HTTP WebSocket');
};

describe('logging in', () => {
  test('is the first command of a browser, which cannot set headers', async () => {
    const peer = new Peer(undefined, ['warren.v1']);
    await peer.opened();
    expect(peer.socket.protocol).toBe('warren.v1');
    peer.say({ type: 'login', id: 1, username: 'guest', password: 'guest' });
    expect(await peer.hears('ready')).toEqual({ type: 'ready', id: 1, user: 'guest', vhost: '/' });
  });

  test('or a header of the handshake; what comes with it waits for its turn', async () => {
    const url = `ws://127.0.0.1:${port}/v1/vhosts/%2F/socket`;
    const socket = new WsSocket(url, { auth: 'guest:guest' });
    const events: Event[] = [];
    socket.on('message', (data) => events.push(JSON.parse(String(data))));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'ping', id: 'p' }));
    await vi.waitFor(() => expect(events).toHaveLength(2), PATIENCE);
    expect(events.map(({ type }) => type)).toEqual(['ready', 'pong']);
    socket.terminate();
  });

  const handshake = async (path: string, headers: Record<string, string>): Promise<Reply> => {
    const upgrade = { connection: 'upgrade', upgrade: 'websocket' };
    const key = { 'sec-websocket-version': '13', 'sec-websocket-key': btoa('0123456789abcdef') };
    return call('GET', path, undefined, { as: null, headers: { ...upgrade, ...key, ...headers } });
  };
  const GUEST = `Basic ${btoa('guest:guest')}`;

  test.each([
    ['a wrong password', '%2F', { authorization: `Basic ${btoa('guest:x')}` }, 401],
    ['an unknown vhost', 'none', { authorization: GUEST }, 404],
    ['a page of another site', '%2F', { authorization: GUEST, origin: 'http://evil' }, 403],
  ])('%s is refused before there is a socket', async (_what, vhost, headers, status) => {
    const reply = await handshake(`/v1/vhosts/${vhost}/socket`, headers);
    expect([reply.status, reply.body.status]).toEqual([status, status]);
    expect(reply.headers['content-type']).toBe('application/problem+json');
  });

  test('a request that asks for no WebSocket is told so', async () => {
    const { status, body } = await call('GET', '/v1/vhosts/%2F/socket');
    expect([status, body.kind]).toEqual([426, 'UPGRADE_REQUIRED']);
  });

  test.each([
    ['another first command', { type: 'ping' }, 'NOT_LOGGED_IN'],
    ['a wrong password', { type: 'login', username: 'guest', password: 'x' }, 'NOT_LOGGED_IN'],
    ['no rights', { type: 'login', username: 'outsider', password: 'secret' }, 'NOT_ALLOWED'],
    ['neither name nor token', { type: 'login', username: 'guest' }, null],
    ['no object', 7, 'INVALID_REQUEST'],
  ])('%s ends it with the reason, or is told', async (_what, command, kind) => {
    const peer = new Peer();
    await peer.opened();
    peer.say(command);
    if (kind === null) expect((await peer.hears('error')).kind).toBe('INVALID_REQUEST');
    else expect(await peer.ends()).toMatchObject({ type: 'closed', kind });
  });

  test('has to come in time', async () => {
    const peer = new Peer();
    await peer.opened();
    clock.advance(HTTP_SOCKET_LOGIN_MS);
    expect(await peer.ends()).toMatchObject({ type: 'closed', kind: 'NOT_LOGGED_IN' });
  });

  test('again renews it; as somebody else it is refused', async () => {
    const peer = await Peer.open();
    peer.say({ type: 'login', id: 2, username: 'guest', password: 'guest' });
    await peer.hears('ready', 2);
    peer.say({ type: 'login', id: 3, username: 'reader', password: 'secret' });
    expect(await peer.ends()).toMatchObject({ type: 'closed', kind: 'NOT_ALLOWED' });
  });

  test('by the handshake lets the first message be a large one', async () => {
    const url = `ws://127.0.0.1:${port}/v1/vhosts/%2F/socket`;
    const socket = new WsSocket(url, { auth: 'guest:guest' });
    await once(socket, 'open');
    const payload = 'x'.repeat(1_000_000);
    socket.send(JSON.stringify({ type: 'publish', id: 1, routing_key: 'q', payload }));
    await becomes(1);
    socket.terminate();
  });

  test('a stranger cannot send much', async () => {
    const peer = new Peer();
    await peer.opened();
    peer.say({ type: 'login', username: 'guest', password: 'x'.repeat(100_000) });
    await peer.ends();
    expect(peer.code).toBe(1009);
  });
});

describe('consuming', () => {
  test('brings messages with tokens, which acknowledge them', async () => {
    await send(channel, 'q', 'one', 'two', 'three');
    const peer = await Peer.open();
    peer.say({ type: 'consume', id: 1, queue: 'q', consumer: 'c' });
    expect(await peer.hears('consuming')).toEqual({ type: 'consuming', id: 1, consumer: 'c' });
    const [one, two, three] = await peer.messages(3);
    expect(one).toMatchObject({ consumer: 'c', payload: 'one', routing_key: 'q' });
    peer.say({ type: 'ack', id: 2, tokens: [one.token, 'no-such'] });
    expect(await peer.hears('settled', 2)).toMatchObject({ done: 1, unknown: ['no-such'] });
    peer.say({ type: 'nack', tokens: [two.token] });
    const [, , , again] = await peer.messages(4);
    expect(again).toMatchObject({ payload: 'two', redelivered: true });
    peer.say({ type: 'nack', tokens: [three.token, again.token], requeue: false });
    peer.say({ type: 'ping', id: 9 });
    await peer.hears('pong', 9);
    const { body } = await call('GET', '/api/queues/%2F/q');
    expect([body.messages, body.consumers]).toEqual([0, 1]);
  });

  test('goes as far as the credit, which may change', async () => {
    await send(channel, 'q', '1', '2', '3', '4', '5');
    const peer = await Peer.open();
    peer.say({ type: 'consume', queue: 'q', consumer: 'c', credit: 0 });
    await peer.hears('consuming');
    expect(await ready(channel, 'q')).toBe(5);
    peer.say({ type: 'credit', id: 1, consumer: 'c', credit: 2 });
    await peer.hears('credited', 1);
    await peer.messages(2);
    expect(await ready(channel, 'q')).toBe(3);
    peer.say({ type: 'credit', consumer: 'c', credit: 4 });
    await peer.messages(4);
    expect(await ready(channel, 'q')).toBe(1);
    peer.say({ type: 'credit', consumer: 'nobody', credit: 4 });
    expect((await peer.hears('error')).kind).toBe('NOT_FOUND');
  });

  test('what is out goes back when the socket closes', async () => {
    await send(channel, 'q', '1', '2', '3');
    const peer = await Peer.open();
    peer.say({ type: 'consume', queue: 'q' });
    const [first] = await peer.messages(3);
    peer.say({ type: 'ack', id: 1, tokens: [first.token] });
    await peer.hears('settled');
    peer.socket.close();
    await becomes(2);
  });

  test('with ack auto needs no tokens', async () => {
    await send(channel, 'q', '1', '2');
    const peer = await Peer.open();
    peer.say({ type: 'consume', queue: 'q', ack: 'auto', encoding: 'base64' });
    const all = await peer.messages(2);
    expect(all.map(({ payload, token }) => [atob(payload), token])).toEqual([
      ['1', undefined],
      ['2', undefined],
    ]);
    const { body } = await call('GET', '/api/queues/%2F/q');
    expect(body.messages).toBe(0);
  });

  test('ends when it is cancelled, and when the queue is deleted', async () => {
    await channel.assertQueue('other');
    const peer = await Peer.open();
    peer.say({ type: 'consume', queue: 'other', consumer: 'a' });
    peer.say({ type: 'consume', queue: 'q', consumer: 'b' });
    peer.say({ type: 'cancel', id: 1, consumer: 'a' });
    expect(await peer.hears('cancelled', 1)).toEqual({ type: 'cancelled', id: 1, consumer: 'a' });
    await channel.deleteQueue('q');
    await vi.waitFor(() => {
      const told = peer.events.find(({ consumer, kind }) => consumer === 'b' && kind);
      expect(told).toMatchObject({ type: 'cancelled', kind: 'NOT_FOUND', status: 404 });
    }, PATIENCE);
    await channel.deleteQueue('other');
  });

  test('asks for the right to read, like everybody', async () => {
    await channel.assertQueue('secret');
    const peer = await Peer.open({ username: 'reader', password: 'secret' });
    peer.say({ type: 'consume', id: 1, queue: 'secret' }, { type: 'consume', id: 2, queue: 'q' });
    const refused = await peer.hears('error', 1);
    expect(refused).toMatchObject({ status: 403, kind: 'ACCESS_REFUSED' });
    await peer.hears('consuming', 2);
    await channel.deleteQueue('secret');
  });
});

describe('publishing', () => {
  test('tells of each message what became of it', async () => {
    const peer = await Peer.open();
    const properties = { content_type: 'text/plain', headers: { colour: 'red' } };
    peer.say({ type: 'publish', id: 1, routing_key: 'q', payload: 'one', properties });
    const to = { exchange: 'amq.direct', routing_key: 'nowhere' };
    peer.say([
      { type: 'publish', id: 2, ...to, payload: '' },
      { type: 'publish', id: 3, ...to, payload: '', mandatory: true },
      { type: 'publish', id: 4, exchange: 'none', payload: '' },
      { type: 'publish', routing_key: 'q', payload: '/wA=', payload_encoding: 'base64' },
      { type: 'publish', exchange: 'none', payload: '' },
    ]);
    const results = await peer.results(5);
    expect(results.map(({ id, routed, kind }) => [id, routed, kind])).toEqual(
      expect.arrayContaining([
        [1, 1, undefined],
        [2, 0, undefined],
        [3, 0, 'NO_ROUTE'],
        [4, 0, 'NOT_FOUND'],
        [undefined, 0, 'NOT_FOUND'],
      ]),
    );
    const first = await channel.get('q', { noAck: true });
    if (first === false) throw new Error('it is not there');
    expect(first.content.toString()).toBe('one');
    expect(first.properties).toMatchObject({ ...{ deliveryMode: 2 }, headers: { colour: 'red' } });
    const second = await channel.get('q', { noAck: true });
    expect(second && [...second.content]).toEqual([255, 0]);
  });

  test('what a full queue refuses is said to be so', async () => {
    const limits = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.assertQueue('full', { arguments: limits });
    const peer = await Peer.open();
    peer.say({ type: 'publish', id: 1, routing_key: 'full', payload: '1' });
    peer.say({ type: 'publish', id: 2, routing_key: 'full', payload: '2' });
    const results = await peer.results(2);
    expect(results.map(({ id, kind }) => [id, kind])).toEqual([
      [1, undefined],
      [2, 'REJECTED'],
    ]);
    await channel.deleteQueue('full');
  });

  test('asks for the right to write, like everybody', async () => {
    const peer = await Peer.open({ username: 'reader', password: 'secret' });
    peer.say({ type: 'publish', id: 1, exchange: 'amq.topic', routing_key: 'k', payload: '' });
    expect((await peer.results(1))[0]).toMatchObject({ id: 1, status: 403 });
  });

  test('waits while memory is short, and is told; consumers go on', async () => {
    const peer = await Peer.open();
    peer.say({ type: 'publish', id: 1, routing_key: 'q', payload: '1' });
    await peer.results(1);
    running.broker.alarms.set('memory', true);
    expect((await peer.hears('blocked')).reason).toContain('memory');
    expect((await shown()).state).toBe('blocked');
    peer.say({ type: 'consume', queue: 'q' });
    const [message] = await peer.messages(1);
    peer.say({ type: 'ack', id: 2, tokens: [message.token] });
    await peer.hears('settled', 2);
    running.broker.alarms.set('memory', false);
    await peer.hears('unblocked');
    peer.say({ type: 'publish', id: 3, routing_key: 'q', payload: '2' });
    await peer.results(2);
  });
});

describe('mistakes', () => {
  test.each([
    [{ type: 'dance', id: 1 }, /type must be one of/],
    [{ id: 1 }, /type must be one of/],
    [{ type: 'consume', id: 1 }, /must have queue/],
    [{ type: 'consume', id: 1, queue: 'q', credit: 1e9 }, /\/credit must be at most/],
    [{ type: 'consume', id: 1, queue: 'q', ack: 'never' }, /\/ack must be one of/],
    [{ type: 'ack', id: 1, tokens: [] }, /\/tokens must have at least 1/],
    [{ type: 'ack', id: 1, tokens: [7] }, /\/tokens\/0 must be a string/],
    [{ type: 'publish', id: 1, payload: 'x', propertys: {} }, /\/propertys/],
    [{ type: 'publish', id: 1, payload: 'x', properties: { priority: 'a' } }, /priority/],
    [{ type: '__proto__', id: 1 }, /type must be one of/],
  ])('%j is told, and the socket stays', async (command, text) => {
    const peer = await Peer.open();
    peer.say(command);
    const error = await peer.hears('error', 1);
    expect(error).toMatchObject({ kind: 'INVALID_REQUEST', status: 400, title: 'Bad Request' });
    expect(error.detail).toMatch(text);
    peer.say({ type: 'ping', id: 2 });
    await peer.hears('pong', 2);
  });

  test('what is no JSON ends it', async () => {
    const peer = await Peer.open();
    peer.socket.send('{');
    expect(await peer.ends()).toMatchObject({ type: 'closed', kind: 'INVALID_REQUEST' });
  });
});

describe('to operators', () => {
  test('it is a connection with a channel and a consumer, and can be closed', async () => {
    const peer = await Peer.open();
    peer.say({ type: 'consume', queue: 'q', consumer: 'mine', credit: 7 });
    await peer.hears('consuming');
    const one = await shown();
    expect(one).toMatchObject({ user: 'guest', vhost: '/', state: 'running', channels: 1 });
    expect(one.name).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
    const { body } = await call('GET', '/api/consumers/%2F');
    expect(body).toMatchObject([
      { consumer_tag: 'mine', channel_details: { connection_name: one.name } },
    ]);
    const name = encodeURIComponent(one.name);
    const headers = { 'x-reason': 'enough' };
    await call('DELETE', `/api/connections/${name}`, undefined, { headers });
    const last = await peer.ends();
    expect(last).toMatchObject({ type: 'closed', kind: 'CONNECTION_FORCED', detail: 'enough' });
  });

  test('a deleted user is thrown out', async () => {
    await call('PUT', '/api/users/brief', { password: 'x', tags: '' });
    const rights = { configure: '', write: '', read: '.*' };
    await call('PUT', '/api/permissions/%2F/brief', rights);
    const peer = await Peer.open({ username: 'brief', password: 'x' });
    await call('DELETE', '/api/users/brief');
    expect(await peer.ends()).toMatchObject({ type: 'closed', kind: 'CONNECTION_FORCED' });
  });
});

test('a reader that stops reading holds what fits, is given up, and loses nothing', async () => {
  const count = 400;
  const body = 'x'.repeat(100_000);
  await send(channel, 'q', ...Array.from({ length: count }, () => body));
  const url = `ws://127.0.0.1:${port}/v1/vhosts/%2F/socket`;
  const socket = new WsSocket(url, { auth: 'guest:guest' });
  await once(socket, 'open');
  socket.pause();
  socket.send(JSON.stringify({ type: 'consume', queue: 'q', credit: 1000 }));
  await vi.waitFor(async () => {
    const { body: queue } = await call('GET', '/api/queues/%2F/q');
    expect([queue.consumers, queue.messages_unacknowledged > 0]).toEqual([1, true]);
  }, PATIENCE);
  expect(await ready(channel, 'q')).toBeGreaterThan(count / 4);
  for (let ms = 0; ms <= HTTP_STREAM_STALL_MS + HTTP_STREAM_BEAT_MS; ms += HTTP_STREAM_BEAT_MS) {
    clock.advance(HTTP_STREAM_BEAT_MS);
  }
  await becomes(count);
  socket.terminate();
});
