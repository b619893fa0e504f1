/**
 * Session: the only door into the engine. One per client connection, already bound to a user and
 * a vhost; rights, limits and ownership are checked here, once, for every protocol. Publishing,
 * consuming and settling are in this file; declaring and binding are session.topology. When it
 * closes, everything it holds goes back. Hot path: publish, settle.
 */
import type { Variables } from '../auth/rights.ts';
import type { SessionRights } from '../auth/session-rights.ts';
import { decided } from '../auth/undecided.ts';
import type { User } from '../auth/user.ts';
import type { Delivery } from './delivery.ts';
import { isReplyName } from './direct-replies.ts';
import { BrokerError } from './errors.ts';
import type { EventDetails } from './events.ts';
import { integerOf, NO_FIELDS } from './field.ts';
import type { Message } from './message.ts';
import { MessageAccess } from './message-access.ts';
import { REPLY_TO } from './properties.ts';
import { PublishAccess, withoutBcc } from './publish-access.ts';
import { checkConsumerArguments } from './queue/arguments.ts';
import { checkFetch } from './queue/fetches.ts';
import type { Outcome, Queue } from './queue/queue.ts';
import { Unsettled } from './queue/unsettled.ts';
import type { Quota } from './quota.ts';
import type { Receipt } from './receipt.ts';
import { Requests } from './requests.ts';
import type { SessionContext } from './session-context.ts';
import type { Consumer, SubscribeOptions, Subscription } from './subscription.ts';
import type { TopologyAccess } from './topology-access.ts';
import type { Totals } from './totals.ts';
import type { Tracer } from './tracing/tracer.ts';
import { type ChannelView, type DeliveryCounts, Traffic } from './traffic.ts';
import type { VHost } from './vhost.ts';

/** Whoever a session is for: a client's connection, as its adapter has it. */
export interface SessionHolder {
  /** Of the connection, as operators see it. */
  readonly name?: string;
  /** What the client calls it. */
  readonly givenName?: string;
  /** What topic permissions may name besides username and vhost, e.g. `client_id`. */
  readonly variables?: Variables;
  /** May the client show another secret when its login runs out? Others are expelled then. */
  readonly renewsLogin?: boolean;
  /** The broker takes the session away: tell the client why, in its protocol, and close it. */
  expelled(reason: string): void;
}

/** A message fetched without a subscription. */
export interface Fetched {
  readonly delivery: Delivery;
  /** Messages that are ready behind it. */
  readonly remaining: number;
}

export class Session {
  readonly id: string;
  readonly user: User;
  readonly vhost: VHost;
  readonly topology: TopologyAccess;
  /** Looking at messages, and moving them. */
  readonly messages: MessageAccess;
  readonly maxMessageBytes: number;
  readonly protocol: string;
  readonly totals: Totals;
  readonly quota: Quota;
  /** What adapters without channels of their own send and get. */
  readonly traffic = new Traffic(this);
  private readonly traffics = new Set<Traffic>();
  readonly rights: SessionRights;
  private readonly context: SessionContext;
  private readonly subscriptions = new Set<Subscription>();
  /** By what they are counted in. */
  private readonly fetched = new Map<DeliveryCounts, Unsettled>();
  private readonly access: PublishAccess;
  private readonly requests: Requests;
  private tracer: Tracer | null;
  private ended = false;

  constructor(context: SessionContext) {
    this.id = context.id;
    this.user = context.user;
    this.vhost = context.vhost;
    this.topology = context.topology;
    this.maxMessageBytes = context.maxMessageBytes;
    this.protocol = context.protocol;
    this.totals = context.totals;
    this.quota = context.quota;
    this.rights = context.rights;
    this.context = context;
    this.access = new PublishAccess(context);
    this.messages = new MessageAccess(context, this.traffic);
    this.requests = new Requests(context.vhost.topology.replies);
    this.tracer = context.vhost.tracer;
    this.traffics.add(this.traffic);
    this.vhost.traffics.add(this.traffic);
    this.tell('connection.created', { protocol: this.protocol });
  }

