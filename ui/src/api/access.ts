/**
 * Users, what they may do, and virtual hosts, as the
 * management API describes them.
 */

/** An item of `/api/users`. */
export interface User {
  readonly name: string;
  /** A list since RabbitMQ 3.9, before that a text with commas. */
  readonly tags: readonly string[] | string;
  readonly password_hash?: string;
  readonly hashing_algorithm?: string | null;
  readonly limits?: Readonly<Record<string, number>>;
}

/** What a user may do in a virtual host: three patterns of names. */
export interface Permission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Which routing keys a user may use with a topic exchange. */
export interface TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** An item of `/api/vhosts`. */
export interface Vhost {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[] | string;
  readonly default_queue_type?: string;
  readonly tracing?: boolean;
  readonly protected_from_deletion?: boolean;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly cluster_state?: Readonly<Record<string, string>>;
}

/** Tags of a user or a virtual host, whichever way the broker writes them. */
export function tagsOf(tags: readonly string[] | string | undefined): readonly string[] {
  if (tags === undefined) return [];
  return typeof tags === 'string' ? tags.split(',').filter(Boolean) : tags;
}
