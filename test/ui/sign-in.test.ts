import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig, PATIENCE_MS, signIn } from '../support/console-rig.ts';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  const people = [
    ['ada', 'administrator'],
    ['untagged', ''],
    ['changed', 'management'],
  ];
  for (const [name, tags] of people) {
    await rig.call('PUT', `/api/users/${name}`, { password: 'right', tags });
    const rights = { configure: '.*', write: '.*', read: '.*' };
    await rig.call('PUT', `/api/permissions/%2F/${name}`, rights);
  }
}, 60_000);

afterEach(() => rig?.calm());
afterAll(() => rig?.stop());

testWithChromium('name and password lead in, to the page that was asked for', async () => {
  const page = await rig.open('/queues');
  await signIn(page, 'ada:right');
  await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  expect(page.url()).toMatch(/#\/queues$/);
});

testWithChromium('the keyboard is enough to sign in', async () => {
  const page = await rig.open();
  await page.getByLabel('User name').waitFor();
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('right');
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').first().waitFor();
});

testWithChromium('a wrong password is said to be one, and a right one then helps', async () => {
  const page = await rig.open();
  await page.getByLabel('User name').fill('ada');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect
    .poll(() => page.getByRole('alert').textContent(), { timeout: PATIENCE_MS })
    .toContain('wrong');
  await signIn(page, 'ada:right');
});

testWithChromium('who has no tag is told which tags there are, and the command', async () => {
  const page = await rig.open();
  await page.getByLabel('User name').fill('untagged');
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const alert = page.getByRole('alert');
  await expect
    .poll(() => alert.textContent(), { timeout: PATIENCE_MS })
    .toContain('rabbitmqctl set_user_tags untagged');
});

testWithChromium('a reload keeps the sign-in, signing out forgets it', async () => {
  const page = await rig.open();
  await signIn(page, 'ada:right');
  await page.reload();
  await page.getByRole('navigation').first().waitFor();
  await page.getByRole('button', { name: /ada/ }).click();
  await page
    .getByRole('button', { name: 'Sign out' })
    .or(page.getByRole('menuitem', { name: 'Sign out' }))
    .first()
    .click();
  await page.getByLabel('Password').waitFor();
  await page.reload();
  await page.getByLabel('Password').waitFor();
  expect(await page.evaluate('sessionStorage.length + document.cookie.length')).toBe(0);
});

testWithChromium('a password that changes ends the session with a word', async () => {
  const page = await rig.open();
  await signIn(page, 'changed:right');
  await rig.call('PUT', '/api/users/changed', { password: 'other', tags: 'management' });
  // Asks for something.
  await page.goto(`${rig.url}#/topology`);
  const alert = page.getByRole('alert').filter({ hasText: 'no longer valid' });
  await alert.waitFor();
});

testWithChromium('a broker that is gone is named on the page', async () => {
  const page = await rig.open();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByLabel('User name').fill('ada');
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect
    .poll(() => page.getByRole('alert').textContent(), { timeout: PATIENCE_MS })
    .toContain('does not answer');
});