  /**
   * Counts for one more channel, until closeTraffic().
   * @throws BrokerError NOT_ALLOWED if the user or the broker has as many as may be
   */
  openTraffic(channel: ChannelView | null = null): Traffic {
    this.quota.channelOpened(this.user);
    const traffic = new Traffic(this, channel);
    this.traffics.add(traffic);
    this.vhost.traffics.add(traffic);
    this.tell('channel.created', { number: channel?.number ?? 1 });
    return traffic;
  }

  /** The traffic of each channel that is open, the session's own first. */
  openTraffics(): Iterable<Traffic> {
    return this.traffics;
  }

  /** Its subscriptions, and ended ones that still hold something. */
  openSubscriptions(): Iterable<Subscription> {
    return this.subscriptions;
  }

  /** Consumers, and what they and the session itself hold. */
  holding(): { readonly consumers: number; readonly unacknowledged: number } {
    let unacknowledged = 0;
    for (const { size } of this.holders()) unacknowledged += size;
    return { consumers: this.subscriptions.size, unacknowledged };
  }

  /** What it holds: by fetching, and by each subscription. */
  *holders(): Generator<Unsettled> {
    yield* this.fetched.values();
    for (const { unsettled } of this.subscriptions) yield unsettled;
  }

  /** A channel has closed; what it did stays in the totals. */
  closeTraffic(traffic: Traffic): void {
    if (!this.traffics.delete(traffic)) return;
    if (traffic !== this.traffic) {
      this.quota.channelClosed(this.user);
      this.tell('channel.closed', { number: traffic.channel?.number ?? 1 });
    }
    traffic.eachType((counts) => {
      if (this.fetched.get(counts)?.size === 0) this.fetched.delete(counts);
    });
    this.vhost.traffics.delete(traffic);
    this.vhost.pastTraffic.add(traffic);
    this.context.totals.retire(this.protocol, traffic);
  }

  /**
   * Publishes a message. The receipt, if any, is held by whoever has to make the message safe.
   * @param traffic the channel it is counted for
   * @param except queues that it does not reach, e.g. the publisher's own (MQTT's no-local)
   * @returns how many queues it reached
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED (properties); Undecided
   */
  publish(
    message: Message,
    receipt: Receipt | null,
    traffic: Traffic = this.traffic,
    except: readonly Queue[] | null = null,
  ): number {
    const { access } = this;
    const exchange = access.exchange(message.exchange);
    let reached: number;
    if (message.properties.plain) {
      if (access.topics !== null) access.checkKey(message.routingKey);
      reached = this.vhost.publish(exchange, message, null, receipt, except);
      if (this.tracer !== null) this.tracer.published(message, null, traffic);
    } else {
      const sent = this.requests.addressed(message, traffic);
      const keys = access.check(sent);
      const shown = withoutBcc(sent);
      reached = this.vhost.publish(exchange, shown, keys, receipt, except);
      if (this.tracer !== null) this.tracer.published(shown, keys, traffic);
    }
    if (traffic.flows !== null) traffic.flows.count(exchange);
    traffic.published(message.bodyBytes, receipt !== null, reached);
    return reached;
  }

  /**
   * Gives a message to one queue as if it had just been routed there: one that was kept for those
   * who come late (MQTT's retained messages).
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED
   */
  publishTo(queueName: string, message: Message): void {
    this.vhost.publishTo(this.readingQueue(queueName) ?? this.readableQueue(queueName), message);
  }

  /** Makes the checks of publish() only: for a message that is published later. @throws the same */
  check(message: Message, traffic: Traffic = this.traffic): void {
    this.access.exchange(message.exchange);
    this.access.check(this.requests.addressed(message, traffic));
  }

