/**
 * RememberedLogins: users whose login was good a short while ago, found again by everything they
 * said, so that a backend outside is not asked each time. Passwords are not kept, only what they
 * hash to with a key that is of this process alone.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { REMEMBERED_LOGINS_MAX } from '../limits-auth.ts';
import type { Login, LoginVerdict } from './authenticator.ts';

interface Remembered {
  readonly verdict: LoginVerdict;
  readonly untilMs: number;
}

export class RememberedLogins {
  private readonly clock: Clock;
  private readonly ttlMs: number;
  private readonly secret = randomBytes(32);
  /** The oldest first. */
  private readonly verdicts = new Map<string, Remembered>();

  constructor(clock: Clock, ttlMs: number) {
    this.clock = clock;
    this.ttlMs = ttlMs;
  }

  /** What was said about the very same login, if that still counts. */
  get(login: Login): LoginVerdict | undefined {
    const known = this.verdicts.get(this.keyOf(login));
    return known !== undefined && this.clock.now() < known.untilMs ? known.verdict : undefined;
  }

  put(login: Login, verdict: LoginVerdict): void {
    const now = this.clock.now();
    for (const [key, { untilMs }] of this.verdicts) {
      if (untilMs > now && this.verdicts.size < REMEMBERED_LOGINS_MAX) break;
      this.verdicts.delete(key);
    }
    const expiresAtMs = typeof verdict === 'string' ? null : verdict.authority?.expiresAtMs;
    const untilMs = Math.min(now + this.ttlMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
    const key = this.keyOf(login);
    this.verdicts.delete(key);
    this.verdicts.set(key, { verdict, untilMs });
  }

  forget(): void {
    this.verdicts.clear();
  }

  private keyOf({ username, password, peer, vhost, clientId }: Login): string {
    const all = [username, password, peer.remoteAddress, vhost ?? null, clientId ?? null];
    return createHmac('sha256', this.secret).update(JSON.stringify(all)).digest('base64');
  }
}
