/**
 * Overview in the management API: the broker in one object, and small facts: who am I, which
 * version, the cluster's name, and what extensions there are (none: the console is our own).
 */
import { EXCHANGE_TYPES } from '../../../src/broker/exchange/exchange-types.ts';
import { RABBITMQ_VERSION, VERSION } from '../../../src/version.ts';
import { NO_CONTENT } from '../answer.ts';
import type { Call, Resource } from '../routing.ts';
import { CHURN_AT, DISK_AT, QUEUE_STATS_AT } from '../series.ts';
import { gauges, rangesOf } from '../statistics.ts';
import { connectionsSeen } from './connection.ts';
import { clusterNameOf, type ManagementContext } from './context.ts';

/** How long samples are kept, in seconds; see statistics.ts. */
const RETENTION = { global: [600, 3600, 28_800, 86_400], basic: [600], detailed: [600] };

const PLATFORM = `Node.js ${process.versions.node}`;

/** The exchange types as operators are told about them. */
export function exchangeTypes(): Record<string, unknown>[] {
  return [...EXCHANGE_TYPES].map(([name, { description }]) => {
    return { name, description, enabled: true };
  });
}

/** What every node and the overview show about statistics. */
export function listenersOf(context: ManagementContext): Record<string, unknown>[] {
  return context.listeners().map(({ protocol, host, port }) => {
    return { node: context.node, protocol, ip_address: host, port, socket_opts: {} };
  });
}

/** The web applications of the broker, as RabbitMQ calls them. */
export function contextsOf(context: ManagementContext): Record<string, unknown>[] {
  const names: Readonly<Record<string, string>> = {
    http: 'RabbitMQ Management',
    https: 'RabbitMQ Management',
    'http/prometheus': 'RabbitMQ Prometheus',
  };
  return context
    .listeners()
    .filter(({ protocol }) => Object.hasOwn(names, protocol))
    .map(({ protocol, host, port }) => ({
      ssl_opts: [],
      node: context.node,
      description: names[protocol],
      path: '/',
      ip: host,
      port: String(port),
    }));
}

function versions(context: ManagementContext): Record<string, unknown> {
  return {
    management_version: RABBITMQ_VERSION,
    rabbitmq_version: RABBITMQ_VERSION,
    product_name: 'Warren',
    product_version: VERSION,
    cluster_name: clusterNameOf(context),
    erlang_version: PLATFORM,
    erlang_full_version: `${PLATFORM}, V8 ${process.versions.v8}`,
    release_series_support_status: 'supported',
  };
}

function totals(context: ManagementContext, call: Call): Record<string, unknown> {
  const { broker, statistics } = context;
  const { lengths, msgRates } = rangesOf(call.query);
  const stats = statistics.broker.stats(broker, msgRates, QUEUE_STATS_AT, CHURN_AT);
  const disk = statistics.broker.figures(broker, msgRates, DISK_AT);
  return {
    message_stats: { ...gauges({ disk_reads: 0 }), ...disk, ...stats },
    churn_rates: statistics.broker.figures(broker, msgRates, CHURN_AT, DISK_AT),
    queue_totals: statistics.broker.figures(broker, lengths, 0, QUEUE_STATS_AT),
    object_totals: objectTotals(context, call),
  };
}

function objectTotals(context: ManagementContext, call: Call): Record<string, number> {
  const { viewer } = call;
  const vhosts = [...context.broker.vhosts.values()].filter(({ name }) => viewer.seesVhost(name));
  const sum = (count: (vhost: (typeof vhosts)[number]) => number): number =>
    vhosts.reduce((total, vhost) => total + count(vhost), 0);
  let connections = 0;
  let channels = 0;
  for (const { description } of connectionsSeen(context, viewer)) {
    connections++;
    channels += description.channels ?? 1;
  }
  let consumers = 0;
  for (const { topology } of vhosts) {
    for (const { subscriptions } of topology.queues.values()) consumers += subscriptions.size;
  }
  return {
    channels,
    connections,
    consumers,
    exchanges: sum(({ topology }) => topology.exchanges.size),
    queues: sum(({ topology }) => topology.queues.size),
  };
}

function overview(context: ManagementContext, call: Call): unknown {
  const { query, viewer } = call;
  const disabled = context.statsDisabled || query.disable_stats === 'true';
  const general = {
    ...versions(context),
    rates_mode: context.ratesMode,
    sample_retention_policies: RETENTION,
    exchange_types: exchangeTypes(),
    disable_stats: context.statsDisabled,
    enable_queue_totals: false,
    statistics_db_event_queue: 0,
  };
  const numbers = disabled ? {} : totals(context, call);
  if (!viewer.isMonitor) return { ...general, ...numbers, node: context.node };
  return {
    ...general,
    ...numbers,
    node: context.node,
    listeners: listenersOf(context),
    contexts: contextsOf(context),
  };
}

/** Overview and small facts. */
export function overviewResources(context: ManagementContext): Resource[] {
  return [
    { path: '/api/overview', access: 'management', get: (call) => overview(context, call) },
    {
      path: '/api/whoami',
      access: 'management',
      get: ({ viewer: { user } }) => ({ name: user.name, tags: [...user.tags] }),
    },
    { path: '/api/version', access: 'management', get: () => RABBITMQ_VERSION },
    { path: '/api/extensions', access: 'management', get: () => [] },
    {
      path: '/api/auth',
      access: 'public',
      get: () => context.signIn,
    },
    {
      path: '/api/config/effective',
      access: 'administrator',
      get: () => context.configuration(),
    },
    {
      path: '/api/rebalance/queues',
      access: 'administrator',
      // One node: every queue is where it should be.
      post: () => NO_CONTENT,
    },
  ];
}
