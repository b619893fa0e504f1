/** Commands about webhooks, and the resources of the management API that they are made of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WEBHOOK_COMMANDS } from '../../src/commands/webhook-commands.ts';
import { TargetServer } from '../http/webhooks/target-server.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { runTool } from '../support/tool.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let broker: ApiBroker;
let folder: string;
let target: TargetServer;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-commands-'));
  broker = await startApi({ config: { data_dir: folder, 'webhooks.private_targets': true } });
  target = await TargetServer.start();
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
});

afterAll(async () => {
  target?.stop();
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const warren = (...words: string[]) => runTool(WEBHOOK_COMMANDS, folder, words);

test('a webhook is added, listed, paused, resumed and deleted', async () => {
  const options = ['--format', 'raw', '--concurrency', '3', '--max-attempts', '2'];
  const added = await warren('add_webhook', 'w', 'q', target.url, 'guest', ...options);
  expect(added).toMatchObject({ code: 0, err: '' });
  expect(added.out).toMatch(/signed with whsec_\S+, which is not shown again/);
  expect((await broker.get('/api/webhooks/%2F/w')).body).toMatchObject({
    ...{ format: 'raw', concurrency: 3, max_attempts: 2, owner: 'guest', vhost: '/' },
  });
  const to = '/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=q';
  await broker.call('POST', to, undefined, { raw: 'hello' });
  await vi.waitFor(async () => {
    const { out } = await warren('list_webhooks', '-s');
    expect(out).toBe(`w\tq\t${target.url}\tguest\tactive\t0\t0\t1\t0\t\n`);
  });
  expect(target.bodies).toEqual(['hello']);
  expect((await warren('pause_webhook', 'w')).code).toBe(0);
  await vi.waitFor(async () => expect((await warren('list_webhooks')).out).toContain('paused'));
  expect((await warren('resume_webhook', 'w')).code).toBe(0);
  expect((await warren('delete_webhook', 'w')).code).toBe(0);
  expect((await warren('list_webhooks', '-s')).out).toBe('');
});

test('what the broker refuses is told, with an exit code', async () => {
  expect((await warren('delete_webhook', 'none')).code).not.toBe(0);
  const refused = await warren('add_webhook', 'w', 'q', 'ftp://x', 'guest');
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('http or https');
  expect((await warren('add_webhook', 'w', 'q', target.url, 'nobody')).err).toContain('nobody');
});

test('of somebody else only an administrator makes one, and sees it', async () => {
  await broker.call('PUT', '/api/users/manager', { password: 'x', tags: 'management' });
  const rights = { configure: '', write: '', read: '.*' };
  await broker.call('PUT', '/api/permissions/%2F/manager', rights);
  const as = { as: 'manager:x' };
  const settings = { queue: 'q', url: target.url };
  const put = (owner: string) =>
    broker.call('PUT', '/api/webhooks/%2F/theirs', { ...settings, owner }, as);
  expect((await put('guest')).status).toBe(401);
  expect((await put('manager')).status).toBe(201);
  await broker.call('PUT', '/api/webhooks/%2F/mine', settings);
  const names = async (options: object) =>
    (await broker.get('/api/webhooks', options)).body.map(({ name }: { name: string }) => name);
  expect(await names(as)).toEqual(['theirs']);
  expect(await names({})).toEqual(['theirs', 'mine']);
  expect((await broker.get('/api/webhooks/%2F/mine', as)).status).toBe(404);
  expect((await broker.call('DELETE', '/api/webhooks/%2F/mine', undefined, as)).status).toBe(404);
  for (const name of ['theirs', 'mine']) {
    expect((await broker.call('DELETE', `/api/webhooks/%2F/${name}`)).status).toBe(204);
  }
});
