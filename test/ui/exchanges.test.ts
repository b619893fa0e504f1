import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  await rig.call('PUT', '/api/queues/%2F/inbox', {});
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

testWithChromium('an exchange is added with one of the types that the broker has', async () => {
  const page = await rig.visit('/exchanges');
  await page.getByRole('button', { name: 'Add exchange' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('orders');
  await expect
    .poll(() => dialog.getByLabel('Type').locator('option').allTextContents())
    .toContain('x-consistent-hash');
  await dialog.getByLabel('Type').selectOption('topic');
  await dialog.getByRole('button', { name: 'Add exchange' }).click();
  await page.getByRole('link', { name: 'orders', exact: true }).waitFor();
  const { body } = await rig.call('GET', '/api/exchanges/%2F/orders');
  expect(body).toMatchObject({ type: 'topic', durable: true });
});

testWithChromium('it is bound to a queue, and a message says whether it got there', async () => {
  await rig.call('PUT', '/api/exchanges/%2F/news', { type: 'topic' });
  const page = await rig.visit('/exchanges/%2F/news');
  await page.getByText('Nothing is bound').waitFor();
  await page.getByLabel('Queue', { exact: true }).fill('inbox');
  await page.getByLabel('Routing key').fill('sport.#');
  await page.getByRole('button', { name: 'Bind' }).click();
  await page.getByRole('link', { name: 'inbox' }).waitFor();
  await page.getByRole('tab', { name: 'Publish' }).click();
  await page.getByLabel('Routing key').fill('weather');
  await page.getByLabel('Payload', { exact: true }).fill('rain');
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('no binding matches');
  await page.getByLabel('Routing key').fill('sport.rabbits');
  await page.getByRole('button', { name: '+ Message ID' }).click();
  await page.getByLabel('Value of message_id').fill('m-1');
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await page.getByText('it reached at least one queue').waitFor();
  const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' };
  const { body } = await rig.call('POST', '/api/queues/%2F/inbox/get', get);
  expect(body).toMatchObject([{ payload: 'rain', properties: { message_id: 'm-1' } }]);
});

testWithChromium(
  'it is deleted after its name has been typed, but not if it is predeclared',
  async () => {
    await rig.call('PUT', '/api/exchanges/%2F/old', { type: 'fanout' });
    const page = await rig.visit('/exchanges/%2F/amq.topic');
    expect(await page.getByRole('tab', { name: 'Danger zone' }).count()).toBe(0);
    await page.goto(`${rig.url}#/exchanges/%2F/old?tab=danger`);
    await page.getByRole('button', { name: 'Delete exchange' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Type old to confirm').fill('old');
    await dialog.getByRole('button', { name: 'Delete old' }).click();
    await page.getByText('Deleted old.').waitFor();
    expect((await rig.call('GET', '/api/exchanges/%2F/old')).status).toBe(404);
    page.troubles.length = 0;
  },
);
