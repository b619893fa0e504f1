import { describe, expect, test } from 'vitest';
import type { Login } from '../../src/auth/authenticator.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { Users } from '../../src/auth/users.ts';

const ALL = { configure: '.*', write: '.*', read: '.*' };
const PEER = { remoteAddress: '127.0.0.1', loopback: true };

function usersWith(...names: string[]): Users {
  const users = new Users();
  for (const name of names) {
    users.put({ name, passwordHash: hashPassword(`${name}'s`), tags: ['management'] });
  }
  return users;
}

function login(username: string, password: string | null): Login {
  return { protocol: 'test', username, password, peer: PEER };
}

describe('users', () => {
  test('log in with their password, and the log learns why not', () => {
    const users = usersWith('u');
    expect(users.authenticate(login('u', "u's"))).toBe(users.get('u'));
    expect(users.authenticate(login('u', 'wrong'))).toBe('wrong password');
    expect(users.authenticate(login('nobody', 'x'))).toBe('unknown user');
  });

  test('log in with hashes of any algorithm that RabbitMQ has, and no other', () => {
    const users = usersWith();
    const sha512 = hashPassword('p', 'rabbit_password_hashing_sha512');
    const as = (hashingAlgorithm: string) =>
      users.put({ name: 'u', passwordHash: sha512, hashingAlgorithm, tags: [] });
    as('rabbit_password_hashing_sha512');
    expect(users.authenticate(login('u', 'p'))).toBe(users.get('u'));
    as('rabbit_password_hashing_sha256');
    expect(users.authenticate(login('u', 'p'))).toBe('wrong password');
    as('nope');
    expect(users.authenticate(login('u', 'p'))).toBe('wrong password');
  });

  test('without a password cannot log in with one, not even the empty one', () => {
    const users = usersWith();
    users.put({ name: 'machine', passwordHash: null, tags: [] });
    users.put({ name: 'blank', passwordHash: hashPassword(''), tags: [] });
    expect(users.authenticate(login('machine', 'x'))).toBe('wrong password');
    expect(users.authenticate(login('machine', ''))).toMatch('blank');
    expect(users.authenticate(login('blank', ''))).toMatch('blank');
  });

  test('whose name is proven need no password', () => {
    const users = usersWith('u');
    expect(users.authenticate(login('u', null))).toBe(users.get('u'));
    expect(users.authenticate(login('nobody', null))).toBe('unknown user');
  });

  test('stay the same object with the same permissions when they are changed', () => {
    const users = usersWith('u');
    users.permit({ user: 'u', vhost: '/', ...ALL });
    const before = users.get('u');
    users.put({ name: 'u', passwordHash: null, tags: ['a'], limits: { 'max-channels': 3 } });
    expect(users.get('u')).toBe(before);
    expect([...(before?.tags ?? [])]).toEqual(['a']);
    expect(before?.limits).toEqual({ 'max-channels': 3 });
    expect(before?.permissionsIn('/').patterns).toEqual(ALL);
  });

  test('feel a change of permissions through the object that they were given', () => {
    const users = usersWith('u');
    users.permit({ user: 'u', vhost: '/', ...ALL });
    const held = users.get('u')?.permissionsIn('/');
    expect(held?.allows('read', 'q')).toBe(true);
    users.permit({ user: 'u', vhost: '/', ...ALL, read: '^p$' });
    expect(held?.allows('read', 'q')).toBe(false);
    users.forbid('u', '/');
    expect(held?.allows('write', 'q')).toBe(false);
    expect(held?.patterns).toBeNull();
    users.permit({ user: 'u', vhost: '/', ...ALL });
    expect(held?.allows('write', 'q')).toBe(true);
  });

  test('may do nothing any more once they or the vhost are deleted', () => {
    const users = usersWith('u');
    users.permit({ user: 'u', vhost: '/', ...ALL });
    users.permit({ user: 'u', vhost: 'v', ...ALL });
    const user = users.get('u');
    const [held, other] = [user?.permissionsIn('/'), user?.permissionsIn('v')];
    users.forgetVhost('v');
    expect(other?.allows('read', 'q')).toBe(false);
    expect(user?.permissionsIn('v').patterns).toBeNull();
    expect(held?.allows('read', 'q')).toBe(true);
    expect(users.delete('u')).toBe(user);
    expect(held?.allows('read', 'q')).toBe(false);
    expect(user?.tags.size).toBe(0);
    expect(users.size).toBe(0);
    expect(users.delete('u')).toBeUndefined();
    users.permit({ user: 'u', vhost: '/', ...ALL });
    users.forbid('u', '/');
    expect(users.get('u')).toBeUndefined();
  });
});
