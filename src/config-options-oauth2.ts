/**
 * The options of logins by token (OAuth 2), and of signing in to the console with one. Part of the
 * table in config-options.ts; read it for what a row means.
 */
import { list, map, single } from './config-option.ts';
import { boolean, oneOf, orNone, string, type ValueType } from './config-value.ts';

const OAUTH2 = 'Logins by token (OAuth 2)';
const CONSOLE = 'Signing in to the console';

const text = string(0, 4096);
const path = string(0, 4096);

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Keys that come in the open could be anybody's. */
const secureUrl: ValueType<string> = {
  placeholder: '<url>',
  expected: 'an https:// URL, or an http:// URL of this machine',
  parse: (written) => {
    if (!URL.canParse(written)) return undefined;
    const { protocol, hostname } = new URL(written);
    const near = protocol === 'http:' && LOOPBACK.test(hostname);
    return protocol === 'https:' || near ? written : undefined;
  },
};

const spacedWords: ValueType<readonly string[]> = {
  placeholder: '<words>',
  expected: 'words with spaces between them',
  parse: (written) => Object.freeze(written.split(/\s+/).filter((word) => word !== '')),
};

const verification = oneOf(['verify_peer', 'verify_none']);

function oneText(says: string, group = OAUTH2) {
  return single({ group, type: text, default: '', text: says });
}

function ofEach<T>(member: string, type: ValueType<T>, says: string, group = OAUTH2) {
  const shape = { group, type, member, default: {}, defaultsReplaced: false, none: false };
  return map({ ...shape, text: says });
}

