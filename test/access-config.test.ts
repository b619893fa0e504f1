import { describe, expect, test } from 'vitest';
import { accessConfig } from '../src/access-config.ts';
import { Broker } from '../src/broker/broker.ts';
import { ManualClock } from '../src/clock.ts';
import { Config, type Overrides } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { MemoryCatalog } from '../src/storage/memory-catalog.ts';
import { MemoryStore } from '../src/storage/memory-store.ts';

function open(overrides: Overrides): Promise<Broker> {
  return Broker.open({
    clock: new ManualClock(),
    log: silentLog,
    store: new MemoryStore(),
    catalog: new MemoryCatalog(),
    maxMessageBytes: 1000,
    ...accessConfig(Config.from(overrides)),
  });
}

describe('the configuration of users and access', () => {
  test('makes the default user with the default permissions', async () => {
    const broker = await open({
      default_user: 'u',
      'default_user_tags.monitoring': true,
      'default_permissions.write': '^w',
    });
    const desk = broker.administration();
    expect(desk.users.list()).toMatchObject([{ name: 'u', tags: ['monitoring'] }]);
    const patterns = { configure: '.*', write: '^w', read: '.*' };
    expect(desk.permissions.list()).toEqual([{ user: 'u', vhost: '/', ...patterns }]);
  });

  test('makes default_users and default_limits with every vhost that they are for', async () => {
    const broker = await open({
      'default_users.bob.password': 'secret',
      'default_users.bob.tags': 'management,policymaker',
      'default_users.bob.vhost_pattern': '^team-',
      'default_users.bob.read': '^public',
      'default_users.everywhere.password': 'x',
      'default_limits.vhosts.2.max_queues': 10,
      'default_limits.vhosts.1.pattern': '^team-',
      'default_limits.vhosts.1.max_connections': 5,
      'default_limits.vhosts.1.max_queues': -1,
    });
    const desk = broker.administration('guest');
    expect(desk.users.list().map(({ name }) => name)).toEqual(['everywhere', 'guest']);
    expect(desk.parameters.limits('/')).toEqual({ 'max-queues': 10 });
    await desk.vhosts.put('team-a');
    expect(desk.users.get('bob')?.tags).toEqual(['management', 'policymaker']);
    expect(desk.permissions.get('bob', 'team-a')).toMatchObject({ write: '.*', read: '^public' });
    expect(desk.permissions.get('everywhere', 'team-a')).not.toBeNull();
    expect(desk.parameters.limits('team-a')).toEqual({ 'max-connections': 5, 'max-queues': -1 });
    await desk.users.changePassword('bob', 'changed');
    const changed = desk.users.get('bob')?.passwordHash;
    await desk.vhosts.put('team-b');
    expect(desk.users.get('bob')?.passwordHash).toBe(changed);
    expect(desk.permissions.get('bob', 'team-b')).not.toBeNull();
    expect(desk.permissions.get('bob', '/')).toBeNull();
  });

  test('with a pattern that is not supported stops the start', async () => {
    await expect(open({ 'default_users.u.vhost_pattern': '^a\\Q.' })).rejects.toThrow(
      "the pattern '^a\\Q.' of default users, limits or policies is no good: \\Q is not supported",
    );
  });

  test('chooses what new passwords are hashed with', async () => {
    const hashingAlgorithm = 'rabbit_password_hashing_sha512';
    const broker = await open({ password_hashing_module: hashingAlgorithm });
    expect(broker.administration().users.get('guest')?.hashingAlgorithm).toBe(hashingAlgorithm);
  });

  test('has a rule for passwords that operators choose, not for its own', async () => {
    const long = await open({
      'credential_validator.validation_backend': 'rabbit_credential_validator_min_password_length',
      'credential_validator.min_length': 8,
    });
    const { users } = long.administration('guest');
    await expect(users.put('u', { password: 'short', tags: '' })).rejects.toThrow(
      'credential_validation_failed',
    );
    expect(await users.put('u', { password: 'long enough', tags: '' })).toBe(true);
    await expect(users.changePassword('u', 'short')).rejects.toThrow('validation_failed');
    expect(await users.put('v', { passwordHash: 'abcd', tags: '' })).toBe(true);
    const like = await open({
      'credential_validator.validation_backend': 'rabbit_credential_validator_password_regexp',
      'credential_validator.regexp': '^[a-z]+[0-9]$',
    });
    const desk = like.administration('guest').users;
    await expect(desk.put('u', { password: 'abc', tags: '' })).rejects.toThrow('validation_failed');
    expect(await desk.put('u', { password: 'abc1', tags: '' })).toBe(true);
  });

  test('limits how many vhosts there may be', async () => {
    const broker = await open({ vhost_max: 2 });
    const { vhosts } = broker.administration('guest');
    await vhosts.put('v');
    await expect(vhosts.put('w')).rejects.toThrow(
      "cannot create vhost 'w': vhost limit of 2 is reached",
    );
    expect(await vhosts.put('v', { description: 'again' })).toBe(false);
  });
});
