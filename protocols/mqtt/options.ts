/**
 * MqttOptions: what an operator can set about MQTT, as src/listeners.ts hands it in. The keys and
 * their texts are in src/config-options-mqtt.ts.
 */
import type { CertificateNameRule } from '../../src/auth/certificate-name.ts';
import type { RetainedLimits } from './retained.ts';

/** See the head of this file. */
export interface MqttOptions {
  /** Where clients go that name no vhost. */
  readonly vhost: string;
  /** The topic exchange that carries all topics. */
  readonly exchange: string;
  /** Most messages of QoS 1 and 2 that a client is sent without acknowledging them. */
  readonly prefetch: number;
  /** Most messages of QoS 2 that a client may have sent without releasing them. */
  readonly receiveMaximum: number;
  readonly maxSessionExpirySeconds: number;
  readonly maxPacketBytesUnauthenticated: number;
  readonly maxPacketBytes: number;
  /** How many topic aliases a client may use, and how many it is sent at most. */
  readonly topicAliasMaximum: number;
  /** Longest keep-alive in seconds; 0 for any. */
  readonly maxKeepAliveSeconds: number;
  readonly disconnectOnUnauthorized: boolean;
  /** Who clients without a user name are; null refuses them. */
  readonly anonymous: { readonly username: string; readonly password: string } | null;
  /** Is a certificate enough to log in? Who it is for is the engine's business. */
  readonly certificateLogin: boolean;
  /** Where the client identifier of a client with a certificate is; null: it may choose. */
  readonly certificateClientId: CertificateNameRule | null;
  /** `x-queue-type` of queues that outlive the connection. */
  readonly durableQueueType: string;
  /** Bytes that the queue of a client without session keeps for QoS 0, the oldest go first. */
  readonly qos0QueueBytes: number;
  readonly retained: RetainedLimits;
  readonly loginTimeoutMs: number;
  readonly version: string;
}
