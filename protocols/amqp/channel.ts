/**
 * Channel: one channel of an AMQP connection [AMQP 2.2.2.1]: its consumers, its unacked
 * deliveries, its mode (plain, confirm or transaction). Frames come from the connection; what a
 * method does is in methods/<class>.ts. Hot path: method, publish, ack.
 */
import { whenDecided } from '../../src/auth/undecided.ts';
import type { BodyPool } from '../../src/broker/body-memory.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Message } from '../../src/broker/message.ts';
import type { Outcome } from '../../src/broker/queue/queue.ts';
import type { Receipt } from '../../src/broker/receipt.ts';
import type { Session } from '../../src/broker/session.ts';
import { type CancelReason, PrefetchWindow } from '../../src/broker/subscription.ts';
import type { ChannelDescription, ChannelView, Traffic } from '../../src/broker/traffic.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { methodById, methodFrame } from './compile.ts';
import type { Confirms, ConfirmWriter } from './confirms.ts';
import type { AmqpConnection } from './connection.ts';
import type { AmqpConsumer, ConsumerHost } from './consumer.ts';
import { ContentWriter } from './delivering.ts';
import { AmqpError, REPLIES, type Reply } from './errors.ts';
import { FrameBacklog } from './frame-backlog.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD } from './frames.ts';
import { type Handler, handlerOf } from './methods/handlers.ts';
import { type Publisher, Publishing } from './publishing.ts';
import { BASIC_CLASS, METHODS, type MethodArguments, type ServerMethod } from './spec.ts';
import type { Transaction } from './transaction.ts';
import { Unacked } from './unacked.ts';
import { shortAt } from './wire.ts';

const PUBLISH_ID = METHODS['basic.publish'].id[1];

export class Channel implements ConsumerHost, ConfirmWriter, Publisher, ChannelView {
  readonly number: number;
  readonly connection: AmqpConnection;
  readonly session: Session;
  readonly outbox: Outbox;
  readonly writer: ContentWriter;
  readonly unacked = new Unacked();
  readonly consumers = new Map<string, AmqpConsumer>();
  readonly traffic: Traffic;
  readonly bodies: BodyPool;
  /** The limit of basic.qos(global=true), for all consumers together. */
  readonly window = new PrefetchWindow(0);
  /** The limit that basic.qos gives to each consumer made after it; 0 is unlimited. */
  prefetch = 0;
  /** The queue declared last: what an empty queue name means. */
  lastQueue = '';
  confirms: Confirms | null = null;
  transaction: Transaction | null = null;
  /** We have sent channel.close and wait for close-ok; everything else is ignored. */
  closing = false;
  private readonly publishing = new Publishing(this);
  private readonly backlog: FrameBacklog;
  private waiting = false;
  private replaying = false;
  private ended = false;
  private readonly idlers: (() => void)[] = [];

  constructor(number: number, connection: AmqpConnection, session: Session) {
    this.number = number;
    this.connection = connection;
    this.session = session;
    this.traffic = session.openTraffic(this);
    this.bodies = connection.broker.bodies;
    this.outbox = connection.outbox;
    this.backlog = new FrameBacklog(connection);
    this.writer = new ContentWriter(this.outbox, number, connection.tuning.frameMax);
  }

  /** Is there something to do before what comes next: a method that waits, or its followers? */
  get busy(): boolean {
    return this.waiting || !this.backlog.empty;
  }

  private get heldBack(): boolean {
    return this.waiting || (!this.replaying && !this.backlog.empty);
  }

  /** Calls `run` when everything that has come so far is done. */
  whenIdle(run: () => void): void {
    this.idlers.push(run);
  }

  // -- frames in --

  method(buf: Buffer, start: number, end: number): void {
    if (this.heldBack) {
      this.backlog.add(FRAME_METHOD, buf, start, end);
      return;
    }
    const classId = shortAt(buf, start);
    const methodId = shortAt(buf, start + 2);
    this.publishing.checkIdle();
    if (classId === BASIC_CLASS && methodId === PUBLISH_ID) {
      this.publishing.method(buf, start + 4, end);
      return;
    }
    const method = methodById(classId, methodId);
    const handler = method === undefined ? undefined : handlerOf(method.name);
    if (method === undefined || handler === undefined) {
      throw new AmqpError('COMMAND_INVALID', 'unimplemented method');
    }
    const args = method.decode(buf, start + 4, end) as never;
    let done: void | Promise<void>;
    try {
      done = handler(this, args);
    } catch (error) {
      done = this.handleLater(error, handler, args);
    }
    if (done instanceof Promise) this.wait(done, classId, methodId);
  }

