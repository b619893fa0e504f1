/**
 * Commands: what each client frame of a logged-in connection does [STOMP 1.2, Client Frames]: SEND,
 * SUBSCRIBE, ACK and the others, by name. A command that has to wait returns a promise; the
 * connection reads no further until then. Receipts other than SEND's are the connection's. Hot
 * path: run, SEND, ACK.
 */
import { decided } from '../../src/auth/undecided.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Outcome } from '../../src/broker/queue/queue.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type { StompConsumer } from './consumer.ts';
import { Endpoints } from './endpoints.ts';
import { StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';
import { Receipts, type ReceiptWriter } from './receipts.ts';
import { type Outgoing, Sending, type SendingHost } from './sending.ts';
import { Subscriptions, type SubscriptionsHost } from './subscriptions.ts';
import { type Action, Transactions } from './transactions.ts';

export interface CommandOptions {
  /** Where `/topic/…` leads. */
  readonly topicExchange: string;
  /** What a NACK without a `requeue` header does. */
  readonly nackRequeues: boolean;
  /** `session-…`, as CONNECTED said. */
  readonly sessionName: string;
  readonly version: '1.0' | '1.1' | '1.2';
}

/** What commands need of their connection. */
export interface CommandHost extends ReceiptWriter {
  readonly outbox: Outbox;
  writeCancelled(consumer: StompConsumer): void;
}

/** What follows once the receipt of a frame has been written; null for nothing. */
type After = (() => void) | null;

/** One frame of a transaction, ready to be carried out. */
type Step =
  | { readonly outgoing: Outgoing }
  | { readonly deliveries: readonly Delivery[]; readonly outcome: Outcome };

export class Commands implements SendingHost, SubscriptionsHost {
  readonly session: Session;
  readonly outbox: Outbox;
  readonly endpoints: Endpoints;
  readonly receipts: Receipts;
  readonly topicExchange: string;
  readonly sessionName: string;
  readonly version: '1.0' | '1.1' | '1.2';
  private readonly host: CommandHost;
  private readonly nackRequeues: boolean;
  private readonly sending: Sending;
  private readonly subscriptions: Subscriptions;
  private readonly transactions = new Transactions();
  private lastNumber = 0;
  ended = false;

  constructor(host: CommandHost, session: Session, options: CommandOptions) {
    this.host = host;
    this.session = session;
    this.outbox = host.outbox;
    this.topicExchange = options.topicExchange;
    this.sessionName = options.sessionName;
    this.version = options.version;
    this.nackRequeues = options.nackRequeues;
    this.endpoints = new Endpoints(session);
    this.receipts = new Receipts(host, session.traffic);
    this.sending = new Sending(this);
    this.subscriptions = new Subscriptions(this);
  }

  /**
   * Does what the frame says.
   * @returns nothing, or a promise if it takes time; that of what follows its receipt
   * @throws StompError, BrokerError
   */
  run(head: FrameHead, body: Buffer): undefined | Promise<After> {
    switch (head.command) {
      case 'SEND':
        if (head.get('transaction') !== undefined) return this.defer(head, body);
        return this.sending.send(head, body)?.then(nothing);
      case 'ACK':
      case 'NACK':
        if (head.get('transaction') !== undefined) return this.defer(head, body);
        this.settle(head);
        return undefined;
      case 'SUBSCRIBE':
        return this.subscribe(head);
      case 'UNSUBSCRIBE':
        return this.subscriptions.unsubscribe(head).then(nothing);
      case 'BEGIN':
        this.transactions.begin(head);
        return undefined;
      case 'COMMIT':
        return this.commit(this.transactions.end(head)).then(nothing);
      case 'ABORT':
        this.transactions.end(head);
        return undefined;
      default: {
        const detail = `Could not interpret command "${head.command}"\n`;
        throw new StompError('Bad command', detail);
      }
    }
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.ended = true;
    await this.session.close();
  }

  /** The outbox has room again. */
  resume(): void {
    this.subscriptions.resume();
  }

  // -- what the parts call --

  nextNumber(): number {
    return ++this.lastNumber;
  }

  consumerCancelled(consumer: StompConsumer): void {
    if (this.subscriptions.cancelled(consumer) && !this.ended) this.host.writeCancelled(consumer);
  }

  replyQueue(name: string): string {
    return this.subscriptions.replyQueue(name);
  }

  openReplyQueue(name: string): Promise<string> {
    return this.subscriptions.openReplyQueue(name);
  }

  private defer(head: FrameHead, body: Buffer): undefined {
    this.transactions.add(head.get('transaction') as string, { head, body });
  }

  private async subscribe(head: FrameHead): Promise<After> {
    const consumer = await this.subscriptions.subscribe(head);
    return () => consumer.subscription?.resume();
  }

  private settle(head: FrameHead): void {
    const deliveries = this.subscriptions.settledBy(head, null);
    const outcome = this.outcomeOf(head);
    for (const delivery of deliveries) this.session.settle(delivery, outcome);
  }

  private outcomeOf(head: FrameHead): Outcome {
    if (head.command === 'ACK') return 'ack';
    return (head.boolean('requeue') ?? this.nackRequeues) ? 'requeue' : 'reject';
  }

  /** Everything is checked before anything is done. @throws StompError, BrokerError */
  private async commit(actions: readonly Action[]): Promise<void> {
    const steps: Step[] = [];
    const done = new Set<number>();
    for (const { head, body } of actions) {
      if (head.command === 'SEND') {
        const outgoing = await this.sending.prepare(head, body);
        await decided(() => this.session.check(outgoing.message));
        steps.push({ outgoing });
      } else {
        const deliveries = this.subscriptions.settledBy(head, done);
        steps.push({ deliveries, outcome: this.outcomeOf(head) });
      }
    }
    let failure: unknown = null;
    await this.session.transaction(() => {
      try {
        for (const step of steps) this.perform(step);
      } catch (error) {
        failure = error;
      }
    });
    if (failure !== null) throw failure;
  }

  private perform(step: Step): void {
    if ('outgoing' in step) {
      this.sending.publish(step.outgoing);
      return;
    }
    for (const delivery of step.deliveries) this.session.settle(delivery, step.outcome);
  }
}

function nothing(): null {
  return null;
}
