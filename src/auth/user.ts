/**
 * User: who somebody is once logged in, whichever authenticator vouched for it: tags, limits, and
 * what is allowed in which vhost. Sessions keep the object, and it changes under them, so that what
 * an operator changes holds at once.
 */
import { Permissions } from './permissions.ts';
import type { Rights } from './rights.ts';

/** By the names that RabbitMQ has for them; a negative number is no limit. */
export type UserLimits = Readonly<Partial<Record<'max-connections' | 'max-channels', number>>>;

/** May do everything: for the broker's own work, and for operators on its machine. */
export const ALL_RIGHTS = { configure: '.*', write: '.*', read: '.*' };

/** Whoever decides what a user may do, where that is not the broker itself. */
export interface Authority {
  /** Two logins with the same text here may do the same: requests over HTTP share a session. */
  readonly key: string;
  /** A user of the broker's own that it goes by, if any: with that it goes, too. */
  readonly account?: User;
  /** When the login runs out, in ms since 1970; Infinity for never. */
  readonly expiresAtMs: number;
  rightsIn(vhost: string): Rights;
  /**
   * Looks at another secret of the same user. The user as of now, else why not: for the log. A
   * promise rejects if nobody can be asked.
   */
  renew(secret: string): User | string | Promise<User | string>;
  /** Whoever was asked about rights is asked again. */
  forget(): void;
}

/** See the head of this file. */
export class User {
  readonly name: string;
  /** `administrator`, `monitoring`, `management`, `policymaker`, `impersonator` or one's own. */
  tags: ReadonlySet<string>;
  limits: UserLimits = {};
  /** null if the broker itself decides what the user may do. */
  authority: Authority | null;
  /** How many connections and channels the user has open. */
  connections = 0;
  channels = 0;
  private readonly permissions = new Map<string, Permissions>();

  constructor(name: string, tags: Iterable<string>, authority: Authority | null = null) {
    this.name = name;
    this.tags = new Set(tags);
    this.authority = authority;
  }

  /** What the user may do in a vhost, whoever decides it. */
  rightsIn(vhost: string): Rights {
    return this.authority?.rightsIn(vhost) ?? this.permissionsIn(vhost);
  }

  /** The user has logged in again, and may do something else now. Its sessions are told apart. */
  become(fresh: User): void {
    this.tags = fresh.tags;
    this.authority = fresh.authority;
  }

  /** What the broker itself says about the user in a vhost: nothing, until it is granted. */
  permissionsIn(vhost: string): Permissions {
    let permissions = this.permissions.get(vhost);
    if (permissions === undefined) {
      permissions = new Permissions();
      this.permissions.set(vhost, permissions);
    }
    return permissions;
  }

  /** Every vhost that something is said about. */
  allPermissions(): Iterable<[vhost: string, permissions: Permissions]> {
    return this.permissions;
  }

  /** The vhost is gone: one of the same name that comes later starts closed. */
  forgetVhost(vhost: string): void {
    this.permissions.get(vhost)?.revoke();
    this.permissions.delete(vhost);
  }

  /** The user is gone: sessions that are still open may do nothing more. */
  revoke(): void {
    this.tags = new Set();
    for (const permissions of this.permissions.values()) permissions.revoke();
  }
}
