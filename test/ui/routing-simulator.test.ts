import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  await rig.call('PUT', '/api/exchanges/%2F/orders', { type: 'topic' });
  await rig.call('PUT', '/api/queues/%2F/orders.new', {});
  const binding = { routing_key: 'order.*.new' };
  await rig.call('POST', '/api/bindings/%2F/e/orders/q/orders.new', binding);
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

testWithChromium('the simulator says where a message would go, why, and why not', async () => {
  const page = await rig.visit('/exchanges/%2F/orders');
  await page.getByRole('tab', { name: /Routing|Simulator|Where/i }).click();
  await page.getByLabel('Routing key').fill('order.eu.new');
  await page.getByRole('button', { name: 'Where would it go?' }).click();
  await page.getByText("The message would go to 'orders.new'.").waitFor();
  await page.getByText("the pattern 'order.*.new' fits the routing key 'order.eu.new'").waitFor();
  expect(await barriers(page)).toEqual([]);
  // The answer can be sent to somebody else.
  await page.reload();
  await page.getByText("The message would go to 'orders.new'.").waitFor();
  await page.getByLabel('Routing key').fill('order.new');
  await page.getByLabel('Headers').fill('{');
  await page.getByText('Not a JSON object.').waitFor();
  await page.getByLabel('Headers').fill('');
  await page.getByRole('button', { name: 'Where would it go?' }).click();
  await page.getByText(/has 3 words, the routing key 2 words/).waitFor();
  await page.getByText(/would go nowhere/).waitFor();
});
