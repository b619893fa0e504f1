/**
 * SessionStore: what of a client session outlives the process and is not in queues and bindings:
 * that it is there, its expiry, its shared subscriptions, a will whose delay runs. Kept as the
 * engine's ProtocolState; the other subscriptions are read back from the bindings of its queues.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { SUBSCRIPTION_ARGUMENT } from '../../src/broker/exchange/topic.ts';
import { type Field, type Fields, integerOf, NO_FIELDS } from '../../src/broker/field.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import { ClientSession, type QueueKind } from './client-session.ts';
import type { SubscriptionOptions } from './subscription-set.ts';
import { isTopicFilter, sharedFilterOf, topicFilterOf } from './topics.ts';
import { fieldsOfWill, willFrom } from './will.ts';

const KIND = 'mqtt.session';

/** Stands for an expiry that never comes. */
const NEVER = -1;

const KINDS: readonly QueueKind[] = [0, 1];

export class SessionStore {
  private readonly broker: Broker;

  constructor(broker: Broker) {
    this.broker = broker;
  }

  /** Writes a session down if what is known of it has changed. @throws Error if that fails */
  async keep(session: ClientSession): Promise<void> {
    const { vhost, clientId, expirySeconds } = session;
    const known = this.has(session);
    if (expirySeconds === 0) {
      if (known) await this.forget(session);
      return;
    }
    const value = recordOf(session);
    const text = JSON.stringify(shown(value));
    if (known && session.kept === text) return;
    session.kept = text;
    await this.broker.propose({
      op: 'state.put',
      record: { vhost, kind: KIND, key: clientId, value },
    });
  }

  /** Is it written down? */
  has({ vhost, clientId }: ClientSession): boolean {
    return this.broker.vhosts.get(vhost)?.topology.state.of(KIND).has(clientId) === true;
  }

  /** The session is no more. */
  async forget(session: ClientSession): Promise<void> {
    const { vhost, clientId } = session;
    if (!this.has(session)) return;
    await this.broker.propose({ op: 'state.delete', vhost, kind: KIND, key: clientId });
  }

  /** The sessions of every vhost as they were when the process ended. */
  *restore(): Generator<ClientSession> {
    for (const vhost of this.broker.vhosts.values()) {
      for (const [clientId, value] of vhost.topology.state.of(KIND))
        yield sessionOf(vhost, clientId, value);
    }
  }
}

function recordOf({ expirySeconds, shared, will }: ClientSession): Fields {
  const subscriptions = [...shared].map(([text, { options }]): Field => {
    return new Map<string, Field>([['filter', text], ...fieldsOf(options)]);
  });
  const record = new Map<string, Field>([
    ['expiry', expirySeconds === Number.POSITIVE_INFINITY ? NEVER : expirySeconds],
    ['shared', subscriptions],
  ]);
  // Of a user whom somebody else vouches for nothing will be known by then.
  if (will !== null && !will.will.user?.authority) {
    record.set('will', new Map([...fieldsOfWill(will.will), ['due', will.dueMs]]));
  }
  return record;
}

function shown(field: Field): unknown {
  if (field instanceof Map) return [...field].map(([name, each]) => [name, shown(each)]);
  return Array.isArray(field) ? (field as readonly Field[]).map(shown) : field;
}

function sessionOf(vhost: VHost, clientId: string, value: Fields): ClientSession {
  const session = new ClientSession(vhost.name, clientId);
  const expiry = integerOf(value.get('expiry')) ?? 0;
  session.expirySeconds = expiry === NEVER ? Number.POSITIVE_INFINITY : expiry;
  const shared = value.get('shared');
  for (const one of Array.isArray(shared) ? (shared as readonly Fields[]) : []) {
    const text = String(one.get('filter'));
    const parts = sharedFilterOf(text);
    if (parts !== null) session.shared.set(text, { ...parts, options: optionsOf(one) });
  }
  for (const kind of KINDS) {
    const queue = vhost.topology.queues.get(session.queueName(kind));
    if (queue === undefined) continue;
    for (const { routingKey, arguments: args } of vhost.topology.bindingsTo(queue)) {
      const asked = args.get(SUBSCRIPTION_ARGUMENT);
      const filter = topicFilterOf(routingKey);
      if (!(asked instanceof Map) || !isTopicFilter(filter)) continue;
      session.subscriptions[kind].put(filter, optionsOf(asked));
    }
  }
  const will = value.get('will');
  if (will instanceof Map) session.will = waitingWill(will, vhost.name);
  // What was in flight is not known any more: other identifiers than before are safest.
  session.inflight.startAnywhere();
  return session;
}

function waitingWill(fields: Fields, vhost: string): ClientSession['will'] {
  const will = willFrom(fields, vhost);
  const dueMs = integerOf(fields.get('due')) ?? 0;
  return will === null ? null : { will, dueMs, timer: null };
}

/** The options of a subscription as fields. */
export function fieldsOf(options: SubscriptionOptions): [string, Field][] {
  const fields: [string, Field][] = [
    ['qos', options.qos],
    ['no-local', options.noLocal],
    ['retain-as-published', options.retainAsPublished],
  ];
  if (options.identifier !== 0) fields.push(['id', options.identifier]);
  return fields;
}

function optionsOf(fields: Fields = NO_FIELDS): SubscriptionOptions {
  return {
    qos: Math.min(Math.max(integerOf(fields.get('qos')) ?? 0, 0), 2),
    noLocal: fields.get('no-local') === true,
    retainAsPublished: fields.get('retain-as-published') === true,
    identifier: integerOf(fields.get('id')) ?? 0,
  };
}
