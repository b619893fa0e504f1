/**
 * LoginThrottle: slows down whoever guesses passwords, and nobody else. Failures are counted by
 * address and user together: after a burst of them, logins of that user from that address wait
 * their turn, one a second, whatever their password; other users and other addresses never do.
 */
import {
  LOGIN_FAILURE_INTERVAL_MS,
  LOGIN_FAILURES_BURST,
  LOGIN_SOURCES_MAX,
  LOGIN_WAITERS_MAX,
  MAX_NAME_BYTES,
} from '../limits.ts';
import type { Login } from './authenticator.ts';

/** How many failures somebody may still afford at a point in time; below zero some wait. */
interface Allowance {
  left: number;
  atMs: number;
}

export class LoginThrottle {
  private readonly allowances = new Map<string, Allowance>();

  /**
   * How long a login has to wait before anybody looks at it; Infinity if it would not wait, or too
   * many do already.
   * Whoever is told to wait calls {@link waited} when the wait is over.
   */
  delayMs(login: Login, nowMs: number): number {
    const allowance = this.allowances.get(keyOf(login));
    if (allowance === undefined || isToken(login)) return 0;
    refill(allowance, nowMs);
    if (allowance.left >= 1) return 0;
    if (login.impatient || allowance.left <= -LOGIN_WAITERS_MAX) return Number.POSITIVE_INFINITY;
    const delayMs = (1 - allowance.left) * LOGIN_FAILURE_INTERVAL_MS;
    allowance.left--;
    return delayMs;
  }

  /** A login that had to wait has been looked at: a good one takes nothing from the allowance. */
  waited(login: Login, succeeded: boolean): void {
    const allowance = this.allowances.get(keyOf(login));
    if (allowance !== undefined && succeeded) allowance.left++;
  }

  /** A login that did not have to wait has failed. */
  failed(login: Login, nowMs: number): void {
    if (isToken(login)) return;
    const key = keyOf(login);
    const allowance = this.allowances.get(key) ?? { left: LOGIN_FAILURES_BURST, atMs: nowMs };
    refill(allowance, nowMs);
    allowance.left--;
    // The latest goes last: the first is the one to forget.
    this.allowances.delete(key);
    this.allowances.set(key, allowance);
    if (this.allowances.size <= LOGIN_SOURCES_MAX) return;
    this.allowances.delete(this.allowances.keys().next().value as string);
  }
}

function refill(allowance: Allowance, nowMs: number): void {
  const earned = (nowMs - allowance.atMs) / LOGIN_FAILURE_INTERVAL_MS;
  allowance.left = Math.min(LOGIN_FAILURES_BURST, allowance.left + Math.max(0, earned));
  allowance.atMs = nowMs;
}

/**
 * Nobody guesses that much: it is a token, which may have run out. Clients that show tokens often
 * come from one address by one name, and one of them should not hold up the others.
 */
function isToken({ password }: Login): boolean {
  return password !== null && password.length > MAX_NAME_BYTES;
}

/** Names that are too long for a user are all the same one: nobody can make us remember them. */
function keyOf({ peer, username }: Login): string {
  return `${peer.remoteAddress}\0${username.length > MAX_NAME_BYTES ? '' : username}`;
}
