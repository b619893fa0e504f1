/**
 * Snapshot: everything of a broker that has to outlive the process, as the puts that make it
 * again, in an order in which each finds what it refers to. Catalogs write it when their log has
 * grown; exports and new nodes of a cluster read it. Whoever adds a kind of durable thing to
 * catalog.ts adds its line here; what is transient or exclusive to a session is left out.
 */
import type { Account, Users } from '../auth/users.ts';
import type {
  BindingRecord,
  Change,
  ExchangeRecord,
  QueueRecord,
  VhostMetadata,
} from './catalog.ts';
import type { Binding } from './exchange/binding.ts';
import type { Exchange } from './exchange/exchange.ts';
import { PREDECLARED } from './exchange/exchange-types.ts';
import type { Parameters } from './parameters.ts';
import type { Queue } from './queue/queue.ts';
import type { Topology } from './topology.ts';
import type { WebhookRecord, Webhooks } from './webhook.ts';

/** What a snapshot is taken of; the broker is one. */
export interface Snapshotted {
  readonly users: Users;
  readonly parameters: Parameters;
  readonly vhosts: ReadonlyMap<string, SnapshottedVhost>;
  readonly webhooks: Webhooks;
}

interface SnapshottedVhost {
  readonly metadata: VhostMetadata;
  readonly topology: Topology;
}

const SYSTEM_EXCHANGES = new Set(['', ...PREDECLARED.map(({ name }) => name)]);

/** See the head of this file. The broker must not change while it is read. */
export function* snapshotOf({
  vhosts,
  users,
  parameters,
  webhooks,
}: Snapshotted): Generator<Change> {
  for (const [name, { metadata }] of vhosts) yield { op: 'vhost.put', name, metadata };
  for (const account of users.all()) yield* userOf(account);
  for (const [name, value] of parameters.global) yield { op: 'global-parameter.put', name, value };
  for (const record of parameters.list()) yield { op: 'parameter.put', record };
  for (const [vhost, { topology }] of vhosts) {
    yield* topologyOf(vhost, topology);
    for (const record of topology.state.records(vhost)) yield { op: 'state.put', record };
  }
  for (const record of webhooks.all()) {
    if (queueIsDurable(record, vhosts)) yield { op: 'webhook.put', record };
  }
}

/**
 * Is the change about something that outlives the process? Deletes of what is not there count as
 * such: they do no harm. Kinds that are not mentioned outlive it.
 */
export function outlives(change: Change, { vhosts }: Pick<Snapshotted, 'vhosts'>): boolean {
  switch (change.op) {
    case 'queue.put':
    case 'exchange.put':
      return change.record.durable;
    case 'queue.delete':
      return vhosts.get(change.vhost)?.topology.queues.get(change.name)?.durable ?? true;
    case 'exchange.delete':
      return vhosts.get(change.vhost)?.topology.exchanges.get(change.name)?.durable ?? true;
    case 'binding.put':
    case 'binding.delete':
      return bindingOutlives(change.record, vhosts.get(change.record.vhost)?.topology);
    case 'webhook.put':
      return queueIsDurable(change.record, vhosts);
    default:
      return true;
  }
}

/** A webhook goes with its queue. */
function queueIsDurable({ vhost, queue }: WebhookRecord, vhosts: Snapshotted['vhosts']): boolean {
  return vhosts.get(vhost)?.topology.queues.get(queue)?.durable ?? true;
}

function bindingOutlives(record: BindingRecord, topology: Topology | undefined): boolean {
  const destinations = record.destinationKind === 'queue' ? 'queues' : 'exchanges';
  const source = topology?.exchanges.get(record.source)?.durable ?? true;
  return source && (topology?.[destinations].get(record.destination)?.durable ?? true);
}

function* userOf({ user, passwordHash, hashingAlgorithm }: Account): Generator<Change> {
  const { name, limits } = user;
  const record = { name, passwordHash, hashingAlgorithm, tags: [...user.tags], limits };
  yield { op: 'user.put', record };
  for (const [vhost, { patterns, topics }] of user.allPermissions()) {
    if (patterns !== null) {
      yield { op: 'permission.put', record: { user: name, vhost, ...patterns } };
    }
    for (const [exchange, { patterns: ofTopics }] of topics) {
      yield { op: 'topic-permission.put', record: { user: name, vhost, exchange, ...ofTopics } };
    }
  }
}

function* topologyOf(vhost: string, topology: Topology): Generator<Change> {
  for (const kind of ['policy', 'operatorPolicy'] as const) {
    for (const record of topology.policies[kind].all()) yield { op: `${kind}.put`, record };
  }
  const durable = [...topology.exchanges.values()].filter((exchange) => exchange.durable);
  for (const exchange of durable) {
    if (SYSTEM_EXCHANGES.has(exchange.name)) continue;
    yield { op: 'exchange.put', record: exchangeOf(vhost, exchange) };
  }
  for (const queue of topology.queues.values()) {
    if (queue.durable) yield { op: 'queue.put', record: queueOf(vhost, queue) };
  }
  for (const exchange of durable) {
    for (const binding of exchange.bindings) {
      if (!binding.destination.durable) continue;
      yield { op: 'binding.put', record: bindingOf(vhost, exchange, binding) };
    }
  }
}

function exchangeOf(vhost: string, exchange: Exchange): ExchangeRecord {
  const { name, type, durable, autoDelete, internal, arguments: args } = exchange;
  const flags = { durable, autoDelete, internal, ...declared(exchange) };
  const record = { vhost, name, type, ...flags, arguments: args };
  return exchange.delayQueue === null ? record : { ...record, id: exchange.delayQueue.id };
}

function queueOf(vhost: string, queue: Queue): QueueRecord {
  const { name, id, durable, owner, autoDelete, arguments: args } = queue;
  return { vhost, name, id, durable, owner, autoDelete, arguments: args, ...declared(queue) };
}

function declared({ declaredBy }: Queue | Exchange): { readonly declaredBy?: string } {
  return declaredBy === null ? {} : { declaredBy };
}

function bindingOf(vhost: string, exchange: Exchange, binding: Binding): BindingRecord {
  const { destination, routingKey, arguments: args } = binding;
  return {
    vhost,
    source: exchange.name,
    destinationKind: destination.kind,
    destination: destination.name,
    routingKey,
    arguments: args,
  };
}
