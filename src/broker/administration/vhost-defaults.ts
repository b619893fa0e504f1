/**
 * VhostDefaults: what every new vhost of a certain name starts with, by configuration
 * (`default_limits.vhosts.*`, `default_users.*`, `default_policies.operator.*`): limits, users who
 * may enter it, operator policies. An existing user keeps its password and tags.
 */
import { compilePattern } from '../../auth/pattern.ts';
import type { PermissionPatterns } from '../../auth/permissions.ts';
import type { Fields } from '../field.ts';
import type { PolicyAccess } from '../policy-access.ts';
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

/** An operator policy of vhosts whose name matches. */
export interface DefaultOperatorPolicy {
  readonly name: string;
  readonly vhostPattern: string;
  /** The queues that it is for. */
  readonly pattern: string;
  readonly definition: Fields;
}

export interface VhostDefaults {
  readonly limits: readonly DefaultLimits[];
  readonly users: readonly DefaultUser[];
  readonly operatorPolicies?: readonly DefaultOperatorPolicy[];
}

/** What the defaults are applied through. */
interface Administrations {
  readonly users: UserAdministration;
  readonly permissions: PermissionAdministration;
  readonly parameters: ParameterAdministration;
  readonly policies: PolicyAccess;
}

/** @throws Error at the start, rather than when a vhost is made, if a pattern is not supported */
export function checkDefaults({ limits, users, operatorPolicies = [] }: VhostDefaults): void {
  const ofUsers = users.flatMap(({ vhostPattern, permissions: { configure, write, read } }) => [
    vhostPattern,
    configure,
    write,
    read,
  ]);
  const ofPolicies = operatorPolicies.flatMap(({ vhostPattern, pattern }) => [
    vhostPattern,
    pattern,
  ]);
  const ofLimits = limits.map(({ pattern }) => pattern);
  for (const pattern of [...ofLimits, ...ofUsers, ...ofPolicies]) {
    try {
      compilePattern(pattern);
    } catch (error) {
      const why = (error as Error).message;
      throw new Error(
        `the pattern '${pattern}' of default users, limits or policies is no good: ${why}`,
      );
    }
  }
}

/** Applies what matches to a vhost that has just been made. */
export async function applyDefaults(
  defaults: VhostDefaults,
  vhost: string,
  { users, permissions, parameters, policies }: Administrations,
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
  for (const { name, vhostPattern, pattern, definition } of defaults.operatorPolicies ?? []) {
    if (!compilePattern(vhostPattern).test(vhost)) continue;
    await policies.put('operatorPolicy', name, { pattern, applyTo: 'queues', definition });
  }
}
