/**
 * Limits of a vhost (`max-connections`, `max-queues`) and of a user: how they are written, and the
 * parameter component `vhost-limits` that RabbitMQ keeps those of vhosts in. A negative number is
 * no limit. Enforced by broker.ts, topology-access.ts and session.ts.
 */
import { erlangTerm, isJsonObject, type JsonValue } from './json.ts';
import type { ParameterComponent } from './parameters.ts';

/** By RabbitMQ's names. */
export type VhostLimits = Readonly<Partial<Record<'max-connections' | 'max-queues', number>>>;

/** The component, and the one name that it has in each vhost. */
export const VHOST_LIMITS = 'vhost-limits';
export const VHOST_LIMITS_NAME = 'limits';

const VHOST_LIMIT_NAMES = ['max-connections', 'max-queues'];
const USER_LIMIT_NAMES = ['max-connections', 'max-channels'];

/** What is wrong with limits for a vhost, in RabbitMQ's words. */
export function checkVhostLimits(name: string, value: JsonValue): readonly string[] {
  return checkLimits(name, VHOST_LIMIT_NAMES, value);
}

/** What is wrong with limits for a user, in RabbitMQ's words. */
export function checkUserLimits(value: JsonValue): readonly string[] {
  return checkLimits('user-limits', USER_LIMIT_NAMES, value);
}

/** The component; `limit` is told what holds for a vhost from now on. */
export function vhostLimitsComponent(
  limit: (vhost: string, limits: VhostLimits) => void,
): ParameterComponent {
  return {
    check: checkVhostLimits,
    changed: (vhost, name, value) => {
      if (name !== VHOST_LIMITS_NAME) return;
      const sound = value !== null && checkVhostLimits(name, value).length === 0;
      limit(vhost, sound ? (value as VhostLimits) : {});
    },
  };
}

/** Is one more than `count` too many? */
export function isReached(limit: number | undefined, count: number): limit is number {
  return limit !== undefined && limit >= 0 && count >= limit;
}

function checkLimits(name: string, known: readonly string[], value: JsonValue): string[] {
  if (!isJsonObject(value)) return [`${name} not a list ${erlangTerm(value)}`];
  const entries = Object.entries(value);
  const problems = entries
    .filter(([key, each]) => known.includes(key) && !Number.isInteger(each))
    .map(([key, each]) => `${key} should be a number, actually was ${erlangTerm(each)}`);
  const strange = entries.filter(([key]) => !known.includes(key));
  if (strange.length === 0) return problems;
  const terms = strange.map(([key, each]) => `{${erlangTerm(key)},${erlangTerm(each)}}`);
  return [...problems, `Unrecognised terms [${terms.join(',')}] in ${name}`];
}
