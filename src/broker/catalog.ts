/**
 * Catalog: the port to whatever keeps the topology. Everything that outlives a connection (vhosts,
 * users, permissions, parameters, exchanges, queues, bindings) changes by a command that the
 * catalog puts in order and hands to `apply`: at boot, from an adapter, from another node. Commands
 * carry a version from day one, because a durable log replays old ones for ever. Backends:
 * memory-catalog.ts, catalog-log.ts.
 */
import type { PermissionPatterns } from '../auth/permissions.ts';
import type { TopicPermissionPatterns } from '../auth/topic-permission.ts';
import type { UserLimits } from '../auth/user.ts';
import type { QueueId } from '../storage/message-store.ts';
import type { Fields } from './field.ts';
import type { JsonValue } from './json.ts';
import type { PolicyRecord } from './policy.ts';
import type { WebhookChange } from './webhook.ts';

/** The version of the commands that this program writes. */
export const COMMAND_VERSION = 1;

/** A queue as it was declared. */
export interface QueueRecord {
  readonly vhost: string;
  readonly name: string;
  /** Names the queue's messages in a store; given out by {@link Catalog.allocateQueueId}. */
  readonly id: QueueId;
  readonly durable: boolean;
  /** The session that alone may use the queue; null if anyone may. */
  readonly owner: string | null;
  readonly autoDelete: boolean;
  readonly arguments: Fields;
  /** The user who declared it; missing where that was not written down yet. */
  readonly declaredBy?: string;
}

/** An exchange as it was declared. */
export interface ExchangeRecord {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Fields;
  /** The user who declared it; missing where that was not written down yet. */
  readonly declaredBy?: string;
  /** Of a delayed exchange: names what waits in it, as the id of a queue does. */
  readonly id?: QueueId;
}

/** A binding, with its ends by name. */
export interface BindingRecord {
  readonly vhost: string;
  readonly source: string;
  readonly destinationKind: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: Fields;
}

/** A user; see auth/users.ts. */
export interface UserRecord {
  readonly name: string;
  readonly passwordHash: string | null;
  /** By the name of RabbitMQ's module; SHA-256 if it is missing. */
  readonly hashingAlgorithm?: string;
  readonly tags: readonly string[];
  readonly limits?: UserLimits;
}

/** What a user may do in a vhost. */
export interface PermissionRecord extends PermissionPatterns {
  readonly user: string;
  readonly vhost: string;
}

/** Which routing keys of an exchange a user may use. */
export interface TopicPermissionRecord extends TopicPermissionPatterns {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
}

/** What operators say about a vhost. */
export interface VhostMetadata {
  readonly description: string;
  readonly tags: readonly string[];
  /** What a queue that does not say is; null leaves it to the broker. */
  readonly defaultQueueType: string | null;
  /** Are messages copied to `amq.rabbitmq.trace`? */
  readonly tracing: boolean;
  readonly protectedFromDeletion: boolean;
}

/** Of a vhost that nobody has said anything about. */
export const DEFAULT_METADATA: VhostMetadata = {
  description: '',
  tags: [],
  defaultQueueType: null,
  tracing: false,
  protectedFromDeletion: false,
};

/** A runtime parameter: what RabbitMQ keeps limits, shovels and federation upstreams in. */
export interface ParameterRecord {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

/** Something that an adapter remembers; see protocol-state.ts. */
export interface StateRecord {
  readonly vhost: string;
  readonly kind: string;
  readonly key: string;
  readonly value: Fields;
}

/** Puts replace, deletes of what is not there do nothing: commands may be replayed. */
export type Change =
  | { readonly op: 'vhost.put'; readonly name: string; readonly metadata?: VhostMetadata }
  | { readonly op: 'vhost.delete'; readonly name: string }
  | { readonly op: 'user.put'; readonly record: UserRecord }
  | { readonly op: 'user.delete'; readonly name: string }
  | { readonly op: 'permission.put'; readonly record: PermissionRecord }
  | { readonly op: 'permission.delete'; readonly user: string; readonly vhost: string }
  | { readonly op: 'topic-permission.put'; readonly record: TopicPermissionRecord }
  | {
      readonly op: 'topic-permission.delete';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
    }
  | { readonly op: 'parameter.put'; readonly record: ParameterRecord }
  | {
      readonly op: 'parameter.delete';
      readonly vhost: string;
      readonly component: string;
      readonly name: string;
    }
  | { readonly op: 'global-parameter.put'; readonly name: string; readonly value: JsonValue }
  | { readonly op: 'global-parameter.delete'; readonly name: string }
  | WebhookChange
  | VhostChange;

/** Changes inside one vhost. */
export type VhostChange =
  | { readonly op: 'exchange.put'; readonly record: ExchangeRecord }
  | { readonly op: 'exchange.delete'; readonly vhost: string; readonly name: string }
  | { readonly op: 'queue.put'; readonly record: QueueRecord }
  | { readonly op: 'queue.delete'; readonly vhost: string; readonly name: string }
  | { readonly op: 'binding.put'; readonly record: BindingRecord }
  | { readonly op: 'binding.delete'; readonly record: BindingRecord }
  | { readonly op: 'policy.put'; readonly record: PolicyRecord }
  | { readonly op: 'policy.delete'; readonly vhost: string; readonly name: string }
  | { readonly op: 'operatorPolicy.put'; readonly record: PolicyRecord }
  | { readonly op: 'operatorPolicy.delete'; readonly vhost: string; readonly name: string }
  | { readonly op: 'state.put'; readonly record: StateRecord }
  | {
      readonly op: 'state.delete';
      readonly vhost: string;
      readonly kind: string;
      readonly key: string;
    };

export type Command = { readonly version: number } & Change;

/** The engine as its catalog sees it. */
export interface CatalogHost {
  /**
   * Makes the change. @throws Error if this program does not know the command or cannot do it: a
   * catalog that replays reports that, keeps the command for whoever does, and goes on
   */
  apply(command: Command): void;
  /** Everything that has to outlive the process, as puts in an order that can be applied. */
  snapshot(): Iterable<Command>;
  /** Is the change about something that outlives the process? The rest is only applied. */
  outlives(change: Change): boolean;
}

/** What {@link Catalog.open} found. */
export interface CatalogReport {
  /** Was everything there, and understood? If not, what seems to belong to nobody may not. */
  readonly complete: boolean;
}

/** See the head of this file. */
export interface Catalog {
  /** Replays everything into `host`; from then on every proposed command is applied in order. */
  open(host: CatalogHost): Promise<CatalogReport>;
  /**
   * Resolves when the command is applied and as durable as it has to be. Two proposals are applied
   * in the order of the calls.
   * @throws Error if it could not be kept; then it is not applied
   */
  propose(command: Command): Promise<void>;
  /** A number no queue has had before. */
  allocateQueueId(): QueueId;
  /** Numbers up to this one have been given out, whatever the catalog knows of it. */
  reserveQueueIds(highest: QueueId): void;
  close(): Promise<void>;
}
