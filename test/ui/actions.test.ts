/** What people do on the pages about queues, exchanges, connections and the broker's people. */
import { readFileSync } from 'node:fs';
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig, PATIENCE_MS, type WatchedPage } from '../support/console-rig.ts';

let rig: ConsoleRig;
let client: ChannelModel;

const get = async (path: string) => rig.call('GET', `/api/${path}`);

/** Waits until the API says so. */
async function until(path: string, wanted: object): Promise<void> {
  const body = async () => (await get(path)).body;
  await expect.poll(body, { timeout: PATIENCE_MS }).toMatchObject(wanted);
}

async function gone(path: string): Promise<void> {
  const status = async () => (await get(path)).status;
  await expect.poll(status, { timeout: PATIENCE_MS }).toBe(404);
}

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '', {
    clientProperties: { connection_name: 'to-be-closed' },
  });
  client.on('error', () => {});
  const channel = await client.createChannel();
  await channel.assertExchange('orders', 'topic');
  for (const name of ['full', 'other', 'third']) await channel.assertQueue(name);
  for (let i = 0; i < 7; i++) channel.sendToQueue('full', Buffer.from('x'));
  await channel.consume('other', () => {});
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await client?.close().catch(() => {});
  await rig?.stop();
});

const dialog = (page: WatchedPage) => page.getByRole('dialog');

/** Types what a grave question asks for, and presses its button. */
async function confirm(page: WatchedPage, typed: string | null, verb: string | RegExp) {
  if (typed !== null) await dialog(page).getByRole('textbox').fill(typed);
  await dialog(page).getByRole('button', { name: verb }).click();
  await dialog(page).waitFor({ state: 'detached' });
}

