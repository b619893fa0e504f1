/**
 * Policy: settings for all queues and exchanges whose names match a pattern. At most one policy
 * and one operator policy apply to each: that of the highest priority. Which values are allowed
 * is policy-keys.ts, what they come to beside arguments effective.ts.
 */
import { compilePattern } from '../auth/pattern.ts';
import type { Fields } from './field.ts';
import type { QueueType } from './queue/queue-types.ts';

/** Operator policies are the same thing, said by those who run the broker, and limits for all. */
export type PolicyKind = 'policy' | 'operatorPolicy';

/** What a policy applies to. */
export type PolicyScope =
  | 'all'
  | 'queues'
  | 'exchanges'
  | 'classic_queues'
  | 'quorum_queues'
  | 'streams';

/** A policy as it was set. */
export interface PolicyRecord {
  readonly vhost: string;
  readonly name: string;
  /** A regular expression, not anchored. */
  readonly pattern: string;
  readonly applyTo: PolicyScope;
  /** Of those that match the highest counts. */
  readonly priority: number;
  /** Values by key, e.g. `max-length`. */
  readonly definition: Fields;
}

interface Compiled {
  readonly record: PolicyRecord;
  readonly pattern: RegExp;
}

/** The policies of one vhost, or its operator policies. */
export class PolicyList {
  private readonly byName = new Map<string, Compiled>();
  /** The order in which they are tried. */
  private ordered: Compiled[] = [];

  put(record: PolicyRecord): void {
    this.byName.set(record.name, { record, pattern: policyPattern(record.pattern) });
    this.sort();
  }

  delete(name: string): void {
    this.byName.delete(name);
    this.sort();
  }

  get(name: string): PolicyRecord | null {
    return this.byName.get(name)?.record ?? null;
  }

  /** What the policy of that name matches; null if there is none. */
  patternOf(name: string): RegExp | null {
    return this.byName.get(name)?.pattern ?? null;
  }

  /** The highest priority first. */
  all(): PolicyRecord[] {
    return this.ordered.map(({ record }) => record);
  }

  /** The one that applies to a queue. */
  forQueue(name: string, type: QueueType): PolicyRecord | null {
    const scopes: readonly PolicyScope[] = ['all', 'queues', `${type.name}_queues`];
    for (const { record, pattern } of this.ordered) {
      if (!scopes.includes(record.applyTo) || !pattern.test(name)) continue;
      const keys = [...record.definition.keys()];
      if (!keys.some((key) => type.unsupportedPolicyKeys.has(key))) return record;
    }
    return null;
  }

  /** The one that applies to an exchange. */
  forExchange(name: string): PolicyRecord | null {
    for (const { record, pattern } of this.ordered) {
      const { applyTo } = record;
      if ((applyTo === 'all' || applyTo === 'exchanges') && pattern.test(name)) return record;
    }
    return null;
  }

  /** Equal priorities go by name, so that it does not depend on who came first. */
  private sort(): void {
    this.ordered = [...this.byName.values()].sort(
      ({ record: a }, { record: b }) => b.priority - a.priority || (a.name < b.name ? -1 : 1),
    );
  }
}

/**
 * The regular expression of a pattern; the empty one matches every name.
 * @throws SyntaxError
 */
export function policyPattern(text: string): RegExp {
  return text === '' ? /(?:)/ : compilePattern(text);
}
