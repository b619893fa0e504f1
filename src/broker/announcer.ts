/**
 * Announcer: publishes what the broker itself has to say (events, lines of the log) to an exchange
 * of its own, in a later turn, because it may have to say it in the middle of a publish. While
 * nothing is bound to the exchange, nothing is made; what piles up beyond a bound is dropped.
 */
import { ANNOUNCEMENTS_MAX } from '../limits.ts';
import type { Exchange } from './exchange/exchange.ts';
import { Message } from './message.ts';
import type { Properties } from './properties.ts';
import type { VHost } from './vhost.ts';

export class Announcer {
  private readonly vhost: () => VHost | undefined;
  private readonly exchange: string;
  private waiting: Message[] = [];
  private scheduled = false;
  private publishing = false;

  /** @param vhost where the exchange is; undefined while it is not there */
  constructor(vhost: () => VHost | undefined, exchange: string) {
    this.vhost = vhost;
    this.exchange = exchange;
  }

  /** Would anybody hear? Not what publishing an announcement makes the broker say. */
  get heard(): boolean {
    return !this.publishing && (this.target()?.bindings.size ?? 0) > 0;
  }

  announce(routingKey: string, properties: Properties, body: Buffer): void {
    if (this.waiting.length >= ANNOUNCEMENTS_MAX) return;
    this.waiting.push(new Message(this.exchange, routingKey, properties, body));
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.publishAll());
  }

  /** Makes the exchange, a topic that is there from the start and cannot be deleted. */
  prepare(): void {
    this.vhost()?.topology.addSystemTopic(this.exchange);
  }

  private target(): Exchange | undefined {
    return this.vhost()?.topology.exchanges.get(this.exchange);
  }

  private publishAll(): void {
    const messages = this.waiting;
    this.waiting = [];
    this.scheduled = false;
    const exchange = this.target();
    const vhost = this.vhost();
    if (exchange === undefined || vhost === undefined) return;
    this.publishing = true;
    try {
      for (const message of messages) vhost.publish(exchange, message, null, null);
    } finally {
      this.publishing = false;
    }
  }
}
