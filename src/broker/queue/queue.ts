/**
 * Queue: messages in order, consumers in turn. What waits is in the backlog; what is out is held
 * by subscriptions and sessions until it is settled. Push with credit: drain() runs whenever
 * something may have changed (a message came, one was settled, a consumer resumed) and never
 * waits. Everything else has a file of its own beside this one. Hot path: enqueue, drain, settle.
 */
import type { Clock } from '../../clock.ts';
import {
  type Meta,
  type NewMessage,
  NO_REF,
  type QueueId,
  type QueueSink,
  type QueueStore,
  type Ref,
} from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Governing } from '../effective.ts';
import { BrokerError, resource } from '../errors.ts';
import type { Fields } from '../field.ts';
import { Message } from '../message.ts';
import type { ReceiptHolder } from '../receipt.ts';
import {
  type CancelReason,
  type Consumer,
  type SubscribeOptions,
  Subscription,
} from '../subscription.ts';
import { DeathCounts, DeliveryCounts } from '../traffic.ts';
import { Backlog } from './backlog.ts';
import { countsIfLost } from './counts.ts';
import type { DeathReason } from './dead-letter.ts';
import { DeliveryTimeouts } from './delivery-timeouts.ts';
import { Fetches } from './fetches.ts';
import { IdleTimer } from './idle-timer.ts';
import type { QueueDefinition, QueueHost } from './queue-host.ts';
import type { QueueType, QueueTypeName } from './queue-types.ts';
import { type DelayedReturn, Returns, type ReturnsHost } from './returns.ts';
import { SafeLetters } from './safe-letters.ts';
import { defaultsOf, type QueueSettings, settingsOf } from './settings.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Unsettled } from './unsettled.ts';

/**
 * How a delivery ends: done with; back to the queue because it failed, or without having been
 * tried ('release', which a delivery limit does not count); or given up.
 */
export type Outcome = 'ack' | 'requeue' | 'release' | 'reject';

export class Queue implements QueueSink, ReceiptHolder, ReturnsHost {
  readonly kind = 'queue';
  readonly name: string;
  readonly id: QueueId;
  readonly type: QueueTypeName;
  /** What its type does. */
  readonly rules: QueueType;
  /** Do messages only wait here for their delay? */
  readonly holds: boolean;
  /** Are messages that were published as transient kept as well, and confirmed when they are? */
  readonly keepsAll: boolean;
  readonly durable: boolean;
  readonly owner: string | null;
  readonly autoDelete: boolean;
  arguments: Fields;
  /** The user who declared it; null if nobody knows. */
  readonly declaredBy: string | null;
  /** Messages that were routed here, and what became of them. */
  published = 0;
  readonly counts = new DeliveryCounts();
  readonly deaths = new DeathCounts();
  settings: QueueSettings;
  /** The policies that apply. */
  governing: Governing;
  readonly backlog: Backlog;
  readonly subscriptions: Subscriptions;
  /** Keeps what is persistent if the queue is durable, and more when memory is short. */
  store: QueueStore | null = null;
  /** Messages handed out and not settled. */
  unsettled = 0;
  unsettledBytes = 0;
  /** Messages published to a `readyOn: 'durable'` store and not settled yet, and their bodies. */
  arriving = 0;
  arrivingBytes = 0;
  deleted = false;
  /** Nobody uses it, and the catalog is being told: for clients it is gone already. */
  going: Promise<void> | null = null;
  /** The route that reached this queue last; makes a route a set without a Set. */
  routeMark = 0;
  private readonly host: QueueHost;
  private readonly bornMs: number;
  /** What comes back, and who holds what for how long: of quorum queues only. */
  private readonly returns: Returns | null;
  private readonly timeouts: DeliveryTimeouts | null;
  private readonly safeLetters: SafeLetters | null;
  private readonly idleTimer: IdleTimer;
  private draining = false;
  private readonly fetches = new Fetches(this);

  constructor(host: QueueHost, definition: QueueDefinition) {
    this.host = host;
    this.name = definition.name;
    this.id = definition.id;
    this.durable = definition.durable;
    this.owner = definition.owner;
    this.autoDelete = definition.autoDelete;
    this.arguments = definition.arguments;
    this.declaredBy = definition.declaredBy ?? null;
    this.type = definition.type.name;
    this.rules = definition.type;
    this.holds = definition.type.holds;
    this.keepsAll = definition.type.keepsAll;
    this.governing = definition.governing;
    this.settings = settingsOf(this.rules, this.arguments, this.governing);
    this.backlog = new Backlog(this, host);
    const { singleActiveConsumer } = this.settings;
    this.subscriptions = new Subscriptions(singleActiveConsumer, this.rules.activeByPriority);
    const { clock } = host;
    this.bornMs = clock.now();
    this.returns = this.rules.counts ? new Returns(this, clock) : null;
    this.timeouts = this.rules.counts ? new DeliveryTimeouts(this, clock) : null;
    this.safeLetters = this.rules.counts ? new SafeLetters(this, host) : null;
    this.idleTimer = new IdleTimer(clock, () => host.unused(this));
    this.touch();
  }

