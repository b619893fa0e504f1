import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig } from '../support/console-rig.ts';
import { DemoTraffic } from '../support/demo-traffic.ts';

let rig: ConsoleRig;
let demo: DemoTraffic;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  demo = await DemoTraffic.start(rig.ports);
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await demo?.stop();
  await rig?.stop();
});

testWithChromium(
  'clients of every protocol are in one list, under the names they gave',
  async () => {
    const page = await rig.visit('/connections');
    const rows = page.getByRole('row');
    for (const [client, protocol] of [
      ['billing-worker', 'AMQP 0-9-1'],
      ['sensor-meadow', 'MQTT 3.1.1'],
      ['dashboard', 'MQTT 5.0'],
    ] as const) {
      const row = rows.filter({ has: page.getByRole('link', { name: client }) });
      await expect.poll(() => row.textContent()).toContain(protocol);
    }
    await expect.poll(() => rows.filter({ hasText: 'STOMP 1.2' }).count()).toBe(1);
  },
);

testWithChromium(
  'a client is closed with a reason, and its page says that it has gone',
  async () => {
    const page = await rig.visit('/connections');
    await page.getByRole('link', { name: 'archive' }).click();
    await page.getByRole('heading', { level: 1, name: 'archive' }).waitFor();
    const address = page.url();
    await page.getByText('What the client says about itself').waitFor();
    await page.getByRole('button', { name: 'Close connection' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('testing the door');
    await dialog.getByRole('button', { name: 'Close 1 connection' }).click();
    await page.getByText('Closed archive.').waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'archive' }).count()).toBe(0);
    await page.goto(address);
    await page.getByText('This client has gone').waitFor();
    page.troubles.length = 0;
  },
);

testWithChromium('consumers lead to their queues, channels to their connections', async () => {
  const page = await rig.visit('/consumers');
  await page.getByRole('link', { name: 'orders.paid' }).click();
  await page.getByRole('heading', { level: 1, name: 'orders.paid' }).waitFor();
  await page.getByRole('tab', { name: 'Consumers' }).click();
  const connection = page.getByRole('link', { name: /^127\.0\.0\.1:\d+ -> / });
  await connection.click();
  await page.getByRole('heading', { level: 1, name: 'billing-worker' }).waitFor();
  await page.getByRole('link', { name: /\(1\)$/ }).click();
  await page.getByText('Prefetch of new consumers').waitFor();
  await page.getByRole('link', { name: 'orders.paid' }).waitFor();
});
