/**
 * TokenIssuer: an identity provider for tests of logins by token: it signs tokens, and publishes
 * its keys and where they are over real HTTP. Tests rotate its keys, take it down, forge tokens.
 */
import {
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import type { Overrides } from '../../src/config.ts';

/** What tokens are for. */
export const AUDIENCE = 'rabbitmq';

/** Everything, for whoever does not look at rights. */
export const ALL_SCOPES = ['configure', 'write', 'read'].map((one) => `rabbitmq.${one}:*/*/*`);

export class TokenIssuer {
  /** How often its keys were asked for. */
  fetches = 0;
  /** What is said of whoever signs in with a browser. */
  signedIn: JWTPayload = {};
  /** Whether it sends visitors back without. */
  refuses = false;
  /** How long its tokens are said to last. */
  lifeSeconds = 3600;
  /** How often a token was renewed, and somebody signed out. */
  renewals = 0;
  signOuts = 0;
  /** What it answers instead; null never comes. */
  trouble: number | null | undefined;
  private readonly keys = new Map<string, KeyPairKeyObjectResult>();
  private readonly server: Server;
  private challenge: string | null = null;

  private constructor() {
    this.server = createServer((request, response) => {
      if (this.trouble === null) return;
      if (this.trouble !== undefined) {
        response.writeHead(this.trouble).end();
        return;
      }
      // Pages call from other origins.
      response.setHeader('access-control-allow-origin', '*');
      void this.answer(request, response);
    });
  }

  static async start(): Promise<TokenIssuer> {
    const one = new TokenIssuer();
    one.addKey('first');
    one.server.listen(0, '127.0.0.1');
    await once(one.server, 'listening');
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Settings of a broker that takes its tokens. */
  config(): Overrides {
    return {
      'auth_backends.1': 'oauth2',
      'auth_oauth2.resource_server_id': AUDIENCE,
      'auth_oauth2.issuer': this.url,
    };
  }

  addKey(kid: string): KeyPairKeyObjectResult {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.keys.set(kid, pair);
    return pair;
  }

  removeKey(kid: string): void {
    this.keys.delete(kid);
  }

  /** A token that is good for an hour, or whatever the claims say. */
  token(claims: JWTPayload = {}, kid = 'first', key?: KeyObject): Promise<string> {
    const { scope = ALL_SCOPES, ...rest } = claims as JWTPayload & { scope?: unknown };
    const now = Math.floor(Date.now() / 1000);
    const usual = { sub: 'ann', aud: AUDIENCE, iat: now, exp: now + 3600, scope };
    return new SignJWT({ ...usual, ...rest })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(key ?? (this.keys.get(kid) as KeyPairKeyObjectResult).privateKey);
  }

  /** The same claims, signed with the public key as if it were a secret. */
  async confusedToken(claims: JWTPayload = {}): Promise<string> {
    const [, payload] = (await this.token(claims)).split('.');
    const head = encoded({ alg: 'HS256', kid: 'first', typ: 'JWT' });
    const secret = (this.keys.get('first') as KeyPairKeyObjectResult).publicKey;
    const pem = secret.export({ type: 'spki', format: 'pem' });
    const signature = createHmac('sha256', pem).update(`${head}.${payload}`).digest('base64url');
    return `${head}.${payload}.${signature}`;
  }

  /** The same claims, signed by nobody. */
  async unsignedToken(claims: JWTPayload = {}): Promise<string> {
    const [, payload] = (await this.token(claims)).split('.');
    return `${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url } = this;
    const asked = new URL(request.url ?? '', url);
    const json = (body: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (asked.pathname) {
      case '/.well-known/openid-configuration': {
        const endpoints = {
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          end_session_endpoint: `${url}/goodbye`,
        };
        json({ issuer: url, jwks_uri: `${url}/keys`, ...endpoints });
        break;
      }
      case '/authorize': {
        // Everybody is signed in here already.
        this.challenge = asked.searchParams.get('code_challenge');
        const back = new URL(asked.searchParams.get('redirect_uri') ?? '');
        if (this.refuses) back.searchParams.set('error', 'access_denied');
        else back.searchParams.set('code', 'one-time');
        back.searchParams.set('state', asked.searchParams.get('state') ?? '');
        response.writeHead(302, { location: back.href }).end();
        break;
      }
      case '/token': {
        const form = new URLSearchParams(await text(request));
        if (!this.grants(form)) return json({ error: 'invalid_grant' }, 400);
        const { lifeSeconds } = this;
        const tokens = { refresh_token: 'renew', id_token: 'who', expires_in: lifeSeconds };
        json({ access_token: await this.token(this.signedIn), ...tokens });
        break;
      }
      case '/goodbye':
        this.signOuts++;
        response.end('signed out');
        break;
      default:
        json({ keys: await this.published() });
    }
  }

  /** Only who began may have the token [RFC 7636], and who has one may have it renewed. */
  private grants(form: URLSearchParams): boolean {
    if (form.get('grant_type') === 'refresh_token') {
      this.renewals++;
      return form.get('refresh_token') === 'renew';
    }
    const proof = createHash('sha256').update(form.get('code_verifier') ?? '');
    return form.get('code') === 'one-time' && proof.digest('base64url') === this.challenge;
  }

  private async published(): Promise<object[]> {
    this.fetches++;
    const all = [...this.keys].map(async ([kid, { publicKey }]) => {
      return { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
    });
    return Promise.all(all);
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
