/** The windows that pages open: nobody is kept out of them, and everybody gets out by Escape. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  await rig.call('PUT', '/api/queues/%2F/full', {});
  await rig.call('PUT', '/api/queues/%2F/lost', {
    arguments: { 'x-dead-letter-exchange': 'nowhere' },
  });
  const message = { routing_key: 'full', properties: {}, payload: 'x', payload_encoding: 'string' };
  for (let i = 0; i < 7; i++) {
    await rig.call('POST', '/api/exchanges/%2F/amq.default/publish', message);
  }
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

const WINDOWS = [
  ['/queues', 'Add queue'],
  ['/exchanges', 'Add exchange'],
  ['/users', 'Add user'],
  ['/policies', 'Add policy'],
  ['/vhosts', 'Add virtual host'],
  ['/queues/%2F/full?tab=danger', 'Purge queue'],
  ['/queues/%2F/full?tab=danger', 'Delete queue'],
  ['/messages?queue=full', 'Replay…'],
  ['/messages?queue=full', 'Edit…'],
  ['/messages?queue=full', 'Redrive or move…'],
] as const;

testWithChromium(
  'every window opens, keeps nobody out, and is left by Escape',
  async () => {
    const page = await rig.visit('/', { theme: 'dark' });
    for (const [where, button] of WINDOWS) {
      await page.goto(`${rig.url}#${where}`);
      await page.getByRole('button', { name: button }).click();
      const window = page.getByRole('dialog');
      await window.waitFor();
      expect(await barriers(page), button).toEqual([]);
      await page.keyboard.press('Escape');
      await window.waitFor({ state: 'detached' });
    }
  },
  120_000,
);

testWithChromium('what is thrown away is counted, and its number has to be typed', async () => {
  const page = await rig.visit('/queues/%2F/full?tab=danger');
  await page.getByRole('button', { name: 'Purge queue' }).click();
  const window = page.getByRole('dialog');
  await window.getByText(/7 ready messages will be thrown away/).waitFor();
  const purge = window.getByRole('button', { name: 'Purge 7 messages' });
  expect(await purge.isDisabled()).toBe(true);
  await window.getByRole('textbox').fill('7');
  await purge.click();
  await window.waitFor({ state: 'detached' });
  const { body } = await rig.call('GET', '/api/queues/%2F/full');
  expect(body.messages).toBe(0);
});

testWithChromium('what needs attention is told with a way out, and leads there', async () => {
  const page = await rig.visit('/');
  const finding = page.getByRole('listitem').filter({ hasText: "Dead letters of 'lost' are lost" });
  await finding.getByText(/does not exist/).waitFor();
  await finding.getByRole('link').first().click();
  await page.getByRole('heading', { level: 1, name: 'lost' }).waitFor();
});