  header(buf: Buffer, start: number, end: number): void {
    if (this.heldBack) this.backlog.add(FRAME_HEADER, buf, start, end);
    else this.publishing.header(buf, start, end);
  }

  body(buf: Buffer, start: number, end: number): void {
    if (this.heldBack) this.backlog.add(FRAME_BODY, buf, start, end);
    else this.publishing.piece(buf, start, end);
  }

  // -- answers --

  send<N extends ServerMethod>(name: N, args: MethodArguments<N>): void {
    this.outbox.write(methodFrame(name, this.number, args));
  }

  // -- publishing --

  publish(message: Message, mandatory: boolean): void {
    const receipt = this.confirms?.next() ?? null;
    try {
      this.publishWith(receipt, message, mandatory);
    } catch (error) {
      this.publishLater(error, receipt, message, mandatory);
    }
  }

  /** Publishes without a confirm. */
  publishNow(message: Message, mandatory: boolean): void {
    const reached = this.session.publish(message, null, this.traffic);
    if (mandatory && reached === 0) this.return(message);
    message.release();
  }

  private publishWith(receipt: Receipt | null, message: Message, mandatory: boolean): void {
    if (this.transaction !== null) {
      this.session.check(message, this.traffic);
      this.transaction.publishes.push({ message, mandatory });
    } else if (receipt === null) this.publishNow(message, mandatory);
    else {
      const reached = this.session.publish(message, receipt, this.traffic);
      if (mandatory && reached === 0) this.return(message);
      message.release();
      this.confirms?.release(receipt);
    }
  }

  /** Hands a mandatory message that reached nobody back to its publisher. */
  return(message: Message): void {
    this.session.returned(message, this.traffic);
    const { exchange, routingKey } = message;
    const args = { replyCode: REPLIES.NO_ROUTE.code, replyText: 'NO_ROUTE', exchange, routingKey };
    const returned = this.session.addressed(message, this.traffic);
    this.writer.send(methodFrame('basic.return', this.number, args), returned);
  }

  confirmsWaiting(): void {
    this.connection.flushConfirmsOf(this);
  }

  writeConfirm(method: 'basic.ack' | 'basic.nack', deliveryTag: number, multiple: boolean): void {
    if (method === 'basic.ack') this.send(method, { deliveryTag, multiple });
    else this.send(method, { deliveryTag, multiple, requeue: true });
  }

  // -- consuming --

  /**
   * Settles one delivery, or with `multiple` all up to it (tag 0: all there are).
   * @throws AmqpError PRECONDITION_FAILED for a tag that is not waiting
   */
  settle(tag: number, multiple: boolean, outcome: Outcome): void {
    if (this.transaction !== null) {
      this.settleLater(this.transaction, tag, multiple, outcome);
    } else if (multiple) {
      if (tag !== 0 && !this.unacked.has(tag)) throw unknownTag(tag);
      const deliveries = this.unacked.takeUpTo(tag);
      for (const delivery of deliveries) this.session.settle(delivery, outcome);
    } else {
      const delivery = this.unacked.take(tag);
      if (delivery === undefined) throw unknownTag(tag);
      this.session.settle(delivery, outcome);
    }
  }

  /** Everything unacked goes back to its queue; what a transaction has settled does not. */
  giveBack(outcome: 'requeue' | 'release'): void {
    for (const delivery of this.unacked.takeUpTo(0)) this.session.settle(delivery, outcome);
  }

  consumerCancelled(consumer: AmqpConsumer, reason: CancelReason): void {
    this.consumers.delete(consumer.tag);
    if (this.ended) return;
    if (this.connection.clientCan('consumer_cancel_notify')) {
      this.send('basic.cancel', { consumerTag: consumer.tag, noWait: true });
    } else if (reason === 'consumer timeout') {
      const text = timeoutText(this.number, consumer.subscription?.timeoutMs ?? 0);
      this.fail(REPLIES.PRECONDITION_FAILED, `PRECONDITION_FAILED - ${text}`, 0, 0);
    }
  }

