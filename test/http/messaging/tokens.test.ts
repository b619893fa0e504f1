/**
 * Bearer tokens under `/v1`: requests, event streams, WebSockets by header and by command, renewed
 * and expired; and what a token is not enough for. The keys come from a real issuer.
 */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import WebSocket, { type ClientOptions } from 'ws';
import { ManualClock } from '../../../src/clock.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';
import { TokenIssuer } from '../../support/token-issuer.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000 };
const READ_Q = ['rabbitmq.read:*/q', 'rabbitmq.write:*/amq.default'];
// Tokens are good for an hour by the time of day, at which this clock stands.
const clock = new ManualClock(Date.now());
let issuer: TokenIssuer;
let broker: ApiBroker;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  const config = { ...issuer.config(), 'auth_backends.2': 'internal', heartbeat: '0' };
  broker = await startApi({ clock, config });
});

beforeEach(async () => {
  await broker.call('DELETE', '/api/queues/%2F/q');
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

afterAll(async () => {
  await broker?.stop();
  await issuer?.stop();
});

const bearing = async (claims = {}) => {
  const authorization = `Bearer ${await issuer.token(claims)}`;
  return { as: null, headers: { authorization } };
};

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
async function open(options: ClientOptions = {}): Promise<{ socket: WebSocket; events: any[] }> {
  const url = `ws://127.0.0.1:${broker.apiPort}/v1/vhosts/%2F/socket`;
  const socket = new WebSocket(url, options);
  sockets.push(socket);
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
  const events: any[] = [];
  socket.on('message', (data) => events.push(JSON.parse(String(data))));
  await once(socket, 'open');
  return { socket, events };
}

const told = (events: { type: string }[], type: string) =>
  vi.waitFor(() => {
    const found = events.find((one) => one.type === type);
    expect(found, JSON.stringify(events)).toBeDefined();
    return found;
  }, PATIENCE);

test('a token publishes, receives and acknowledges, as far as its scopes go', async () => {
  const ann = await bearing({ scope: READ_Q });
  const to = (exchange: string) => `/v1/vhosts/%2F/exchanges/${exchange}/messages?routing_key=q`;
  const publish = (exchange: string) =>
    broker.call('POST', to(exchange), undefined, { ...ann, raw: 'x' });
  expect((await publish('amq.default')).body).toEqual({ routed: 1 });
  expect((await publish('amq.topic')).status).toBe(403);
  const queue = '/v1/vhosts/%2F/queues/q';
  const { body } = await broker.call('POST', `${queue}/messages:receive`, {}, ann);
  const tokens = [body.messages[0].token];
  // A token of the same person is another login, and the same leases.
  const again = await bearing({ scope: READ_Q });
  expect((await broker.call('POST', `${queue}/messages:ack`, { tokens }, again)).status).toBe(200);
  expect((await publish('amq.default')).status).toBe(200);
});

test.each([
  ['garbage', 401],
  ['', 401],
])('%j is no token', async (token, status) => {
  const headers = { authorization: `Bearer ${token}` };
  const reply = await broker.get('/v1/vhosts/%2F/webhooks', { as: null, headers });
  expect([reply.status, reply.body.kind]).toEqual([status, 'NOT_LOGGED_IN']);
});

test('a WebSocket takes one in the handshake, and in its first command', async () => {
  const { headers } = await bearing();
  const byHeader = await open({ headers });
  expect(await told(byHeader.events, 'ready')).toMatchObject({ user: 'ann' });
  const byCommand = await open();
  byCommand.socket.send(JSON.stringify({ type: 'login', token: await issuer.token() }));
  expect(await told(byCommand.events, 'ready')).toMatchObject({ user: 'ann' });
  const refused = await open();
  refused.socket.send(JSON.stringify({ type: 'login', token: 'garbage' }));
  expect(await told(refused.events, 'closed')).toMatchObject({ kind: 'NOT_LOGGED_IN' });
});

test('one that runs out allows nothing more, until its socket is shown another', async () => {
  const { socket, events } = await open();
  const say = (command: object) => socket.send(JSON.stringify(command));
  const exp = Math.floor(clock.now() / 1000) + 60;
  const claims = { sub: 'bob', exp };
  say({ type: 'login', token: await issuer.token(claims) });
  await told(events, 'ready');
  const publish = async (id: number) => {
    say({ type: 'publish', id, routing_key: 'q', payload: 'x' });
    return vi.waitFor(() => {
      const all = events.flatMap(({ results = [] }) => results);
      const result = all.find((one) => one.id === id);
      expect(result, JSON.stringify(events)).toBeDefined();
      return result;
    }, PATIENCE);
  };
  expect(await publish(1)).toEqual({ id: 1, routed: 1 });
  clock.advance(120_000);
  expect(await publish(2)).toMatchObject({ status: 403, kind: 'ACCESS_REFUSED' });
  say({ type: 'login', id: 9, token: await issuer.token({ ...claims, exp: exp + 3600 }) });
  await vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining({ id: 9 })));
  expect(await publish(3)).toEqual({ id: 3, routed: 1 });
});

test('who is only known by a token makes no webhook: it would outlive the token', async () => {
  const settings = { queue: 'q', url: 'https://example.com/' };
  const path = '/v1/vhosts/%2F/webhooks/w';
  const { status, body } = await broker.call('PUT', path, settings, await bearing());
  expect([status, body.kind]).toEqual([403, 'NOT_ALLOWED']);
});
