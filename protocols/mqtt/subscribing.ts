/**
 * Subscribing: SUBSCRIBE and UNSUBSCRIBE of one client [MQTT 3.8, 3.10] as queues and bindings of
 * the engine: one queue for QoS 0, one for the others, one for every shared subscription. Also
 * takes up the queues of a client that comes back.
 */
import type { ISubscription } from 'mqtt-packet';
import { decided } from '../../src/auth/undecided.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { SUBSCRIPTION_ARGUMENT } from '../../src/broker/exchange/topic.ts';
import { type Field, type Fields, integerOf, NO_FIELDS } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import type { Session } from '../../src/broker/session.ts';
import { MQTT_SUBSCRIPTIONS_MAX } from '../../src/limits.ts';
import type { ClientSession, QueueKind, SharedSubscription } from './client-session.ts';
import { type Asked, always, MqttConsumer } from './consumer.ts';
import type { Deliveries } from './deliveries.ts';
import { asRetained } from './message-form.ts';
import type { MqttOptions } from './options.ts';
import type { Qos2Journal } from './qos2-journal.ts';
import { REASON, REASON_OF_KIND } from './reason-codes.ts';
import { fieldsOf } from './session-store.ts';
import type { Sessions } from './sessions.ts';
import type { SharedGroups } from './shared-groups.ts';
import type { SubscriptionOptions } from './subscription-set.ts';
import { isSystemFilter } from './system-topics.ts';
import { isShared, isTopicFilter, keyOf, sharedFilterOf } from './topics.ts';

const KINDS: readonly QueueKind[] = [0, 1];

/** What subscribing needs of its connection. */
export interface Subscriber {
  readonly session: Session;
  readonly client: ClientSession;
  readonly deliveries: Deliveries;
  readonly sessions: Sessions;
  readonly groups: SharedGroups;
  readonly journal: Qos2Journal;
  readonly options: MqttOptions;
  /** A queue was deleted under the client. */
  queueGone(): void;
}

/** How one filter of a SUBSCRIBE went. */
interface Granted {
  readonly code: number;
  /** The filter whose retained messages are wanted, and where; null for none. */
  readonly retained: { readonly filter: string; readonly kind: QueueKind } | null;
}

