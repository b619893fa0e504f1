/**
 * Channels in the management API. AMQP connections have channels; a connection of another
 * protocol shows as one channel with the number 1, as in RabbitMQ. A channel is named after its
 * connection: `127.0.0.1:40001 -> 127.0.0.1:5672 (1)`.
 */
import type { Session } from '../../../src/broker/session.ts';
import type { ChannelDescription, Traffic } from '../../../src/broker/traffic.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { Description } from '../../../src/server/protocol.ts';
import { notFound } from '../answer.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, type Resource } from '../routing.ts';
import { rangesOf } from '../statistics.ts';
import { type ConnectionView, connectionNamed, connectionsSeen } from './connection.ts';
import { consumersOf } from './consumer.ts';
import type { ManagementContext } from './context.ts';
import { FlowColumns } from './flow.ts';

/** A channel, with its connection. */
export class OpenChannel implements ConnectionView {
  readonly open: OpenConnection;
  readonly description: Description;
  readonly traffic: Traffic;
  readonly session: Session;
  private described: ChannelDescription | null = null;

  constructor({ open, description }: ConnectionView, session: Session, traffic: Traffic) {
    this.open = open;
    this.description = description;
    this.traffic = traffic;
    this.session = session;
  }

  /** Asked for when it is shown: of a list that is a page. */
  get channel(): ChannelDescription {
    this.described ??= this.traffic.channel?.describe() ?? descriptionOf(this.session);
    return this.described;
  }
}

/** The channels of one connection. */
export function* channelsOf(view: ConnectionView): Generator<OpenChannel> {
  const { session } = view.description;
  if (session === undefined || session === null) return;
  for (const traffic of session.openTraffics()) {
    // The session itself is a channel only where the protocol has none of its own.
    if (traffic.channel === null && session.protocol === 'amqp091') continue;
    yield new OpenChannel(view, session, traffic);
  }
}

function descriptionOf(session: Session): ChannelDescription {
  const { consumers, unacknowledged } = session.holding();
  const nothing = { prefetch: 0, globalPrefetch: 0, unconfirmed: 0, uncommitted: 0 };
  const plain = { confirm: false, transactional: false, acksUncommitted: 0 };
  return { ...plain, ...nothing, consumers, unacknowledged };
}

function* channelsSeen(context: ManagementContext, call: Call): Generator<OpenChannel> {
  for (const view of connectionsSeen(context, call.viewer)) {
    if (call.params.vhost !== undefined && view.description.vhost !== call.params.vhost) continue;
    yield* channelsOf(view);
  }
}

function numberOf({ traffic }: OpenChannel): number {
  return traffic.channel?.number ?? 1;
}

/** `<connection> (<number>)` */
export function nameOf(view: OpenChannel): string {
  return `${view.open.name} (${numberOf(view)})`;
}

function columnsOf(context: ManagementContext, call: Call): Columns<OpenChannel> {
  const { msgRates } = rangesOf(call.query);
  const { channels } = context.statistics;
  return {
    acks_uncommitted: ({ channel }) => channel.acksUncommitted,
    confirm: ({ channel }) => channel.confirm,
    connection_details: ({ open }) => ({
      name: open.name,
      peer_host: open.client.remoteAddress,
      peer_port: open.client.remotePort,
    }),
    consumer_count: ({ channel }) => channel.consumers,
    global_prefetch_count: ({ channel }) => channel.globalPrefetch,
    message_stats: ({ traffic }) => channels.stats(traffic, msgRates),
    messages_unacknowledged: ({ channel }) => channel.unacknowledged,
    messages_uncommitted: ({ channel }) => channel.uncommitted,
    messages_unconfirmed: ({ channel }) => channel.unconfirmed,
    name: nameOf,
    node: () => context.node,
    number: numberOf,
    pending_raft_commands: () => 0,
    prefetch_count: ({ channel }) => channel.prefetch,
    state: ({ description }) => (description.state === 'blocked' ? 'flow' : 'running'),
    transactional: ({ channel }) => channel.transactional,
    user: ({ description }) => description.user,
    user_who_performed_action: ({ description }) => description.user,
    vhost: ({ description }) => description.vhost,
  };
}

function show(context: ManagementContext, call: Call): unknown {
  const [, connection, number] = /^(.*) \((\d+)\)$/s.exec(call.params.name as string) ?? [];
  if (connection === undefined) throw notFound();
  const named = { ...call, params: { name: connection } };
  for (const channel of channelsOf(connectionNamed(context, named))) {
    if (numberOf(channel) !== Number(number)) continue;
    const { vhost } = channel.session;
    const flows = new FlowColumns(context, call);
    const columns: Columns<OpenChannel> = {
      ...columnsOf(context, call),
      consumer_details: ({ session, traffic }) => consumersOf(context, session, traffic),
      deliveries: ({ traffic }) => flows.outOfChannel(traffic, vhost),
      publishes: ({ traffic }) => flows.intoChannel(traffic, vhost),
    };
    return describeOne(channel, columns, call);
  }
  throw notFound();
}

/** Lists, single channels, those of a connection and those of a vhost. */
export function channelResources(context: ManagementContext): Resource[] {
  const listing = (call: Call, channels: Iterable<OpenChannel>): Listing<OpenChannel> =>
    new Listing(channels, columnsOf(context, call), nameOf, ([head, ...rest]) =>
      head === 'message_stats'
        ? context.statistics.channels.sortKey(rest, ({ traffic }: OpenChannel) => traffic)
        : null,
    );
  const all = (call: Call) => listing(call, channelsSeen(context, call));
  return [
    { path: '/api/channels', access: 'management', get: all },
    { path: '/api/vhosts/:vhost/channels', access: 'visible', get: all },
    {
      path: '/api/connections/:name/channels',
      access: 'management',
      get: (call) => listing(call, channelsOf(connectionNamed(context, call))),
    },
    {
      path: '/api/channels/:name',
      access: 'management',
      get: (call) => show(context, call),
    },
  ];
}
