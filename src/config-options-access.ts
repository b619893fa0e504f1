/**
 * The options of users and access: who exists at first, who may log in how, and how much of
 * everything there may be. Part of the table in config-options.ts; read it for what a row means.
 */
import { list, map, set, single } from './config-option.ts';
import {
  boolean,
  integer,
  oneOf,
  orInfinity,
  orNone,
  pattern,
  string,
  words,
} from './config-value.ts';

const ACCESS = 'Users and access';
const QUOTAS = 'Limits on how many';

/** AMQP's short strings carry names of users and virtual hosts [AMQP 4.2.5.3]. */
const name = string(1, 255);

const password = string(0, 4096);

const count = orInfinity(integer(0, 1_000_000_000));

/** A limit of a vhost or user: -1 is none. */
const limit = integer(-1, 1_000_000_000);

/** What a user made by configuration may do in the virtual hosts it is made in. */
function defaultUserPattern(text: string) {
  return map({
    group: ACCESS,
    type: pattern,
    member: 'user',
    default: {},
    defaultsReplaced: false,
    none: false,
    text,
  });
}

/** A limit of every virtual host that matches. */
function defaultLimit(text: string) {
  return map({
    group: QUOTAS,
    type: limit,
    member: 'number',
    default: {},
    defaultsReplaced: false,
    none: false,
    text,
  });
}

