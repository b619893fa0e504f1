/**
 * The story of the product, as its example tells it: a device publishes over MQTT, a page in a
 * browser shows it live over STOMP, a worker takes its copy over AMQP with acknowledgements, and
 * what it refuses lands in the dead-letter queue.
 */
import path from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import { Child } from '../support/child.ts';
import { Page, testWithChromium } from '../support/chromium.ts';
import { pythonWithPika } from '../support/python.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 30_000 });

const EXAMPLE = path.join(import.meta.dirname, '..', '..', 'examples', 'live-readings');
const READINGS = 6;
const WAIT = { timeout: 40_000, interval: 50 };

const children: Child[] = [];
let broker: EmbeddedBroker | null = null;
let page: Page | null = null;

afterEach(async () => {
  await page?.close();
  for (const child of children.splice(0)) await child.destroy();
  await broker?.stop();
});

function start(command: string, script: string, env: Record<string, string>): Child {
  const all = { ...process.env, READINGS: String(READINGS), EVERY_MS: '10', ...env };
  const child = new Child(command, [path.join(EXAMPLE, script)], { env: all });
  children.push(child);
  return child;
}

testWithChromium('a reading goes from MQTT to a page and a worker, the bad one aside', async () => {
  if (pythonWithPika === null) throw new Error('pika is missing');
  broker = await startBroker({
    config: {
      'mqtt.listeners.tcp.default': '127.0.0.1:0',
      'web_stomp.tcp.port': '127.0.0.1:0',
    },
  });
  const stomp = `ws://127.0.0.1:${broker.portOf('http/web-stomp')}/ws`;
  const mqtt = `mqtt://guest:guest@127.0.0.1:${broker.portOf('mqtt')}`;

  const worker = start(pythonWithPika, 'worker.py', { AMQP_URL: broker.url });
  const server = start(process.execPath, 'page.mjs', { STOMP_URL: stomp, PORT: '0' });
  await worker.printed(/worker is ready/);
  await server.printed(/^open http:\/\/localhost:\d+$/m);
  const port = /localhost:(\d+)/.exec(server.output)![1];
  page = await Page.open(`http://127.0.0.1:${port}/`);
  const shown = (id: string) => page!.evaluate(`document.getElementById('${id}')?.innerText`);
  await expect.poll(() => shown('state'), WAIT).toBe('live');

  const device = start(process.execPath, 'device.mjs', { MQTT_URL: mqtt });
  await expect
    .poll(() => shown('readings'), WAIT)
    .toBe(
      ['20.1', '20.2', '20.3', 'ouch', '20.5', '20.6'].map((text) => `kitchen: ${text}`).join('\n'),
    );
  await worker.printed(/^dead letter/m);
  expect(worker.output.trimEnd().split('\n')).toEqual([
    'worker is ready',
    ...['processed 20.1', 'processed 20.2', 'processed 20.3', 'refused ouch'],
    ...['processed 20.5', 'processed 20.6', 'dead letter ouch: rejected in readings'],
  ]);
  await device.ended;
});
