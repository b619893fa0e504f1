/**
 * Nodes in the management API: the one there is: its limits, what it uses of them, and what of it
 * is memory. What has no meaning without Erlang (ETS tables, Mnesia) is 0 where tools insist on
 * the name.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import v8 from 'node:v8';
import { BUILT_IN_PLUGINS } from '../../../src/built-in-plugins.ts';
import { VERSION } from '../../../src/version.ts';
import { type Answer, NO_CONTENT, notFound } from '../answer.ts';
import { Listing } from '../listing.ts';
import { type Call, describeOne, type Resource } from '../routing.ts';
import { CHURN_AT, DISK_AT } from '../series.ts';
import { gauges, rangesOf } from '../statistics.ts';
import type { ManagementContext } from './context.ts';
import { contextsOf, exchangeTypes } from './overview.ts';

/** What the system says about this process. */
export interface ProcessFigures {
  readonly fdUsed: number;
  readonly fdTotal: number;
  readonly residentBytes: number;
}

/** 0 where the system does not say: everywhere but on Linux. */
export function processFigures(): ProcessFigures {
  return { fdUsed: openFiles(), fdTotal: fileLimit(), residentBytes: process.memoryUsage.rss() };
}

function openFiles(): number {
  try {
    // Its size is their number since Linux 6.2; reading ten thousand names would hold all up.
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

let knownFileLimit: number | null = null;

/** The soft limit; Node raises it to the hard one when it starts. */
function fileLimit(): number {
  knownFileLimit ??= readFileLimit();
  return knownFileLimit;
}

function readFileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === undefined || soft === 'unlimited' ? 1_048_576 : Number(soft);
  } catch {
    return 1_048_576;
  }
}

function describeNode(context: ManagementContext, call: Call): Record<string, unknown> {
  const { broker, connections, statistics } = context;
  const { fdUsed, fdTotal, residentBytes } = processFigures();
  const { memory, disk } = context.resources();
  return {
    name: context.node,
    type: 'disc',
    running: true,
    being_drained: false,
    os_pid: String(process.pid),
    uptime: broker.clock.now() - context.startedAtMs,
    processors: availableParallelism(),
    run_queue: 0,
    rates_mode: context.ratesMode,
    fd_total: fdTotal,
    sockets_total: Math.min(context.socketsMax, fdTotal),
    proc_total: 1_048_576,
    mem_limit: memory.limitBytes,
    mem_alarm: memory.alarm,
    mem_calculation_strategy: 'rss',
    disk_free_limit: disk.limitBytes,
    disk_free_alarm: disk.alarm,
    partitions: [],
    cluster_links: [],
    net_ticktime: 60,
    enabled_plugins: BUILT_IN_PLUGINS,
    exchange_types: exchangeTypes(),
    auth_mechanisms: context.mechanisms.map((name) => {
      return { name, description: `SASL ${name}`, enabled: true };
    }),
    applications: [{ name: 'rabbit', description: 'Warren', version: VERSION }],
    contexts: contextsOf(context),
    log_files: ['<stdout>'],
    db_dir: context.dataDirectory,
    config_files: context.configFiles,
    ...gauges({
      mem_used: residentBytes,
      fd_used: fdUsed,
      sockets_used: connections.size,
      // Ourselves, and what would be a process each in Erlang.
      proc_used: 1 + connections.size,
      disk_free: disk.freeBytes,
    }),
    ...statistics.broker.figures(broker, rangesOf(call.query).nodeStats, CHURN_AT, DISK_AT),
  };
}

/** What the memory is used for, as far as a process without sub-processes can tell. */
export function memoryBreakdown(context: ManagementContext): Record<string, unknown> {
  const { heapUsed, heapTotal, external, arrayBuffers, rss } = process.memoryUsage();
  const { bytecode_and_metadata_size: code } = v8.getHeapCodeStatistics();
  let queueBytes = 0;
  for (const vhost of context.broker.vhosts.values()) {
    for (const queue of vhost.topology.queues.values()) {
      const { paging, bytes } = queue.backlog;
      queueBytes += paging === null ? bytes : Math.min(bytes, paging.residentBytes);
    }
  }
  return {
    ...NO_SUCH_MEMORY,
    queue_procs: queueBytes,
    binary: arrayBuffers,
    code,
    other_proc: heapUsed,
    other_system: Math.max(0, rss - heapTotal - external),
    allocated_unused: heapTotal - heapUsed,
    strategy: 'rss',
    total: { erlang: heapUsed + external, rss, allocated: heapTotal + external },
  };
}

/** Kinds of memory that RabbitMQ tells apart and that do not exist here. */
const NO_SUCH_MEMORY = {
  connection_readers: 0,
  connection_writers: 0,
  connection_channels: 0,
  connection_other: 0,
  queue_procs: 0,
  queue_slave_procs: 0,
  quorum_queue_procs: 0,
  quorum_queue_dlx_procs: 0,
  stream_queue_procs: 0,
  stream_queue_replica_reader_procs: 0,
  stream_queue_coordinator_procs: 0,
  plugins: 0,
  metadata_store: 0,
  other_proc: 0,
  metrics: 0,
  mgmt_db: 0,
  mnesia: 0,
  quorum_ets: 0,
  metadata_store_ets: 0,
  other_ets: 0,
  binary: 0,
  msg_index: 0,
  code: 0,
  atom: 0,
  other_system: 0,
  allocated_unused: 0,
  reserved_unallocated: 0,
};

/** Shares of the whole in percent. */
function relativeMemory(context: ManagementContext): Record<string, unknown> {
  const breakdown = memoryBreakdown(context);
  const { rss } = breakdown.total as { rss: number };
  const shares: Record<string, unknown> = { total: 100 };
  for (const [name, bytes] of Object.entries(breakdown)) {
    if (typeof bytes === 'number') shares[name] = Math.round((bytes / rss) * 100);
  }
  return shares;
}

/** Starts the statistics anew: rates and samples, not the counters. */
function resetStatistics(context: ManagementContext, call: Call): Answer {
  const { node } = call.params;
  if (node !== undefined && node !== context.node) throw notFound();
  context.statistics.sampler.reset();
  return NO_CONTENT;
}

/** The node, its memory, and its statistics. */
export function nodeResources(context: ManagementContext): Resource[] {
  const mine = (call: Call): void => {
    if (call.params.node !== context.node) throw notFound();
  };
  const columnsOf = (call: Call) => {
    const whole = describeNode(context, call);
    const columns = Object.keys(whole).map((key) => [key, () => whole[key]] as const);
    return Object.fromEntries(columns) as Record<string, () => unknown>;
  };
  return [
    {
      path: '/api/nodes',
      access: 'monitoring',
      get: (call) => new Listing([context.node], columnsOf(call), (name) => name),
    },
    {
      path: '/api/nodes/:node',
      access: 'monitoring',
      get: (call) => {
        mine(call);
        return describeOne(context.node, columnsOf(call), call);
      },
    },
    {
      path: '/api/nodes/:node/memory',
      access: 'monitoring',
      get: (call) => {
        mine(call);
        return { memory: memoryBreakdown(context) };
      },
    },
    {
      path: '/api/nodes/:node/memory/relative',
      access: 'monitoring',
      get: (call) => {
        mine(call);
        return { memory: relativeMemory(context) };
      },
    },
    ...['/api/reset', '/api/reset/:node'].map((path): Resource => {
      return { path, access: 'administrator', delete: (call) => resetStatistics(context, call) };
    }),
  ];
}
