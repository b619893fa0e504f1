/**
 * SocketConsumer: one consumer of a socket, as the engine sees it. It takes messages as long as it
 * has credit, the socket is not behind, and what the socket holds is bounded. Hot path: take.
 */
import { randomUUID } from 'node:crypto';
import type { Delivery } from '../../../../src/broker/delivery.ts';
import type { Session } from '../../../../src/broker/session.ts';
import {
  type CancelReason,
  type Consumer,
  PrefetchWindow,
  type Subscription,
} from '../../../../src/broker/subscription.ts';
import { heldEvent } from '../event-form.ts';
import { heldMessage } from '../message-json.ts';
import type { Command } from './commands.ts';
import type { Output } from './output.ts';

/** What a consumer needs of its socket. */
export interface ConsumerHost {
  readonly session: Session;
  readonly output: Output;
  /** May more be sent and held? Whoever is told no is resumed later. */
  readonly roomy: boolean;
  /** Enters a message that waits to be acknowledged. Returns its token. */
  hold(delivery: Delivery): string;
  consumerCancelled(consumer: SocketConsumer, reason: CancelReason): void;
}

export class SocketConsumer implements Consumer {
  readonly name: string;
  private readonly host: ConsumerHost;
  private readonly wishes: Command<'consume'>;
  private readonly window: PrefetchWindow;
  private readonly subscription: Subscription;
  private paused: boolean;

  /** @throws BrokerError as Session.subscribe() */
  constructor(host: ConsumerHost, name: string, wishes: Command<'consume'>) {
    this.host = host;
    this.name = name;
    this.wishes = wishes;
    this.paused = wishes.credit === 0;
    this.window = new PrefetchWindow(Math.max(1, wishes.credit));
    const { queue, ack, exclusive, priority } = wishes;
    this.subscription = host.session.subscribe(queue, this, {
      tag: name,
      noAck: ack === 'auto',
      exclusive,
      window: this.window,
      arguments: new Map(priority === 0 ? [] : [['x-priority', priority]]),
    });
  }

  get queueName(): string {
    return this.subscription.queue.name;
  }

  resume(): void {
    this.subscription.resume();
  }

  /** 0 stops it for a while. */
  set credit(credit: number) {
    this.paused = credit === 0;
    if (this.paused) return;
    this.window.limit = credit;
    this.subscription.resume();
  }

  cancel(): void {
    this.subscription.cancel();
  }

  canTake(): boolean {
    return !this.paused && this.host.roomy;
  }

  take(delivery: Delivery): void {
    const { host, wishes, name } = this;
    const token = wishes.ack === 'auto' ? null : host.hold(delivery);
    const message =
      wishes.format === 'message'
        ? heldMessage(delivery, token, wishes.encoding)
        : this.heldAsEvent(delivery, token);
    host.output.message({ consumer: name, ...message }, delivery.message.bodyBytes);
  }

  private heldAsEvent(delivery: Delivery, token: string | null): Record<string, unknown> {
    const event = heldEvent(delivery, token, randomUUID(), this.host.session.vhost.name);
    return { ...(token !== null && { token }), event };
  }

  cancelled(reason: CancelReason): void {
    this.host.consumerCancelled(this, reason);
  }
}
