/**
 * AccessConfig: what the configuration says about users and how many of everything there may be,
 * in the engine's terms. For composition roots: the keys are in config-options-access.ts.
 */
import type { CredentialRule } from './auth/credential-rule.ts';
import type { DefaultUser, VhostDefaults } from './broker/administration/vhost-defaults.ts';
import type { BrokerOptions } from './broker/broker-options.ts';
import type { VhostLimits } from './broker/vhost-limits.ts';
import type { Config } from './config.ts';
import { membersOf } from './config-option.ts';
import { defaultOperatorPolicies } from './policy-config.ts';

export type AccessConfig = Pick<
  BrokerOptions,
  | 'defaults'
  | 'loopbackUsers'
  | 'rememberLoginsMs'
  | 'anonymous'
  | 'certificateRule'
  | 'tracksLoginSources'
  | 'hashing'
  | 'credentialRule'
  | 'limits'
  | 'vhostDefaults'
>;

/** What the engine has to know of it. */
export function accessConfig(config: Config): AccessConfig {
  return {
    defaults: {
      vhost: config.get('default_vhost'),
      user: config.get('default_user'),
      password: config.get('default_pass'),
      tags: [...config.get('default_user_tags')],
      permissions: {
        configure: config.get('default_permissions.configure'),
        write: config.get('default_permissions.write'),
        read: config.get('default_permissions.read'),
      },
    },
    loopbackUsers: [...config.get('loopback_users')],
    rememberLoginsMs: config.get('auth_cache.cache_ttl'),
    anonymous: anonymous(config),
    certificateRule: {
      from: config.get('ssl_cert_login_from'),
      sanType: config.get('ssl_cert_login_san_type'),
      sanIndex: config.get('ssl_cert_login_san_index'),
    },
    tracksLoginSources: config.get('track_auth_attempt_source'),
    hashing: config.get('password_hashing_module'),
    credentialRule: credentialRule(config),
    limits: {
      connections: config.get('connection_max'),
      channels: config.get('channel_max_per_node'),
      consumersPerChannel: config.get('consumer_max_per_channel'),
      vhosts: config.get('vhost_max'),
      queues: config.get('cluster_queue_limit'),
      exchanges: config.get('cluster_exchange_limit'),
    },
    vhostDefaults: vhostDefaults(config),
  };
}

function anonymous(config: Config): NonNullable<AccessConfig['anonymous']> | null {
  const username = config.get('anonymous_login_user');
  const password = config.get('anonymous_login_pass');
  return username === null || password === null ? null : { username, password };
}

function credentialRule(config: Config): CredentialRule {
  const kind = config.get('credential_validator.validation_backend');
  const long = kind === 'rabbit_credential_validator_min_password_length';
  const like = kind === 'rabbit_credential_validator_password_regexp';
  return {
    minLength: long ? config.get('credential_validator.min_length') : 0,
    pattern: like ? config.get('credential_validator.regexp') : null,
  };
}

function vhostDefaults(config: Config): VhostDefaults {
  const operatorPolicies = defaultOperatorPolicies(config);
  return { limits: defaultLimits(config), users: defaultUsers(config), operatorPolicies };
}

function defaultLimits(config: Config): VhostDefaults['limits'] {
  const patterns = config.get('default_limits.vhosts.$.pattern');
  const connections = config.get('default_limits.vhosts.$.max_connections');
  const queues = config.get('default_limits.vhosts.$.max_queues');
  return membersOf(patterns, connections, queues).map((number) => {
    const [maxConnections, maxQueues] = [connections.get(number), queues.get(number)];
    const limits: VhostLimits = {
      ...(maxConnections !== undefined && { 'max-connections': maxConnections }),
      ...(maxQueues !== undefined && { 'max-queues': maxQueues }),
    };
    return { pattern: patterns.get(number) ?? '.*', limits };
  });
}

function defaultUsers(config: Config): DefaultUser[] {
  const vhosts = config.get('default_users.$.vhost_pattern');
  const passwords = config.get('default_users.$.password');
  const tags = config.get('default_users.$.tags');
  const configure = config.get('default_users.$.configure');
  const write = config.get('default_users.$.write');
  const read = config.get('default_users.$.read');
  return membersOf(vhosts, passwords, tags, configure, write, read).map((name) => ({
    name,
    password: passwords.get(name) ?? null,
    tags: tags.get(name) ?? [],
    vhostPattern: vhosts.get(name) ?? '.*',
    permissions: {
      configure: configure.get(name) ?? '.*',
      write: write.get(name) ?? '.*',
      read: read.get(name) ?? '.*',
    },
  }));
}
