/**
 * AuthBackends: the backends for logins that the configuration names, made and put in order. A
 * composition root: it reads the files that they need and hands in clock and log. The keys are in
 * config-options-auth.ts and beside it.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Authenticator } from './auth/authenticator.ts';
import { CachedBackend } from './auth/cached-backend.ts';
import { HttpBackend } from './auth/http-backend.ts';
import { HttpClient } from './auth/http-client.ts';
import { LoopbackBackend } from './auth/loopback-backend.ts';
import { SplitBackend } from './auth/split-backend.ts';
import type { Users } from './auth/users.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { OptionValue } from './config-options.ts';
import { AUTH_REPLY_BYTES_MAX, JWKS_BYTES_MAX, OAUTH2_TIMEOUT_MS } from './limits-auth.ts';
import type { Log } from './log.ts';
import { providersOf, resourceServersOf } from './oauth2-config.ts';

/** What the backends need. */
export interface AuthParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

type BackendName = NonNullable<OptionValue<'auth_cache.cached_backend'>>;

/** One place of the chain. */
type Place = readonly [authn: BackendName, authz: BackendName];

/** Makes the chain once the broker's own users are there. */
export type Chain = (users: Users) => readonly Authenticator[];

/** @throws Error with one sentence if a backend cannot be made of what is configured */
export async function authBackends(parts: AuthParts): Promise<Chain> {
  const { config } = parts;
  const places = placesOf(config);
  const cached = cachedPlace(config);
  const names = new Set([...places, ...(cached === null ? [] : [cached])].flat());
  const makers = new Map<BackendName, Authenticator>();
  if (names.has('http')) makers.set('http', httpBackend(parts));
  if (names.has('ldap')) makers.set('ldap', await ldapBackend(parts));
  if (names.has('oauth2')) makers.set('oauth2', await oauth2Backend(parts));
  if (names.has('cache') && cached === null) {
    throw new Error('auth_backends names the cache, but auth_cache.cached_backend is not set');
  }
  return (users) => {
    const own = [
      ['internal', users],
      ['internal_loopback', new LoopbackBackend(users)],
    ] as const;
    const made = new Map<BackendName, Authenticator>([...makers, ...own]);
    const placed = ([authn, authz]: Place): Authenticator => {
      const who = made.get(authn) as Authenticator;
      return authn === authz ? who : new SplitBackend(who, made.get(authz) as Authenticator);
    };
    if (cached !== null && names.has('cache')) {
      const options = { ttlMs: config.get('auth_cache.cache_ttl'), clock: parts.clock };
      const refusals = config.get('auth_cache.cache_refusals');
      made.set('cache', new CachedBackend(placed(cached), { ...options, refusals }));
    }
    return places.map(placed);
  };
}

/** In their order: numbers first, as everywhere. */
function placesOf(config: Config): Place[] {
  const authn = config.get('auth_backends.$.authn');
  const authz = config.get('auth_backends.$.authz');
  const split = new Set([...authn.keys(), ...authz.keys()]);
  const alone = split.size > 0 && config.source('auth_backends') === 'default';
  const whole = alone ? new Map<string, BackendName>() : config.get('auth_backends');
  const order = (name: string): number => (/^\d+$/.test(name) ? Number(name) : Number.MAX_VALUE);
  const members = [...new Set([...whole.keys(), ...split])].sort((a, b) => order(a) - order(b));
  return members.map((name) => {
    const first = authn.get(name) ?? whole.get(name) ?? authz.get(name);
    const second = authz.get(name) ?? whole.get(name) ?? authn.get(name);
    return [first as BackendName, second as BackendName];
  });
}

/** @throws Error if the cache would cache itself */
function cachedPlace(config: Config): Place | null {
  const whole = config.get('auth_cache.cached_backend');
  const authn = config.get('auth_cache.cached_backend.authn') ?? whole;
  const authz = config.get('auth_cache.cached_backend.authz') ?? whole;
  const place = [authn ?? authz, authz ?? authn];
  if (place.includes('cache')) throw new Error('auth_cache.cached_backend cannot be the cache');
  return authn === null && authz === null ? null : (place as unknown as Place);
}

function httpBackend({ config, clock, log }: AuthParts): HttpBackend {
  const client = new HttpClient({
    timeoutMs: config.get('auth_http.request_timeout'),
    connectTimeoutMs: config.get('auth_http.connection_timeout'),
    maxReplyBytes: AUTH_REPLY_BYTES_MAX,
    tls: clientTlsOf(config, 'auth_http.ssl_options'),
  });
  return new HttpBackend({
    method: config.get('auth_http.http_method'),
    paths: {
      user: config.get('auth_http.user_path'),
      vhost: config.get('auth_http.vhost_path'),
      resource: config.get('auth_http.resource_path'),
      topic: config.get('auth_http.topic_path'),
    },
    client,
    clock,
    log,
    ttlMs: config.get('auth_cache.cache_ttl'),
  });
}

