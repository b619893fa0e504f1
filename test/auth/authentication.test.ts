import { describe, expect, test } from 'vitest';
import { Authentication, TOO_MANY_FAILURES } from '../../src/auth/authentication.ts';
import type { Authenticator, Login, LoginVerdict } from '../../src/auth/authenticator.ts';
import { DISTINGUISHED_NAME } from '../../src/auth/certificate-name.ts';
import { User } from '../../src/auth/user.ts';
import { ManualClock } from '../../src/clock.ts';
import {
  LOGIN_FAILURE_INTERVAL_MS,
  LOGIN_FAILURES_BURST,
  LOGIN_SOURCES_MAX,
  LOGIN_WAITERS_MAX,
  MAX_NAME_BYTES,
} from '../../src/limits.ts';

const REMEMBER_MS = 15_000;

/** Knows one user and one password; writes down who was asked about. */
class Gate implements Authenticator {
  readonly asked: string[] = [];
  readonly user: User;
  private readonly slow: boolean;

  constructor(name: string, slow = false) {
    this.user = new User(name, []);
    this.slow = slow;
  }

  authenticate({ username, password }: Login): LoginVerdict | Promise<LoginVerdict> {
    this.asked.push(username);
    const good = username === this.user.name && password === 'right';
    const verdict = good ? this.user : `${this.user.name} says no`;
    return this.slow ? Promise.resolve(verdict) : verdict;
  }
}

function authenticationOf(authenticators: Authenticator[], tracksSources = false) {
  const clock = new ManualClock();
  const authentication = new Authentication({
    authenticators,
    loopbackUsers: ['local'],
    anonymous: null,
    certificateRule: DISTINGUISHED_NAME,
    tracksSources,
    rememberMs: REMEMBER_MS,
    clock,
  });
  return { clock, authentication };
}

function login(username: string, password = 'right', remoteAddress = '10.0.0.1'): Login {
  const peer = { remoteAddress, loopback: remoteAddress.startsWith('127.') };
  return { protocol: 'test', username, password, peer };
}

describe('authentication', () => {
  test('asks one after the other until one agrees', () => {
    const [first, second] = [new Gate('a'), new Gate('b')];
    const { authentication } = authenticationOf([first, second]);
    expect(authentication.authenticate(login('b'))).toBe(second.user);
    expect(authentication.authenticate(login('a'))).toBe(first.user);
    expect(authentication.authenticate(login('c'))).toBe('a says no; b says no');
    expect(second.asked).toEqual(['b', 'c']);
  });

  test('waits for those that take time, and goes on after them', async () => {
    const [first, second] = [new Gate('a', true), new Gate('b')];
    const { authentication } = authenticationOf([first, second]);
    expect(await authentication.authenticate(login('b'))).toBe(second.user);
    expect(await authentication.authenticate(login('b', 'wrong'))).toBe('a says no; b says no');
    expect(authentication.attempts.byProtocol.get('test')).toEqual({ succeeded: 1, failed: 1 });
  });

  test('holds some users to this machine, and looks at the password first', () => {
    const gate = new Gate('local');
    const { authentication } = authenticationOf([gate]);
    expect(authentication.authenticate(login('local'))).toBe('not from this machine');
    expect(authentication.authenticate(login('local', 'wrong'))).toBe('local says no');
    expect(authentication.authenticate(login('local', 'right', '127.0.0.1'))).toBe(gate.user);
  });

  test('counts by protocol, and by address and user if it is wanted', () => {
    const { authentication } = authenticationOf([new Gate('a')], true);
    authentication.authenticate(login('a'));
    authentication.authenticate(login('a', 'wrong'));
    authentication.authenticate(login('b', 'x', '10.0.0.2'));
    const { attempts } = authentication;
    expect(attempts.byProtocol.get('test')).toEqual({ succeeded: 1, failed: 2 });
    expect([...attempts.bySource()]).toEqual([
      { protocol: 'test', remoteAddress: '10.0.0.1', username: 'a', succeeded: 1, failed: 1 },
      { protocol: 'test', remoteAddress: '10.0.0.2', username: 'b', succeeded: 0, failed: 1 },
    ]);
    attempts.reset();
    expect(attempts.byProtocol.size).toBe(0);
    expect([...authenticationOf([], false).authentication.attempts.bySource()]).toEqual([]);
  });

  test('keeps a bounded number of sources', () => {
    const { authentication } = authenticationOf([], true);
    for (let i = 0; i < LOGIN_SOURCES_MAX + 5; i++) authentication.authenticate(login(`u${i}`));
    expect([...authentication.attempts.bySource()]).toHaveLength(LOGIN_SOURCES_MAX);
  });
});

describe('backends outside', () => {
  test('that cannot be asked have refused, and the next one is asked', async () => {
    const down = { authenticate: () => Promise.reject(new Error('no connection')) };
    const gate = new Gate('a');
    const { authentication } = authenticationOf([down, gate]);
    expect(await authentication.authenticate(login('a'))).toBe(gate.user);
    const reason = 'nobody answers: no connection; a says no';
    expect(await authentication.authenticate(login('b'))).toBe(reason);
  });

  test('are asked once for a while about who says with every request who it is', async () => {
    const authority = {
      ...{ key: '', expiresAtMs: Number.POSITIVE_INFINITY, renew: () => '', forget: () => {} },
      rightsIn: () => new User('', []).permissionsIn('/'),
    };
    let asked = 0;
    const backend: Authenticator = {
      authenticate: ({ username, password }) => {
        asked++;
        return password === 'right' ? new User(username, [], authority) : 'no';
      },
    };
    const { authentication, clock } = authenticationOf([backend]);
    const again = { ...login('a'), repeats: true };
    const user = authentication.authenticate(again);
    expect(authentication.authenticate(again)).toBe(user);
    authentication.authenticate({ ...again, password: 'wrong' });
    authentication.authenticate(login('a'));
    expect(asked).toBe(3);
    clock.advance(REMEMBER_MS);
    expect(authentication.authenticate(again)).not.toBe(user);
    authentication.forget();
    authentication.authenticate(again);
    expect(asked).toBe(5);
  });
});

