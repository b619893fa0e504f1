/**
 * Authentication: is a login good? Asks the authenticators in order until one agrees, holds users
 * to this machine who may not come from elsewhere, slows down guessing, and counts. The same for
 * every protocol; what somebody may do once logged in is permissions.ts.
 */
import type { Clock } from '../clock.ts';
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';
import { type Certificate, type CertificateNameRule, certificateName } from './certificate-name.ts';
import { LoginAttempts } from './login-attempts.ts';
import { LoginThrottle } from './login-throttle.ts';
import { RememberedLogins } from './remembered-logins.ts';
import type { User } from './user.ts';

export interface AuthenticationOptions {
  /** Asked in this order. */
  readonly authenticators: readonly Authenticator[];
  /** Users that may log in from this machine only. */
  readonly loopbackUsers: readonly string[];
  /** Who clients are that do not say who they are; null turns them away. */
  readonly anonymous: { readonly username: string; readonly password: string } | null;
  readonly certificateRule: CertificateNameRule;
  /** Whether attempts are counted by address and user, too. */
  readonly tracksSources: boolean;
  /** How long a good login of somebody who repeats it is good for, where others vouch for it. */
  readonly rememberMs?: number;
  readonly clock: Clock;
}

/** Why a login was refused that nobody looked at. */
export const TOO_MANY_FAILURES = 'too many failed logins of this user from this address';

export class Authentication {
  readonly attempts: LoginAttempts;
  readonly anonymous: AuthenticationOptions['anonymous'];
  private readonly options: AuthenticationOptions;
  private readonly loopbackUsers: ReadonlySet<string>;
  private readonly throttle = new LoginThrottle();
  private readonly remembered: RememberedLogins;

  constructor(options: AuthenticationOptions) {
    this.options = options;
    this.anonymous = options.anonymous;
    this.loopbackUsers = new Set(options.loopbackUsers);
    this.attempts = new LoginAttempts(options.tracksSources);
    this.remembered = new RememberedLogins(options.clock, options.rememberMs ?? 0);
  }

  /** The user whom a verified client certificate speaks for, null if it names none. */
  certificateName(certificate: Certificate): string | null {
    return certificateName(certificate, this.options.certificateRule);
  }

  /**
   * The user if the login is good, else why not: that is for the log. A promise never rejects; one
   * comes only from a backend that takes time, or after many failures. A backend that cannot be
   * asked has refused: the next one is asked.
   */
  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict> {
    const { clock } = this.options;
    const known = login.repeats === true ? this.remembered.get(login) : undefined;
    if (known !== undefined) {
      this.attempts.count(login, true);
      return known;
    }
    const delayMs = this.throttle.delayMs(login, clock.now());
    if (delayMs === 0) {
      const judged = this.judge(login);
      if (judged instanceof Promise) return judged.then((late) => this.told(login, late));
      return this.told(login, judged);
    }
    if (delayMs === Number.POSITIVE_INFINITY) {
      this.attempts.count(login, false);
      return TOO_MANY_FAILURES;
    }
    return new Promise((resolve) => {
      clock.schedule(delayMs, () => {
        void Promise.resolve(this.judge(login)).then((verdict) => {
          const succeeded = typeof verdict !== 'string';
          this.throttle.waited(login, succeeded);
          this.attempts.count(login, succeeded);
          resolve(verdict);
        });
      });
    });
  }

  /** Forgets what it and the authenticators remember of earlier answers. */
  forget(): void {
    this.remembered.forget();
    for (const authenticator of this.options.authenticators) authenticator.forget?.();
  }

  private told(login: Login, verdict: LoginVerdict): LoginVerdict {
    const succeeded = typeof verdict !== 'string';
    this.attempts.count(login, succeeded);
    if (!succeeded) this.throttle.failed(login, this.options.clock.now());
    else if (login.repeats === true && verdict.authority !== null) {
      this.remembered.put(login, verdict);
    }
    return verdict;
  }

  private judge(login: Login): LoginVerdict | Promise<LoginVerdict> {
    const verdict = this.ask(login, 0, 'nobody was asked');
    if (verdict instanceof Promise) return verdict.then((late) => this.checkPlace(login, late));
    return this.checkPlace(login, verdict);
  }

  private ask(
    login: Login,
    index: number,
    refused: LoginVerdict,
  ): LoginVerdict | Promise<LoginVerdict> {
    const authenticator = this.options.authenticators[index];
    if (authenticator === undefined) return refused;
    const verdict = authenticator.authenticate(login);
    const judged = (late: LoginVerdict): LoginVerdict | Promise<LoginVerdict> => {
      if (isUser(late)) return late;
      return this.ask(login, index + 1, index === 0 ? late : `${refused}; ${late}`);
    };
    if (!(verdict instanceof Promise)) return judged(verdict);
    return verdict.then(judged, (error: Error) => judged(`nobody answers: ${error.message}`));
  }

  /** RabbitMQ looks at the place after the password, so that the answer tells nothing of it. */
  private checkPlace(login: Login, verdict: LoginVerdict): LoginVerdict {
    if (!isUser(verdict) || login.peer.loopback) return verdict;
    return this.loopbackUsers.has(verdict.name) ? 'not from this machine' : verdict;
  }
}

function isUser(verdict: LoginVerdict): verdict is User {
  return typeof verdict !== 'string';
}
