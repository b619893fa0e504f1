/**
 * Catalog events: what a change of the catalog is to those who listen (events.ts): a put of what
 * is new is a creation. Asked before the change is applied, because afterwards nothing is new.
 */
import type { Change } from './catalog.ts';
import type { EventDetails } from './events.ts';
import type { VHost } from './vhost.ts';

/** What is known before the change. */
export interface Known {
  readonly users: { get(name: string): unknown };
  readonly vhosts: ReadonlyMap<string, VHost>;
}

type Event = readonly [key: string, details: EventDetails];

/** The event of a change; null if it is none, such as a queue that is declared again. */
export function eventOf(change: Change, known: Known): Event | null {
  switch (change.op) {
    case 'vhost.put':
      return known.vhosts.has(change.name) ? null : ['vhost.created', { name: change.name }];
    case 'vhost.delete':
      return ['vhost.deleted', { name: change.name }];
    case 'user.put': {
      const { name, tags } = change.record;
      const key = known.users.get(name) === undefined ? 'user.created' : 'user.tags.set';
      return [key, { name, tags: [...tags] }];
    }
    case 'user.delete':
      return ['user.deleted', { name: change.name }];
    case 'permission.put': {
      const { user, vhost, configure, write, read } = change.record;
      return ['permission.created', { user, vhost, configure, write, read }];
    }
    case 'permission.delete':
      return ['permission.deleted', { user: change.user, vhost: change.vhost }];
    case 'topic-permission.put': {
      const { user, vhost, exchange, write, read } = change.record;
      return ['topic.permission.created', { user, vhost, exchange, write, read }];
    }
    case 'topic-permission.delete':
      return ['topic.permission.deleted', { user: change.user, vhost: change.vhost }];
    case 'parameter.put': {
      const { vhost, component, name } = change.record;
      return ['parameter.set', { vhost, component, name }];
    }
    case 'parameter.delete': {
      const { vhost, component, name } = change;
      return ['parameter.cleared', { vhost, component, name }];
    }
    default:
      return topologyEvent(change, known);
  }
}

function topologyEvent(change: Change, { vhosts }: Known): Event | null {
  switch (change.op) {
    case 'queue.put': {
      const { vhost, name, durable, autoDelete, owner, arguments: args } = change.record;
      if (vhosts.get(vhost)?.topology.queues.has(name)) return null;
      const flags = { durable, auto_delete: autoDelete, exclusive: owner !== null };
      return ['queue.created', { name, vhost, ...flags, arguments: args, ...by(change.record) }];
    }
    case 'queue.delete':
      return ['queue.deleted', { name: change.name, vhost: change.vhost }];
    case 'exchange.put': {
      const { vhost, name, type, durable, autoDelete, internal, arguments: args } = change.record;
      if (vhosts.get(vhost)?.topology.exchanges.has(name)) return null;
      const flags = { durable, auto_delete: autoDelete, internal };
      const who = by(change.record);
      return ['exchange.created', { name, vhost, type, ...flags, arguments: args, ...who }];
    }
    case 'exchange.delete':
      return ['exchange.deleted', { name: change.name, vhost: change.vhost }];
    case 'binding.put':
    case 'binding.delete': {
      const { vhost, source, destinationKind, destination, routingKey } = change.record;
      const ends = { source_name: source, source_kind: 'exchange', destination_name: destination };
      const key = change.op === 'binding.put' ? 'binding.created' : 'binding.deleted';
      const rest = { destination_kind: destinationKind, routing_key: routingKey };
      return [key, { ...ends, ...rest, vhost, arguments: change.record.arguments }];
    }
    case 'policy.put': {
      const { vhost, name, pattern, priority } = change.record;
      return ['policy.set', { vhost, name, pattern, priority }];
    }
    case 'policy.delete':
      return ['policy.cleared', { vhost: change.vhost, name: change.name }];
    default:
      return null;
  }
}

/** Who did it, as far as the command says so. */
function by({ declaredBy }: { readonly declaredBy?: string }): EventDetails {
  return declaredBy === undefined ? {} : { user_who_performed_action: declaredBy };
}
