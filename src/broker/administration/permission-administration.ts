/**
 * PermissionAdministration: granting and taking away what users may do in vhosts. A change holds at
 * once, for sessions that are open too.
 */
import { compilePattern } from '../../auth/pattern.ts';
import type { PermissionPatterns } from '../../auth/permissions.ts';
import type { User } from '../../auth/user.ts';
import type { PermissionRecord } from '../catalog.ts';
import type { AdministrationContext } from './administration.ts';
import { AdministrationError, noSuchUser, noSuchVhost } from './refusal.ts';

/** Narrows a listing; what is missing does not matter. */
export interface PermissionFilter {
  readonly user?: string;
  readonly vhost?: string;
}

export class PermissionAdministration {
  private readonly context: AdministrationContext;

  constructor(context: AdministrationContext) {
    this.context = context;
  }

  list(filter: PermissionFilter = {}): PermissionRecord[] {
    const records: PermissionRecord[] = [];
    for (const user of usersOf(this.context, filter)) {
      for (const [vhost, { patterns }] of user.allPermissions()) {
        if (patterns === null || (filter.vhost !== undefined && vhost !== filter.vhost)) continue;
        records.push({ user: user.name, vhost, ...patterns });
      }
    }
    return records;
  }

  /** null if nothing is granted */
  get(user: string, vhost: string): PermissionRecord | null {
    return this.list({ user, vhost })[0] ?? null;
  }

  /**
   * Grants, or replaces what was granted.
   * @returns whether nothing was granted before
   * @throws AdministrationError if the user or the vhost is missing, or a pattern is not valid
   */
  async put(user: string, vhost: string, patterns: PermissionPatterns): Promise<boolean> {
    const { configure, write, read } = patterns;
    for (const pattern of [configure, write, read]) checkPattern(pattern);
    checkPlace(this.context, user, vhost);
    const isNew = this.get(user, vhost) === null;
    const record = { user, vhost, configure, write, read };
    await this.context.propose({ op: 'permission.put', record });
    const what = `'${configure}', '${write}', '${read}'`;
    const { actor, log } = this.context;
    log.info(`permissions of user '${user}' in vhost '${vhost}' set to ${what} by '${actor}'`);
    return isNew;
  }

  /** Grants the same in every vhost there is. */
  async putEverywhere(user: string, patterns: PermissionPatterns): Promise<void> {
    for (const vhost of this.context.vhosts.keys()) await this.put(user, vhost, patterns);
  }

  /** Closes the vhost to the user. */
  async delete(user: string, vhost: string): Promise<void> {
    checkPlace(this.context, user, vhost);
    await this.context.propose({ op: 'permission.delete', user, vhost });
    const { actor, log } = this.context;
    log.info(`permissions of user '${user}' in vhost '${vhost}' cleared by '${actor}'`);
  }
}

/** Those that the filter is about: an import of thousands asks about one at a time. */
export function usersOf({ users }: AdministrationContext, { user }: PermissionFilter): User[] {
  if (user === undefined) return [...users.all()].map((account) => account.user);
  const found = users.get(user);
  return found === undefined ? [] : [found];
}

/** @throws AdministrationError if there is no such user or no such vhost */
export function checkPlace(context: AdministrationContext, user: string, vhost: string): void {
  if (context.users.get(user) === undefined) throw noSuchUser(user);
  if (!context.vhosts.has(vhost)) throw noSuchVhost(vhost);
}

/** @throws AdministrationError if the pattern is not a regular expression */
export function checkPattern(pattern: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    throw new AdministrationError(['invalid_regexp', pattern, (error as Error).message]);
  }
}
