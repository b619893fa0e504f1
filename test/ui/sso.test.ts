import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { ConsoleRig } from '../support/console-rig.ts';
import { ALL_SCOPES, AUDIENCE, TokenIssuer } from '../support/token-issuer.ts';

/** A provider's pages, as far as a browser sees them: who comes is signed in, or refused. */
class SignInPages {
  /** What the next visitor is answered. */
  refuses = false;
  /** How long its tokens are said to last. */
  lifeSeconds = 3600;
  renewals = 0;
  signOuts = 0;
  private challenge = '';
  private readonly server: Server;

  constructor(issuer: TokenIssuer) {
    this.server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '/', this.url);
      response.setHeader('access-control-allow-origin', '*');
      if (url.pathname === '/.well-known/openid-configuration') {
        const at = (name: string): string => `${this.url}/${name}`;
        response.end(
          JSON.stringify({
            authorization_endpoint: at('authorize'),
            token_endpoint: at('token'),
            end_session_endpoint: at('goodbye'),
          }),
        );
      } else if (url.pathname === '/authorize') {
        response.writeHead(302, { location: this.answerTo(url.searchParams) }).end();
      } else if (url.pathname === '/token') {
        let text = '';
        for await (const chunk of request) text += chunk;
        const answer = await this.tokenFor(new URLSearchParams(text), issuer);
        response.writeHead(answer === null ? 400 : 200).end(JSON.stringify(answer));
      } else {
        // Browsers also ask for a picture of the site.
        if (url.pathname === '/goodbye') this.signOuts++;
        response.end('signed out');
      }
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answerTo(query: URLSearchParams): string {
    this.challenge = query.get('code_challenge') ?? '';
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    if (this.refuses) back.searchParams.set('error', 'access_denied');
    else back.searchParams.set('code', `for ${query.get('client_id')}`);
    return back.href;
  }

  /** Only whoever has the verifier of the challenge gets one [RFC 7636 4.6]. */
  private async tokenFor(form: URLSearchParams, issuer: TokenIssuer): Promise<object | null> {
    if (form.get('grant_type') === 'refresh_token') this.renewals++;
    else {
      const hash = createHash('sha256').update(form.get('code_verifier') ?? '');
      if (hash.digest('base64url') !== this.challenge) return null;
      if (form.get('code') !== 'for console') return null;
    }
    const scope = [...ALL_SCOPES, `${AUDIENCE}.tag:administrator`];
    return {
      access_token: await issuer.token({ scope }),
      refresh_token: 'again',
      id_token: 'who',
      expires_in: this.lifeSeconds,
    };
  }
}

let issuer: TokenIssuer;
let pages: SignInPages;
let rig: ConsoleRig;

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  pages = new SignInPages(issuer);
  await pages.start();
  rig = await ConsoleRig.start({
    config: {
      ...(issuer.config() as Record<string, string>),
      'auth_backends.2': 'internal',
      'management.oauth_enabled': 'true',
      'management.oauth_client_id': 'console',
      'management.oauth_provider_url': pages.url,
    },
  });
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await rig?.stop();
  await pages?.stop();
  await issuer?.stop();
});

testWithChromium(
  'a visit to the provider and back signs in, to the page that was asked for',
  async () => {
    const page = await rig.open('/queues');
    const button = page.getByRole('button', { name: 'Sign in with SSO' });
    await button.waitFor();
    expect(await page.getByLabel('Password').count()).toBe(0);
    await button.click();
    await page.getByRole('heading', { level: 1, name: 'Queues and streams' }).waitFor();
    expect(page.url()).toBe(`${rig.url}#/queues`);
    await page.reload();
    await page.getByRole('button', { name: 'Signed in as ann' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('signed out').waitFor();
    expect(pages.signOuts).toBe(1);
    page.troubles.length = 0;
  },
);

testWithChromium("the provider's refusal is said", async () => {
  pages.refuses = true;
  const page = await rig.open('/');
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('access_denied');
  pages.refuses = false;
  page.troubles.length = 0;
});

testWithChromium(
  'an answer that this tab did not ask for signs nobody in [RFC 9700 4.7]',
  async () => {
    const page = await rig.open('/');
    await page.goto(`${rig.url}?code=stolen&state=guessed`);
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('not begun in this tab');
    expect(page.url()).toBe(rig.url);
  },
);

testWithChromium('a token is renewed before it runs out', async () => {
  pages.lifeSeconds = 2;
  const page = await rig.open('/');
  await page.getByRole('button', { name: 'Sign in with SSO' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await expect.poll(() => pages.renewals, { timeout: 15_000 }).toBeGreaterThan(1);
  page.troubles.length = 0;
});
