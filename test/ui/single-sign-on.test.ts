/**
 * Signing in to the console at an identity provider, in a browser: a real issuer of tokens, the
 * code flow with proof of possession [RFC 7636], and what the token then allows.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig, PATIENCE_MS } from '../support/console-rig.ts';
import { ALL_SCOPES, TokenIssuer } from '../support/token-issuer.ts';

let issuer: TokenIssuer;
let rig: ConsoleRig;

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  const settings = {
    ...issuer.config(),
    'management.oauth_enabled': 'true',
    'management.oauth_client_id': 'console',
  };
  const config: Record<string, string> = {};
  for (const [key, value] of Object.entries(settings)) config[key] = String(value);
  rig = await ConsoleRig.start({ config });
}, 60_000);

afterEach(() => rig?.calm());
afterAll(async () => {
  await rig?.stop();
  await issuer?.stop();
});

testWithChromium('who is known there gets in, to the page that was asked for', async () => {
  issuer.signedIn = { sub: 'ann', scope: ['rabbitmq.tag:monitoring', ...ALL_SCOPES] };
  const page = await rig.open('/queues');
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  await page.getByRole('button', { name: /ann/ }).waitFor();
  expect(page.url()).toBe(`${rig.url}#/queues`);
  expect(await page.getByLabel('Password').count()).toBe(0);
  await page.reload();
  await page.getByRole('button', { name: 'Signed in as ann' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('signed out').waitFor();
  expect(issuer.signOuts).toBe(1);
  // It called the provider, and nobody else; its policy let it.
  expect(page.troubles.splice(0).filter((trouble) => !trouble.includes(issuer.url))).toEqual([]);
});

testWithChromium('who has no tag is told so', async () => {
  issuer.signedIn = { sub: 'bob', scope: ALL_SCOPES };
  const page = await rig.open();
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  const alert = page.getByRole('alert');
  await expect
    .poll(() => alert.textContent(), { timeout: PATIENCE_MS })
    .toContain('none of the tags');
  page.troubles.splice(0);
});

testWithChromium("the provider's refusal is said", async () => {
  issuer.refuses = true;
  const page = await rig.open();
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  const alert = page.getByRole('alert');
  await expect.poll(() => alert.textContent(), { timeout: PATIENCE_MS }).toContain('access_denied');
  issuer.refuses = false;
  page.troubles.splice(0);
});

testWithChromium('an answer that this tab did not ask for signs nobody in', async () => {
  // It may come from somebody else's sign-in [RFC 9700 4.7].
  const page = await rig.open();
  await page.goto(`${rig.url}?code=stolen&state=guessed`);
  const alert = page.getByRole('alert');
  await expect.poll(() => alert.textContent(), { timeout: PATIENCE_MS }).toContain('not begun in');
  expect(page.url()).toBe(rig.url);
});

testWithChromium('a token is renewed before it runs out', async () => {
  issuer.signedIn = { sub: 'ann', scope: ['rabbitmq.tag:monitoring', ...ALL_SCOPES] };
  issuer.lifeSeconds = 2;
  const page = await rig.open();
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await expect.poll(() => issuer.renewals, { timeout: PATIENCE_MS }).toBeGreaterThan(1);
  page.troubles.splice(0);
});
