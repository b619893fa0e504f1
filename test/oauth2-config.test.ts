/** What the configuration says about tokens, as the backend and the console get it. */
import { expect, test } from 'vitest';
import { Config } from '../src/config.ts';
import {
  providersOf,
  resourceServersOf,
  signInOrigins,
  signInSettings,
} from '../src/oauth2-config.ts';

test('resource servers have what they do not say themselves from the one without a name', () => {
  const config = Config.from({
    'auth_oauth2.resource_server_id': 'main',
    'auth_oauth2.scope_aliases.admin': 'main.tag:administrator main.read:*/*',
    'auth_oauth2.scope_aliases.1.alias': 'https://scope/read',
    'auth_oauth2.scope_aliases.1.scope': 'main.read:*/*',
    'auth_oauth2.resource_server_type': 'broker',
    'auth_oauth2.resource_servers.a.verify_aud': false,
    'auth_oauth2.resource_servers.b.id': 'bee',
    'auth_oauth2.resource_servers.b.scope_prefix': 'b-',
    'auth_oauth2.resource_servers.b.additional_scopes_key': 'roles realm.roles',
    'auth_oauth2.resource_servers.b.preferred_username_claims.1': 'email',
    'auth_oauth2.resource_servers.b.oauth_provider_id': 'other',
  });
  const servers = new Map(resourceServersOf(config).map((server) => [server.id, server]));
  const main = servers.get('main');
  expect(main).toEqual({
    ...{ id: 'main', verifyAudience: true, scopePrefix: 'main.', additionalScopesPaths: [] },
    ...{ type: 'broker', usernameClaims: ['sub', 'client_id'], provider: '' },
    scopeAliases: new Map([
      ['admin', ['main.tag:administrator', 'main.read:*/*']],
      ['https://scope/read', ['main.read:*/*']],
    ]),
  });
  expect(servers.get('a')).toEqual({ ...main, id: 'a', scopePrefix: 'a.', verifyAudience: false });
  expect(servers.get('bee')).toEqual({
    ...{ ...main, id: 'bee', scopePrefix: 'b-', provider: 'other' },
    ...{ additionalScopesPaths: ['roles', 'realm.roles'], usernameClaims: ['email'] },
  });
  expect(() => resourceServersOf(Config.from())).toThrow('resource_server_id is not set');
});

test('providers have their own keys, and trust whom the one without a name trusts', () => {
  const config = Config.from({
    'auth_oauth2.issuer': 'https://one.example/',
    'auth_oauth2.https.cacertfile': '/ca.pem',
    'auth_oauth2.default_key': 'k',
    'auth_oauth2.oauth_providers.two.jwks_uri': 'https://two.example/keys',
    'auth_oauth2.oauth_providers.two.https.peer_verification': 'verify_none',
  });
  const shared = { defaultKey: 'k', authorityFile: '/ca.pem' };
  const one = { name: '', issuer: 'https://one.example/', jwksUrl: null, verifyPeer: true };
  const two = { name: 'two', issuer: null, jwksUrl: 'https://two.example/keys', verifyPeer: false };
  expect(providersOf(config)).toEqual([
    { ...one, ...shared },
    { ...two, ...shared },
  ]);
});

test('keys that come in the open are refused, but from this machine', () => {
  const from = (url: string) => () => Config.from({ 'auth_oauth2.jwks_url': url } as object);
  expect(from('http://idp.example/keys')).toThrow('https');
  expect(from('http://127.0.0.1:8080/keys')().get('auth_oauth2.jwks_uri')).toMatch('127.0.0.1');
});

test('the console is told nothing until there is a provider and a client for it', () => {
  const off = { oauth_enabled: false };
  const some = { 'auth_oauth2.resource_server_id': 'r', 'management.oauth_enabled': true } as const;
  expect(signInSettings(Config.from())).toEqual(off);
  expect(signInSettings(Config.from(some))).toEqual(off);
  const config = Config.from({
    ...some,
    'management.oauth_provider_url': 'https://idp.example/realm',
    'management.oauth_client_id': 'console',
    'auth_oauth2.token_endpoint': 'https://tokens.example/token',
  });
  expect(signInSettings(config)).toMatchObject({
    ...{ oauth_enabled: true, oauth_client_id: 'console', oauth_resource_id: 'r' },
    oauth_resource_servers: { r: { id: 'r', oauth_provider_url: 'https://idp.example/realm' } },
  });
  expect(signInOrigins(config)).toEqual(['https://idp.example', 'https://tokens.example']);
  expect(signInOrigins(Config.from())).toEqual([]);
});
