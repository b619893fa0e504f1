/**
 * The example of a queue in a browser: Chromium's own fetch places an order, its EventSource shows
 * it, and it is acknowledged when it is shown. What is not comes again when the page does.
 */
import path from 'node:path';
import amqplib from 'amqplib';
import { afterEach, expect, vi } from 'vitest';
import { Child } from '../support/child.ts';
import { Page, testWithChromium } from '../support/chromium.ts';
import { type ApiBroker, startApi } from '../support/management.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 30_000 });

const EXAMPLE = path.join(import.meta.dirname, '..', '..', 'examples', 'browser-events');
const WAIT = { timeout: 60_000, interval: 50 };

let broker: ApiBroker | null = null;
let child: Child | null = null;
let page: Page | null = null;

afterEach(async () => {
  await page?.close();
  await child?.destroy();
  await broker?.stop();
});

testWithChromium('orders go from a page to a queue and back, and from AMQP to it', async () => {
  broker = await startApi();
  await broker.call('PUT', '/api/queues/%2F/orders', { durable: true });
  const url = `http://guest:guest@127.0.0.1:${broker.apiPort}`;
  const env = { ...process.env, BROKER_URL: url, PORT: '0' };
  child = new Child(process.execPath, [path.join(EXAMPLE, 'page.mjs')], { env });
  const [, port] = await child.printed(/^open http:\/\/localhost:(\d+)$/m);
  page = await Page.open(`http://127.0.0.1:${port}/`);
  const shown = (id: string) => page!.evaluate(`document.getElementById('${id}')?.innerText`);
  await expect.poll(() => shown('state'), WAIT).toBe('live');

  await page.evaluate("document.querySelector('#what').value = 'tea'");
  await page.evaluate("document.querySelector('button').click()");
  await expect.poll(() => shown('orders'), WAIT).toBe('tea');

  const connection = await amqplib.connect(broker.url);
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue('orders', Buffer.from('{"what": "cake"}'));
  await channel.waitForConfirms();
  await expect.poll(() => shown('orders'), WAIT).toBe('tea\ncake');
  const queue = async () => (await broker!.get('/api/queues/%2F/orders')).body;
  await expect.poll(async () => (await queue()).messages, WAIT).toBe(0);

  // The browser goes, and its stream with it.
  await page.close();
  page = null;
  await expect.poll(async () => (await queue()).consumers, WAIT).toBe(0);
  await connection.close();
});
