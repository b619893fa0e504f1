/**
 * A browser's own fetch and EventSource: a page of another origin publishes straight to the broker
 * and reads a queue by way of its own server, which knows the password, as an application would.
 */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { Page, testWithChromium } from '../support/chromium.ts';
import { type ApiBroker, startApi } from '../support/management.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let broker: ApiBroker;
let site: Server;
let origin: string;
const pages: Page[] = [];

const AUTHORIZATION = `Basic ${btoa('guest:guest')}`;

beforeAll(async () => {
  site = createServer((incoming, response) => {
    if (!incoming.url?.startsWith('/v1')) {
      response.setHeader('content-type', 'text/html');
      if (incoming.url === '/empty') response.end('<!doctype html><title>empty</title>');
      else response.end(pageOf(`http://127.0.0.1:${broker.apiPort}`));
      return;
    }
    const to = { host: '127.0.0.1', port: broker.apiPort, path: incoming.url };
    const passed = request({ ...to, headers: { authorization: AUTHORIZATION } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    passed.end();
    response.on('close', () => passed.destroy());
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  broker = await startApi({ config: { 'management.cors.allow_origins.1': origin } });
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
});

afterAll(async () => {
  for (const page of pages) await page.close();
  site?.closeAllConnections();
  site?.close();
  await broker?.stop();
});

function pageOf(api: string): string {
  return `<!doctype html><body><script>
    window.got = [];
    const source = new EventSource('/v1/vhosts/%2F/queues/q/events?ack=auto');
    source.onmessage = ({ data, lastEventId }) => {
      got.push([JSON.parse(data).payload, JSON.parse(data).properties.headers.from, lastEventId]);
    };
    source.onopen = () => {
      fetch('${api}/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=q', {
        method: 'POST',
        body: 'from a page',
        headers: { authorization: '${AUTHORIZATION}', 'warren-header-from': 'fetch' },
      }).then((answer) => answer.json()).then((answer) => { window.published = answer; });
    };
  </script>`;
}

testWithChromium('a page publishes with fetch and reads with EventSource', async () => {
  const page = await Page.open(`${origin}/`);
  pages.push(page);
  await vi.waitFor(
    async () =>
      expect(await page.evaluate('got.length === 1 && window.published !== undefined')).toBe(true),
    {
      timeout: 90_000,
      interval: 200,
    },
  );
  const [payload, from, id] = (await page.evaluate('got[0]')) as string[];
  expect([payload, from]).toEqual(['from a page', 'fetch']);
  expect(id).not.toBe('');
  expect(await page.evaluate('window.published')).toEqual({ routed: 1 });
});

/** A page without anything, once it is there: what is evaluated before is forgotten. */
async function emptyPage(at: string): Promise<Page> {
  const page = await Page.open(`${at}/empty`);
  pages.push(page);
  const title = () => page.evaluate('document.title');
  await vi.waitFor(async () => expect(await title()).toBe('empty'), { timeout: 60_000 });
  return page;
}

testWithChromium(
  'a page consumes and publishes over its own WebSocket, logged in by it',
  async () => {
    await broker.call('PUT', '/api/queues/%2F/socket', { durable: true });
    const page = await emptyPage(origin);
    const url = `ws://127.0.0.1:${broker.apiPort}/v1/vhosts/%2F/socket`;
    await page.evaluate(`
    window.heard = [];
    const socket = new WebSocket('${url}', 'warren.v1');
    const say = (command) => socket.send(JSON.stringify(command));
    socket.onopen = () => say({ type: 'login', username: 'guest', password: 'guest' });
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      heard.push(event);
      if (event.type === 'ready') {
        say({ type: 'consume', queue: 'socket' });
        say({ type: 'publish', id: 1, routing_key: 'socket', payload: 'grün' });
      }
      for (const { token } of event.messages ?? []) say({ type: 'ack', id: 2, tokens: [token] });
    };
  `);
    // biome-ignore lint/suspicious/noExplicitAny: whatever the broker says
    const heard = async () => (await page.evaluate('heard')) as any[];
    const patience = { timeout: 90_000, interval: 100 };
    await vi.waitFor(async () => {
      const types = (await heard()).map(({ type }) => type);
      expect(types.sort()).toEqual(['consuming', 'messages', 'published', 'ready', 'settled']);
    }, patience);
    const all = await heard();
    expect(all.find(({ messages }) => messages).messages[0].payload).toBe('grün');
    expect(all.find(({ type }) => type === 'settled').done).toBe(1);
    const evil = await emptyPage(origin.replace('127.0.0.1', 'localhost'));
    await evil.evaluate(`
    window.stranger = new WebSocket('${url}');
    stranger.onopen = () => { window.outcome = 'open'; };
    stranger.onerror = () => { window.outcome = 'refused'; };
    0`);
    const outcome = async () => evil.evaluate('window.outcome');
    await vi.waitFor(async () => expect(await outcome()).toBe('refused'), patience);
  },
);
