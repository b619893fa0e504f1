/**
 * Connections and channels as the management API describes them. Connections of MQTT and STOMP have
 * channels, too: one for each session.
 */
import type { Arguments, Consumer } from './queue.ts';
import type { RateDetails, Statistics } from './statistics.ts';

/** An item of `/api/connections`. */
export interface Connection {
  readonly name: string;
  readonly node: string;
  readonly protocol?: string;
  readonly state?: string;
  readonly user?: string;
  readonly vhost?: string;
  readonly user_provided_name?: string;
  readonly client_properties?: Arguments;
  readonly variable_map?: Readonly<Record<string, unknown>>;
  readonly channels?: number;
  readonly channel_max?: number;
  readonly frame_max?: number;
  readonly timeout?: number;
  readonly connected_at?: number;
  readonly peer_host?: string;
  readonly peer_port?: number;
  readonly host?: string;
  readonly port?: number;
  readonly auth_mechanism?: string;
  readonly ssl?: boolean;
  readonly ssl_protocol?: string;
  readonly ssl_cipher?: string;
  readonly peer_cert_subject?: string;
  readonly peer_cert_issuer?: string;
  readonly peer_cert_validity?: string;
  readonly recv_oct?: number;
  readonly recv_oct_details?: RateDetails;
  readonly send_oct?: number;
  readonly send_oct_details?: RateDetails;
  readonly recv_cnt?: number;
  readonly send_cnt?: number;
  readonly send_pend?: number;
}

/** An item of `/api/channels`. */
export interface Channel {
  readonly name: string;
  readonly number: number;
  readonly node: string;
  readonly user?: string;
  readonly vhost: string;
  readonly state?: string;
  readonly confirm?: boolean;
  readonly transactional?: boolean;
  readonly consumer_count?: number;
  readonly prefetch_count?: number;
  readonly global_prefetch_count?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_unconfirmed?: number;
  readonly messages_uncommitted?: number;
  readonly idle_since?: string;
  readonly message_stats?: Statistics;
  readonly connection_details?: { readonly name?: string };
  readonly consumer_details?: readonly Consumer[];
}

/** What people call a connection: the name that the client gave, or its MQTT client id. */
export function clientNameOf(connection: Connection): string | undefined {
  const {
    user_provided_name: given,
    client_properties: properties,
    variable_map: map,
  } = connection;
  const named = given ?? properties?.connection_name ?? map?.client_id ?? properties?.client_id;
  return named === undefined || named === '' ? undefined : String(named);
}
