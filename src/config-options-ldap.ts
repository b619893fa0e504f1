/**
 * The options of logins by an LDAP directory. Part of the table in config-options.ts; read it for
 * what a row means.
 */
import { list, single } from './config-option.ts';
import { clientTls } from './config-options-auth.ts';
import { boolean, integer, milliseconds, oneOf, orNone, port, string } from './config-value.ts';

const LDAP = 'Logins by LDAP';

const DAY_MS = 86_400_000;

const text = string(0, 65_536);

/** As whom the directory is asked. */
const bind = oneOf(['as_user', 'anon']);

function query(by: string, says: string) {
  return single({ group: LDAP, type: text, default: by, text: says });
}

function secret(says: string) {
  return single({ group: LDAP, type: text, default: '', secret: true, text: says });
}

export const LDAP_OPTIONS = {
  'auth_ldap.servers': list({
    group: LDAP,
    type: string(1, 255),
    member: 'number',
    default: {},
    defaultsReplaced: true,
    none: true,
    text: 'The names or addresses of LDAP servers; the next one is asked if one does not answer.',
  }),
  'auth_ldap.port': single({
    group: LDAP,
    type: port,
    default: '389',
    text: 'Their port; usually 636 with use_ssl.',
  }),
  'auth_ldap.use_ssl': single({
    group: LDAP,
    type: boolean,
    default: 'false',
    text: 'Whether they are spoken to by TLS (ldaps).',
  }),
  'auth_ldap.use_starttls': single({
    group: LDAP,
    type: boolean,
    default: 'false',
    text: 'Whether connections begin in plain and go on with TLS (StartTLS).',
  }),
  'auth_ldap.timeout': single({
    group: LDAP,
    type: milliseconds(1, DAY_MS),
    default: '10000',
    text: 'How long connecting may take, and each answer.',
  }),
  'auth_ldap.connection_pool_size': single({
    group: LDAP,
    type: integer(1, 10_000),
    default: '64',
    text: 'How many questions are asked at once.',
  }),
  'auth_ldap.user_dn_pattern': single({
    group: LDAP,
    type: text,
    default: `\${username}`,
    text:
      `The name of the entry of a user, such as cn=\${username},ou=People,dc=example,dc=com; or ` +
      'what it is looked for by, if dn_lookup_attribute is set.',
  }),
  'auth_ldap.user_bind_pattern': single({
    group: LDAP,
    type: orNone(text),
    default: 'none',
    text: 'What a user logs in to the directory as, if that is not the name of the entry.',
  }),
  'auth_ldap.dn_lookup_attribute': single({
    group: LDAP,
    type: orNone(text),
    default: 'none',
    text: 'The attribute that has the user name, if the entry of a user has to be looked for.',
  }),
  'auth_ldap.dn_lookup_base': single({
    group: LDAP,
    type: orNone(text),
    default: 'none',
    text: 'Below which entry users are looked for.',
  }),
  'auth_ldap.dn_lookup_bind': single({
    group: LDAP,
    type: bind,
    default: 'as_user',
    text: 'As whom: as_user (with user_dn_pattern as the name), anon, or who is named in .user_dn.',
  }),
  'auth_ldap.dn_lookup_bind.user_dn': query('', 'The name of somebody who may look for users.'),
  'auth_ldap.dn_lookup_bind.password': secret('The password of that somebody.'),
  'auth_ldap.other_bind': single({
    group: LDAP,
    type: bind,
    default: 'as_user',
    text: 'As whom everything else is asked; not as_user if logins without password are to work.',
  }),
  'auth_ldap.other_bind.user_dn': query('', 'The name of somebody who may ask everything else.'),
  'auth_ldap.other_bind.password': secret('The password of that somebody.'),
  'auth_ldap.group_lookup_base': single({
    group: LDAP,
    type: orNone(text),
    default: { sameAs: 'auth_ldap.dn_lookup_base' },
    text: 'Below which entry groups are looked for that have groups in them (in_group_nested).',
  }),
  'auth_ldap.queries.vhost_access': query(
    '{constant, true}',
    `May the user enter \${vhost}? As in RabbitMQ's advanced.config, between three quotes over ` +
      'several lines: constant, exists, in_group, in_group_nested, for, not, and, or, equals, ' +
      `match, with string and attribute; \${username}, \${user_dn}, \${ad_user}, \${ad_domain}.`,
  ),
  'auth_ldap.queries.resource_access': query(
    '{constant, true}',
    `May the user use \${name}? Besides: \${vhost}, \${resource} (queue, exchange), ` +
      `\${permission} (configure, write, read).`,
  ),
  'auth_ldap.queries.topic_access': query(
    '{constant, true}',
    `May the user use \${routing_key}? Besides: \${vhost}, \${name} (of the exchange), ` +
      `\${permission} (write, read), \${vmap.client_id}.`,
  ),
  'auth_ldap.queries.tags': query(
    '[{administrator, {constant, false}}]',
    'Which tags does the user have? A list: [{administrator, {in_group, "cn=…"}}, …].',
  ),
  ...clientTls(LDAP, 'auth_ldap.ssl_options', 'the LDAP servers'),
} as const;