  /** The message as publish() would send it, which may have said where it wants its reply. */
  addressed(message: Message, traffic: Traffic = this.traffic): Message {
    return this.requests.addressed(message, traffic);
  }

  /** What `body` publishes and settles takes effect together, as far as the store can do that. */
  transaction(body: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = (error: Error | null): void => (error === null ? resolve() : reject(error));
      this.vhost.store.transaction(body, { settled });
    });
  }

  /** Resolves when everything that was published and settled so far is as safe as it will be. */
  flush(): Promise<void> {
    return this.vhost.store.flush();
  }

  /**
   * Refuses a body that is too large, before it has been received.
   * @throws BrokerError PRECONDITION_FAILED
   */
  checkSize(bodyBytes: number): void {
    if (bodyBytes <= this.maxMessageBytes) return;
    const text = `message size ${bodyBytes} is larger than configured max size`;
    throw new BrokerError('PRECONDITION_FAILED', `${text} ${this.maxMessageBytes}`);
  }

  /**
   * Starts a subscription, dormant until its first resume(). REPLY_TO is no queue: who subscribes
   * to it gets the answers to the requests of its channel, which is known by its traffic.
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED, PRECONDITION_FAILED; Undecided
   */
  subscribe(queueName: string, consumer: Consumer, options: SubscribeOptions): Subscription {
    // Whoever had to wait for an answer may come too late.
    if (this.ended) throw new BrokerError('CONNECTION_FORCED', 'the session is closed');
    const ended = (subscription: Subscription): void => {
      this.tell('consumer.deleted', { queue: queueName, consumer_tag: options.tag });
      this.forget(subscription);
    };
    const { traffic = this.traffic } = options;
    if (queueName === REPLY_TO) {
      const replies = this.requests.subscribe(consumer, { ...options, traffic, ended });
      this.subscriptions.add(replies);
      return replies;
    }
    const queue = this.readableQueue(queueName);
    const args = options.arguments ?? NO_FIELDS;
    checkConsumerArguments(args, String(queue), queue.rules);
    const priority = integerOf(args.get('x-priority')) ?? 0;
    const timeoutMs = integerOf(args.get('x-consumer-timeout')) ?? -1;
    const wishes = { ...options, traffic, priority, timeoutMs, ended };
    const subscription = queue.subscribe(consumer, wishes);
    subscription.tracer = this.tracer;
    this.subscriptions.add(subscription);
    this.tell('consumer.created', { queue: queueName, consumer_tag: options.tag });
    return subscription;
  }

  /**
   * Fetches one message; null if none is ready. With `noAck` it is settled already.
   * @param traffic the channel it is counted for
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED
   */
  async fetch(
    queueName: string,
    noAck: boolean,
    traffic: Traffic = this.traffic,
  ): Promise<Fetched | null> {
    const known = decided(() => this.readableQueue(queueName));
    const queue = known instanceof Promise ? await known : known;
    checkFetch(queue);
    const counts = traffic.from(queue);
    const delivery = await queue.fetch(noAck ? null : this.holderOf(counts));
    if (delivery === null) counts.getEmpty++;
    if (delivery === null) return null;
    if (noAck) counts.getNoAck++;
    else counts.get++;
    if (delivery.redelivered) counts.redeliver++;
    if (this.tracer !== null) this.tracer.delivered(delivery, traffic, null);
    if (this.ended) {
      // close() has given it back already, unless it came later than that.
      if (delivery.holder !== null) queue.settle(delivery, 'requeue');
      return null;
    }
    return { delivery, remaining: queue.size };
  }

  /** Ends a delivery that this session got, unless its queue took it back meanwhile. */
  settle(delivery: Delivery, outcome: Outcome): void {
    if (delivery.tally?.withdrawn) return;
    const { subscription } = delivery.holder as Unsettled;
    delivery.queue.settle(delivery, outcome);
    if (subscription?.ended) this.forget(subscription);
  }

  /**
   * Rights may have changed: looks again whether the client may be here, and ends the
   * subscriptions to queues that it may no longer read from.
   * @throws BrokerError NOT_ALLOWED if the vhost is closed to the user by now; Undecided
   */
  reauthorize(): void {
    const { rights, vhost } = this;
    if (!rights.open) {
      const text = `access to vhost '${vhost.name}' refused for user '${this.user.name}'`;
      throw new BrokerError('NOT_ALLOWED', text);
    }
    for (const subscription of [...this.subscriptions]) {
      const { name } = subscription.queue;
      if (subscription.ended || isReplyName(name)) continue;
      if (rights.allows('read', name, 'queue')) continue;
      subscription.cancel();
      subscription.consumer.cancelled('access refused');
    }
  }

  /** A message that reached nobody goes back to who published it. */
  returned(message: Message, traffic: Traffic): void {
    traffic.returnUnroutable++;
    if (this.tracer !== null) this.tracer.returned(message);
  }

  /** Whether what goes through it is copied, from now on. */
  traceWith(tracer: Tracer | null): void {
    this.tracer = tracer;
    for (const subscription of this.subscriptions) subscription.tracer = tracer;
  }

  /** The name of the connection that it is for; '' if it is the broker's own. */
  get connectionName(): string {
    return this.context.holder?.name ?? '';
  }

  /** What the client calls it, or itself; '' if it says nothing. */
  get clientName(): string {
    const { holder } = this.context;
    return holder?.givenName ?? holder?.variables?.get('client_id') ?? '';
  }

  /** The user or the vhost is gone: the client hears of it. Rights are gone already. */
  expel(reason: string): void {
    this.context.holder?.expelled(reason);
  }

  /** Ends every subscription, gives back what is out, and deletes the session's own queues. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const held = [...this.holders()];
    for (const subscription of [...this.subscriptions]) subscription.cancel();
    giveBack(held);
    for (const traffic of [...this.traffics]) this.closeTraffic(traffic);
    this.context.closed(this);
    this.tell('connection.closed', { protocol: this.protocol });
    await this.topology.deleteOwn();
  }

  /** Says what happens to whoever listens; what the broker does itself is no news. */
  private tell(key: string, details: EventDetails): void {
    const { events, holder } = this.context;
    if (!events.on || holder === null) return;
    const who = { user: this.user.name, vhost: this.vhost.name, connection: holder.name ?? '' };
    events.emit(key, { ...details, ...who });
  }

  /** A subscription that has ended matters as long as it holds something. */
  private forget(subscription: Subscription): void {
    if (subscription.unsettled.size === 0) this.subscriptions.delete(subscription);
  }

  private holderOf(counts: DeliveryCounts): Unsettled {
    const known = this.fetched.get(counts);
    if (known !== undefined) return known;
    const holder = new Unsettled(null, counts);
    this.fetched.set(counts, holder);
    return holder;
  }

  /** One that the session consumes from already. */
  private readingQueue(name: string): Queue | null {
    for (const { queue, ended } of this.subscriptions) {
      if (queue.name === name && !ended) return queue;
    }
    return null;
  }

  /** One that the user may consume from. @throws BrokerError as subscribe(); Undecided */
  readableQueue(name: string): Queue {
    const { rights, topology } = this;
    if (!rights.allows('read', name, 'queue')) throw topology.refusal('read', 'queue', name);
    const queue = topology.queue(name);
    topology.checkOwner(queue);
    return queue;
  }
}

/** In the order of the queues, whoever held what: others may be waiting for the first of them. */
function giveBack(held: readonly Unsettled[]): void {
  const deliveries = held.flatMap((unsettled) => [...unsettled]);
  deliveries.sort((a, b) => b.level - a.level || a.position - b.position);
  for (const delivery of deliveries) delivery.queue.settle(delivery, 'requeue');
}
