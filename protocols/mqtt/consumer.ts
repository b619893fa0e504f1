/**
 * MqttConsumer: one queue that a client consumes from: that of its subscriptions with QoS 0, that
 * of the others, or one that it shares with a group. Whether it may take a message is decided by
 * the client's window and the outbox; sending is deliveries.ts. Hot path: canTake, take.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { CancelReason, Consumer, Subscription } from '../../src/broker/subscription.ts';
import type { Deliveries } from './deliveries.ts';
import type { Match, SubscriptionSet } from './subscription-set.ts';

/** What the subscriptions of a queue ask for when a message comes. */
export type Asked = Pick<SubscriptionSet, 'match'>;

export class MqttConsumer implements Consumer {
  /** Given by the engine; set right after the consumer was made. */
  subscription: Subscription | null = null;
  readonly queueName: string;
  /** Deliveries count as done when they are sent: QoS 0. */
  readonly noAck: boolean;
  private readonly deliveries: Deliveries;
  private readonly asked: Asked;
  private readonly gone: (consumer: MqttConsumer) => void;

  constructor(
    deliveries: Deliveries,
    queueName: string,
    noAck: boolean,
    asked: Asked,
    gone: (consumer: MqttConsumer) => void,
  ) {
    this.deliveries = deliveries;
    this.queueName = queueName;
    this.noAck = noAck;
    this.asked = asked;
    this.gone = gone;
  }

  canTake(): boolean {
    return this.deliveries.canTake(this.noAck);
  }

  take(delivery: Delivery): void {
    this.deliveries.send(delivery, this.asked.match(delivery.message.routingKey), this.noAck);
  }

  cancelled(_reason: CancelReason): void {
    this.gone(this);
  }
}

/** What one shared subscription asks for, whatever the message. */
export function always(match: Match): Asked {
  return { match: () => match };
}
