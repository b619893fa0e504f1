import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig, type WatchedPage } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
}, 60_000);

beforeEach(async () => {
  for (const { name } of (await rig.call('GET', '/api/queues')).body) {
    await rig.call('DELETE', `/api/queues/%2F/${name}`);
  }
});

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

async function declare(name: string, messages = 0, args: object = {}): Promise<void> {
  await rig.call('PUT', `/api/queues/%2F/${name}`, { arguments: args });
  for (let i = 0; i < messages; i++) {
    const message = { properties: {}, routing_key: name, payload: 'x', payload_encoding: 'string' };
    await rig.call('POST', '/api/exchanges/%2F/amq.default/publish', message);
  }
}

/** How many messages are in a queue; undefined if there is no such queue. */
async function messagesIn(name: string): Promise<number | undefined> {
  return (await rig.call('GET', `/api/queues/%2F/${name}`)).body.messages;
}

function row(page: WatchedPage, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

/** The names in the list, in their order. */
async function names(page: WatchedPage): Promise<string[]> {
  return page.locator('tbody .row-name').allTextContents();
}

testWithChromium('a broker without queues says what a queue is, and adds one', async () => {
  const page = await rig.visit('/queues');
  await page.getByText('No queues yet').waitFor();
  await page.getByRole('button', { name: 'Add queue' }).last().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('orders.new');
  await dialog.getByRole('button', { name: 'Quorum' }).click();
  await dialog.getByRole('button', { name: '+ Max length' }).click();
  await dialog.getByLabel('Value of x-max-length').fill('17');
  await dialog.getByRole('button', { name: 'Add queue' }).click();
  await row(page, 'orders.new').waitFor();
  const { body } = await rig.call('GET', '/api/queues/%2F/orders.new');
  expect(body).toMatchObject({ type: 'quorum', arguments: { 'x-max-length': 17 } });
});

testWithChromium("what the broker refuses is said in the broker's words, in the form", async () => {
  const page = await rig.visit('/queues?add=true');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('odd');
  await dialog.getByRole('button', { name: '+ Max length' }).click();
  await dialog.getByLabel('Value of x-max-length').fill('-1');
  await dialog.getByRole('button', { name: 'Add queue' }).click();
  await expect.poll(() => dialog.getByRole('alert').textContent()).toContain('x-max-length');
  expect(await messagesIn('odd')).toBeUndefined();
  page.troubles.length = 0;
});

testWithChromium(
  'filter, pattern, order and chips narrow the list, and the address has them',
  async () => {
    for (const name of ['orders.new', 'orders.paid', 'till']) await declare(name);
    await declare('full', 3);
    const page = await rig.visit('/queues');
    await page.getByLabel('Filter queues').fill('orders');
    await expect.poll(() => names(page)).toEqual(['orders.new', 'orders.paid']);
    expect(page.url()).toContain('q=orders');
    await page.getByRole('button', { name: 'Regular expression' }).click();
    await page.getByLabel('Filter queues').fill('^(till|full)$');
    await expect.poll(() => names(page)).toEqual(['full', 'till']);
    await page.getByRole('button', { name: 'Ready', exact: true }).click();
    await expect.poll(() => page.url()).toContain('sort=messages_ready&reverse=true');
    await page.goto(`${rig.url}#/queues?only=quorum`);
    await page.getByText('No queue passes this filter').waitFor();
    await page.getByRole('button', { name: 'Quorum' }).click();
    await expect.poll(() => names(page)).toHaveLength(4);
  },
);

testWithChromium(
  'several are purged at once, after the number of messages has been typed',
  async () => {
    await declare('one', 2);
    await declare('two', 1);
    const page = await rig.visit('/queues');
    await page.getByLabel('Select one').check();
    await page.getByLabel('Select two').check();
    await page.getByRole('button', { name: 'Purge' }).click();
    const dialog = page.getByRole('dialog', { name: 'Purge 2 queues' });
    const purge = dialog.getByRole('button', { name: 'Purge 3 messages' });
    expect(await purge.isDisabled()).toBe(true);
    await dialog.getByLabel('Type 3 to confirm').fill('3');
    await purge.click();
    await page.getByText('Purged 2 queues').waitFor();
    expect([await messagesIn('one'), await messagesIn('two')]).toEqual([0, 0]);
  },
);

testWithChromium('one is deleted from its own page, and the list is shown', async () => {
  await declare('doomed', 1);
  const page = await rig.visit('/queues/%2F/doomed?tab=danger');
  await page.getByRole('button', { name: 'Delete queue' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Type doomed to confirm').fill('doomed');
  await dialog.getByRole('button', { name: 'Delete doomed' }).click();
  await page.getByRole('heading', { level: 1, name: 'Queues and streams' }).waitFor();
  expect(await messagesIn('doomed')).toBeUndefined();
});

testWithChromium('a queue is bound, published to and unbound from its page', async () => {
  await declare('inbox');
  const page = await rig.visit('/queues/%2F/inbox?tab=bindings');
  await page.getByLabel('Exchange').fill('amq.topic');
  await page.getByLabel('Routing key').fill('mail.#');
  await page.getByRole('button', { name: 'Bind' }).click();
  await page.getByRole('cell', { name: 'mail.#' }).waitFor();
  await page.getByRole('button', { name: 'Unbind' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unbind' }).click();
  await page.getByText('The binding is gone').waitFor();
  await page.getByRole('tab', { name: 'Publish' }).click();
  await page.getByLabel('Payload', { exact: true }).fill('{"hello":"burrow"}');
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await page.getByText('it reached at least one queue').waitFor();
  expect(await messagesIn('inbox')).toBe(1);
});

testWithChromium('settings say what counts and which policy said so', async () => {
  await declare('orders', 0, { 'x-max-length': 5 });
  await rig.call('PUT', '/api/policies/%2F/slow', {
    pattern: '^orders$',
    definition: { 'message-ttl': 60_000 },
  });
  const page = await rig.visit('/queues/%2F/orders?tab=settings');
  const ttl = page.getByRole('row').filter({ hasText: 'message-ttl' });
  await expect.poll(() => ttl.textContent()).toContain('60000policyslow');
  const length = page.getByRole('row').filter({ hasText: 'max-length' });
  await expect.poll(() => length.textContent()).toContain('5argument');
  await rig.call('DELETE', '/api/policies/%2F/slow');
});

testWithChromium('a queue that is not there is said to be gone', async () => {
  const page = await rig.visit('/queues/%2F/never');
  await page.getByText('There is no queue never').waitFor();
  page.troubles.length = 0;
});
