/**
 * Effective: which value counts when arguments, a policy and an operator policy say different
 * things. Limits take the stricter one; of the rest an operator policy beats a policy, and an
 * argument beats both [RabbitMQ, docs/parameters.md]. Every value knows where it came from, so
 * that an operator need not guess.
 */
import { type Field, type Fields, integerOf } from './field.ts';
import type { PolicyRecord } from './policy.ts';

/** Who said it. */
export type Source = 'argument' | 'policy' | 'operator policy';

/** A value that counts. */
export interface Effective {
  readonly key: string;
  readonly value: Field;
  readonly source: Source;
  /** The name of the policy; null for an argument. */
  readonly policy: string | null;
}

/** By key, as policies spell it. */
export type EffectiveKeys = ReadonlyMap<string, Effective>;

/** The policies that apply to a queue or an exchange: at most one of each kind. */
export interface Governing {
  readonly policy: PolicyRecord | null;
  readonly operatorPolicy: PolicyRecord | null;
}

/** No policy at all. */
export const UNGOVERNED: Governing = { policy: null, operatorPolicy: null };

/** The lower one counts, whoever says it. */
const LIMITS: ReadonlySet<string> = new Set([
  'consumer-disconnected-timeout',
  'consumer-timeout',
  'delivery-limit',
  'expires',
  'max-in-memory-bytes',
  'max-in-memory-length',
  'max-length',
  'max-length-bytes',
  'message-ttl',
]);

/** What the two policies say together. */
export function effectiveDefinition({ policy, operatorPolicy }: Governing): Fields {
  return new Map([...governed(policy, operatorPolicy)].map(([key, { value }]) => [key, value]));
}

/**
 * What counts for a queue or exchange.
 * @param names of its arguments that policies can say, too, by the key of the policy
 */
export function effectiveKeys(
  args: Fields,
  names: ReadonlyMap<string, string>,
  { policy, operatorPolicy }: Governing,
): EffectiveKeys {
  const keys = governed(policy, operatorPolicy);
  for (const [key, name] of names) {
    const value = args.get(name);
    if (value === undefined) continue;
    const argued: Effective = { key, value, source: 'argument', policy: null };
    keys.set(key, argumentOr(argued, keys.get(key)));
  }
  return keys;
}

function governed(
  policy: PolicyRecord | null,
  operatorPolicy: PolicyRecord | null,
): Map<string, Effective> {
  const keys = new Map<string, Effective>();
  for (const [key, value] of policy?.definition ?? []) {
    keys.set(key, { key, value, source: 'policy', policy: (policy as PolicyRecord).name });
  }
  for (const [key, value] of operatorPolicy?.definition ?? []) {
    const { name } = operatorPolicy as PolicyRecord;
    const ordered: Effective = { key, value, source: 'operator policy', policy: name };
    const own = keys.get(key);
    keys.set(key, own !== undefined && isStricter(own, ordered) ? own : ordered);
  }
  return keys;
}

function argumentOr(argued: Effective, governing: Effective | undefined): Effective {
  return governing !== undefined && isStricter(governing, argued) ? governing : argued;
}

/** Is it a limit, and the first lower than the second? Negative ones stand for none at all. */
function isStricter(first: Effective, second: Effective): boolean {
  if (!LIMITS.has(first.key)) return false;
  return limitOf(first.value) < limitOf(second.value);
}

function limitOf(value: Field): number {
  const limit = integerOf(value) ?? -1;
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
}
