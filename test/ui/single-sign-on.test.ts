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
  // It called the provider, and nobody else; its policy let it.
  expect(page.troubles.splice(0).filter((trouble) => !trouble.includes(issuer.url))).toEqual([]);
});

testWithChromium('who has no tag is told so', async () => {
  issuer.signedIn = { sub: 'bob', scope: ALL_SCOPES };
  const page = await rig.open();
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  const alert = page.getByRole('alert');
  await expect.poll(() => alert.textContent(), { timeout: PATIENCE_MS }).toMatch(/management|tag/);
  page.troubles.splice(0);
});
