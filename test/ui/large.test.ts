/** The console before a broker with much in it. Long tasks are printed, and judged by people. */
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig, type WatchedPage } from '../support/console-rig.ts';

const QUEUES = 10_000;
const MESSAGES = 100_000;

/** Runs in the page: notes every task that holds the page up for more than 50 ms. */
const WATCH_TASKS = `
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
`;

let rig: ConsoleRig;
let client: ChannelModel;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '');
  const channel = await client.createChannel();
  const declared: Promise<unknown>[] = [];
  for (let i = 0; i < QUEUES; i++) {
    const name = `shop.${i % 7}.customer-${String(i).padStart(5, '0')}`;
    declared.push(channel.assertQueue(name, { durable: false }));
  }
  await channel.assertQueue('full', { durable: false });
  await Promise.all(declared);
  const confirms = await client.createConfirmChannel();
  for (let i = 0; i < MESSAGES; i++) {
    confirms.publish('', 'full', Buffer.from(`{"number": ${i}}`));
    if (i % 10_000 === 0) await confirms.waitForConfirms();
  }
  await confirms.waitForConfirms();
}, 120_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await client?.close();
  await rig?.stop();
}, 60_000);

/** A page that is watched for long tasks, from the start. */
async function visit(where: string): Promise<WatchedPage> {
  const page = await rig.visit('/feature-flags');
  await page.addInitScript(WATCH_TASKS);
  await page.reload();
  await page.goto(`${rig.url}#${where}`);
  return page;
}

async function tell(page: WatchedPage, what: string): Promise<void> {
  const tasks = await page.evaluate<number[]>('window.longTasks');
  const nodes = await page.evaluate<number>(`document.querySelectorAll('*').length`);
  const longest = Math.round(Math.max(0, ...tasks));
  console.log(`${what}: ${tasks.length} long tasks, the longest ${longest} ms; ${nodes} elements`);
  // A page is not made of everything that there is.
  expect(nodes).toBeLessThan(6_000);
}

testWithChromium(
  'a list of 10,000 queues shows a page of them, sorted and filtered',
  async () => {
    const page = await visit('/queues');
    const rows = page.getByRole('row').filter({ hasText: 'customer-' });
    await page.getByText(/10,001 queues/).waitFor();
    expect(await rows.count()).toBeLessThanOrEqual(100);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText(/101–200 of 10,001/).waitFor();
    await page.getByRole('columnheader', { name: /Ready/ }).getByRole('button').click();
    await page.getByRole('row').filter({ hasText: '100,000' }).waitFor();
    await page.getByLabel('Filter queues').fill('customer-0777');
    await page.getByText(/10 of 10,001 queues/).waitFor();
    await tell(page, `${QUEUES} queues listed`);
  },
  120_000,
);

testWithChromium(
  '100,000 messages are read at any place',
  async () => {
    const page = await visit('/messages?queue=full&from=99000');
    await page.getByText('{"number": 99000}').first().waitFor();
    await page.getByRole('button', { name: 'Later messages' }).click();
    await page.getByText('{"number": 99050}').first().waitFor();
    await page.getByLabel('Search in payloads, headers and keys').fill('"number": 88888}');
    await page.keyboard.press('Enter');
    await page.goto(`${rig.url}#/messages?queue=full&text=${encodeURIComponent('99998}')}`);
    await page.getByText('{"number": 99998}').first().waitFor();
    await tell(page, `${MESSAGES} messages searched`);
  },
  120_000,
);

testWithChromium(
  'the map of 10,000 queues has a place for each, and Ctrl-K finds it',
  async () => {
    const page = await visit('/topology');
    await page
      .getByRole('button', { name: /queues shop\./ })
      .first()
      .waitFor();
    expect(await page.locator('.map-node').count()).toBeLessThanOrEqual(150);
    await tell(page, `${QUEUES} queues on the map`);
    await page.keyboard.press('Control+k');
    await page
      .getByRole('dialog')
      .getByRole('combobox')
      .or(page.getByRole('dialog').getByRole('searchbox'))
      .or(page.getByRole('dialog').getByRole('textbox'))
      .first()
      .fill('customer-04242');
    await page
      .getByRole('option', { name: /customer-04242/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /customer-04242/ }).waitFor();
  },
  120_000,
);
