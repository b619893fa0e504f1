import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig, overflowing, PATIENCE_MS } from '../support/console-rig.ts';

let rig: ConsoleRig;
let client: ChannelModel;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '', {
    clientProperties: { connection_name: 'billing' },
  });
  const channel = await client.createChannel();
  await channel.assertExchange('orders', 'topic', { durable: false });
  await channel.assertExchange('dead', 'fanout', { durable: false });
  await channel.assertQueue('orders.new', { durable: false, deadLetterExchange: 'dead' });
  await channel.bindQueue('orders.new', 'orders', 'order.*.new');
  await channel.consume('orders.new', () => {}, { noAck: true });
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await client?.close();
  await rig?.stop();
});

testWithChromium('the map shows what is connected, and a chosen node tells of itself', async () => {
  const page = await rig.visit('/topology');
  await page.getByRole('button', { name: /^exchange orders, topic/ }).click();
  const about = page.getByRole('complementary', { name: 'About orders' });
  await about.getByText('order.*.new').waitFor();
  await about.getByRole('button', { name: 'orders.new' }).click();
  await page.getByRole('complementary', { name: 'About orders.new' }).waitFor();
  expect(new URL(page.url()).hash).toContain('node=q%3Aorders.new');
  await page.reload();
  await page.getByRole('complementary', { name: 'About orders.new' }).waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('link', { name: 'Open' }).click();
  await expect
    .poll(() => page.url(), { timeout: PATIENCE_MS })
    .toContain('#/queues/%2F/orders.new');
});

testWithChromium('the keyboard reaches every node, moves the map and zooms it', async () => {
  const page = await rig.visit('/topology');
  const node = page.getByRole('button', { name: /^queue orders.new/ });
  await node.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'About orders.new' }).waitFor();
  const map = page.getByRole('group', { name: /^Map/ });
  await map.focus();
  const place = () => page.locator('.map-svg > g').getAttribute('transform');
  const whole = page.getByRole('button', { name: 'Fit the map into the window' });
  await whole.click();
  const before = await place();
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  expect(await place()).not.toBe(before);
  await whole.click();
  await expect.poll(place, { timeout: PATIENCE_MS }).toBe(before);
});

testWithChromium('the table says the same in words', async () => {
  const page = await rig.visit('/topology');
  await page.getByRole('button', { name: 'Table' }).click();
  const row = page.getByRole('row', { name: /^orders topic exchange/ });
  await row.getByText('orders.new (order.*.new)').waitFor();
  await page.getByRole('row', { name: /^billing/ }).waitFor();
  expect(await barriers(page)).toEqual([]);
});

testWithChromium('hundreds of queues are shown as one, which opens', async () => {
  const channel = await client.createChannel();
  for (let i = 0; i < 220; i++) await channel.assertQueue(`shop.q${i}`, { exclusive: true });
  const page = await rig.visit('/topology', { theme: 'dark' });
  await page.getByRole('button', { name: /^220 queues shop/ }).waitFor();
  await page.getByLabel('Find exchanges, queues and clients').fill('shop.q21');
  // 21, and 210 to 219.
  await expect
    .poll(() => page.getByRole('button', { name: /^queue shop\.q21/ }).count(), {
      timeout: PATIENCE_MS,
    })
    .toBe(11);
  expect(new URL(page.url()).hash).toContain('find=shop.q21');
  for (let i = 0; i < 220; i++) await channel.deleteQueue(`shop.q${i}`);
});

testWithChromium('on a phone nothing stands out at the side', async () => {
  const page = await rig.visit('/topology', { width: 360, height: 780 });
  await page.getByRole('button', { name: /^queue orders.new/ }).waitFor();
  expect(await overflowing(page)).toEqual([]);
});