export const ACCESS_OPTIONS = {
  default_user: single({
    group: ACCESS,
    type: name,
    default: 'guest',
    env: ['RABBITMQ_DEFAULT_USER'],
    text:
      'The user that is created when the broker has no users yet. Only "guest" is held to the ' +
      'loopback interface by default: a user of any other name may log in from anywhere.',
  }),
  default_pass: single({
    group: ACCESS,
    type: password,
    default: 'guest',
    env: ['RABBITMQ_DEFAULT_PASS'],
    secret: true,
    text: 'The password of that user. Put it in quotes if it contains a #.',
  }),
  default_user_tags: set({
    group: ACCESS,
    member: 'tag',
    default: { administrator: 'true' },
    defaultsReplaced: true,
    none: false,
    text: 'The tags of that user. Naming one tag drops the default.',
  }),
  'default_permissions.configure': single({
    group: ACCESS,
    type: pattern,
    default: '.*',
    text: 'The names that user may declare and delete in the default virtual host.',
  }),
  'default_permissions.write': single({
    group: ACCESS,
    type: pattern,
    default: '.*',
    text: 'The names that user may publish and bind to in the default virtual host.',
  }),
  'default_permissions.read': single({
    group: ACCESS,
    type: pattern,
    default: '.*',
    text: 'The names that user may consume and bind from in the default virtual host.',
  }),
  default_vhost: single({
    group: ACCESS,
    type: name,
    default: '/',
    env: ['RABBITMQ_DEFAULT_VHOST'],
    text: 'The virtual host that is created when the broker has none yet.',
  }),
  loopback_users: set({
    group: ACCESS,
    member: 'user',
    default: { guest: 'true' },
    // RabbitMQ drops its default here as well, so that naming another user sets guest free.
    defaultsReplaced: false,
    none: true,
    text:
      'The users that may log in from this machine only. "loopback_users.guest = false" lets ' +
      'guest in from anywhere, "loopback_users = none" everybody: change the password first.',
  }),
  'default_users.$.vhost_pattern': defaultUserPattern(
    'The virtual hosts that this user is made in, whenever one of them is created: all of them ' +
      'if it is missing. A user of that name who is there already keeps password and tags.',
  ),
  'default_users.$.password': map({
    group: ACCESS,
    type: password,
    member: 'user',
    default: {},
    defaultsReplaced: false,
    none: false,
    secret: true,
    text: 'The password of this user. Without one it cannot log in with a password.',
  }),
  'default_users.$.tags': map({
    group: ACCESS,
    type: words,
    member: 'user',
    default: {},
    defaultsReplaced: false,
    none: false,
    text: 'The tags of this user.',
  }),
  'default_users.$.configure': defaultUserPattern(
    'The names this user may declare and delete in those virtual hosts: all if it is missing.',
  ),
  'default_users.$.write': defaultUserPattern(
    'The names this user may publish and bind to in those virtual hosts: all if it is missing.',
  ),
  'default_users.$.read': defaultUserPattern(
    'The names this user may consume and bind from in those virtual hosts: all if missing.',
  ),
  password_hashing_module: single({
    group: ACCESS,
    type: oneOf(['rabbit_password_hashing_sha256', 'rabbit_password_hashing_sha512']),
    default: 'rabbit_password_hashing_sha256',
    text: 'What new passwords are hashed with. Hashes that are there already stay valid.',
  }),
  'credential_validator.validation_backend': single({
    group: ACCESS,
    type: oneOf([
      'rabbit_credential_validator_accept_everything',
      'rabbit_credential_validator_min_password_length',
      'rabbit_credential_validator_password_regexp',
    ]),
    default: 'rabbit_credential_validator_accept_everything',
    text: 'What new passwords must fulfil. Hashes are taken as they are.',
  }),
  'credential_validator.min_length': single({
    group: ACCESS,
    type: integer(0, 4096),
    default: '6',
    text: 'How many characters they must have, if that is what they must fulfil.',
  }),
  'credential_validator.regexp': single({
    group: ACCESS,
    type: pattern,
    default: '.*',
    text: 'What they must match, if that is what they must fulfil.',
  }),
  auth_mechanisms: list({
    group: ACCESS,
    type: oneOf(['PLAIN', 'AMQPLAIN', 'ANONYMOUS', 'EXTERNAL', 'RABBIT-CR-DEMO']),
    member: 'number',
    default: { 1: 'PLAIN', 2: 'AMQPLAIN', 3: 'ANONYMOUS' },
    defaultsReplaced: true,
    none: false,
    text:
      'The SASL mechanisms that AMQP clients may use: PLAIN, AMQPLAIN, RABBIT-CR-DEMO, EXTERNAL ' +
      '(the client certificate, on TLS listeners) and ANONYMOUS (as long as there is an ' +
      'anonymous_login_user). Naming one drops the default.',
  }),
  anonymous_login_user: single({
    group: ACCESS,
    type: orNone(name),
    default: 'guest',
    text:
      'Who clients are that do not say who they are; "none" turns them away. MQTT clients are ' +
      'let in this way only if a user is named here or mqtt.allow_anonymous is set.',
  }),
  anonymous_login_pass: single({
    group: ACCESS,
    type: orNone(password),
    default: 'guest',
    secret: true,
    text: 'The password of that user: changing it there and not here turns them away, too.',
  }),
  track_auth_attempt_source: single({
    group: ACCESS,
    type: boolean,
    default: 'false',
    text: 'Whether logins are counted by address and user, besides by protocol.',
  }),
  ssl_cert_login_from: single({
    group: ACCESS,
    type: oneOf(['distinguished_name', 'common_name', 'subject_alternative_name'], {
      subject_alt_name: 'subject_alternative_name',
    }),
    default: 'distinguished_name',
    text:
      'What of a client certificate is the name of the user (EXTERNAL): distinguished_name, ' +
      'common_name or subject_alternative_name.',
  }),
  ssl_cert_login_san_type: single({
    group: ACCESS,
    type: oneOf(['dns', 'ip', 'email', 'uri']),
    default: 'dns',
    text: 'Of which type the subject alternative name is that counts.',
  }),
  ssl_cert_login_san_index: single({
    group: ACCESS,
    type: integer(0, 1000),
    default: '0',
    text: 'Which of several subject alternative names of that type counts; 0 is the first.',
  }),

  connection_max: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    aliases: ['max_connections'],
    text: 'How many clients may be connected, whatever they speak.',
  }),
  channel_max_per_node: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    text: 'How many channels may be open on all connections together.',
  }),
  consumer_max_per_channel: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    text: 'How many consumers a channel may have.',
  }),
  vhost_max: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    text: 'How many virtual hosts there may be.',
  }),
  cluster_queue_limit: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    text: 'How many queues there may be in all virtual hosts together.',
  }),
  cluster_exchange_limit: single({
    group: QUOTAS,
    type: count,
    default: 'infinity',
    text: 'How many exchanges there may be, with the seven of every virtual host.',
  }),
  'default_limits.vhosts.$.pattern': map({
    group: QUOTAS,
    type: pattern,
    member: 'number',
    default: {},
    defaultsReplaced: false,
    none: false,
    text:
      'The virtual hosts that get these limits when they are created: all if it is missing. Of ' +
      'several numbers whose pattern matches the first counts.',
  }),
  'default_limits.vhosts.$.max_connections': defaultLimit(
    'How many clients may be connected to such a virtual host; -1 is any number.',
  ),
  'default_limits.vhosts.$.max_queues': defaultLimit(
    'How many queues there may be in such a virtual host; -1 is any number.',
  ),
} as const;
