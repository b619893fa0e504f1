/**
 * SessionRights: what one session may do now: the rights of its user, with the session's variables
 * in topic permissions, until they are renewed or run out. What is known of routing keys is looked
 * up by exchange and remembered until the rights change.
 */
import type { Access } from './permissions.ts';
import {
  type KeyRights,
  NO_RIGHTS,
  type ResourceKind,
  type Rights,
  type Variables,
} from './rights.ts';
import type { User } from './user.ts';

export class SessionRights {
  private rights: Rights;
  /** Added to the version of the rights, so that it grows when they are replaced. */
  private versionBase = 0;
  private readonly variables: Variables;
  private readonly known = new Map<string, KeyRights>();
  private knownVersion = -1;

  /** @param said what topic permissions may name besides the user and the vhost */
  constructor(user: User, vhost: string, said: Variables = new Map()) {
    this.rights = user.rightsIn(vhost);
    // Nobody chooses what `{username}` is but by logging in.
    this.variables = new Map([...said, ['username', user.name], ['vhost', vhost]]);
  }

  /** Counts changes: a verdict that was given may be another now. */
  get version(): number {
    return this.versionBase + this.rights.version;
  }

  /** May the session be in its vhost? @throws Undecided */
  get open(): boolean {
    return this.rights.open;
  }

  /** @throws Undecided */
  allows(access: Access, name: string, kind: ResourceKind): boolean {
    return this.rights.allows(access, name, kind);
  }

  /** null if every key of the exchange may be used. */
  topicsOn(exchange: string): KeyRights | null {
    const rule = this.rights.topic(exchange);
    if (rule === null) return null;
    const { version } = this;
    if (this.knownVersion !== version) {
      this.known.clear();
      this.knownVersion = version;
    }
    const known = this.known.get(exchange);
    if (known !== undefined) return known;
    const keys = rule.of(this.variables);
    this.known.set(exchange, keys);
    return keys;
  }

  /** Others take the place of what the user could do so far. */
  replace(rights: Rights): void {
    this.versionBase = this.version + 1;
    this.rights = rights;
  }

  /** The user's login has run out: nothing is allowed any more. */
  expire(): void {
    this.replace(NO_RIGHTS);
  }
}
