/**
 * ResourceServer: what the broker is to those who issue tokens, and how it reads the scopes of
 * tokens that are for it. A broker may be several (`auth_oauth2.resource_servers`); the audience of
 * a token says which is meant.
 */

export interface ResourceServer {
  /** What tokens name as their audience. */
  readonly id: string;
  /** Whether they have to. */
  readonly verifyAudience: boolean;
  /** What its scopes begin with: `rabbitmq.`; may be ''. */
  readonly scopePrefix: string;
  /** What other claims have scopes, by paths such as `realm_access.roles`. */
  readonly additionalScopesPaths: readonly string[];
  /** What rich authorization requests call such a broker [RFC 9396]; null takes none. */
  readonly type: string | null;
  /** Which claims may be the name of the user, the first that is there counts. */
  readonly usernameClaims: readonly string[];
  /** What a scope stands for. */
  readonly scopeAliases: ReadonlyMap<string, readonly string[]>;
  /** Whose keys sign its tokens. */
  readonly provider: string;
}

/** The claims of a token, as they came. */
export type Claims = Readonly<Record<string, unknown>>;

/** Which one a token is for. @throws Error with the reason if that is none, or not clear */
export function resourceServerOf(
  servers: readonly ResourceServer[],
  { aud }: Claims,
): ResourceServer {
  const audience = typeof aud === 'string' ? aud.split(' ').filter((one) => one !== '') : aud;
  const named = Array.isArray(audience) ? servers.filter(({ id }) => audience.includes(id)) : [];
  if (named.length > 1) throw new Error('the audience of the token is several of our servers');
  if (named[0] !== undefined) return named[0];
  const lax = servers.filter(({ verifyAudience }) => !verifyAudience);
  if (lax.length === 1) return lax[0] as ResourceServer;
  if (lax.length > 1) throw new Error('which server the token is for is not clear');
  throw new Error(aud === undefined ? 'the token has no audience' : 'the token is not for us');
}
