/**
 * Backends put together: one that says who somebody is beside one that says what they may do, and
 * one whose answers are remembered. Asked directly, without a broker.
 */
import { describe, expect, test } from 'vitest';
import type { Authenticator, Login } from '../../src/auth/authenticator.ts';
import { CachedBackend } from '../../src/auth/cached-backend.ts';
import { CallLimit } from '../../src/auth/call-limit.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { SplitBackend } from '../../src/auth/split-backend.ts';
import { type Authority, User } from '../../src/auth/user.ts';
import { Users } from '../../src/auth/users.ts';
import { ManualClock } from '../../src/clock.ts';
import { AUTH_CALLS_MAX, AUTH_CALLS_WAITING_MAX } from '../../src/limits-auth.ts';

const LOGIN: Login = {
  ...{ protocol: 'amqp091', username: 'ann', password: 'secret' },
  peer: { remoteAddress: '127.0.0.1', loopback: true },
};

function users(): Users {
  const all = new Users();
  const passwordHash = hashPassword('other');
  all.put({ name: 'ann', passwordHash, tags: ['management'] });
  all.permit({ user: 'ann', vhost: '/', configure: '', write: 'w', read: 'r' });
  return all;
}

/** Says yes to one password, and counts. */
class Vouching implements Authenticator {
  asked = 0;
  down = false;
  readonly tags: readonly string[];
  private readonly authority: Authority | null;

  constructor(tags: readonly string[], authority: Authority | null = null) {
    this.tags = tags;
    this.authority = authority;
  }

  async authenticate({ username, password }: Login): Promise<User | string> {
    this.asked++;
    if (this.down) throw new Error('down');
    return password === 'secret' ? new User(username, this.tags, this.authority) : 'denied';
  }
}

describe('two backends for one login', () => {
  test('one vouches for the password, the other gives rights and tags', async () => {
    const account = users();
    const split = new SplitBackend(new Vouching(['monitoring']), account);
    const user = (await split.authenticate(LOGIN)) as User;
    expect([...user.tags].sort()).toEqual(['management', 'monitoring']);
    expect(user.rightsIn('/').allows('write', 'w', 'queue')).toBe(true);
    expect(user.authority?.account).toBe(account.get('ann'));
    account.forbid('ann', '/');
    expect(user.rightsIn('/').open).toBe(false);
  });

  test('without more tags it is the very user of the broker', async () => {
    const account = users();
    const split = new SplitBackend(new Vouching([]), account);
    expect(await split.authenticate(LOGIN)).toBe(account.get('ann'));
  });

  test('either may refuse', async () => {
    const split = new SplitBackend(new Vouching([]), users());
    expect(await split.authenticate({ ...LOGIN, password: 'wrong' })).toBe('denied');
    expect(await split.authenticate({ ...LOGIN, username: 'bob' })).toBe('unknown user');
  });
});

describe('remembered answers', () => {
  const clock = new ManualClock();
  const never = Number.POSITIVE_INFINITY;
  const authority: Authority = {
    ...{ key: '', expiresAtMs: never, renew: () => '', forget: () => {} },
    rightsIn: () => new User('', []).permissionsIn('/'),
  };

  function cached(refusals: boolean): { backend: Vouching; cache: CachedBackend } {
    const backend = new Vouching([], authority);
    return { backend, cache: new CachedBackend(backend, { clock, ttlMs: 1000, refusals }) };
  }

  test('a login counts for its time, for the same password, address and client only', async () => {
    const { backend, cache } = cached(false);
    const first = await cache.authenticate(LOGIN);
    const second = await cache.authenticate(LOGIN);
    expect(backend.asked).toBe(1);
    expect(second).not.toBe(first);
    expect((second as User).authority).toBe(authority);
    await cache.authenticate({ ...LOGIN, password: 'wrong' });
    await cache.authenticate({ ...LOGIN, clientId: 'c' });
    await cache.authenticate({ ...LOGIN, peer: { remoteAddress: '::1', loopback: true } });
    expect(backend.asked).toBe(4);
    clock.advance(1000);
    await cache.authenticate(LOGIN);
    expect(backend.asked).toBe(5);
    cache.forget();
    await cache.authenticate(LOGIN);
    expect(backend.asked).toBe(6);
  });

  test('refusals count only if that is wanted; a backend that is down never', async () => {
    for (const refusals of [false, true]) {
      const { backend, cache } = cached(refusals);
      const wrong = { ...LOGIN, password: 'wrong' };
      for (let i = 0; i < 3; i++) expect(await cache.authenticate(wrong)).toBe('denied');
      expect(backend.asked).toBe(refusals ? 1 : 3);
      backend.down = true;
      for (let i = 0; i < 2; i++) await expect(cache.authenticate(LOGIN)).rejects.toThrow('down');
    }
  });
});

test('questions beyond what is under way wait in order, and beyond that are turned away', async () => {
  const limit = new CallLimit();
  const open: (() => void)[] = [];
  const started: number[] = [];
  const ask = (number: number) =>
    limit.run(() => {
      started.push(number);
      return new Promise<void>((resolve) => open.push(resolve));
    });
  const total = AUTH_CALLS_MAX + AUTH_CALLS_WAITING_MAX;
  const asked = Array.from({ length: total }, (_, number) => ask(number));
  expect(started).toHaveLength(AUTH_CALLS_MAX);
  await expect(ask(total)).rejects.toThrow('too many');
  while (open.length > 0) {
    for (const each of open.splice(0)) each();
    await new Promise(setImmediate);
  }
  await Promise.all(asked);
  expect(started).toEqual(Array.from({ length: total }, (_, number) => number));
});