  /** The outbox has been sent: credit may have returned, and there is room for answers. */
  resume(): void {
    if (!this.waiting && !this.backlog.empty) this.goOn();
    for (const consumer of this.consumers.values()) consumer.subscription?.resume();
  }

  /**
   * The broker stops: no more deliveries, and no rest of a content that has begun, but what is out
   * may still be acked.
   */
  drain(): void {
    this.publishing.abandon();
    this.cancelConsumers();
  }

  private cancelConsumers(): void {
    for (const consumer of this.consumers.values()) consumer.subscription?.cancel();
    this.consumers.clear();
  }

  /** Closes the channel because of an error of the client. */
  fail(reply: Reply, text: string, classId: number, methodId: number): void {
    this.confirms?.flush();
    this.closing = true;
    this.close();
    this.send('channel.close', { replyCode: reply.code, replyText: text, classId, methodId });
  }

  /** The channel is over: consumers end, and what is out goes back, oldest first. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.publishing.abandon();
    this.backlog.clear();
    this.cancelConsumers();
    const settled = this.transaction?.settles ?? [];
    for (const { delivery } of settled) this.session.settle(delivery, 'requeue');
    this.giveBack('requeue');
    this.session.closeTraffic(this.traffic);
    this.session.totals.churn.channelClosed++;
  }

  describe(): ChannelDescription {
    const { confirms, transaction } = this;
    return {
      confirm: confirms !== null,
      transactional: transaction !== null,
      prefetch: this.prefetch,
      globalPrefetch: this.window.limit,
      consumers: this.consumers.size,
      unacknowledged: this.unacked.size,
      unconfirmed: confirms?.unconfirmed ?? 0,
      uncommitted: transaction?.publishes.length ?? 0,
      acksUncommitted: transaction?.settles.length ?? 0,
    };
  }

  // -- inside --

  // These two make the closures, so that those who call them make none when all goes well.

  /** When it is known whether the user may. @throws error if that is anything else */
  private handleLater(error: unknown, handler: Handler<never>, args: never): Promise<void> {
    return whenDecided(error, () => (this.ended ? undefined : handler(this, args)));
  }

  private publishLater(
    error: unknown,
    receipt: Receipt | null,
    message: Message,
    mandatory: boolean,
  ): void {
    const again = (): void => {
      if (!this.ended) this.publishWith(receipt, message, mandatory);
    };
    this.wait(whenDecided(error, again), BASIC_CLASS, PUBLISH_ID);
  }

  private settleLater(
    transaction: Transaction,
    tag: number,
    multiple: boolean,
    outcome: Outcome,
  ): void {
    if (tag !== 0 && !this.unacked.has(tag)) throw unknownTag(tag);
    const found: [number, Delivery][] = multiple ? [...this.unacked.upTo(tag)] : [];
    for (const [each] of found) this.unacked.take(each);
    const one = multiple ? undefined : this.unacked.take(tag);
    if (one !== undefined) found.push([tag, one]);
    if (found.length === 0 && !(multiple && tag === 0)) throw unknownTag(tag);
    for (const [each, delivery] of found)
      transaction.settles.push({ tag: each, delivery, outcome });
  }

  /** Holds this channel's later frames back until `done`. */
  private wait(done: Promise<void>, classId: number, methodId: number): void {
    this.waiting = true;
    done.then(
      () => this.goOn(),
      (error: unknown) => {
        this.waiting = false;
        if (!this.ended) this.connection.trouble(error, this, classId, methodId);
        this.goOn();
      },
    );
  }

  private goOn(): void {
    this.waiting = false;
    this.replaying = true;
    // A few bytes can ask for many: no more answers while the peer does not read those it has.
    while (!this.waiting && !this.backlog.empty && !this.outbox.stalled) {
      this.backlog.replayOne(this.number, this.connection);
    }
    this.replaying = false;
    if (this.busy) return;
    for (const run of this.idlers.splice(0)) run();
    this.connection.flushConfirms();
  }
}

/** A client that cannot be told of a cancelled consumer loses its channel, as in RabbitMQ. */
function timeoutText(channel: number, timeoutMs: number): string {
  return (
    `delivery acknowledgement on channel ${channel} timed out. ` +
    `Timeout value used: ${timeoutMs} ms. This timeout value can be configured, ` +
    'see consumers doc guide to learn more'
  );
}

function unknownTag(tag: number): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
}
