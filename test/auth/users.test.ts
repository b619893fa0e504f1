import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../src/auth/password.ts';
import { Users } from '../../src/auth/users.ts';

const ALL = { configure: '.*', write: '.*', read: '.*' };

function usersWith(...names: string[]): Users {
  const users = new Users(['guest']);
  for (const name of names) users.put(name, hashPassword(`${name}'s`), ['management']);
  return users;
}

describe('users', () => {
  test('log in with their password, and the log learns why not', () => {
    const users = usersWith('guest', 'u');
    const login = (username: string, password: string, loopback = true) =>
      users.authenticate({ username, password, loopback });
    expect(login('u', "u's")).toBe(users.get('u'));
    expect(login('u', "u's", false)).toBe(users.get('u'));
    expect(login('u', 'wrong')).toBe('wrong password');
    expect(login('nobody', '')).toBe('unknown user');
    expect(login('guest', "guest's")).toBe(users.get('guest'));
    expect(login('guest', "guest's", false)).toBe('not from this machine');
    expect(login('guest', 'wrong', false)).toBe('wrong password');
  });

  test('without a password cannot log in with one, not even the empty one', () => {
    const users = usersWith();
    users.put('machine', null, []);
    const login = { username: 'machine', password: '', loopback: true };
    expect(users.authenticate(login)).toBe('wrong password');
  });

  test('keep their permissions when they are changed', () => {
    const users = usersWith('u');
    users.permit('u', '/', ALL);
    const before = users.get('u')?.permissions.get('/');
    users.put('u', null, ['administrator']);
    expect(users.get('u')?.permissions.get('/')).toBe(before);
    expect([...(users.get('u')?.tags ?? [])]).toEqual(['administrator']);
  });

  test('feel a change of permissions through the object that they were given', () => {
    const users = usersWith('u');
    users.permit('u', '/', ALL);
    const held = users.get('u')?.permissions.get('/');
    expect(held?.allows('read', 'q')).toBe(true);
    users.permit('u', '/', { ...ALL, read: '^p$' });
    expect(held?.allows('read', 'q')).toBe(false);
    users.forbid('u', '/');
    expect(held?.allows('write', 'q')).toBe(false);
    expect(users.get('u')?.permissions.has('/')).toBe(false);
  });

  test('may do nothing any more once they are deleted', () => {
    const users = usersWith('u');
    users.permit('u', '/', ALL);
    const held = users.get('u')?.permissions.get('/');
    users.delete('u');
    expect(held?.allows('read', 'q')).toBe(false);
    expect(users.size).toBe(0);
    users.delete('u');
    users.permit('u', '/', ALL);
    users.forbid('u', '/');
    expect(users.get('u')).toBeUndefined();
  });
});
