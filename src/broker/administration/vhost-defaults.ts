/**
 * VhostDefaults: what every new vhost of a certain name starts with, by configuration
 * (`default_limits.vhosts.*`, `default_users.*`): limits, and users who may enter it. An existing
 * user keeps its password and tags.
 */
import { compilePattern } from '../../auth/pattern.ts';
import type { PermissionPatterns } from '../../auth/permissions.ts';
import type { VhostLimits } from '../vhost-limits.ts';
import type { ParameterAdministration } from './parameter-administration.ts';
import type { PermissionAdministration } from './permission-administration.ts';
import type { UserAdministration } from './user-administration.ts';

/** Limits of vhosts whose name matches; of several the first counts. */
export interface DefaultLimits {
  readonly pattern: string;
  readonly limits: VhostLimits;
}

/** A user who is made with a vhost whose name matches, unless there is one of that name. */
export interface DefaultUser {
  readonly name: string;
  /** null for one who cannot log in with a password. */
  readonly password: string | null;
  readonly tags: readonly string[];
  readonly vhostPattern: string;
  readonly permissions: PermissionPatterns;
}

export interface VhostDefaults {
  readonly limits: readonly DefaultLimits[];
  readonly users: readonly DefaultUser[];
}

/** What the defaults are applied through. */
interface Administrations {
  readonly users: UserAdministration;
  readonly permissions: PermissionAdministration;
  readonly parameters: ParameterAdministration;
}

/** @throws Error at the start, rather than when a vhost is made, if a pattern is not supported */
export function checkDefaults({ limits, users }: VhostDefaults): void {
  const ofUsers = users.flatMap(({ vhostPattern, permissions: { configure, write, read } }) => [
    vhostPattern,
    configure,
    write,
    read,
  ]);
  for (const pattern of [...limits.map(({ pattern: each }) => each), ...ofUsers]) {
    try {
      compilePattern(pattern);
    } catch (error) {
      const why = (error as Error).message;
      throw new Error(`the pattern '${pattern}' of default users or limits is no good: ${why}`);
    }
  }
}

/** Applies what matches to a vhost that has just been made. */
export async function applyDefaults(
  defaults: VhostDefaults,
  vhost: string,
  { users, permissions, parameters }: Administrations,
): Promise<void> {
  const limits = defaults.limits.find(({ pattern }) => compilePattern(pattern).test(vhost));
  if (limits !== undefined) await parameters.setLimits(vhost, limits.limits);
  for (const user of defaults.users) {
    const { name, password, tags, vhostPattern } = user;
    if (!compilePattern(vhostPattern).test(vhost)) continue;
    if (users.get(name) === null) {
      await users.put(name, { tags, ...(password !== null && { password }) });
    }
    await permissions.put(name, vhost, user.permissions);
  }
}
