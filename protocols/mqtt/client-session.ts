/**
 * ClientSession: what the broker knows of one client by its identifier, also while it is away
 * [MQTT 4.1]: subscriptions, what is in flight, identifiers of QoS 2 messages that it has not
 * released, a will that waits. Its messages are in queues of the engine. Found by sessions.ts.
 */
import type { Timer } from '../../src/clock.ts';
import { Inflight } from './inflight.ts';
import { type SubscriptionOptions, SubscriptionSet } from './subscription-set.ts';
import type { Will } from './will.ts';

/** The queue of a client: for subscriptions of QoS 0, and for all the others. */
export type QueueKind = 0 | 1;

/** Who uses a session just now: a connection. */
export interface SessionUser {
  /** Resolves when it has given everything back. */
  readonly ended: Promise<void>;
  /** Another connection has come with the same client identifier. */
  takenOver(): void;
}

/** A will whose delay runs. */
export interface WaitingWill {
  readonly will: Will;
  /** ms since 1970. */
  readonly dueMs: number;
  /** null until the broker that has it from before has begun to wait. */
  readonly timer: Timer | null;
}

/** A subscription that a group shares. */
export interface SharedSubscription {
  readonly group: string;
  readonly filter: string;
  readonly options: SubscriptionOptions;
}

export class ClientSession {
  readonly clientId: string;
  readonly vhost: string;
  /** Seconds after the end of the connection; 0 ends with it, Infinity never. */
  expirySeconds = 0;
  user: SessionUser | null = null;
  /** By kind of queue. */
  readonly subscriptions: readonly [SubscriptionSet, SubscriptionSet] = [
    new SubscriptionSet(),
    new SubscriptionSet(),
  ];
  /** By the topic filter as the client wrote it. */
  readonly shared = new Map<string, SharedSubscription>();
  readonly inflight = new Inflight();
  /** QoS 2 from the client: PUBLISH came, PUBREL did not [MQTT 4.3.3]. */
  readonly unreleased = new Set<number>();
  /** Message ids of QoS 2 that the client has, though their queue may not know it any more. */
  readonly transferred = new Set<string>();
  /** As it was written down last; see session-store.ts. */
  kept = '';
  /** A will whose delay runs. */
  will: WaitingWill | null = null;
  /** Runs while the client is away. */
  expiry: Timer | null = null;

  constructor(vhost: string, clientId: string) {
    this.vhost = vhost;
    this.clientId = clientId;
  }

  /** `mqtt-subscription-<client id>qos0` or `…qos1`, RabbitMQ's names. */
  queueName(kind: QueueKind): string {
    return `mqtt-subscription-${this.clientId}qos${kind}`;
  }

  /** The queues that live as long as the session. */
  queueNames(): readonly string[] {
    return [this.queueName(0), this.queueName(1), this.journalName];
  }

  /** The queue of qos2-journal.ts; its name fits permissions made for RabbitMQ's two. */
  get journalName(): string {
    return `mqtt-subscription-${this.clientId}qos2`;
  }

  /** All subscriptions, shared ones included. */
  get subscriptionCount(): number {
    return this.subscriptions[0].size + this.subscriptions[1].size + this.shared.size;
  }

  /** Does any subscription not want what the client itself publishes? */
  get noLocal(): boolean {
    return this.subscriptions[0].anyNoLocal || this.subscriptions[1].anyNoLocal;
  }

  /** The options of a subscription, undefined if the client has none with that filter. */
  find(filter: string): SubscriptionOptions | undefined {
    const [qos0, qos1] = this.subscriptions;
    const shared = this.shared.get(filter)?.options;
    return qos0.filters.get(filter) ?? qos1.filters.get(filter) ?? shared;
  }
}
