/** What of STOMP survives a restart: persistent messages and durable subscriptions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { StompClient } from '../support/stomp-client.ts';

let folder: string;
let warren: ObservedBroker;

async function start(): Promise<StompClient> {
  warren = await startObserved({ 'stomp.listeners.tcp.default': '127.0.0.1:0', data_dir: folder });
  return StompClient.login(warren.portOf('stomp'));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warren-stomp-'));
});

afterEach(async () => {
  await StompClient.destroyAll();
  await warren.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('persistent messages with all their headers, and durable subscriptions with theirs', async () => {
  const first = await start();
  const durable = { destination: '/topic/kept', id: 'sub', durable: true, 'auto-delete': false };
  await first.ask('SUBSCRIBE', durable);
  await first.ask('UNSUBSCRIBE', { id: 'sub' });
  const headers = { 'correlation-id': 'c', priority: 3, custom: 'a:b\n', 'reply-to': '/queue/b' };
  const persistent = { persistent: true, ...headers };
  await first.ask('SEND', { destination: '/topic/kept', ...persistent }, 'from topic');
  await first.ask('SEND', { destination: '/queue/kept', ...persistent }, 'from queue');
  await first.ask('SEND', { destination: '/queue/kept' }, 'transient');
  await warren.stop();

  const second = await start();
  await second.ask('SUBSCRIBE', durable);
  const fromTopic = await second.expect('MESSAGE');
  expect(fromTopic.body).toBe('from topic');
  expect(fromTopic.headers).toMatchObject({
    ...headers,
    ...{ priority: '3', persistent: 'true', destination: '/topic/kept' },
  });
  await second.ask('SUBSCRIBE', { destination: '/queue/kept', id: 'queue', ack: 'client' });
  expect(await second.bodies(1)).toEqual(['from queue']);
  await second.nothing();
});
