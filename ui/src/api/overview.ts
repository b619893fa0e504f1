/**
 * The overview of the management API, and nodes: the fields that the console reads. Those with
 * statistics are absent while a broker has none, or keeps them from a user.
 */
import type { Statistics } from './statistics.ts';

/** `/api/overview` */
export interface Overview {
  readonly product_name?: string;
  readonly product_version?: string;
  readonly rabbitmq_version?: string;
  readonly cluster_name: string;
  readonly node: string;
  readonly object_totals?: Readonly<
    Record<'channels' | 'connections' | 'consumers' | 'exchanges' | 'queues', number>
  >;
  readonly queue_totals?: Statistics;
  readonly message_stats?: Statistics;
  readonly churn_rates?: Statistics;
  readonly listeners?: readonly ListenerInfo[];
  /** How far back samples reach, in seconds. */
  readonly sample_retention_policies?: Readonly<
    Record<'global' | 'basic' | 'detailed', readonly number[]>
  >;
  readonly exchange_types?: readonly { readonly name: string; readonly description?: string }[];
}

/** A port that the broker listens on. */
export interface ListenerInfo {
  readonly node: string;
  readonly protocol: string;
  readonly ip_address: string;
  readonly port: number;
}

/** An item of `/api/nodes`. */
export interface NodeInfo {
  readonly name: string;
  readonly running?: boolean;
  readonly type?: string;
  readonly uptime?: number;
  readonly os_pid?: string;
  readonly processors?: number;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly mem_alarm?: boolean;
  readonly disk_free?: number;
  readonly disk_free_limit?: number;
  readonly disk_free_alarm?: boolean;
  readonly fd_used?: number;
  readonly fd_total?: number;
  readonly sockets_used?: number;
  readonly sockets_total?: number;
  readonly proc_used?: number;
  readonly proc_total?: number;
  readonly run_queue?: number;
  readonly partitions?: readonly string[];
  readonly being_drained?: boolean;
  readonly config_files?: readonly string[];
  readonly log_files?: readonly string[];
  readonly db_dir?: string;
  readonly enabled_plugins?: readonly string[];
  readonly applications?: readonly { name: string; description: string; version: string }[];
}
