/**
 * UserAdministration: making, changing and deleting users, with RabbitMQ's rules: a user without a
 * password can log in by certificate only, tags are free words, limits are two numbers. Passwords
 * leave it as hashes.
 */
import { isAcceptable } from '../../auth/credential-rule.ts';
import { hashPassword, isHashing } from '../../auth/password.ts';
import type { UserLimits } from '../../auth/user.ts';
import type { Account } from '../../auth/users.ts';
import { MAX_NAME_BYTES } from '../../limits.ts';
import type { UserRecord } from '../catalog.ts';
import type { JsonValue } from '../json.ts';
import { checkUserLimits } from '../vhost-limits.ts';
import type { AdministrationContext } from './administration.ts';
import { AdministrationError, noSuchUser } from './refusal.ts';

/** A user as operators see it and as definitions have it. */
export interface UserInfo {
  readonly name: string;
  /** '' if the user cannot log in with a password. */
  readonly passwordHash: string;
  readonly hashingAlgorithm: string;
  readonly tags: readonly string[];
  readonly limits: UserLimits;
}

/** A user as somebody wants it. With neither password nor hash there is none afterwards. */
export interface UserWish {
  readonly password?: string;
  /** As RabbitMQ writes it: base64 of salt and digest. '' is none. */
  readonly passwordHash?: string;
  /** Of the hash; what new passwords are hashed with if it is missing. */
  readonly hashingAlgorithm?: string;
  /** A list, or words with commas between them. */
  readonly tags: string | readonly string[];
  /** Left as they are if missing. */
  readonly limits?: JsonValue;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export class UserAdministration {
  private readonly context: AdministrationContext;

  constructor(context: AdministrationContext) {
    this.context = context;
  }

  list(): UserInfo[] {
    return [...this.context.users.all()].map(infoOf);
  }

  /** null if there is no such user */
  get(name: string): UserInfo | null {
    const account = this.context.users.account(name);
    return account === undefined ? null : infoOf(account);
  }

  /** Users who may enter no vhost at all. */
  withoutPermissions(): UserInfo[] {
    const accounts = [...this.context.users.all()].filter(({ user }) =>
      [...user.allPermissions()].every(([, { patterns }]) => patterns === null),
    );
    return accounts.map(infoOf);
  }

  /**
   * Makes a user or changes it.
   * @returns whether it is a new one
   * @throws AdministrationError with RabbitMQ's reasons
   */
  async put(name: string, wish: UserWish): Promise<boolean> {
    checkName(name);
    const known = this.get(name);
    const { password, passwordHash } = wish;
    if (password !== undefined && passwordHash !== undefined) {
      throw new AdministrationError('both_password_and_password_hash_are_provided');
    }
    if (passwordHash !== undefined) this.checkHash(name, passwordHash, wish.hashingAlgorithm);
    const { hashing } = this.context;
    const limits = wish.limits === undefined ? known?.limits : checkedLimits(wish.limits);
    await this.propose({
      name,
      passwordHash: password === undefined ? passwordHash || null : this.checkedPassword(password),
      hashingAlgorithm: passwordHash === undefined ? hashing : (wish.hashingAlgorithm ?? hashing),
      tags: tagList(wish.tags),
      limits: { ...known?.limits, ...limits },
    });
    this.context.log.info(`user '${name}' ${known ? 'changed' : 'created'} by ${this.by}`);
    return known === null;
  }

  /** @throws AdministrationError if there is no such user */
  async changePassword(name: string, password: string): Promise<void> {
    const hash = this.checkedPassword(password);
    await this.change(name, { passwordHash: hash, hashingAlgorithm: this.context.hashing });
    this.context.log.info(`password of user '${name}' changed by ${this.by}`);
  }

  /** From now on the user cannot log in with a password. */
  async clearPassword(name: string): Promise<void> {
    await this.change(name, { passwordHash: null });
    this.context.log.info(`password of user '${name}' cleared by ${this.by}`);
  }

  async setTags(name: string, tags: string | readonly string[]): Promise<void> {
    await this.change(name, { tags: tagList(tags) });
    this.context.log.info(`tags of user '${name}' set by ${this.by}`);
  }

  /** Sets some limits and leaves the others. @throws AdministrationError */
  async setLimits(name: string, limits: JsonValue): Promise<void> {
    const checked = checkedLimits(limits);
    const known = this.get(name);
    if (known === null) throw noSuchUser(name);
    await this.change(name, { limits: { ...known.limits, ...checked } });
    this.context.log.info(`limits of user '${name}' set by ${this.by}`);
  }

  /** @param limit its name, or `all` */
  async clearLimits(name: string, limit: string): Promise<void> {
    const known = this.get(name);
    if (known === null) throw noSuchUser(name);
    const rest = Object.entries(known.limits).filter(([key]) => limit !== 'all' && key !== limit);
    await this.change(name, { limits: Object.fromEntries(rest) });
    this.context.log.info(`limits of user '${name}' cleared by ${this.by}`);
  }

  /**
   * Deletes a user with its permissions; its connections are closed.
   * @throws AdministrationError if there is no such user
   */
  async delete(name: string): Promise<void> {
    if (this.get(name) === null) throw noSuchUser(name);
    await this.context.propose({ op: 'user.delete', name });
    this.context.log.info(`user '${name}' deleted by ${this.by}`);
  }

  /** The hash of a password as this broker makes it for new users. */
  hash(password: string): string {
    return hashPassword(password, this.context.hashing);
  }

  private get by(): string {
    return `'${this.context.actor}'`;
  }

  private async change(name: string, changes: Partial<UserRecord>): Promise<void> {
    const known = this.get(name);
    if (known === null) throw noSuchUser(name);
    await this.propose({ ...known, passwordHash: known.passwordHash || null, ...changes });
  }

  private propose(record: UserRecord): Promise<void> {
    return this.context.propose({ op: 'user.put', record });
  }

  /** RabbitMQ makes a user with a blank password who can never log in: here there is no hash. */
  private checkedPassword(password: string): string | null {
    if (!isAcceptable(password, this.context.credentialRule)) {
      throw new AdministrationError('credential_validation_failed');
    }
    return password === '' ? null : this.hash(password);
  }

  private checkHash(name: string, hash: string, algorithm: string | undefined): void {
    if (!BASE64.test(hash)) throw new AdministrationError(['not_base64', hash]);
    if (algorithm === undefined || isHashing(algorithm)) return;
    const text = `user '${name}' cannot log in with a password: unknown hashing algorithm`;
    this.context.log.warning(`${text} '${algorithm}'`);
  }
}

function infoOf({ user, passwordHash, hashingAlgorithm }: Account): UserInfo {
  const { name, limits } = user;
  const tags = [...user.tags];
  return { name, passwordHash: passwordHash ?? '', hashingAlgorithm, tags, limits };
}

function checkName(name: string): void {
  if (name === '') throw new AdministrationError('user name cannot be blank');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new AdministrationError(`user name is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

function checkedLimits(limits: JsonValue): UserLimits {
  const [problem] = checkUserLimits(limits);
  if (problem !== undefined) throw new AdministrationError(problem);
  return limits as UserLimits;
}

function tagList(tags: string | readonly string[]): string[] {
  const words = typeof tags === 'string' ? tags.split(',') : tags;
  return [...new Set(words.map((word) => word.trim()).filter((word) => word !== ''))];
}
