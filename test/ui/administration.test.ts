import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

testWithChromium('a user is added, let in, narrowed, limited and deleted', async () => {
  const page = await rig.visit('/users');
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('ada');
  await dialog.getByLabel('Password', { exact: true }).fill('s3cret-enough');
  await dialog.getByLabel('Once more').fill('s3cret-enough');
  await dialog.getByLabel('policymaker').check();
  await dialog.getByRole('button', { name: 'Add user' }).click();
  await page.getByRole('link', { name: 'ada' }).click();
  await page.getByRole('heading', { level: 1, name: 'ada' }).waitFor();

  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('Write').fill('^orders$');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: '^orders$' }).waitFor();

  await page.getByRole('button', { name: 'Change limits' }).click();
  await dialog.getByLabel('Connections').fill('3');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('at most 3').waitFor();

  const whoami = await rig.call('GET', '/api/whoami', undefined, { as: 'ada:s3cret-enough' });
  expect(whoami.body).toMatchObject({ name: 'ada', tags: ['policymaker'] });
  const { body } = await rig.call('GET', '/api/permissions/%2F/ada');
  expect(body).toMatchObject({ configure: '.*', write: '^orders$', read: '.*' });

  await page.getByRole('button', { name: 'Delete user' }).click();
  await dialog.getByLabel('Type ada to confirm').fill('ada');
  await dialog.getByRole('button', { name: 'Delete ada' }).click();
  await page.getByText('Deleted ada.').waitFor();
  page.troubles.length = 0;
});

testWithChromium('a change of tags keeps the password', async () => {
  await rig.call('PUT', '/api/users/keep', { password: 'mine-and-only', tags: 'management' });
  const page = await rig.visit('/users/keep');
  await page.getByRole('button', { name: 'Password and tags' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('monitoring').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Changed keep.').waitFor();
  const { status, body } = await rig.call('GET', '/api/whoami', undefined, {
    as: 'keep:mine-and-only',
  });
  expect([status, body.tags]).toEqual([200, ['management', 'monitoring']]);
});

testWithChromium('a policy says how much it matches before it is saved', async () => {
  await rig.call('PUT', '/api/queues/%2F/orders.new', {});
  await rig.call('PUT', '/api/queues/%2F/orders.paid', {});
  const page = await rig.visit('/policies');
  await page.getByRole('button', { name: 'Add policy' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('short');
  await dialog.getByLabel('Pattern').fill('^orders\\.');
  await dialog.getByText('Matches 2 queues now').waitFor();
  await dialog.getByRole('button', { name: '+ Message TTL' }).click();
  await dialog.getByLabel('Value of message-ttl').fill('60000');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('message-ttl = 60000').waitFor();
  const { body } = await rig.call('GET', '/api/queues/%2F/orders.new');
  expect(body).toMatchObject({ policy: 'short' });
});

testWithChromium('a virtual host is added, and deleted with what is in it', async () => {
  const page = await rig.visit('/vhosts');
  await page.getByRole('button', { name: 'Add virtual host' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('tenant/1');
  await dialog.getByLabel('Default queue type').selectOption('quorum');
  await dialog.getByRole('button', { name: 'Add virtual host' }).click();
  await page.getByRole('link', { name: 'tenant/1' }).click();
  await page.getByRole('heading', { level: 1, name: 'tenant/1' }).waitFor();
  const { body } = await rig.call('GET', '/api/vhosts/tenant%2F1');
  expect(body).toMatchObject({ default_queue_type: 'quorum' });
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.getByText('0 queues with 0 messages').waitFor();
  await dialog.getByLabel('Type tenant/1 to confirm').fill('tenant/1');
  await dialog.getByRole('button', { name: 'Delete tenant/1' }).click();
  await page.getByText('Deleted tenant/1.').waitFor();
  expect((await rig.call('GET', '/api/vhosts/tenant%2F1')).status).toBe(404);
  page.troubles.length = 0;
});

testWithChromium('definitions go out, and come in after a look at what is new', async () => {
  const page = await rig.visit('/definitions');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download definitions' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^warren-definitions-\d{4}-\d\d-\d\d\.json$/);
  const queue = { vhost: '/', durable: true, auto_delete: false, arguments: {} };
  const queues = [{ ...queue, name: 'imported' }];
  await page.getByLabel('Definitions file').setInputFiles({
    name: 'definitions.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify({ queues })),
  });
  await expect
    .poll(() => page.getByRole('row').filter({ hasText: 'queues' }).textContent())
    .toContain('/ imported');
  await page.getByRole('button', { name: 'Import 1 change' }).click();
  await page.getByText('Imported definitions.json.').waitFor();
  expect((await rig.call('GET', '/api/queues/%2F/imported')).status).toBe(200);
});

testWithChromium('who is no administrator is not shown what would be refused', async () => {
  await rig.call('PUT', '/api/users/eve', { password: 'only-looking', tags: 'management' });
  const rights = { configure: '^$', write: '^$', read: '.*' };
  await rig.call('PUT', '/api/permissions/%2F/eve', rights);
  const page = await rig.visit('/policies', {}, 'eve:only-looking');
  const tabs = page.getByRole('navigation', { name: 'Administration' }).getByRole('link');
  await expect.poll(() => tabs.allTextContents()).toEqual(['Virtual hosts', 'Policies', 'Limits']);
  expect(await page.getByRole('button', { name: 'Add policy' }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Nodes' }).count()).toBe(0);
});
