/**
 * OAuth2Backend: logins by JSON Web Token [RFC 7519], which is given as the password. The token is
 * for one of our resource servers, signed by its provider, and its scopes say what its bearer may
 * do until it runs out. Only signatures with a pair of keys count, unless others are configured: a
 * public key must never do as a secret.
 */
import { errors, jwtVerify } from 'jose';
import type { Clock } from '../../clock.ts';
import { MAX_NAME_BYTES } from '../../limits.ts';
import { TOKEN_BYTES_MAX, TOKEN_SCOPES_MAX, TOKEN_SKEW_S } from '../../limits-auth.ts';
import type { Authenticator, Login, LoginVerdict } from '../authenticator.ts';
import type { Rights } from '../rights.ts';
import { type Authority, User } from '../user.ts';
import { type Claims, type ResourceServer, resourceServerOf } from './resource-server.ts';
import { ScopeRights } from './scope-rights.ts';
import type { TokenKeys } from './token-keys.ts';
import { scopesOf } from './token-scopes.ts';

export interface OAuth2Options {
  readonly servers: readonly ResourceServer[];
  /** By the names of providers. */
  readonly keys: ReadonlyMap<string, TokenKeys>;
  readonly algorithms: readonly string[];
  readonly clock: Clock;
}

/** What may be used if nothing is configured: none with a shared secret. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const TAG = 'tag:';

export class OAuth2Backend implements Authenticator {
  private readonly options: OAuth2Options;

  constructor(options: OAuth2Options) {
    this.options = options;
  }

  async authenticate(login: Login): Promise<LoginVerdict> {
    const { password } = login;
    if (password === null || password === '') return 'there is no token';
    if (password.length > TOKEN_BYTES_MAX) return 'the token is too long';
    let server: ResourceServer;
    try {
      server = resourceServerOf(this.options.servers, unverifiedClaims(password));
    } catch (error) {
      return `token refused: ${(error as Error).message}`;
    }
    const claims = await this.verified(password, server);
    if (typeof claims === 'string') return `token refused: ${claims}`;
    const scopes = scopesOf(claims, server);
    if (scopes.length > TOKEN_SCOPES_MAX) return 'token refused: it has too many scopes';
    return this.userOf(login, claims, scopes, server);
  }

  forget(): void {
    for (const keys of this.options.keys.values()) keys.forget();
  }

  /** The claims, else what is wrong with the token. @throws Error if there are no keys to be had */
  private async verified(token: string, { provider }: ResourceServer): Promise<Claims | string> {
    const { clock, algorithms, keys } = this.options;
    const known = keys.get(provider);
    if (known === undefined) return `there is no provider '${provider}'`;
    try {
      const { payload } = await jwtVerify(token, (header) => known.find(header), {
        algorithms: [...algorithms],
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp'],
        // For `nbf`: the issuer's clock may be a little ahead.
        clockTolerance: TOKEN_SKEW_S,
      });
      const expired = (payload.exp as number) * 1000 <= clock.now();
      return expired ? '"exp" claim timestamp check failed' : payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return error.message;
      if (error instanceof TypeError) return 'its signature and the key do not go together';
      throw error;
    }
  }

  private userOf(
    login: Login,
    claims: Claims,
    scopes: readonly string[],
    { usernameClaims, id }: ResourceServer,
  ): User | string {
    const names = usernameClaims.map((claim) => claims[claim]);
    const name = names.find((value) => typeof value === 'string') ?? 'unknown';
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'token refused: its user name is too long';
    const tags = scopes.filter((scope) => scope.startsWith(TAG));
    const claim = (wanted: string): string | undefined => {
      const value = claims[wanted];
      return typeof value === 'string' ? value : undefined;
    };
    const known = new Map<string, Rights>();
    const authority: Authority = {
      key: JSON.stringify(['oauth2', id, ...[...scopes].sort(), ...variablesOf(scopes).map(claim)]),
      expiresAtMs: (claims.exp as number) * 1000,
      rightsIn: (vhost) => {
        const rights = known.get(vhost) ?? new ScopeRights(scopes, vhost, claim);
        known.set(vhost, rights);
        return rights;
      },
      renew: (password) => this.authenticate({ ...login, password }),
      forget: () => {},
    };
    return new User(
      name,
      tags.map((tag) => tag.slice(TAG.length)),
      authority,
    );
  }
}

/** The claims that scopes name. */
function variablesOf(scopes: readonly string[]): string[] {
  return scopes.flatMap((scope) => [...scope.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!));
}

/** What a token says, whoever has made it: for choosing who has to have. @throws Error */
function unverifiedClaims(token: string): Claims {
  const [, payload, signature] = token.split('.');
  if (!payload || signature === undefined) throw new Error('it is no JSON Web Token');
  let claims: unknown = null;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    // Its text is not for the log.
  }
  if (typeof claims === 'object' && claims !== null) return claims as Claims;
  throw new Error('it is no JSON Web Token');
}