export const OAUTH2_OPTIONS = {
  'auth_oauth2.resource_server_id': oneText(
    'What tokens for this broker have in their audience (aud), and, with a dot behind it, what ' +
      'its scopes begin with.',
  ),
  'auth_oauth2.scope_prefix': single({
    group: OAUTH2,
    type: orNone(text),
    default: 'none',
    text:
      'What scopes of this broker begin with, if not with its id and a dot. The rest is ' +
      'read:VHOST/NAME, write:VHOST/NAME/ROUTING-KEY, configure:VHOST/NAME (* is anything) or ' +
      'tag:administrator, say.',
  }),
  'auth_oauth2.verify_aud': single({
    group: OAUTH2,
    type: boolean,
    default: 'true',
    text: 'Whether tokens for somebody else are refused.',
  }),
  'auth_oauth2.resource_server_type': oneText(
    'The type of this broker in rich authorization requests (authorization_details).',
  ),
  'auth_oauth2.additional_scopes_key': single({
    group: OAUTH2,
    type: spacedWords,
    default: '',
    text: 'Other claims that have scopes: paths such as realm_access.roles, spaces between them.',
  }),
  'auth_oauth2.preferred_username_claims': list({
    group: OAUTH2,
    type: string(1, 255),
    member: 'number',
    default: { 1: 'sub', 2: 'client_id' },
    defaultsReplaced: true,
    none: false,
    text: 'The claims that may be the name of the user: the first that is in the token.',
  }),
  'auth_oauth2.scope_aliases': ofEach(
    'alias',
    spacedWords,
    'The scopes that a scope (or role) of this name stands for, with their prefix.',
  ),
  'auth_oauth2.scope_aliases.$.alias': ofEach(
    'number',
    text,
    'A scope whose name cannot be part of a key: what it stands for is in .scope.',
  ),
  'auth_oauth2.scope_aliases.$.scope': ofEach(
    'number',
    spacedWords,
    'The scopes that it stands for.',
  ),
  'auth_oauth2.issuer': single({
    group: OAUTH2,
    type: orNone(secureUrl),
    default: 'none',
    text: 'Who issues the tokens: what it publishes there says where its keys are.',
  }),
  'auth_oauth2.discovery_endpoint_path': single({
    group: OAUTH2,
    type: text,
    default: '.well-known/openid-configuration',
    text: 'Where, below the address of the issuer.',
  }),
  'auth_oauth2.jwks_uri': single({
    group: OAUTH2,
    type: orNone(secureUrl),
    default: 'none',
    aliases: ['auth_oauth2.jwks_url'],
    text: 'Where the keys are that tokens are signed with (JWKS), if the issuer need not be asked.',
  }),
  'auth_oauth2.authorization_endpoint': single({
    group: OAUTH2,
    type: orNone(secureUrl),
    default: 'none',
    text: 'Where the console sends whoever signs in, if the issuer does not say.',
  }),
  'auth_oauth2.token_endpoint': single({
    group: OAUTH2,
    type: orNone(secureUrl),
    default: 'none',
    text:
      'Where the console gets tokens. To be given if the issuer does not say, or if it is on ' +
      'another host than the issuer: pages may talk to nobody who is not named.',
  }),
  'auth_oauth2.end_session_endpoint': single({
    group: OAUTH2,
    type: orNone(secureUrl),
    default: 'none',
    text: 'Where the console sends whoever signs out, if the issuer does not say.',
  }),
  'auth_oauth2.signing_keys': ofEach(
    'id',
    path,
    'A public key of the issuer, as PEM, for tokens that name it by this id (kid).',
  ),
  'auth_oauth2.default_key': oneText('The id of the key of tokens that name none.'),
  'auth_oauth2.algorithms': list({
    group: OAUTH2,
    type: string(1, 20),
    member: 'number',
    default: {},
    defaultsReplaced: true,
    none: false,
    text:
      'The algorithms that tokens may be signed with: all with a pair of keys (RS256, PS256, ' +
      'ES256, EdDSA …) if none is named.',
  }),
  'auth_oauth2.https.peer_verification': single({
    group: OAUTH2,
    type: verification,
    default: 'verify_peer',
    text: 'Whether the certificate of the issuer has to be good.',
  }),
  'auth_oauth2.https.cacertfile': single({
    group: OAUTH2,
    type: path,
    default: '',
    text: 'The authorities that vouch for it, as PEM; those of Node if it is missing.',
  }),
  'auth_oauth2.default_oauth_provider': oneText(
    'The one of auth_oauth2.oauth_providers whose keys count where no other is named.',
  ),
  'auth_oauth2.oauth_providers.$.issuer': ofEach(
    'provider',
    secureUrl,
    'Another issuer of tokens: as auth_oauth2.issuer.',
  ),
  'auth_oauth2.oauth_providers.$.jwks_uri': ofEach(
    'provider',
    secureUrl,
    'Where its keys are: as auth_oauth2.jwks_uri.',
  ),
  'auth_oauth2.oauth_providers.$.default_key': ofEach(
    'provider',
    text,
    'The id of the key of its tokens that name none.',
  ),
  'auth_oauth2.oauth_providers.$.https.peer_verification': ofEach(
    'provider',
    verification,
    'Whether its certificate has to be good.',
  ),
  'auth_oauth2.oauth_providers.$.https.cacertfile': ofEach(
    'provider',
    path,
    'The authorities that vouch for it, as PEM.',
  ),
  'auth_oauth2.resource_servers.$.id': ofEach(
    'server',
    text,
    'Another audience that is this broker: by this id if it is not the name here.',
  ),
  'auth_oauth2.resource_servers.$.scope_prefix': ofEach(
    'server',
    text,
    'What its scopes begin with.',
  ),
  'auth_oauth2.resource_servers.$.verify_aud': ofEach(
    'server',
    boolean,
    'Whether tokens have to name it.',
  ),
  'auth_oauth2.resource_servers.$.resource_server_type': ofEach(
    'server',
    text,
    'Its type in rich authorization requests.',
  ),
  'auth_oauth2.resource_servers.$.additional_scopes_key': ofEach(
    'server',
    spacedWords,
    'Other claims that have scopes for it.',
  ),
  'auth_oauth2.resource_servers.$.preferred_username_claims.1': ofEach(
    'server',
    string(1, 255),
    'The claim that is the name of the user in its tokens.',
  ),
  'auth_oauth2.resource_servers.$.preferred_username_claims.2': ofEach(
    'server',
    string(1, 255),
    'The claim that is if that one is missing.',
  ),
  'auth_oauth2.resource_servers.$.oauth_provider_id': ofEach(
    'server',
    text,
    'The one of auth_oauth2.oauth_providers whose keys sign its tokens.',
  ),
  'management.oauth_enabled': single({
    group: CONSOLE,
    type: boolean,
    default: 'false',
    text: 'Whether the console offers to sign in at an identity provider (GET /api/auth).',
  }),
  'management.oauth_client_id': oneText('What the console is to the provider.', CONSOLE),
  'management.oauth_client_secret': single({
    group: CONSOLE,
    type: text,
    default: '',
    text:
      'A secret of the console for providers that insist on one: it goes to every browser, and ' +
      'so is none.',
  }),
  'management.oauth_provider_url': single({
    group: CONSOLE,
    type: orNone(secureUrl),
    default: { sameAs: 'auth_oauth2.issuer' },
    text: 'The address of the provider.',
  }),
  'management.oauth_metadata_url': single({
    group: CONSOLE,
    type: orNone(secureUrl),
    default: 'none',
    text: 'Where it says what its endpoints are, if not at the usual place.',
  }),
  'management.oauth_scopes': single({
    group: CONSOLE,
    type: text,
    default: 'openid profile',
    text: 'The scopes that the console asks for.',
  }),
  'management.oauth_response_type': single({
    group: CONSOLE,
    type: string(1, 255),
    default: 'code',
    text: 'How it wants to be answered.',
  }),
  'management.oauth_initiated_logon_type': single({
    group: CONSOLE,
    type: oneOf(['sp_initiated', 'idp_initiated']),
    default: 'sp_initiated',
    text: 'Who begins: the console, or the provider, which sends users with a token.',
  }),
  'management.oauth_disable_basic_auth': single({
    group: CONSOLE,
    type: boolean,
    default: 'true',
    text: 'Whether the console then takes no names and passwords any more.',
  }),
} as const;
