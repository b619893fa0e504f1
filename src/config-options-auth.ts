/**
 * The options of backends for logins outside the broker: which are asked, the HTTP backend, the
 * cache. Part of the table in config-options.ts; read it for what a row means.
 */
import { list, map, single } from './config-option.ts';
import { boolean, milliseconds, oneOf, orNone, string, type ValueType } from './config-value.ts';

const BACKENDS = 'Logins elsewhere';
const HTTP = 'Logins by a web service';

const DAY_MS = 86_400_000;

const path = string(0, 4096);

/** A backend, by its short name or that of RabbitMQ's module. */
const backend = oneOf(['internal', 'internal_loopback', 'http', 'oauth2', 'ldap', 'cache'], {
  rabbit_auth_backend_internal: 'internal',
  rabbit_auth_backend_internal_loopback: 'internal_loopback',
  rabbit_auth_backend_http: 'http',
  rabbit_auth_backend_oauth2: 'oauth2',
  rabbit_auth_backend_ldap: 'ldap',
  oauth: 'oauth2',
  uaa: 'oauth2',
  rabbit_auth_backend_cache: 'cache',
});

/** An address of a web service. */
const url: ValueType<string> = {
  placeholder: '<url>',
  expected: 'an http:// or https:// URL',
  parse: (text) => {
    if (text.length > 4096 || !URL.canParse(text)) return undefined;
    return /^https?:$/.test(new URL(text).protocol) ? text : undefined;
  },
};

const timeout = milliseconds(1, DAY_MS);

function half(text: string) {
  const shape = { group: BACKENDS, type: backend, member: 'number', default: {} };
  return map({ ...shape, defaultsReplaced: true, none: false, text });
}

function question(word: string, text: string) {
  const shape = { group: HTTP, type: url, default: `http://localhost:8000/auth/${word}` };
  return single({ ...shape, text });
}

export const AUTH_OPTIONS = {
  auth_backends: map({
    group: BACKENDS,
    type: backend,
    member: 'number',
    default: { 1: 'internal' },
    defaultsReplaced: true,
    none: false,
    text:
      'Who is asked, in this order, whether a login is good, and then what the user may do: ' +
      'internal (the users of the broker itself), internal_loopback (the same, for clients on ' +
      'this machine only), http (a web service), oauth2 (tokens), ldap (a directory), cache ' +
      '(another one, whose answers count for a while). One that cannot be reached has refused.',
  }),
  'auth_backends.$.authn': half(
    'Who says in this place whether a login is good, if somebody else decides what users may do.',
  ),
  'auth_backends.$.authz': half(
    'Who decides for this place what users may do; without an authn also whether a login is good.',
  ),
  'auth_cache.cached_backend': single({
    group: BACKENDS,
    type: orNone(backend),
    default: 'none',
    text: 'Whose answers the backend "cache" remembers. Or, separately: .authn and .authz.',
  }),
  'auth_cache.cached_backend.authn': single({
    group: BACKENDS,
    type: orNone(backend),
    default: 'none',
    text: 'Who says for the cache whether a login is good.',
  }),
  'auth_cache.cached_backend.authz': single({
    group: BACKENDS,
    type: orNone(backend),
    default: 'none',
    text: 'Who decides for the cache what a user may do.',
  }),
  'auth_cache.cache_ttl': single({
    group: BACKENDS,
    type: milliseconds(0, DAY_MS),
    default: '15000',
    text:
      'How long answers from outside count: of the cache, of every session (what it may do is ' +
      'asked anew in the background after that, while it is used: a longer time spares whoever ' +
      'answers), and of logins over HTTP.',
  }),
  'auth_cache.cache_refusals': single({
    group: BACKENDS,
    type: boolean,
    default: 'false',
    text: 'Whether the cache remembers refused logins, too.',
  }),
  'auth_http.http_method': single({
    group: HTTP,
    type: oneOf(['get', 'post']),
    default: 'get',
    text: 'How questions are sent: with GET passwords are in the URL, and so in its logs.',
  }),
  'auth_http.user_path': question(
    'user',
    'Is a login good? Sent: username, password; from MQTT also vhost and client_id. The answer ' +
      'is "allow", with the tags of the user behind it, or "deny".',
  ),
  'auth_http.vhost_path': question(
    'vhost',
    'May the user enter a virtual host? Sent: username, vhost, ip, tags.',
  ),
  'auth_http.resource_path': question(
    'resource',
    'May the user use a name? Sent: username, vhost, resource (exchange, queue), name, ' +
      'permission (configure, write, read), tags.',
  ),
  'auth_http.topic_path': question(
    'topic',
    'May the user use a routing key of a topic exchange? Sent: username, vhost, resource ' +
      '(topic), name, permission (write, read), routing_key, tags, variable_map.*.',
  ),
  'auth_http.request_timeout': single({
    group: HTTP,
    type: timeout,
    default: '15000',
    text: 'How long an answer may take.',
  }),
  'auth_http.connection_timeout': single({
    group: HTTP,
    type: timeout,
    default: '15000',
    text: 'How long connecting may take.',
  }),
  ...clientTls(HTTP, 'auth_http.ssl_options', 'the web service'),
} as const;

/** How a server that we are a client of is trusted: `x.verify`, `x.cacertfile` … */
export function clientTls<Prefix extends string>(group: string, prefix: Prefix, server: string) {
  const file = (text: string) => single({ group, type: path, default: '', text });
  const rows = {
    verify: single({
      group,
      type: oneOf(['verify_peer', 'verify_none']),
      default: 'verify_peer',
      text: `Whether the certificate of ${server} has to be good.`,
    }),
    cacertfile: file('The authorities that vouch for it, as PEM; those of Node if it is missing.'),
    certfile: file('The certificate that it is shown, as PEM, if it wants one.'),
    keyfile: file('The private key that belongs to that.'),
    password: single({
      group,
      type: string(0, 4096),
      default: '',
      secret: true,
      text: 'The password of that key.',
    }),
    sni: single({
      group,
      type: string(0, 255),
      default: '',
      text: 'The name that its certificate has to be for, if not the one in the address.',
    }),
    versions: list({
      group,
      type: oneOf(['tlsv1.3', 'tlsv1.2']),
      member: 'number',
      default: { 1: 'tlsv1.3', 2: 'tlsv1.2' },
      defaultsReplaced: true,
      none: false,
      text: 'The versions of TLS that may be used. Naming one drops the default.',
    }),
  };
  const entries = Object.entries(rows).map(([word, row]) => [`${prefix}.${word}`, row]);
  return Object.fromEntries(entries) as {
    readonly [Word in keyof typeof rows as `${Prefix}.${Word}`]: (typeof rows)[Word];
  };
}
