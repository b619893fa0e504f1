/**
 * User: who somebody is once logged in, whichever authenticator vouched for it: tags, limits, and
 * what is allowed in which vhost. Sessions keep the object, and it changes under them, so that what
 * an operator changes holds at once.
 */
import { Permissions } from './permissions.ts';

/** By the names that RabbitMQ has for them; a negative number is no limit. */
export type UserLimits = Readonly<Partial<Record<'max-connections' | 'max-channels', number>>>;

/** May do everything: for the broker's own work, and for operators on its machine. */
export const ALL_RIGHTS = { configure: '.*', write: '.*', read: '.*' };

/** See the head of this file. */
export class User {
  readonly name: string;
  /** `administrator`, `monitoring`, `management`, `policymaker`, `impersonator` or one's own. */
  tags: ReadonlySet<string>;
  limits: UserLimits = {};
  /** How many connections and channels the user has open. */
  connections = 0;
  channels = 0;
  private readonly permissions = new Map<string, Permissions>();

  constructor(name: string, tags: Iterable<string>) {
    this.name = name;
    this.tags = new Set(tags);
  }

  /** What the user may do in a vhost: nothing, until something is granted. */
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