testWithChromium(
  'a queue is added with arguments, purged and deleted after a question',
  async () => {
    const page = await rig.visit('/queues');
    await page.getByRole('button', { name: 'Add queue' }).click();
    await dialog(page).getByLabel('Name', { exact: true }).fill('made.here');
    await dialog(page).getByRole('button', { name: 'Quorum' }).click();
    await dialog(page).getByRole('button', { name: '+ Other' }).click();
    await dialog(page).getByLabel('Name', { exact: true }).last().fill('x-delivery-limit');
    await dialog(page).getByLabel('Value of x-delivery-limit').fill('5');
    expect(await barriers(page)).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Add queue' }).click();
    await until('queues/%2F/made.here', { type: 'quorum', arguments: { 'x-delivery-limit': 5 } });
    await page.goto(`${rig.url}#/queues/%2F/full?tab=danger`);
    await page.getByRole('button', { name: 'Purge queue' }).click();
    await dialog(page)
      .getByText(/7 ready messages will be thrown away/)
      .waitFor();
    const purge = dialog(page).getByRole('button', { name: 'Purge 7 messages' });
    expect(await purge.isDisabled()).toBe(true);
    expect(await barriers(page)).toEqual([]);
    await confirm(page, '7', 'Purge 7 messages');
    await until('queues/%2F/full', { messages: 0 });
    await page.goto(`${rig.url}#/queues/%2F/made.here?tab=danger`);
    await page.getByRole('button', { name: 'Delete queue' }).click();
    await confirm(page, null, 'Delete made.here');
    await gone('queues/%2F/made.here');
    await expect.poll(() => page.url(), { timeout: PATIENCE_MS }).toMatch(/#\/queues$/);
  },
);

testWithChromium('several queues are deleted together, and what is refused is said', async () => {
  const page = await rig.visit('/queues');
  await page.getByLabel('Select full').check();
  await page.getByLabel('Select third').check();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog(page)
    .getByText(/0 messages will be lost/)
    .waitFor();
  await confirm(page, '0', 'Delete 2 queues');
  await gone('queues/%2F/full');
  await gone('queues/%2F/third');
  await page.getByRole('button', { name: 'Add queue' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('amq.reserved');
  await dialog(page).getByRole('button', { name: 'Add queue' }).click();
  await dialog(page)
    .getByRole('alert')
    .filter({ hasText: /reserved|prefix/ })
    .waitFor();
});

testWithChromium('an exchange is added, bound, published to, unbound and deleted', async () => {
  const page = await rig.visit('/exchanges');
  await page.getByRole('button', { name: 'Add exchange' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('made.exchange');
  await dialog(page).getByRole('button', { name: 'Add exchange' }).click();
  await until('exchanges/%2F/made.exchange', { durable: true });
  await page.goto(`${rig.url}#/exchanges/%2F/made.exchange`);
  await page.getByLabel('Queue', { exact: true }).fill('other');
  await page.getByLabel('Routing key').first().fill('k');
  await page.getByRole('button', { name: 'Bind', exact: true }).click();
  await until('exchanges/%2F/made.exchange/bindings/source', [{ destination: 'other' }]);
  await page.getByRole('tab', { name: /Publish/ }).click();
  await page.getByLabel('Routing key').first().fill('k');
  await page.getByLabel('Payload').first().fill('hello');
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await until('queues/%2F/other', { messages_unacknowledged: 1 });
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('tab', { name: /Bindings/ }).click();
  await page.getByRole('button', { name: 'Unbind' }).click();
  await confirm(page, null, 'Unbind');
  await until('exchanges/%2F/made.exchange/bindings/source', []);
  await page.getByRole('tab', { name: /Danger/ }).click();
  await page.getByRole('button', { name: /^Delete/ }).click();
  await confirm(page, 'made.exchange', 'Delete made.exchange');
  await gone('exchanges/%2F/made.exchange');
});

testWithChromium('a connection is closed with a reason that its client is told', async () => {
  const told = new Promise<string>((resolve) => {
    client.on('close', (error?: Error) => resolve(String(error?.message)));
  });
  const page = await rig.visit('/connections');
  await page
    .getByRole('link', { name: /to-be-closed|127\.0\.0\.1/ })
    .first()
    .click();
  await page
    .getByRole('button', { name: /^Close/ })
    .first()
    .click();
  await dialog(page).getByLabel('Reason').fill('maintenance tonight');
  expect(await barriers(page)).toEqual([]);
  await dialog(page)
    .getByRole('button', { name: /^Close/ })
    .last()
    .click();
  expect(await told).toContain('maintenance tonight');
});

testWithChromium('a user is made and may then do what was granted', async () => {
  const page = await rig.visit('/users');
  await page.getByRole('button', { name: 'Add user' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('eve');
  await dialog(page).getByLabel('Password').fill('secret');
  await dialog(page).getByLabel('Once more').fill('secret2');
  await dialog(page).getByLabel('Once more').fill('secret');
  await dialog(page).getByLabel('May enter the virtual host /').check();
  expect(await barriers(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Add user' }).click();
  await until('permissions/%2F/eve', { configure: '.*' });
  await page.goto(`${rig.url}#/users/eve`);
  await page.getByRole('heading', { level: 1, name: 'eve' }).waitFor();
  await page.getByRole('button', { name: 'Take away' }).first().click();
  await confirm(page, null, 'Take away');
  await gone('permissions/%2F/eve');
});

testWithChromium('a policy is set, counts at once, and is deleted', async () => {
  const page = await rig.visit('/policies');
  await page.getByRole('button', { name: 'Add policy' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).first().fill('bounded');
  await dialog(page).getByLabel('Pattern').fill('^other$');
  await dialog(page).getByRole('button', { name: '+ Other' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).last().fill('max-length');
  await dialog(page).getByLabel('Value of max-length').fill('1000');
  await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
  await until('queues/%2F/other', { policy: 'bounded' });
  const row = page.getByRole('row', { name: /bounded/ });
  await row.getByRole('button', { name: /Delete/ }).click();
  await confirm(page, null, 'Delete bounded');
  await until('queues/%2F/other', { policy: null });
});

testWithChromium(
  'definitions are downloaded, and what an import would change is told',
  async () => {
    const page = await rig.visit('/definitions');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download definitions' }).click();
    const file = await (await downloading).path();
    const definitions = JSON.parse(readFileSync(file, 'utf8'));
    expect(definitions.queues.map(({ name }: { name: string }) => name)).toContain('other');
    const more = { ...definitions, queues: [{ ...definitions.queues[0], name: 'imported' }] };
    await page.getByLabel('Definitions file').setInputFiles({
      name: 'more.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(more)),
    });
    await page.getByRole('row', { name: /queues.*imported/ }).waitFor();
    await page.getByRole('button', { name: 'Import 1 change' }).click();
    await until('queues/%2F/imported', { durable: true });
  },
);

testWithChromium('the keyboard goes to pages, finds things, and explains itself', async () => {
  const page = await rig.visit('/');
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('oth');
  await expect.poll(() => page.url(), { timeout: PATIENCE_MS }).toContain('q=oth');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').last().fill('orders');
  await page
    .getByRole('option', { name: /orders/ })
    .first()
    .waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor();
  await page.keyboard.press('?');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
});

testWithChromium('what needs attention is told with a way out, and leads there', async () => {
  await rig.call('PUT', '/api/queues/%2F/lost', {
    arguments: { 'x-dead-letter-exchange': 'nowhere' },
  });
  const page = await rig.visit('/');
  const finding = page.getByRole('listitem').filter({ hasText: "Dead letters of 'lost' are lost" });
  await finding.getByText(/does not exist/).waitFor();
  await finding.getByRole('link').first().click();
  await page.getByRole('heading', { level: 1, name: 'lost' }).waitFor();
});

testWithChromium('the log is shown as it is written', async () => {
  const page = await rig.visit('/nodes');
  const link = page.getByRole('tab', { name: /Log/ }).or(page.getByRole('link', { name: /Log/ }));
  await link.first().click();
  await rig.call('GET', '/api/overview', undefined, { as: 'stranger:wrong' });
  await page
    .getByText(/stranger/)
    .first()
    .waitFor();
});
