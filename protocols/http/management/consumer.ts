/**
 * Consumers in the management API: the subscriptions of the engine, each with the channel it is
 * of.
 */
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Subscription } from '../../../src/broker/subscription.ts';
import type { Traffic } from '../../../src/broker/traffic.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import { fieldsToJson } from '../field-json.ts';
import { type Columns, describe, Listing } from '../listing.ts';
import type { Call, Resource } from '../routing.ts';
import { type ManagementContext, vhostsOf } from './context.ts';

/** A subscription and where its queue is. */
interface ConsumerView {
  readonly subscription: Subscription;
  readonly vhost: string;
}

/** Which connection a session is of. */
export function connectionsBySession(context: ManagementContext): Map<Session, OpenConnection> {
  const bySession = new Map<Session, OpenConnection>();
  for (const open of context.connections) {
    const { session } = open.describe();
    if (session !== undefined && session !== null) bySession.set(session, open);
  }
  return bySession;
}

function columnsOf(context: ManagementContext): Columns<ConsumerView> {
  const bySession = connectionsBySession(context);
  const isActive = (one: Subscription): boolean => {
    const { active } = one.queue.subscriptions;
    return active === null || active === one;
  };
  return {
    arguments: ({ subscription }) => fieldsToJson(subscription.arguments),
    ack_required: ({ subscription }) => !subscription.noAck,
    active: ({ subscription }) => isActive(subscription),
    activity_status: ({ subscription }) => {
      if (subscription.queue.subscriptions.active === null) return 'up';
      return isActive(subscription) ? 'single_active' : 'waiting';
    },
    channel_details: ({ subscription: { traffic } }) =>
      channelDetails(context.node, traffic, bySession),
    consumer_tag: ({ subscription }) => subscription.tag,
    consumer_timeout: ({ subscription }) => Math.max(0, finite(subscription.timeoutMs)),
    exclusive: ({ subscription }) => subscription.exclusive,
    prefetch_count: ({ subscription }) => subscription.prefetch,
    queue: ({ subscription, vhost }) => ({ name: subscription.queue.name, vhost }),
  };
}

/** No limit at all is shown as 0. */
function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}

/** The channel that something is counted for; empty if it is the broker's own. */
export function channelDetails(
  node: string,
  traffic: Traffic,
  bySession: ReadonlyMap<Session, OpenConnection>,
): Record<string, unknown> {
  const { session, channel } = traffic;
  const open = session === null ? undefined : bySession.get(session);
  if (open === undefined) return {};
  const number = channel?.number ?? 1;
  return {
    connection_name: open.name,
    name: `${open.name} (${number})`,
    node,
    number,
    peer_host: open.client.remoteAddress,
    peer_port: open.client.remotePort,
    user: session?.user.name,
  };
}

function* subscriptionsOf(queues: Iterable<Queue>): Generator<Subscription> {
  for (const { subscriptions } of queues) yield* subscriptions.all;
}

/** The consumers of one queue, described. */
export function consumersOfQueue(
  context: ManagementContext,
  queue: Queue,
  vhost: string,
): Record<string, unknown>[] {
  if (queue.subscriptions.size === 0) return [];
  const columns = columnsOf(context);
  return queue.subscriptions.all.map((subscription) =>
    describe({ subscription, vhost }, columns, {}),
  );
}

/** The consumers of one channel, described. */
export function consumersOf(
  context: ManagementContext,
  session: Session,
  traffic: Traffic,
): Record<string, unknown>[] {
  const columns = columnsOf(context);
  const vhost = session.vhost.name;
  const own = [...session.openSubscriptions()].filter((one) => one.traffic === traffic);
  return own.map((subscription) => describe({ subscription, vhost }, columns, {}));
}

/** Lists. */
export function consumerResources(context: ManagementContext): Resource[] {
  const all = (call: Call): Listing<ConsumerView> => {
    const views = vhostsOf(context, call).flatMap(({ name: vhost, topology }) =>
      [...subscriptionsOf(topology.queues.values())].map((subscription) => {
        return { subscription, vhost };
      }),
    );
    return new Listing(views, columnsOf(context), ({ subscription }) => subscription.tag);
  };
  return [
    { path: '/api/consumers', access: 'management', get: all },
    { path: '/api/consumers/:vhost', access: 'visible', get: all },
  ];
}
