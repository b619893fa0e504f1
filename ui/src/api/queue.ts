/**
 * Queues, bindings and consumers as the management API describes them: the fields that the console
 * reads. Everything that a broker may leave out (no statistics yet, an older version) is optional.
 */
import type { RateDetails } from './statistics.ts';

/** Arguments of queues, exchanges, bindings and consumers; any JSON value. */
export type Arguments = Readonly<Record<string, unknown>>;

/** An item of `/api/queues`. */
export interface Queue {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: Arguments;
  readonly node?: string;
  readonly state?: string;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: Arguments | readonly unknown[] | null;
  readonly consumers?: number;
  readonly consumer_details?: readonly Consumer[];
  readonly consumer_utilisation?: number | null;
  readonly single_active_consumer_tag?: string | null;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_details?: RateDetails;
  readonly messages_ready_details?: RateDetails;
  readonly messages_unacknowledged_details?: RateDetails;
  readonly messages_persistent?: number;
  readonly message_bytes?: number;
  readonly memory?: number;
  readonly head_message_timestamp?: number | null;
  readonly idle_since?: string;
  readonly user_who_performed_action?: string;
  readonly owner_pid_details?: { readonly name?: string };
  readonly message_stats?: Readonly<Record<string, number | RateDetails | undefined>>;
}

/** A route between an exchange and a queue or another exchange. */
export interface Binding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
  readonly routing_key: string;
  readonly arguments: Arguments;
  readonly properties_key: string;
}

/** Somebody who receives from a queue. */
export interface Consumer {
  readonly consumer_tag: string;
  readonly active?: boolean;
  readonly activity_status?: string;
  readonly ack_required: boolean;
  readonly exclusive: boolean;
  readonly prefetch_count: number;
  readonly arguments: Arguments;
  readonly queue: { readonly name: string; readonly vhost: string };
  readonly channel_details?: {
    readonly name?: string;
    readonly connection_name?: string;
    readonly number?: number;
    readonly user?: string;
  };
}
