/**
 * A broker that is killed while it sends to webhooks: the next one knows them, and sends every
 * message that no target has confirmed. What was confirmed over `/v1` is among them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Child } from '../../support/child.ts';
import { FREE_PORTS } from '../../support/free-ports.ts';
import { caller } from '../../support/management.ts';
import { TargetServer } from './target-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 60_000 };
const root = path.join(import.meta.dirname, '../../..');
let folder: string;
let child: Child | null = null;
let target: TargetServer;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-webhook-crash-'));
  target = await TargetServer.start();
});

afterEach(async () => {
  await child?.destroy();
  target.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start() {
  const own = { WARREN_DATA_DIR: folder, WARREN_WEBHOOKS_PRIVATE_TARGETS: 'true' };
  const env = { ...process.env, ...FREE_PORTS, ...own };
  child = new Child(process.execPath, ['src/main.ts'], { cwd: root, env });
  const [, port] = await child.printed(/^HTTP API listening on \S+:(\d+)$/m);
  await child.printed(/Server startup complete/);
  return caller(Number(port));
}

test('every message that was confirmed arrives, though the broker is killed meanwhile', async () => {
  let call = await start();
  await call('PUT', '/api/queues/%2F/q', { durable: true });
  const settings = { queue: 'q', url: target.url, format: 'raw', concurrency: 3 };
  expect((await call('PUT', '/v1/vhosts/%2F/webhooks/w', settings)).status).toBe(201);
  const taken = new Set<string>();
  // Takes some, and leaves the others without an answer.
  target.answer = ({ body, response }) => {
    if (target.hits.length > 4) return;
    response.writeHead(200).end();
    taken.add(String(body));
  };
  const batch = Array.from({ length: 20 }, (_none, index) => ({ payload: String(index) }));
  const to = '/v1/vhosts/%2F/exchanges/amq.default/messages:batch?routing_key=q';
  expect((await call('POST', to, batch)).body.confirmed).toBe(20);
  await vi.waitFor(() => expect(target.hits).toHaveLength(7), PATIENCE);
  child?.signal('SIGKILL');
  await child?.ended;

  target.answer = ({ body, response }) => {
    response.writeHead(200).end();
    taken.add(String(body));
  };
  call = await start();
  await vi.waitFor(async () => {
    const { body } = await call('GET', '/v1/vhosts/%2F/webhooks/w');
    expect(body).toMatchObject({ state: 'active', in_flight: 0, waiting: 0 });
    expect(taken.size).toBe(20);
    expect((await call('GET', '/api/queues/%2F/q')).body.messages).toBe(0);
  }, PATIENCE);
});