  /** Policies have changed: from now on these apply. */
  govern(governing: Governing): void {
    this.governing = governing;
    this.settings = settingsOf(this.rules, this.arguments, this.governing);
    this.backlog.configure();
    this.timeouts?.look();
    this.touch();
    if (this.backlog.size > 0) this.backlog.trim();
  }

  /** What counts where nobody has said anything, by the key of a policy. */
  defaults(): Fields {
    return defaultsOf(this.rules, this.host.consumerTimeoutMs);
  }

  /** Messages that came back and wait for their delay; they are not ready. */
  get delayed(): number {
    return this.returns?.delayed ?? 0;
  }

  /** The same themselves. */
  delayedReturns(): Iterable<DelayedReturn> {
    return this.returns?.waiting() ?? [];
  }

  /** Tells it from others of its name, before and after: what names its messages has it in it. */
  get epoch(): string {
    return `${this.bornMs.toString(36)}${this.id.toString(36)}`;
  }

  /** Dead letters that must arrive and have not yet; they are not ready either. */
  get lettersUnderway(): number {
    return this.safeLetters?.size ?? 0;
  }

  /** ms that consumers may hold a message; 0: for ever. */
  get consumerTimeoutMs(): number {
    const { consumerTimeoutMs } = this.settings;
    return consumerTimeoutMs < 0 ? this.host.consumerTimeoutMs : consumerTimeoutMs;
  }

  get clock(): Clock {
    return this.host.clock;
  }

  /** Messages ready for delivery. */
  get size(): number {
    return this.backlog.size;
  }

  toString(): string {
    return resource('queue', this.name, this.host.name);
  }

  /** Does reject-publish turn a message of this size away? */
  refuses(bodyBytes: number): boolean {
    return this.backlog.refuses(bodyBytes);
  }

  /** Takes a message in: to a consumer at once if one is waiting for it, else to the backlog. */
  enqueue(message: Message, ref: Ref): void {
    message.hold();
    if (this.backlog.size === 0 && !this.draining) {
      const subscription = this.subscriptions.next();
      if (subscription !== null) {
        const delivery = this.backlog.passThrough(message, ref, subscription.noAck);
        this.handOver(subscription, delivery);
        return;
      }
    }
    this.backlog.add(message, ref);
    this.settleDown();
  }

  /** A store says that a message is there: recovered, or committed. */
  ready(meta: Meta, resident: NewMessage | null): void {
    if (this.deleted) return;
    if (resident instanceof Message) {
      this.enqueue(resident, meta.ref);
      return;
    }
    this.backlog.addStored(meta);
    this.settleDown();
  }