export class Subscribing {
  private readonly subscriber: Subscriber;
  private readonly consumers = new Map<string, MqttConsumer>();

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber;
  }

  /**
   * Does what a SUBSCRIBE asks for.
   * @param answer sends the SUBACK: before it come no messages of new subscriptions
   */
  async subscribe(
    wanted: readonly ISubscription[],
    identifier: number,
    answer: (codes: number[]) => void,
  ): Promise<void> {
    const granted: Granted[] = [];
    for (const one of wanted) granted.push(await this.subscribeOne(one, identifier));
    answer(granted.map(({ code }) => code));
    for (const { retained } of granted) {
      if (retained !== null) this.sendRetained(retained.filter, retained.kind);
    }
    this.start();
  }

  /** Ends subscriptions. @returns a reason code for each filter */
  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    const codes: number[] = [];
    for (const filter of filters) codes.push(await this.unsubscribeOne(filter));
    return codes;
  }

  /** Takes up what the client had before; start() makes messages come. */
  async restore(): Promise<void> {
    const { client } = this.subscriber;
    for (const kind of KINDS) {
      const set = client.subscriptions[kind];
      const exists = this.subscriber.session.vhost.topology.queues.has(client.queueName(kind));
      if (set.size === 0 && !exists) continue;
      await this.consumeOwn(kind);
      if (exists) continue;
      for (const [filter, options] of set.filters) await this.bind(kind, filter, options);
    }
    for (const shared of client.shared.values()) await this.consumeShared(shared);
  }

  /** The queues live as long as the session, which may have changed. @throws BrokerError */
  async updateExpiry(): Promise<void> {
    const { client, session } = this.subscriber;
    const { queues } = session.vhost.topology;
    const expiresMs = client.expirySeconds * 1000;
    if (expiresMs === 0) return;
    for (const name of client.queueNames()) {
      const queue = queues.get(name);
      if (queue === undefined || queue.owner !== null) continue;
      const known = integerOf(queue.arguments.get('x-expires')) ?? Number.POSITIVE_INFINITY;
      if (known !== expiresMs) await session.topology.expireQueue(name, expiresMs);
    }
  }

  /** The arguments of queues that live as long as the session. */
  keptArguments(): Fields {
    const { client, options } = this.subscriber;
    return keptArguments(client.expirySeconds, options);
  }

  /** Messages may come. */
  start(): void {
    this.subscriber.deliveries.resume();
  }

  private async subscribeOne(wanted: ISubscription, identifier: number): Promise<Granted> {
    const { client } = this.subscriber;
    const filter = wanted.topic;
    const known = client.find(filter);
    if (known === undefined && client.subscriptionCount >= MQTT_SUBSCRIPTIONS_MAX) {
      return { code: REASON.QUOTA_EXCEEDED, retained: null };
    }
    const options: SubscriptionOptions = {
      qos: wanted.qos,
      noLocal: wanted.nl === true,
      retainAsPublished: wanted.rap === true,
      identifier,
    };
    try {
      if (isShared(filter)) return await this.share(filter, options);
      if (!isTopicFilter(filter)) return { code: REASON.TOPIC_FILTER_INVALID, retained: null };
      const kind = options.qos === 0 ? 0 : 1;
      if (options.qos === 2) await this.subscriber.journal.open();
      await this.consumeOwn(kind);
      await this.bind(kind, filter, options);
      if (known !== undefined) await this.replace(filter, kind, known, options);
      client.subscriptions[kind].put(filter, options);
      // [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]
      const send = wanted.rh === undefined || wanted.rh === 0 || (wanted.rh === 1 && !known);
      return { code: options.qos, retained: send ? { filter, kind } : null };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return { code: REASON_OF_KIND[error.kind], retained: null };
    }
  }

  /** Takes away the binding of a subscription that another one with the same filter replaces. */
  private async replace(
    filter: string,
    kind: QueueKind,
    before: SubscriptionOptions,
    after: SubscriptionOptions,
  ): Promise<void> {
    const { client } = this.subscriber;
    const oldKind = before.qos === 0 ? 0 : 1;
    if (oldKind === kind && sameOptions(before, after)) return;
    await this.unbind(oldKind, filter, before);
    client.subscriptions[oldKind].delete(filter);
  }

  private async share(text: string, options: SubscriptionOptions): Promise<Granted> {
    const parts = sharedFilterOf(text);
    if (parts === null) return { code: REASON.TOPIC_FILTER_INVALID, retained: null };
    const { client, sessions } = this.subscriber;
    const shared = { ...parts, options };
    const before = client.shared.get(text);
    await this.consumeShared(shared);
    if (before !== undefined) await this.consumeAgain(shared, before);
    client.shared.set(text, shared);
    await sessions.store.keep(client);
    return { code: options.qos, retained: null };
  }

  private async unsubscribeOne(filter: string): Promise<number> {
    const { client, groups, sessions } = this.subscriber;
    const shared = client.shared.get(filter);
    if (shared !== undefined) {
      this.cancel(groups.queueName(shared.group, shared.filter));
      groups.leave(client, filter);
      await sessions.store.keep(client);
      return REASON.SUCCESS;
    }
    const options = client.find(filter);
    if (options === undefined) return REASON.NO_SUBSCRIPTION_EXISTED;
    const kind = options.qos === 0 ? 0 : 1;
    client.subscriptions[kind].delete(filter);
    try {
      await this.unbind(kind, filter, options);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return REASON_OF_KIND[error.kind];
    }
    return REASON.SUCCESS;
  }

  /** Declares a queue of this client's own and consumes from it, unless it does already. */
  private async consumeOwn(kind: QueueKind): Promise<void> {
    const { client, session, options } = this.subscriber;
    const name = client.queueName(kind);
    if (this.consumers.has(name)) return;
    if (!session.vhost.topology.queues.has(name)) {
      const { expirySeconds } = client;
      const own = expirySeconds === 0;
      await session.topology.declareQueue({
        name,
        durable: !own,
        exclusive: own,
        autoDelete: false,
        arguments: own ? ownArguments(kind, options) : keptArguments(expirySeconds, options),
      });
    }
    await decided(() => this.consume(name, kind === 0, client.subscriptions[kind]));
  }

  private async consumeShared(shared: SharedSubscription): Promise<void> {
    const { client, session, options, groups } = this.subscriber;
    const name = groups.queueName(shared.group, shared.filter);
    await groups.join(client, name);
    if (this.consumers.has(name)) return;
    if (!session.vhost.topology.queues.has(name)) {
      const args = keptArguments(Number.POSITIVE_INFINITY, options);
      const kind = { durable: true, exclusive: false, autoDelete: false, arguments: args };
      await session.topology.declareQueue({ name, ...kind });
    }
    await this.bindQueue(name, shared.filter, NO_LOCAL_OPTIONS);
    const { qos, retainAsPublished, identifier } = shared.options;
    const identifiers = identifier === 0 ? [] : [identifier];
    const asked = always({ qos, retainAsPublished, identifiers, noLocal: false });
    await decided(() => this.consume(name, qos === 0, asked));
  }

  /** A shared subscription was made again, with other options. */
  private async consumeAgain(now: SharedSubscription, before: SharedSubscription): Promise<void> {
    if (sameOptions(now.options, before.options)) return;
    const { groups } = this.subscriber;
    this.cancel(groups.queueName(now.group, now.filter));
    await this.consumeShared(now);
  }

  private consume(queueName: string, noAck: boolean, asked: Asked): void {
    const { session, deliveries, client } = this.subscriber;
    const gone = (consumer: MqttConsumer): void => this.queueDeleted(consumer);
    const consumer = new MqttConsumer(deliveries, queueName, noAck, asked, gone);
    const subscription = session.subscribe(queueName, consumer, { tag: client.clientId, noAck });
    consumer.subscription = subscription;
    this.consumers.set(queueName, consumer);
    deliveries.subscriptions.add(subscription);
  }

  private cancel(queueName: string): void {
    const consumer = this.consumers.get(queueName);
    if (consumer?.subscription) {
      this.subscriber.deliveries.subscriptions.delete(consumer.subscription);
      consumer.subscription.cancel();
    }
    this.consumers.delete(queueName);
  }

  private queueDeleted(consumer: MqttConsumer): void {
    if (this.consumers.get(consumer.queueName) !== consumer) return;
    this.consumers.delete(consumer.queueName);
    this.subscriber.queueGone();
  }

  private bind(kind: QueueKind, filter: string, options: SubscriptionOptions): Promise<void> {
    return this.bindQueue(this.subscriber.client.queueName(kind), filter, options);
  }

  private async bindQueue(
    destination: string,
    filter: string,
    options: SubscriptionOptions,
  ): Promise<void> {
    const { session, options: mqtt } = this.subscriber;
    const source = mqtt.exchange;
    const args = bindingArguments(options);
    const where = { source, destination, destinationKind: 'queue', routingKey: keyOf(filter) };
    await session.topology.bind({ ...where, destinationKind: 'queue', arguments: args });
  }

  private async unbind(kind: QueueKind, filter: string, options: SubscriptionOptions) {
    const { session, client, options: mqtt } = this.subscriber;
    await session.topology.unbind({
      source: mqtt.exchange,
      destinationKind: 'queue',
      destination: client.queueName(kind),
      routingKey: keyOf(filter),
      arguments: bindingArguments(options),
    });
  }

  private sendRetained(filter: string, kind: QueueKind): void {
    const { sessions, session, client } = this.subscriber;
    if (isSystemFilter(filter)) sessions.system.watch(this.subscriber, filter);
    const found = sessions.retained.in(session.vhost.name).match(filter, session.vhost.clock.now());
    for (const { exchange, routingKey, properties, body, arrivedAtMs } of found) {
      const message = new Message(exchange, routingKey, asRetained(properties), body);
      message.arrivedAtMs = arrivedAtMs;
      session.publishTo(client.queueName(kind), message);
    }
  }
}

const NO_LOCAL_OPTIONS = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 };

/** A queue that goes with the connection: what nobody fetches is bounded. */
function ownArguments(kind: QueueKind, options: MqttOptions): Fields {
  if (kind === 1) return NO_FIELDS;
  return new Map([['x-max-length-bytes', options.qos0QueueBytes]]);
}

/** A queue that waits for its client. */
function keptArguments(expirySeconds: number, options: MqttOptions): Fields {
  const args = new Map<string, Field>([['x-queue-type', options.durableQueueType]]);
  if (expirySeconds === Number.POSITIVE_INFINITY) return args;
  return args.set('x-expires', expirySeconds * 1000);
}

/** RabbitMQ, too, keeps what a subscription asks for in the binding. */
function bindingArguments(options: SubscriptionOptions): Fields {
  return new Map([[SUBSCRIPTION_ARGUMENT, new Map(fieldsOf(options))]]);
}

function sameOptions(a: SubscriptionOptions, b: SubscriptionOptions): boolean {
  return (
    a.qos === b.qos &&
    a.noLocal === b.noLocal &&
    a.retainAsPublished === b.retainAsPublished &&
    a.identifier === b.identifier
  );
}
