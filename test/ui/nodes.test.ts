import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

testWithChromium(
  'the node answers its health checks, and names its ports and settings',
  async () => {
    const page = await rig.visit('/nodes');
    await expect.poll(() => page.getByText('ok', { exact: true }).count()).toBeGreaterThan(5);
    await page.getByRole('tab', { name: 'Memory' }).click();
    await page.getByText('Message bodies and buffers').waitFor();
    await page.getByRole('tab', { name: 'Listeners' }).click();
    await page.getByRole('cell', { name: String(rig.ports.amqp), exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Configuration' }).click();
    await page.getByLabel('Filter settings').fill('mqtt.listeners.tcp');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  },
);

testWithChromium('the log is shown as it is written', async () => {
  const page = await rig.visit('/nodes?tab=log');
  const log = page.getByRole('log');
  await log.waitFor();
  const wrong = { as: 'guest:not-the-password' };
  await rig.call('GET', '/api/whoami', undefined, wrong);
  await expect.poll(() => log.textContent()).toMatch(/guest/);
});

testWithChromium('keys lead everywhere, and the palette finds a queue by its name', async () => {
  await rig.call('PUT', '/api/queues/%2F/hidden.burrow', {});
  const page = await rig.visit('/');
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { level: 1, name: 'Queues and streams' }).waitFor();
  await page.keyboard.press('/');
  await expect
    .poll(() => page.evaluate('document.activeElement.getAttribute("aria-label")'))
    .toBe('Filter queues');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('burrow');
  await page.getByRole('option', { name: /hidden\.burrow/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'hidden.burrow' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
});
