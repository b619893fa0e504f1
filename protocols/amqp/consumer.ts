/**
 * AmqpConsumer: one basic.consume. Turns deliveries of the engine into basic.deliver frames; when
 * it may take one is decided by the engine's prefetch and by the outbox. Hot path: take.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { CancelReason, Consumer, Subscription } from '../../src/broker/subscription.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { type ContentWriter, DeliverTemplate } from './delivering.ts';
import type { Unacked } from './unacked.ts';

/** What a consumer needs of its channel. */
export interface ConsumerHost {
  readonly number: number;
  readonly outbox: Outbox;
  readonly writer: ContentWriter;
  readonly unacked: Unacked;
  consumerCancelled(consumer: AmqpConsumer, reason: CancelReason): void;
}

export class AmqpConsumer implements Consumer {
  readonly tag: string;
  readonly noAck: boolean;
  readonly copies = true;
  /** Given by the engine; set right after the consumer was made. */
  subscription: Subscription | null = null;
  private readonly host: ConsumerHost;
  // Of the host: a delivery has enough objects to visit.
  private readonly outbox: Outbox;
  private readonly writer: ContentWriter;
  private readonly unacked: Unacked;
  private template: DeliverTemplate | null = null;

  constructor(host: ConsumerHost, tag: string, noAck: boolean) {
    this.host = host;
    this.outbox = host.outbox;
    this.writer = host.writer;
    this.unacked = host.unacked;
    this.tag = tag;
    this.noAck = noAck;
  }

  canTake(): boolean {
    return this.outbox.open;
  }

  take(delivery: Delivery): void {
    const { unacked } = this;
    const { message } = delivery;
    const tag = this.noAck ? unacked.skip() : unacked.add(delivery);
    let { template } = this;
    if (template === null || !template.fits(message)) {
      const { exchange, routingKey } = message;
      template = new DeliverTemplate(this.host.number, this.tag, exchange, routingKey);
      this.template = template;
    }
    this.writer.deliver(template, tag, delivery.redelivered, message);
  }

  cancelled(reason: CancelReason): void {
    this.host.consumerCancelled(this, reason);
  }
}
