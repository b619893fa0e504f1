/**
 * Node metrics: what Prometheus is told of the broker as a whole: who it is, what came and went,
 * what it uses of files, memory and disk. RabbitMQ's names where it has one; what only Warren's
 * store knows is called `warren_store_…`.
 */
import type { AttemptCounts } from '../../../src/auth/login-attempts.ts';
import { RABBITMQ_VERSION, VERSION } from '../../../src/version.ts';
import { clusterNameOf, type ManagementContext } from '../management/context.ts';
import { processFigures } from '../management/node.ts';
import { type Exposition, labelText, type MetricType } from './exposition.ts';

/** Which of the addresses is asked: dashboards filter by it. */
export type Endpoint = 'aggregated' | 'per-object' | 'detailed' | 'memory-breakdown';

/** Who the broker is. Every panel joins on these. */
export function writeIdentity(
  context: ManagementContext,
  endpoint: Endpoint,
  out: Exposition,
): void {
  const build = {
    rabbitmq_version: RABBITMQ_VERSION,
    prometheus_plugin_version: RABBITMQ_VERSION,
    prometheus_client_version: VERSION,
    erlang_version: `Node.js ${process.versions.node}`,
    product_name: 'Warren',
    product_version: VERSION,
  };
  out.family('build_info', 'untyped', 'RabbitMQ & Erlang/OTP version info', 'rabbitmq_');
  out.sample(labelText(build), 1);
  const { node } = context;
  const identity = {
    rabbitmq_node: node,
    rabbitmq_cluster: clusterNameOf(context),
    rabbitmq_cluster_permanent_id: context.clusterId,
    rabbitmq_endpoint: endpoint,
  };
  out.family('identity_info', 'untyped', 'RabbitMQ node & cluster identity info', 'rabbitmq_');
  out.sample(labelText(identity), 1);
}

type Row = readonly [name: string, type: MetricType, help: string, value: number];

function write(rows: readonly Row[], out: Exposition, prefix?: string): void {
  for (const [name, type, help, value] of rows) {
    out.family(name, type, help, prefix);
    out.sample('', value);
  }
}

/** Groups of `/metrics/detailed?family=…` that are about the node. */
export const NODE_GROUPS: Readonly<
  Record<string, (context: ManagementContext, out: Exposition) => void>
> = {
  connection_churn_metrics: writeChurn,
  node_coarse_metrics: writeUse,
  node_metrics: writeLimits,
  node_persister_metrics: writeStore,
  auth_attempt_metrics: writeAttempts,
};

function writeChurn({ broker }: ManagementContext, out: Exposition): void {
  const { churn } = broker.totals;
  write(
    [
      ['connections_opened_total', 'counter', 'Connections opened', churn.connectionCreated],
      ['connections_closed_total', 'counter', 'Connections closed', churn.connectionClosed],
      ['channels_opened_total', 'counter', 'Channels opened', churn.channelCreated],
      ['channels_closed_total', 'counter', 'Channels closed', churn.channelClosed],
      ['queues_declared_total', 'counter', 'Queues declared', churn.queueDeclared],
      ['queues_created_total', 'counter', 'Queues created', churn.queueCreated],
      ['queues_deleted_total', 'counter', 'Queues deleted', churn.queueDeleted],
    ],
    out,
  );
}

function writeUse(context: ManagementContext, out: Exposition): void {
  const { fdUsed, residentBytes } = processFigures();
  const { disk } = context.resources();
  write(
    [
      ['process_open_fds', 'gauge', 'Open file descriptors', fdUsed],
      ['process_open_tcp_sockets', 'gauge', 'Open TCP sockets', context.connections.size],
      ['process_resident_memory_bytes', 'gauge', 'Memory used in bytes', residentBytes],
      ['disk_space_available_bytes', 'gauge', 'Disk space available in bytes', disk.freeBytes],
    ],
    out,
  );
}

function writeLimits(context: ManagementContext, out: Exposition): void {
  const { fdTotal } = processFigures();
  const { memory, disk } = context.resources();
  const uptimeMs = context.broker.clock.now() - context.startedAtMs;
  write(
    [
      ['process_max_fds', 'gauge', 'Open file descriptors limit', fdTotal],
      ['process_max_tcp_sockets', 'gauge', 'Open TCP sockets limit', fdTotal],
      ['resident_memory_limit_bytes', 'gauge', 'Memory high watermark in bytes', memory.limitBytes],
      [
        'disk_space_available_limit_bytes',
        'gauge',
        'Free disk space low watermark in bytes',
        disk.limitBytes,
      ],
      ['erlang_uptime_seconds', 'gauge', 'Node uptime', uptimeMs / 1000],
    ],
    out,
  );
}

