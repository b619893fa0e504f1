/**
 * Users: the accounts that the broker itself knows (RabbitMQ's internal backend): password hashes,
 * tags, permissions, limits. Filled and changed by catalog commands only; the same for every
 * protocol. What operators may ask for is broker/administration.
 */
import type { PermissionRecord, TopicPermissionRecord, UserRecord } from '../broker/catalog.ts';
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';
import { DEFAULT_HASHING, hashPassword, passwordFits } from './password.ts';
import { User } from './user.ts';

/** A user with what only the broker should see. */
export interface Account {
  readonly user: User;
  /** As made by hashPassword(); null if the user cannot log in with a password. */
  readonly passwordHash: string | null;
  readonly hashingAlgorithm: string;
}

/** Compared with when the user is unknown, so that the answer takes as long as for a known one. */
const NOBODY = hashPassword('');

export class Users implements Authenticator {
  private readonly accounts = new Map<string, Account>();

  get(name: string): User | undefined {
    return this.accounts.get(name)?.user;
  }

  account(name: string): Account | undefined {
    return this.accounts.get(name);
  }

  all(): Iterable<Account> {
    return this.accounts.values();
  }

  get size(): number {
    return this.accounts.size;
  }

  /** Adds or changes a user; an existing one keeps its permissions. */
  put(record: UserRecord): void {
    const { name, passwordHash, hashingAlgorithm = DEFAULT_HASHING } = record;
    const user = this.get(name) ?? new User(name, []);
    user.tags = new Set(record.tags);
    user.limits = record.limits ?? {};
    this.accounts.set(name, { user, passwordHash, hashingAlgorithm });
  }

  /** Returns who it was: sessions may still be open. */
  delete(name: string): User | undefined {
    const user = this.get(name);
    this.accounts.delete(name);
    user?.revoke();
    return user;
  }

  permit(record: PermissionRecord): void {
    const { configure, write, read } = record;
    this.get(record.user)?.permissionsIn(record.vhost).change({ configure, write, read });
  }

  forbid(name: string, vhost: string): void {
    this.get(name)?.permissionsIn(vhost).change(null);
  }

  permitTopics(record: TopicPermissionRecord): void {
    const { exchange, write, read } = record;
    this.get(record.user)?.permissionsIn(record.vhost).changeTopic(exchange, { write, read });
  }

  /** Takes away what was said about the exchange: every key may be used again. */
  forgetTopics(name: string, vhost: string, exchange: string): void {
    this.get(name)?.permissionsIn(vhost).changeTopic(exchange, null);
  }

  forgetVhost(vhost: string): void {
    for (const { user } of this.accounts.values()) user.forgetVhost(vhost);
  }

  /** The empty password fits nobody, whatever the hash: RabbitMQ refuses it, too. */
  authenticate({ username, password }: Login): LoginVerdict {
    const account = this.accounts.get(username);
    if (password === null) return account?.user ?? 'unknown user';
    const hash = account?.passwordHash ?? NOBODY;
    const fits = passwordFits(password, hash, account?.hashingAlgorithm);
    if (account === undefined) return 'unknown user';
    if (password === '') return 'blank passwords are not accepted';
    if (!fits || account.passwordHash === null) return 'wrong password';
    return account.user;
  }
}
