/** Bad input at the management port: it harms nobody, and says nothing that it should not. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpListener } from '../../protocols/http/http-listener.ts';
import { LOGIN_FAILURES_BURST } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import { type ApiBroker, startApi } from '../support/management.ts';

let broker: ApiBroker;
const logged: string[] = [];

beforeAll(async () => {
  const note = (text: string): void => void logged.push(text);
  const log: Log = { debug: note, info: note, warning: note, error: note };
  broker = await startApi({ log, config: { 'management.http.max_body_size': '64KiB' } });
});

afterAll(() => broker?.stop());

async function isServed(): Promise<void> {
  expect((await broker.get('/api/whoami')).body.name).toBe('guest');
}

describe('bodies', () => {
  test.each(['{', 'null', '[]', '"text"', '7', '{"a":}', '\0', '{"__proto__":{"x":1}}'])(
    '%j where an object is expected is a 4xx or harmless, never a 500',
    async (raw) => {
      const paths = [
        '/api/users/x',
        '/api/vhosts/v%00',
        '/api/queues/%2F/q',
        '/api/exchanges/%2F/e',
      ];
      for (const path of paths) {
        const { status } = await broker.call('PUT', path, undefined, { raw });
        expect(status, `${path} ${raw}`).toBeLessThan(500);
        await broker.call('DELETE', path);
      }
      await isServed();
    },
  );

  test.each([
    ['PUT', '/api/queues/%2F/q', { arguments: 7 }],
    ['PUT', '/api/queues/%2F/q', { arguments: { 'x-max-length': 'many' } }],
    ['PUT', '/api/queues/%2F/q', { durable: 'perhaps' }],
    ['PUT', '/api/users/u', { tags: { a: 1 }, password: 'p' }],
    ['PUT', '/api/users/u', { tags: '', password: 7 }],
    ['PUT', '/api/permissions/%2F/guest', { configure: '(', write: '', read: '' }],
    ['PUT', '/api/permissions/%2F/nobody', { configure: '', write: '', read: '' }],
    ['POST', '/api/bindings/%2F/e/amq.direct/q/q', { arguments: [1] }],
    ['POST', '/api/users/bulk-delete', { users: 'guest' }],
    ['PUT', '/api/vhost-limits/%2F/max-queues', { value: 'x' }],
    ['PUT', '/api/vhost-limits/%2F/bogus', { value: 1 }],
    ['PUT', '/api/cluster-name', {}],
  ])('%s %s %j is refused with a reason', async (method, path, body) => {
    const reply = await broker.call(method, path, body);
    expect([400, 404], reply.text).toContain(reply.status);
    expect(reply.body.reason).toBeTruthy();
  });

  test('a body above the limit is refused', async () => {
    const raw = JSON.stringify({ arguments: { x: 'y'.repeat(100_000) } });
    const reply = await broker.call('PUT', '/api/queues/%2F/large', undefined, { raw });
    expect(reply.status).toBe(413);
    await isServed();
  });

  test('JSON nested a thousand times is read or refused, and the broker stays up', async () => {
    const raw = `{"arguments":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`;
    const { status } = await broker.call('PUT', '/api/queues/%2F/deep', undefined, { raw });
    expect(status).toBeLessThan(500);
    await isServed();
  });
});

describe('paths', () => {
  test.each([
    '/api/queues/%2F/%',
    '/api/queues/%zz/q',
    '/api/../../etc/passwd',
    '/api/%2e%2e/%2e%2e/etc/passwd',
    '//api//overview',
    '/api/queues/%2F/q?page=1&name=%00',
    `/api/queues/%2F/${'x'.repeat(5000)}`,
    '/api/queues/constructor/__proto__',
    '/api/users/__proto__',
    '/api/queues?sort=__proto__.x&columns=__proto__,constructor.name',
  ])('%s is answered without a 500', async (path) => {
    const { status, text } = await broker.get(path);
    expect(status).toBeLessThan(500);
    expect(text).not.toMatch(/root:|\.ts:|node_modules/);
  });
});

describe('logins', () => {
  test('guessing is slowed down for that user from there, and for nobody else', async () => {
    const guess = () => broker.get('/api/whoami', { as: 'nobody:wrong' });
    const statuses = new Set<number>();
    for (let i = 0; i < LOGIN_FAILURES_BURST; i++) statuses.add((await guess()).status);
    expect([...statuses]).toEqual([401]);
    // Another one comes free every second: a slow machine may need several to be refused.
    let refused = await guess();
    while (refused.status !== 429) refused = await guess();
    expect(refused.headers['retry-after']).toBe('1');
    await isServed();
  });

  test.each(['Basic', 'Basic !!!', 'Bearer x', 'Basic Og==', 'Negotiate abc'])(
    'the header %j is no login',
    async (authorization) => {
      const { status } = await broker.get('/api/whoami', { as: null, headers: { authorization } });
      expect(status).toBe(401);
    },
  );
});

test('garbage that is no HTTP ends its own connection only', async () => {
  for (const bytes of [
    '\0\0\0\0',
    'AMQP\0\0\x09\x01',
    `GET / HTTP/1.1\r\nA: ${'x'.repeat(100_000)}`,
  ]) {
    const socket = connect(broker.apiPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await isServed();
});

test('neither passwords nor stack traces are in what is logged', () => {
  expect(logged.join('\n')).not.toMatch(/wrong\b(?! password)|Basic |internal error/);
});

test('a client that never ends its request is let go', async () => {
  const log: Log = { debug() {}, info() {}, warning() {}, error() {} };
  const limits = { maxBodyBytes: 1024, corsOrigins: [], corsMaxAge: 0, tls: null };
  const listener = new HttpListener({ ...limits, protocol: 'http', log });
  await listener.start({ host: '127.0.0.1', port: 0 });
  listener.app.server.headersTimeout = 100;
  const socket = connect(listener.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  socket.write('GET /api/whoami HTTP/1.1\r\nHost: x\r\nX-Slow');
  await new Promise((resolve) => socket.on('close', resolve));
  expect(answer).toContain('408');
  await listener.stop();
});
