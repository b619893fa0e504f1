/**
 * StompConsumer: one SUBSCRIBE. Turns deliveries of the engine into MESSAGE frames, and keeps those
 * that the client has to acknowledge, under their numbers, in the order they went out. When it may
 * take one is decided by the engine's prefetch and by the outbox. Hot path: take.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { CancelReason, Consumer, Subscription } from '../../src/broker/subscription.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { type MessageStyle, MessageWriter } from './delivering.ts';

/** What a consumer needs of its connection. */
export interface ConsumerHost {
  readonly outbox: Outbox;
  /** The number of the next message of the connection, from 1. */
  nextNumber(): number;
  consumerCancelled(consumer: StompConsumer): void;
}

/** How the client acknowledges [STOMP 1.2, SUBSCRIBE ack header]. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** What a SUBSCRIBE asks for. */
export interface ConsumerOptions {
  /** `T_<id>`, or `Q_<destination>` if the client gave no id: RabbitMQ's names. */
  readonly tag: string;
  /** How errors name it: `id='1'`. */
  readonly description: string;
  readonly style: MessageStyle;
  readonly ackMode: AckMode;
  /** The queue of a durable topic subscription goes if UNSUBSCRIBE says so. */
  readonly ownsQueue: boolean;
}

export class StompConsumer implements Consumer {
  readonly options: ConsumerOptions;
  /** Deliveries that wait for an ACK, by number; the oldest is first. */
  readonly unacked = new Map<number, Delivery>();
  /** Given by the engine; set right after the consumer was made. */
  subscription: Subscription | null = null;
  private readonly host: ConsumerHost;
  private readonly noAck: boolean;
  private readonly writer: MessageWriter;

  constructor(host: ConsumerHost, options: ConsumerOptions) {
    this.host = host;
    this.options = options;
    this.noAck = options.ackMode === 'auto';
    this.writer = new MessageWriter(options.style);
  }

  get tag(): string {
    return this.options.tag;
  }

  canTake(): boolean {
    return this.host.outbox.open;
  }

  take(delivery: Delivery): void {
    const { message } = delivery;
    const number = this.host.nextNumber();
    if (!this.noAck) this.unacked.set(number, delivery);
    this.writer.write(this.host.outbox, message, number, delivery.redelivered);
  }

  cancelled(_reason: CancelReason): void {
    this.host.consumerCancelled(this);
  }

  /**
   * Takes out what an ACK or NACK of `number` settles: in `client` mode everything that went out
   * before it as well.
   * @param done is told the numbers
   * @returns oldest first; nothing if there is no such delivery
   */
  settledBy(number: number, done: Set<number> | null): Delivery[] {
    const { unacked } = this;
    const named = unacked.get(number);
    if (named === undefined) return [];
    if (this.options.ackMode !== 'client') {
      unacked.delete(number);
      done?.add(number);
      return [named];
    }
    const settled: Delivery[] = [];
    for (const [at, delivery] of unacked) {
      if (at > number) break;
      unacked.delete(at);
      done?.add(at);
      settled.push(delivery);
    }
    return settled;
  }
}
