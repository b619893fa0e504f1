/**
 * CachedBackend: another backend whose answers count for a while (RabbitMQ's
 * rabbit_auth_backend_cache): logins, and with them what users may do, since a login that is found
 * again brings the answers that were given about it. A backend that could not be asked leaves
 * nothing behind.
 */
import type { Clock } from '../clock.ts';
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';
import { RememberedLogins } from './remembered-logins.ts';
import { User } from './user.ts';

export interface CacheOptions {
  readonly clock: Clock;
  readonly ttlMs: number;
  /** Whether refusals are remembered, too. */
  readonly refusals: boolean;
}

export class CachedBackend implements Authenticator {
  private readonly backend: Authenticator;
  private readonly logins: RememberedLogins;
  private readonly refusals: boolean;

  constructor(backend: Authenticator, { clock, ttlMs, refusals }: CacheOptions) {
    this.backend = backend;
    this.logins = new RememberedLogins(clock, ttlMs);
    this.refusals = refusals;
  }

  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict> {
    const known = this.logins.get(login);
    if (known !== undefined) return typeof known === 'string' ? known : another(known);
    const verdict = this.backend.authenticate(login);
    if (verdict instanceof Promise) return verdict.then((late) => this.remember(login, late));
    return this.remember(login, verdict);
  }

  forget(): void {
    this.logins.forget();
    this.backend.forget?.();
  }

  private remember(login: Login, verdict: LoginVerdict): LoginVerdict {
    if (typeof verdict !== 'string') {
      this.logins.put(login, verdict);
      return another(verdict);
    }
    if (this.refusals) this.logins.put(login, verdict);
    return verdict;
  }
}

/** A user of its own, which shares what is known: it may be renewed later, the others not. */
function another(user: User): User {
  return user.authority === null ? user : new User(user.name, user.tags, user.authority);
}
