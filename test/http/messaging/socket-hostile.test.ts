/**
 * Hostile clients of a WebSocket under `/v1`: whatever they say is answered or ends their socket;
 * the broker has no error of its own, and everybody else is served.
 */
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { COMMANDS } from '../../../protocols/http/messaging/socket/commands.ts';
import type { Log } from '../../../src/log.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const errors: string[] = [];
const nothing = (): void => {};
const log: Log = {
  ...{ debug: nothing, info: nothing, warning: nothing },
  error: (text) => void errors.push(text),
};
let broker: ApiBroker;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  broker = await startApi({ log });
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
  expect(errors).toEqual([]);
});

afterAll(() => broker?.stop());

async function open(auth: string | null = 'guest:guest'): Promise<WebSocket> {
  const url = `ws://127.0.0.1:${broker.apiPort}/v1/vhosts/%2F/socket`;
  const socket = new WebSocket(url, auth === null ? {} : { auth });
  sockets.push(socket);
  socket.on('error', nothing);
  await once(socket, 'open');
  return socket;
}

/** Resolves when everything that was sent before has been looked at, or the socket has ended. */
async function settled(socket: WebSocket, id: string): Promise<'pong' | 'closed'> {
  return new Promise((resolve) => {
    socket.on('close', () => resolve('closed'));
    socket.on('message', (data) => {
      const event = JSON.parse(String(data));
      if (event.type === 'pong' && event.id === id) resolve('pong');
    });
    if (socket.readyState !== WebSocket.OPEN) resolve('closed');
    else socket.send(JSON.stringify({ type: 'ping', id }));
  });
}

const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('q', '', 0, 1, -1, 1e300));
const names = [...new Set(Object.values(COMMANDS).flatMap((one) => Object.keys(one.properties)))];
const command = fc
  .tuple(
    // A login is looked at in its own time; the others are many.
    fc.constantFrom(...Object.keys(COMMANDS).filter((name) => name !== 'login'), 'nonsense'),
    fc.dictionary(fc.constantFrom(...names, '__proto__', 'constructor'), value, { maxKeys: 5 }),
  )
  .map(([type, members]) => ({ ...members, type }));

test('any command is answered or refused, and the socket lives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 20 }), async (commands) => {
      const socket = await open();
      for (const one of commands) socket.send(JSON.stringify(one));
      expect(await settled(socket, 'last')).toBe('pong');
      socket.terminate();
    }),
    { numRuns: 60 },
  );
});

test('any message at all leaves the broker as it was', async () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ maxLength: 200 }),
    fc.json({ maxDepth: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(message, fc.boolean(), async (said, loggedIn) => {
      const socket = await open(loggedIn ? 'guest:guest' : null);
      socket.send(typeof said === 'string' ? said : Buffer.from(said));
      await settled(socket, 'last');
      socket.terminate();
    }),
    { numRuns: 60 },
  );
  const socket = await open();
  expect(await settled(socket, 'after')).toBe('pong');
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test.each([
  ['nested deeper than anybody needs', '['.repeat(30_000) + ']'.repeat(30_000)],
  ['an object in an object …', nested(10_000)],
  ['headers that nest', `{"type":"publish","payload":"","properties":{"headers":${nested(5000)}}}`],
  ['many commands in one', JSON.stringify(Array.from({ length: 5000 }, () => ({ type: 'ping' })))],
])('%s does no harm', async (_what, text) => {
  const socket = await open();
  socket.send(text);
  await settled(socket, 'last');
  const other = await open();
  expect(await settled(other, 'after')).toBe('pong');
});