function writeStore({ broker }: ManagementContext, out: Exposition): void {
  const { messages, bytes, disk } = broker.store.stats();
  write(
    [
      ['store_messages', 'gauge', 'Messages kept, once for each queue', messages],
      ['store_bytes', 'gauge', 'Bytes of the messages kept', bytes],
    ],
    out,
    'warren_',
  );
  if (disk === null) return;
  write(
    [
      ['io_write_ops_total', 'counter', 'Total number of I/O write operations', disk.commits],
      ['io_write_bytes_total', 'counter', 'Total number of I/O bytes written', disk.writtenBytes],
      ['io_write_time_seconds_total', 'counter', 'Total I/O write time', disk.commitMs / 1000],
      ['io_sync_ops_total', 'counter', 'Total number of I/O sync operations', disk.syncs],
      [
        'msg_store_write_total',
        'counter',
        'Total number of messages written to the message store',
        disk.writtenMessages,
      ],
    ],
    out,
  );
  write(
    [
      ['store_disk_bytes', 'gauge', 'Bytes of the files of the store', disk.diskBytes],
      ['store_segments', 'gauge', 'Segments of the store', disk.segments],
      ['store_pending_bytes', 'gauge', 'Bytes that wait to be written', disk.pendingBytes],
      ['store_elided_total', 'counter', 'Messages acked before they were written', disk.elided],
      ['store_failed_writes_total', 'counter', 'Writes that failed', disk.failedWrites],
      ['store_compacted_bytes_total', 'counter', 'Bytes compacted', disk.compactedBytes],
      ['store_damaged_total', 'counter', 'Messages found damaged', disk.damaged],
    ],
    out,
    'warren_',
  );
}

const ATTEMPTS: readonly (readonly [string, string, (counts: AttemptCounts) => number])[] = [
  ['auth_attempts_total', 'authorization attempts', (counts) => counts.succeeded + counts.failed],
  ['auth_attempts_succeeded_total', 'successful authentication attempts', (it) => it.succeeded],
  ['auth_attempts_failed_total', 'failed authentication attempts', (counts) => counts.failed],
];

function writeAttempts({ broker }: ManagementContext, out: Exposition): void {
  const { byProtocol } = broker.authentication.attempts;
  for (const [name, what, value] of ATTEMPTS) {
    out.family(name, 'counter', `Total number of ${what}`);
    for (const [protocol, counts] of byProtocol) out.sample(labelText({ protocol }), value(counts));
  }
}

/** Alarms in effect: 1 or 0. */
export function writeAlarms(context: ManagementContext, out: Exposition): void {
  const { memory, disk } = context.resources();
  write(
    [
      [
        'alarms_file_descriptor_limit',
        'untyped',
        'is 1 if file descriptor limit alarm is in effect',
        0,
      ],
      [
        'alarms_free_disk_space_watermark',
        'untyped',
        'is 1 if free disk space watermark alarm is in effect',
        disk.alarm ? 1 : 0,
      ],
      [
        'alarms_memory_used_watermark',
        'untyped',
        'is 1 if VM memory watermark alarm is in effect',
        memory.alarm ? 1 : 0,
      ],
    ],
    out,
  );
}

/** How many of everything there are. */
export function writeTotals({ broker, connections }: ManagementContext, out: Exposition): void {
  let channels = 0;
  for (const one of connections) channels += one.describe().channels ?? 1;
  let queues = 0;
  let consumers = 0;
  for (const { topology } of broker.vhosts.values()) {
    queues += topology.queues.size;
    for (const { subscriptions } of topology.queues.values()) consumers += subscriptions.size;
  }
  write(
    [
      ['connections', 'gauge', 'Connections currently open', connections.size],
      ['channels', 'gauge', 'Channels currently open', channels],
      ['consumers', 'gauge', 'Consumers currently connected', consumers],
      ['queues', 'gauge', 'Queues available', queues],
    ],
    out,
  );
}
