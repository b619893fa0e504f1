/**
 * Users: who may log in, from where, and what they may do in which vhost. Filled and changed by
 * catalog commands only; the same for every protocol.
 */
import { hashPassword, passwordFits } from './password.ts';
import { type PermissionPatterns, Permissions } from './permissions.ts';

export interface User {
  readonly name: string;
  /** As made by hashPassword(); null if the user cannot log in with a password. */
  readonly passwordHash: string | null;
  /** `administrator`, `monitoring`, `management`, `policymaker`, `impersonator` or one's own. */
  readonly tags: ReadonlySet<string>;
  /** By vhost; a vhost that is missing here is closed to the user. */
  readonly permissions: Map<string, Permissions>;
}

/** A name and password, and where they came from. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** Does the peer sit on this machine? */
  readonly loopback: boolean;
}

/** Why a login failed: for the log only, a client is never told. */
export type LoginFailure = 'unknown user' | 'wrong password' | 'not from this machine';

/** Compared with when the user is unknown, so that the answer takes as long as for a known one. */
const NOBODY = hashPassword('');

export class Users {
  private readonly users = new Map<string, User>();
  private readonly loopbackOnly: ReadonlySet<string>;

  /** @param loopbackOnly names of users that may log in from this machine only */
  constructor(loopbackOnly: Iterable<string>) {
    this.loopbackOnly = new Set(loopbackOnly);
  }

  get(name: string): User | undefined {
    return this.users.get(name);
  }

  all(): Iterable<User> {
    return this.users.values();
  }

  get size(): number {
    return this.users.size;
  }

  /** Adds or replaces a user; an existing one keeps its permissions. */
  put(name: string, passwordHash: string | null, tags: Iterable<string>): void {
    const permissions = this.users.get(name)?.permissions ?? new Map<string, Permissions>();
    this.users.set(name, { name, passwordHash, tags: new Set(tags), permissions });
  }

  delete(name: string): void {
    const user = this.users.get(name);
    if (user === undefined) return;
    for (const permissions of user.permissions.values()) permissions.change(null);
    this.users.delete(name);
  }

  permit(name: string, vhost: string, patterns: PermissionPatterns): void {
    const user = this.users.get(name);
    if (user === undefined) return;
    const known = user.permissions.get(vhost);
    if (known === undefined) user.permissions.set(vhost, new Permissions(patterns));
    else known.change(patterns);
  }

  forbid(name: string, vhost: string): void {
    const user = this.users.get(name);
    user?.permissions.get(vhost)?.change(null);
    user?.permissions.delete(vhost);
  }

  /** The user if the login is good, else why not. */
  authenticate(login: Login): User | LoginFailure {
    const user = this.users.get(login.username);
    const hash = user?.passwordHash ?? NOBODY;
    const fits = passwordFits(login.password, hash);
    if (user === undefined) return 'unknown user';
    if (!fits || user.passwordHash === null) return 'wrong password';
    if (!login.loopback && this.loopbackOnly.has(user.name)) return 'not from this machine';
    return user;
  }
}
