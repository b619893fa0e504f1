/**
 * OAuth2Config: what the configuration says about tokens, as the backend takes it, and what the
 * console is told about signing in. For composition roots: the keys are in
 * config-options-oauth2.ts. Reads no file.
 */
import type { ResourceServer } from './auth/oauth2/resource-server.ts';
import type { Config } from './config.ts';
import { membersOf } from './config-option.ts';

/** The provider that is configured without a name. */
export const ROOT_PROVIDER = '';

/** A provider of tokens, as far as its keys go. */
export interface ProviderConfig {
  readonly name: string;
  readonly issuer: string | null;
  readonly jwksUrl: string | null;
  readonly defaultKey: string | null;
  readonly verifyPeer: boolean;
  readonly authorityFile: string;
}

/** @throws Error with one sentence if there is none */
export function resourceServersOf(config: Config): ResourceServer[] {
  const id = config.get('auth_oauth2.resource_server_id');
  const prefix = config.get('auth_oauth2.scope_prefix');
  const root: ResourceServer = {
    id,
    verifyAudience: config.get('auth_oauth2.verify_aud'),
    scopePrefix: prefix ?? `${id}.`,
    additionalScopesPaths: config.get('auth_oauth2.additional_scopes_key'),
    type: config.get('auth_oauth2.resource_server_type') || null,
    usernameClaims: config.get('auth_oauth2.preferred_username_claims') as readonly string[],
    scopeAliases: aliasesOf(config),
    provider: config.get('auth_oauth2.default_oauth_provider'),
  };
  const ids = config.get('auth_oauth2.resource_servers.$.id');
  const prefixes = config.get('auth_oauth2.resource_servers.$.scope_prefix');
  const verified = config.get('auth_oauth2.resource_servers.$.verify_aud');
  const types = config.get('auth_oauth2.resource_servers.$.resource_server_type');
  const additional = config.get('auth_oauth2.resource_servers.$.additional_scopes_key');
  const providers = config.get('auth_oauth2.resource_servers.$.oauth_provider_id');
  const first = config.get('auth_oauth2.resource_servers.$.preferred_username_claims.1');
  const second = config.get('auth_oauth2.resource_servers.$.preferred_username_claims.2');
  const names = membersOf(ids, prefixes, verified, types, additional, providers, first, second);
  const others = names.map((name): ResourceServer => {
    const own = ids.get(name) ?? name;
    const claims = [first.get(name), second.get(name)].filter((claim) => claim !== undefined);
    return {
      ...root,
      id: own,
      verifyAudience: verified.get(name) ?? root.verifyAudience,
      scopePrefix: prefixes.get(name) ?? prefix ?? `${own}.`,
      additionalScopesPaths: additional.get(name) ?? root.additionalScopesPaths,
      type: types.get(name) ?? root.type,
      usernameClaims: claims.length > 0 ? claims : root.usernameClaims,
      provider: providers.get(name) ?? root.provider,
    };
  });
  const servers = id === '' ? others : [root, ...others];
  if (servers.length > 0) return servers;
  throw new Error('auth_backends names oauth2, but auth_oauth2.resource_server_id is not set');
}

function aliasesOf(config: Config): Map<string, readonly string[]> {
  const aliases = new Map(config.get('auth_oauth2.scope_aliases'));
  const scopes = config.get('auth_oauth2.scope_aliases.$.scope');
  for (const [number, alias] of config.get('auth_oauth2.scope_aliases.$.alias')) {
    aliases.set(alias, scopes.get(number) ?? []);
  }
  return aliases;
}

/** All providers of tokens, the one without a name among them. */
export function providersOf(config: Config): ProviderConfig[] {
  const root: ProviderConfig = {
    name: ROOT_PROVIDER,
    issuer: config.get('auth_oauth2.issuer'),
    jwksUrl: config.get('auth_oauth2.jwks_uri'),
    defaultKey: config.get('auth_oauth2.default_key') || null,
    verifyPeer: config.get('auth_oauth2.https.peer_verification') === 'verify_peer',
    authorityFile: config.get('auth_oauth2.https.cacertfile'),
  };
  const issuers = config.get('auth_oauth2.oauth_providers.$.issuer');
  const jwks = config.get('auth_oauth2.oauth_providers.$.jwks_uri');
  const keys = config.get('auth_oauth2.oauth_providers.$.default_key');
  const verified = config.get('auth_oauth2.oauth_providers.$.https.peer_verification');
  const authorities = config.get('auth_oauth2.oauth_providers.$.https.cacertfile');
  const others = membersOf(issuers, jwks).map((name): ProviderConfig => {
    const verify = verified.get(name);
    return {
      name,
      issuer: issuers.get(name) ?? null,
      jwksUrl: jwks.get(name) ?? null,
      defaultKey: keys.get(name) ?? root.defaultKey,
      verifyPeer: verify === undefined ? root.verifyPeer : verify === 'verify_peer',
      authorityFile: authorities.get(name) ?? root.authorityFile,
    };
  });
  return [root, ...others];
}

/** Of a provider: what its metadata would say. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'end_session_endpoint'] as const;

/** Who besides the broker the console talks to: where the provider is, and where tokens are. */
export function signInOrigins(config: Config): string[] {
  if (signInSettings(config).oauth_enabled !== true) return [];
  const urls = [
    config.get('management.oauth_provider_url'),
    config.get('management.oauth_metadata_url'),
    config.get('auth_oauth2.token_endpoint'),
    config.get('auth_oauth2.end_session_endpoint'),
  ];
  return [...new Set(urls.flatMap((url) => (url === null ? [] : [new URL(url).origin])))];
}

/** What GET /api/auth says: RabbitMQ's words, and the main provider at the top, too. */
export function signInSettings(config: Config): Readonly<Record<string, unknown>> {
  const none = { oauth_enabled: false };
  if (!config.get('management.oauth_enabled')) return none;
  const clientId = config.get('management.oauth_client_id');
  const logonType = config.get('management.oauth_initiated_logon_type');
  const providerUrl = config.get('management.oauth_provider_url');
  if (providerUrl === null || (clientId === '' && logonType === 'sp_initiated')) return none;
  const metadataUrl = config.get('management.oauth_metadata_url');
  const endpoints = ENDPOINTS.flatMap((name) => {
    const url = config.get(`auth_oauth2.${name}`);
    return url === null ? [] : [[name, url] as const];
  });
  const provider = {
    oauth_provider_url: providerUrl,
    ...(metadataUrl !== null && { oauth_metadata_url: metadataUrl }),
    ...Object.fromEntries(endpoints),
  };
  const secret = config.get('management.oauth_client_secret');
  const servers = resourceServersOf(config);
  return {
    oauth_enabled: true,
    oauth_resource_servers: Object.fromEntries(servers.map(({ id }) => [id, { id, ...provider }])),
    oauth_disable_basic_auth: config.get('management.oauth_disable_basic_auth'),
    ...(clientId !== '' && { oauth_client_id: clientId }),
    ...(secret !== '' && { oauth_client_secret: secret }),
    oauth_scopes: config.get('management.oauth_scopes'),
    oauth_response_type: config.get('management.oauth_response_type'),
    oauth_initiated_logon_type: logonType,
    oauth_resource_id: servers[0]?.id,
    ...provider,
  };
}
