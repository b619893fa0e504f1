/**
 * PolicyAccess: the policies and operator policies of one vhost, for those who administer: list,
 * set, delete, and explain what they come to. Who may do that is the caller's to check: RabbitMQ
 * asks for the tags policymaker and administrator, which no session has.
 */
import type { Log } from '../log.ts';
import type { VhostChange } from './catalog.ts';
import { type Effective, effectiveKeys } from './effective.ts';
import type { Exchange } from './exchange/exchange.ts';
import { EXCHANGE_KEYS } from './exchange/exchange.ts';
import { type Field, NO_FIELDS } from './field.ts';
import type { PolicyKind, PolicyRecord } from './policy.ts';
import { type PolicyRequest, policyOf, policyWarning } from './policy-keys.ts';
import type { Queue } from './queue/queue.ts';
import { QUEUE_KEYS } from './queue/settings.ts';
import type { Topology } from './topology.ts';

/** What counts for a queue or exchange, and why. */
export interface Explanation {
  readonly key: string;
  readonly value: Field;
  readonly source: Effective['source'] | 'default';
  /** The name of the policy it is from, if it is from one. */
  readonly policy: string | null;
}

/** What it needs of the broker. */
export interface PolicyContext {
  readonly log: Log;
  propose(change: VhostChange): Promise<void>;
}

export class PolicyAccess {
  private readonly vhost: string;
  private readonly topology: Topology;
  private readonly context: PolicyContext;

  constructor(vhost: string, topology: Topology, context: PolicyContext) {
    this.vhost = vhost;
    this.topology = topology;
    this.context = context;
  }

  /** The highest priority first. */
  list(kind: PolicyKind): PolicyRecord[] {
    return this.topology.policies[kind].all();
  }

  get(kind: PolicyKind, name: string): PolicyRecord | null {
    return this.topology.policies[kind].get(name);
  }

  /**
   * Sets a policy. It takes effect at once, also on what exists.
   * @throws BrokerError PRECONDITION_FAILED with RabbitMQ's text
   */
  async put(kind: PolicyKind, name: string, request: PolicyRequest): Promise<void> {
    const record = policyOf(kind, this.vhost, name, request);
    await this.context.propose({ op: `${kind}.put`, record });
    const warning = policyWarning(record);
    if (warning !== null) this.context.log.warning(warning);
  }

  /** Deletes a policy. One that does not exist is fine. */
  async delete(kind: PolicyKind, name: string): Promise<void> {
    await this.context.propose({ op: `${kind}.delete`, vhost: this.vhost, name });
  }

  /** Each setting of a queue or exchange, with who said so; defaults last. */
  explain(what: Queue | Exchange): Explanation[] {
    const names = what.kind === 'queue' ? QUEUE_KEYS : EXCHANGE_KEYS;
    const said = [...effectiveKeys(what.arguments, names, what.governing).values()];
    const defaults = what.kind === 'queue' ? what.defaults() : NO_FIELDS;
    const unsaid = [...defaults].filter(([key]) => !said.some((one) => one.key === key));
    const rows = unsaid.map(([key, value]) => ({ key, value, source: 'default' as const }));
    return [...said, ...rows.map((row) => ({ ...row, policy: null }))];
  }
}