describe('guessing passwords', () => {
  function exhaust(authentication: Authentication): void {
    for (let i = 0; i < LOGIN_FAILURES_BURST; i++) {
      expect(authentication.authenticate(login('a', 'wrong'))).toMatch('says no');
    }
  }

  test('is slow after a burst of failures, even for the right password', async () => {
    const gate = new Gate('a');
    const { clock, authentication } = authenticationOf([gate]);
    exhaust(authentication);
    const asked = gate.asked.length;
    const late = authentication.authenticate(login('a'));
    expect(late).toBeInstanceOf(Promise);
    expect(gate.asked).toHaveLength(asked);
    clock.advance(LOGIN_FAILURE_INTERVAL_MS);
    expect(await late).toBe(gate.user);
  });

  test('is not what clients do that show tokens: an old one does not hold up the others', () => {
    const gate = new Gate('a');
    const { authentication } = authenticationOf([gate]);
    const old = 'x'.repeat(MAX_NAME_BYTES + 1);
    for (let i = 0; i <= LOGIN_FAILURES_BURST; i++) {
      expect(authentication.authenticate(login('a', old))).toBe('a says no');
    }
    expect(authentication.authenticate(login('a'))).toBe(gate.user);
    exhaust(authentication);
    expect(authentication.authenticate(login('a', old))).toBe('a says no');
  });

  test('does not hurt other users and other addresses', () => {
    const [a, b] = [new Gate('a'), new Gate('b')];
    const { authentication } = authenticationOf([a, b]);
    exhaust(authentication);
    expect(authentication.authenticate(login('b'))).toBe(b.user);
    expect(authentication.authenticate(login('a', 'right', '10.0.0.2'))).toBe(a.user);
  });

  test('refuses who would not wait, and looks at one of those a second', () => {
    const gate = new Gate('a');
    const { clock, authentication } = authenticationOf([gate]);
    exhaust(authentication);
    const impatient = { ...login('a'), impatient: true } as const;
    expect(authentication.authenticate(impatient)).toBe(TOO_MANY_FAILURES);
    clock.advance(LOGIN_FAILURE_INTERVAL_MS);
    expect(authentication.authenticate(impatient)).toBe(gate.user);
  });

  test('takes one try a second however many come at once, and beyond a bound none', async () => {
    const gate = new Gate('a');
    const { clock, authentication } = authenticationOf([gate]);
    exhaust(authentication);
    const asked = gate.asked.length;
    const verdicts = Array.from({ length: LOGIN_WAITERS_MAX + 10 }, () =>
      authentication.authenticate(login('a', 'wrong')),
    );
    expect(verdicts.filter((verdict) => verdict instanceof Promise)).toHaveLength(
      LOGIN_WAITERS_MAX,
    );
    expect(verdicts.at(-1)).toMatch('too many');
    clock.advance(10 * LOGIN_FAILURE_INTERVAL_MS);
    expect(gate.asked.length - asked).toBe(10);
    clock.advance(LOGIN_WAITERS_MAX * LOGIN_FAILURE_INTERVAL_MS);
    await Promise.all(verdicts);
    expect(gate.asked.length - asked).toBe(LOGIN_WAITERS_MAX);
  });

  test('with names too long for a user makes nobody remember them', () => {
    const { authentication } = authenticationOf([new Gate('a')], true);
    for (let i = 0; i < LOGIN_FAILURES_BURST; i++) {
      authentication.authenticate(login(`${i}${'x'.repeat(60_000)}`, 'wrong'));
    }
    expect(authentication.authenticate(login('y'.repeat(300)))).toBeInstanceOf(Promise);
    for (const { username } of authentication.attempts.bySource()) {
      expect(username.length).toBeLessThanOrEqual(255);
    }
  });

  test('is forgiven with time', () => {
    const gate = new Gate('a');
    const { clock, authentication } = authenticationOf([gate]);
    exhaust(authentication);
    clock.advance(LOGIN_FAILURES_BURST * LOGIN_FAILURE_INTERVAL_MS);
    exhaust(authentication);
    expect(authentication.authenticate(login('a'))).toBeInstanceOf(Promise);
  });

  test('with a good login amid the bad ones costs the good one nothing', async () => {
    const gate = new Gate('a');
    const { clock, authentication } = authenticationOf([gate]);
    exhaust(authentication);
    const good = authentication.authenticate(login('a'));
    const bad = authentication.authenticate(login('a', 'wrong'));
    clock.advance(2 * LOGIN_FAILURE_INTERVAL_MS);
    expect([await good, await bad]).toEqual([gate.user, 'a says no']);
    clock.advance(LOGIN_FAILURE_INTERVAL_MS);
    expect(authentication.authenticate(login('a'))).toBe(gate.user);
  });
});