  /**
   * Adds a consumer. It gets nothing before its first resume(), so that an adapter can answer
   * its client first.
   * @throws BrokerError ACCESS_REFUSED if it or another wants the queue for itself
   */
  subscribe(consumer: Consumer, options: SubscribeOptions): Subscription {
    const exclusive = options.exclusive === true && this.rules.exclusiveConsumers;
    if (!this.subscriptions.admits(exclusive)) {
      throw new BrokerError('ACCESS_REFUSED', `${this} in exclusive use`);
    }
    this.idleTimer.cancel();
    const subscription = new Subscription(this, consumer, { ...options, exclusive });
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** Ends a subscription; called by Subscription.cancel(). */
  unsubscribe(subscription: Subscription): void {
    subscription.ended = true;
    this.subscriptions.remove(subscription);
    if (this.deleted) return;
    if (this.subscriptions.size > 0) this.drain();
    else if (this.autoDelete) this.host.unused(this);
    else this.touch();
  }

  /** Gives a subscription its turn again; called by Subscription.resume(). */
  unpark(subscription: Subscription): void {
    this.subscriptions.unpark(subscription);
    this.drain();
  }

  /** Hands messages over as long as somebody takes them. */
  drain(): void {
    if (this.draining || this.deleted) return;
    this.draining = true;
    try {
      while (this.backlog.size > 0) {
        const subscription = this.subscriptions.next();
        if (subscription === null) break;
        const delivery = this.backlog.takeHead();
        if (delivery === null) break;
        this.handOver(subscription, delivery);
      }
    } finally {
      this.draining = false;
    }
  }

  /** Messages at the head of the backlog have been read back. */
  readable(): void {
    this.fetches.wake();
    this.drain();
  }

  /**
   * Fetches one message without a subscription; null if none is ready.
   * @param holder who has to settle it; null counts as settled at once
   */
  fetch(holder: Unsettled | null): Promise<Delivery | null> {
    this.touch();
    return this.fetches.one(holder);
  }

  /** Ends a delivery of this queue. */
  settle(delivery: Delivery, outcome: Outcome): void {
    if (this.host.tracer !== null) this.host.tracer.settled(delivery, outcome);
    const holder = delivery.holder as Unsettled;
    holder.remove(delivery);
    this.unsettled--;
    this.unsettledBytes -= delivery.message.bodyBytes;
    if (outcome === 'ack') {
      this.counts.ack++;
      holder.counts.ack++;
      this.discard(delivery.ref);
      if (holder.subscription?.copies) delivery.message.release();
    } else if (!this.deleted) {
      this.handBack(delivery, outcome);
    }
    holder.subscription?.credit();
  }

  /** The queue is gone: consumers are told, messages forgotten. Returns how many were ready. */
  delete(reason: CancelReason): number {
    this.deleted = true;
    this.backlog.close();
    this.returns?.clear();
    this.timeouts?.clear();
    this.safeLetters?.clear();
    this.idleTimer.cancel();
    for (const subscription of [...this.subscriptions.all]) {
      subscription.cancel();
      subscription.consumer.cancelled(reason);
    }
    this.readable();
    return this.backlog.size;
  }

  /** The queue is in use: x-expires starts anew. */
  touch(): void {
    this.idleTimer.touch(this.settings.expiresMs, this.deleted || this.subscriptions.size > 0);
  }

  /** A message is settled for good. */
  discard(ref: Ref): void {
    if (ref !== NO_REF && !this.deleted) this.store?.ack(ref);
  }

  /** The queue will not keep a message: to the dead-letter exchange, if there is one. */
  giveUp(message: Message, ref: Ref, reason: DeathReason): void {
    const { deadLetterExchange, deadLetterStrategy } = this.settings;
    const safely = deadLetterStrategy === 'at-least-once';
    if (deadLetterExchange === null) this.discard(ref);
    else if (safely) this.safeLetters?.add(message, ref, reason);
    else this.host.deadLetter(this, message, ref, reason);
  }

  /**
   * A dead letter of this queue is where it should go (or nowhere): its original may go. If a store
   * could not keep the letter, the original stays in ours, and is back after a restart.
   */
  completed(ref: number, accepted: boolean): void {
    if (accepted) this.discard(ref);
  }

  /** The store lost the queue: another node has it now, or it failed. */
  closed(_reason: Error | null): void {
    if (!this.deleted) this.delete('queue unavailable');
  }

  /** A message came back once too often. */
  tooMany(message: Message, ref: Ref): void {
    this.deaths.delivery_limit++;
    this.host.tracer?.died(this, message, ref, 'delivery_limit');
    this.giveUp(message, ref, 'delivery_limit');
  }

  /** The store should know how often a message was out. */
  remember(ref: Ref, counts: number): void {
    if (ref !== NO_REF) this.store?.returned(ref, counts);
  }

  /** After the backlog has grown: deliver, else expire, else make room. */
  settleDown(): void {
    this.drain();
    if (this.backlog.size > 0) this.backlog.trim();
  }

  /** Should it never come back, because the process ends, it is redelivered. */
  handedOut(delivery: Delivery): void {
    const { ref } = delivery;
    delivery.handedOverTick = this.host.clock.ticks;
    if (ref !== NO_REF) this.store?.delivered(ref, countsIfLost(delivery, this.rules.counts));
  }

  private handBack(delivery: Delivery, outcome: 'requeue' | 'release' | 'reject'): void {
    const { kept, ref, deliveryCount } = delivery;
    if (outcome === 'reject') {
      this.deaths.rejected++;
      this.giveUp(kept, ref, 'rejected');
    } else if (this.returns !== null) {
      this.returns.take(delivery, outcome === 'requeue');
    } else {
      this.remember(ref, deliveryCount + 1);
      this.backlog.putBack(delivery);
      this.settleDown();
    }
  }

  private handOver(subscription: Subscription, delivery: Delivery): void {
    const { counts } = this;
    this.subscriptions.served();
    if (delivery.redelivered) counts.redeliver++;
    if (subscription.noAck) {
      counts.deliverNoAck++;
      this.discard(delivery.ref);
    } else {
      counts.deliver++;
      this.unsettled++;
      this.unsettledBytes += delivery.message.bodyBytes;
      subscription.charge(delivery);
      this.handedOut(delivery);
      if (this.timeouts !== null) this.timeouts.handedOver(delivery, subscription);
    }
    subscription.take(delivery);
  }
}