/** @throws Error with one sentence if a key or a file is no good */
async function oauth2Backend({ config, clock, log }: AuthParts): Promise<Authenticator> {
  const { OAuth2Backend, ASYMMETRIC_ALGORITHMS } = await import('./auth/oauth2/oauth2-backend.ts');
  const { TokenKeys } = await import('./auth/oauth2/token-keys.ts');
  const fixed = new Map<string, KeyObject>();
  for (const [id, path] of config.get('auth_oauth2.signing_keys')) {
    fixed.set(id, publicKeyIn(`auth_oauth2.signing_keys.${id}`, path));
  }
  const discovery = config.get('auth_oauth2.discovery_endpoint_path');
  const keys = providersOf(config).map((provider) => {
    const { name, issuer, jwksUrl, defaultKey, verifyPeer, authorityFile } = provider;
    const ca = authorityFile === '' ? {} : { ca: fileOf('auth_oauth2.https', authorityFile) };
    const client = new HttpClient({
      timeoutMs: OAUTH2_TIMEOUT_MS,
      connectTimeoutMs: OAUTH2_TIMEOUT_MS,
      maxReplyBytes: JWKS_BYTES_MAX,
      tls: { rejectUnauthorized: verifyPeer, ...ca },
    });
    const discoveryUrl = issuer === null ? null : `${issuer.replace(/\/$/, '')}/${discovery}`;
    const where = { jwksUrl, discoveryUrl, defaultKey };
    return [name, new TokenKeys({ fixed, ...where, client, clock, log })] as const;
  });
  const named = config.get('auth_oauth2.algorithms') as readonly string[];
  const algorithms = named.length > 0 ? named : ASYMMETRIC_ALGORITHMS;
  const servers = resourceServersOf(config);
  return new OAuth2Backend({ servers, keys: new Map(keys), algorithms, clock });
}

/** @throws Error with one sentence if a query or a file is no good */
async function ldapBackend({ config, clock, log }: AuthParts): Promise<Authenticator> {
  const { LdapBackend } = await import('./auth/ldap/ldap-backend.ts');
  const { parseQuery, parseTagQueries } = await import('./auth/ldap/query.ts');
  const secure = config.get('auth_ldap.use_ssl');
  const startTls = config.get('auth_ldap.use_starttls');
  const scheme = secure ? 'ldaps' : 'ldap';
  const servers = config.get('auth_ldap.servers') as readonly string[];
  if (servers.length === 0) throw new Error('auth_backends names ldap: set auth_ldap.servers');
  const hosts = servers.map((name) => (name.includes(':') ? `[${name}]` : name));
  const attribute = config.get('auth_ldap.dn_lookup_attribute');
  const base = config.get('auth_ldap.dn_lookup_base');
  const read = <T>(key: LdapQueryKey, parse: (text: string) => T): T => {
    try {
      return parse(config.get(key));
    } catch (error) {
      throw new Error(`${key}: ${(error as Error).message}`);
    }
  };
  const tls = secure || startTls ? clientTlsOf(config, 'auth_ldap.ssl_options') : null;
  return new LdapBackend({
    directory: {
      urls: hosts.map((host) => `${scheme}://${host}:${config.get('auth_ldap.port')}`),
      timeoutMs: config.get('auth_ldap.timeout'),
      tls,
      startTls,
    },
    userDnPattern: config.get('auth_ldap.user_dn_pattern'),
    userBindPattern: config.get('auth_ldap.user_bind_pattern'),
    lookup:
      attribute === null || base === null
        ? null
        : { attribute, base, bind: bindOf(config, 'auth_ldap.dn_lookup_bind') },
    groupBase: config.get('auth_ldap.group_lookup_base'),
    otherBind: bindOf(config, 'auth_ldap.other_bind'),
    vhostQuery: read('auth_ldap.queries.vhost_access', parseQuery),
    resourceQuery: read('auth_ldap.queries.resource_access', parseQuery),
    topicQuery: read('auth_ldap.queries.topic_access', parseQuery),
    tagQueries: read('auth_ldap.queries.tags', parseTagQueries),
    connectionsMax: config.get('auth_ldap.connection_pool_size'),
    clock,
    log,
    ttlMs: config.get('auth_cache.cache_ttl'),
  });
}

type LdapQueryKey =
  `auth_ldap.queries.${'vhost_access' | 'resource_access' | 'topic_access' | 'tags'}`;

function bindOf(config: Config, key: 'auth_ldap.dn_lookup_bind' | 'auth_ldap.other_bind') {
  const dn = config.get(`${key}.user_dn`);
  return dn === '' ? config.get(key) : { dn, password: config.get(`${key}.password`) };
}

function publicKeyIn(what: string, path: string): KeyObject {
  try {
    return createPublicKey(fileOf(what, path));
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}

/** @throws Error with one sentence if it cannot be read */
function fileOf(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}

/** @throws Error with one sentence if a file cannot be read */
function clientTlsOf(
  config: Config,
  prefix: 'auth_http.ssl_options' | 'auth_ldap.ssl_options',
): ConnectionOptions {
  const file = (word: 'cacertfile' | 'certfile' | 'keyfile'): Buffer | null => {
    const path = config.get(`${prefix}.${word}`);
    return path === '' ? null : fileOf(`${prefix}.${word}`, path);
  };
  const [ca, cert, key] = [file('cacertfile'), file('certfile'), file('keyfile')];
  const passphrase = config.get(`${prefix}.password`);
  const servername = config.get(`${prefix}.sni`);
  const versions = config.get(`${prefix}.versions`);
  return {
    rejectUnauthorized: config.get(`${prefix}.verify`) === 'verify_peer',
    minVersion: versions.includes('tlsv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: versions.includes('tlsv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(passphrase !== '' && { passphrase }),
    ...(servername !== '' && { servername }),
  };
}
