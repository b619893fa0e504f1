/**
 * TokenKeys: the keys that tokens of one issuer are checked with: some from files, the others
 * fetched from where it publishes them (JWKS), which may itself have to be looked up. Keys are
 * fetched again when they are old and when a token names one that is not known, the latter at most
 * every half minute; while the issuer is down the old ones count on.
 */
import type { KeyObject } from 'node:crypto';
import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  type JWSHeaderParameters,
  type RemoteJWKSet,
} from 'jose';
import type { Clock } from '../../clock.ts';
import { JWKS_AGE_MAX_MS, JWKS_FETCH_INTERVAL_MS } from '../../limits-auth.ts';
import type { Log } from '../../log.ts';
import type { HttpClient } from '../http-client.ts';

export interface TokenKeysOptions {
  /** From files, by their ids. */
  readonly fixed: ReadonlyMap<string, KeyObject>;
  /** Which key tokens are signed with that name none. */
  readonly defaultKey: string | null;
  /** Where the others are published; null for nowhere. */
  readonly jwksUrl: string | null;
  /** Where the issuer says where that is; null if it does not. */
  readonly discoveryUrl: string | null;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

export class TokenKeys {
  private readonly options: TokenKeysOptions;
  private remote: Promise<RemoteJWKSet> | null = null;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TokenKeysOptions) {
    this.options = options;
  }

  /** The key of a token. @throws Error if there is none, or nobody to ask */
  async find(header: JWSHeaderParameters): Promise<CryptoKey | KeyObject> {
    const { fixed, defaultKey } = this.options;
    const kid = header.kid ?? defaultKey;
    const known = kid === null ? undefined : fixed.get(kid);
    if (known !== undefined) return known;
    const remote = await this.open();
    if (remote === null) throw new Error(`there is no key '${kid ?? ''}'`);
    await this.refresh(remote);
    return remote({ ...header, ...(kid !== null && { kid }) });
  }

  /** Keys are fetched anew. */
  forget(): void {
    this.remote = null;
    this.lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  private open(): Promise<RemoteJWKSet> | null {
    const { jwksUrl, discoveryUrl } = this.options;
    if (jwksUrl === null && discoveryUrl === null) return null;
    if (this.remote === null) {
      const opened = this.make();
      this.remote = opened;
      opened.catch(() => {
        if (this.remote === opened) this.remote = null;
      });
    }
    return this.remote;
  }

  private async make(): Promise<RemoteJWKSet> {
    const { jwksUrl, discoveryUrl, client } = this.options;
    const url = jwksUrl ?? (await discovered(client, discoveryUrl as string));
    return createRemoteJWKSet(new URL(url), {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: JWKS_FETCH_INTERVAL_MS,
      [customFetch]: async (address) => {
        const { status, body } = await client.get(address);
        return new Response(body, { status });
      },
    });
  }

  private async refresh(remote: RemoteJWKSet): Promise<void> {
    const { clock, log } = this.options;
    const now = clock.now();
    if (now - this.lookedAtMs < JWKS_AGE_MAX_MS) return;
    const first = this.lookedAtMs === Number.NEGATIVE_INFINITY;
    try {
      await remote.reload();
      this.lookedAtMs = now;
    } catch (error) {
      if (first) throw error;
      this.lookedAtMs = now - JWKS_AGE_MAX_MS + JWKS_FETCH_INTERVAL_MS;
      log.warning(`OAuth 2: the old keys count on: ${(error as Error).message}`);
    }
  }
}

/** Where an issuer publishes its keys [OpenID Connect Discovery 1.0]. @throws Error */
async function discovered(client: HttpClient, url: string): Promise<string> {
  const { status, body } = await client.get(url);
  if (status !== 200) throw new Error(`${url}: status ${status}`);
  const found: unknown = JSON.parse(body);
  const { jwks_uri: jwks } = (found ?? {}) as { jwks_uri?: unknown };
  if (typeof jwks === 'string' && URL.canParse(jwks)) return jwks;
  throw new Error(`${url}: there is no jwks_uri in it`);
}
