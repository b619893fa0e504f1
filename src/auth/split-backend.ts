/**
 * SplitBackend: one backend says who somebody is, another what they may do
 * (`auth_backends.N.authn`, `.authz`). The tags of both count.
 */
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';
import { LoopbackBackend } from './loopback-backend.ts';
import { type Authority, User } from './user.ts';
import { Users } from './users.ts';

export class SplitBackend implements Authenticator {
  private readonly authn: Authenticator;
  private readonly authz: Authenticator;

  constructor(authn: Authenticator, authz: Authenticator) {
    this.authn = authn;
    this.authz = authz;
  }

  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict> {
    const verdict = this.authn.authenticate(login);
    if (verdict instanceof Promise) return verdict.then((late) => this.authorize(login, late));
    return this.authorize(login, verdict);
  }

  forget(): void {
    this.authn.forget?.();
    this.authz.forget?.();
  }

  private authorize(login: Login, proven: LoginVerdict): LoginVerdict | Promise<LoginVerdict> {
    if (typeof proven === 'string') return proven;
    const { name: username, tags } = proven;
    // The broker's own users are known by name alone; others are told how the login was proven.
    const own = this.authz instanceof Users || this.authz instanceof LoopbackBackend;
    const password = own ? null : login.password;
    const verdict = this.authz.authenticate({ ...login, username, password });
    const judged = (late: LoginVerdict): LoginVerdict => {
      return typeof late === 'string' ? late : withTags(late, tags);
    };
    return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
  }
}

function withTags(user: User, more: ReadonlySet<string>): User {
  const tags = new Set([...user.tags, ...more]);
  if (tags.size === user.tags.size) return user;
  const tagged = new User(user.name, tags, user.authority ?? accountAuthority(user, tags));
  tagged.limits = user.limits;
  return tagged;
}

/** The broker's own user decides, and may change: only the tags are those of the login. */
function accountAuthority(account: User, tags: ReadonlySet<string>): Authority {
  const key = JSON.stringify([...tags].sort());
  const authority: Authority = {
    key,
    account,
    expiresAtMs: Number.POSITIVE_INFINITY,
    rightsIn: (vhost) => account.permissionsIn(vhost),
    renew: () => new User(account.name, [...account.tags, ...tags], authority),
    forget: () => {},
  };
  return authority;
}
