/**
 * VHost: exchanges, queues and bindings of one name space, and the way of a message through them.
 * The topology changes by apply() only. Publishing never happens inside a publish: what queues
 * give up goes on a work list that is emptied afterwards. Checks nothing about users: that is
 * session.ts. Hot path: publish.
 */
import { assert } from '../assert.ts';
import type { Clock } from '../clock.ts';
import { QUEUE_RESIDENT_BYTES } from '../limits.ts';
import type { Log } from '../log.ts';
import { type MessageStore, NO_REF, type QueueStore, type Ref } from '../storage/message-store.ts';
import { DEFAULT_METADATA, type VhostChange, type VhostMetadata } from './catalog.ts';
import { DeadLetters, type LetterHost } from './dead-letters.ts';
import { BrokerError, resource } from './errors.ts';
import { heldMessage } from './exchange/delayed.ts';
import type { Exchange } from './exchange/exchange.ts';
import { type Destination, Matched } from './exchange/matched.ts';
import type { Message } from './message.ts';
import { PolicyAccess } from './policy-access.ts';
import { Arrival } from './queue/arrival.ts';
import type { DeathReason } from './queue/dead-letter.ts';
import type { ResidentMemory } from './queue/paging.ts';
import type { Queue } from './queue/queue.ts';
import type { SafeLetter } from './queue/safe-letters.ts';
import type { Receipt } from './receipt.ts';
import { Topology, type TopologyHost } from './topology.ts';
import type { Totals } from './totals.ts';
import type { Tracer } from './tracing/tracer.ts';
import { Traffic } from './traffic.ts';
import type { VhostLimits } from './vhost-limits.ts';

/** What a vhost needs of the broker. */
export interface VHostContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: MessageStore;
  readonly totals: Totals;
  /** Body bytes of waiting messages that a queue may keep in memory. */
  readonly queueResidentBytes?: number;
  /** For the waiting messages of all vhosts. */
  readonly memory: ResidentMemory;
  /** ms that a consumer of a quorum queue may hold a message; 0: for ever. */
  readonly consumerTimeoutMs: number;
  propose(change: VhostChange): Promise<void>;
  /** Writes down a change that another has brought about. */
  implied(change: VhostChange): void;
}

export class VHost implements TopologyHost, LetterHost {
  readonly name: string;
  /** What operators say about it. */
  metadata: VhostMetadata = DEFAULT_METADATA;
  limits: VhostLimits = {};
  /** Is told what happens to its messages; null unless somebody wants to know. */
  tracer: Tracer | null = null;
  /** How many connections are open in it. */
  connections = 0;
  readonly clock: Clock;
  readonly store: MessageStore;
  readonly topology: Topology;
  /** Of channels that are open, and of all that are closed. */
  readonly traffics = new Set<Traffic>();
  readonly pastTraffic = new Traffic();
  readonly policies: PolicyAccess;
  readonly consumerTimeoutMs: number;
  /**
   * A store that says later when a message is there takes transient ones too: they would overtake
   * persistent ones sent before them [AMQP 4.7].
   */
  private readonly storesAll: boolean;
  private readonly context: VHostContext;
  private readonly matched = new Matched();
  private readonly letters = new DeadLetters(this);
  private publishing = false;
  /** Of the publish in progress. */
  private extraKeys: readonly string[] | null = null;
  /** Durable queues of the publish in progress, and their stores. */
  private readonly keepers: Queue[] = [];
  private readonly keeperStores: QueueStore[] = [];

  constructor(name: string, context: VHostContext) {
    this.name = name;
    this.clock = context.clock;
    this.store = context.store;
    this.storesAll = context.store.readyOn === 'durable';
    this.context = context;
    const residentBytes = context.queueResidentBytes ?? QUEUE_RESIDENT_BYTES;
    this.consumerTimeoutMs = context.consumerTimeoutMs;
    this.topology = new Topology(this, context.store, residentBytes, context.memory);
    this.policies = new PolicyAccess(name, this.topology, context);
  }

  /** @throws BrokerError NOT_FOUND */
  exchange(name: string): Exchange {
    const exchange = this.topology.exchanges.get(name);
    if (exchange !== undefined) return exchange;
    throw new BrokerError('NOT_FOUND', `no ${resource('exchange', name, this.name)}`);
  }

  /** @throws BrokerError NOT_FOUND */
  queue(name: string): Queue {
    const queue = this.topology.queues.get(name);
    if (queue !== undefined && queue.going === null) return queue;
    throw new BrokerError('NOT_FOUND', `no ${resource('queue', name, this.name)}`);
  }

  /**
   * Routes a message and gives it to the queues it reaches. `receipt` is held by every store that
   * has to write it, and refused if a queue has no room.
   * @param extraKeys more routing keys (CC, BCC)
   * @param except queues that it does not reach (MQTT's no-local)
   * @returns how many queues it reached
   */
  publish(
    exchange: Exchange,
    message: Message,
    extraKeys: readonly string[] | null,
    receipt: Receipt | null,
    except: readonly Queue[] | null = null,
  ): number {
    assert(!this.publishing, 'nothing publishes inside a publish: a consumer does so later');
    const { matched } = this;
    this.extraKeys = extraKeys;
    this.route(exchange, message, extraKeys, matched);
    if (except !== null) matched.drop(except);
    const reached = matched.size;
    exchange.publishedIn++;
    exchange.publishedOut += reached;
    if (exchange.flows !== null) matched.countInto(exchange.flows);
    if (this.tracer !== null) this.tracer.routed(message, matched.all());
    this.place(message, receipt);
    return reached;
  }

  /** Gives a message to one queue without routing it. */
  publishTo(queue: Queue, message: Message): void {
    assert(!this.publishing, 'nothing publishes inside a publish: a consumer does so later');
    this.matched.reset();
    this.matched.add(queue);
    this.place(message, null);
  }

  /** Gives a message to queues that it was routed to already, by that exchange if any. */
  publishInto(
    queues: readonly Queue[],
    message: Message,
    exchange: Exchange | null,
    extraKeys: readonly string[] | null,
  ): void {
    assert(!this.publishing, 'nothing publishes inside a publish: a consumer does so later');
    this.extraKeys = extraKeys;
    this.matched.reset();
    for (const queue of queues) this.matched.add(queue);
    if (exchange !== null) {
      exchange.publishedIn++;
      exchange.publishedOut += queues.length;
    }
    this.tracer?.routed(message, queues);
    this.place(message, null);
  }

  replay(destination: Destination, messages: readonly Message[]): void {
    const { matched } = this;
    for (const message of messages) {
      matched.reset();
      matched.add(destination);
      this.extraKeys = message.copyKeys('CC');
      if (destination.kind === 'exchange')
        this.routeOn(destination, message, this.extraKeys, matched);
      this.place(message, null);
    }
  }

  deadLetter(queue: Queue, message: Message, ref: Ref, reason: DeathReason): void {
    this.letters.add(queue, message, ref, reason, this.clock.now());
    if (!this.publishing) this.postLetters();
  }

  deadLetterSafely(queue: Queue, safe: SafeLetter): void {
    this.letters.addSafe(queue, safe);
    if (!this.publishing) this.postLetters();
  }

  exchangeNamed(name: string): Exchange | undefined {
    return this.topology.exchanges.get(name);
  }

  targetsOf(
    exchange: Exchange,
    message: Message,
    extraKeys: readonly string[] | null,
  ): readonly Queue[] {
    this.extraKeys = extraKeys;
    this.route(exchange, message, extraKeys, this.matched);
    return this.matched.all();
  }

  placeIn(queues: readonly Queue[], message: Message, receipt: Receipt, refuses: boolean): void {
    const stored = this.isStored(message);
    for (const queue of queues) this.offer(queue, message, stored, refuses ? receipt : null);
    if (this.keepers.length > 0) this.keep(message, receipt);
  }

  warn(text: string): void {
    this.context.log.warning(text);
  }

  unused(queue: Queue): void {
    void this.dropQueue(queue);
  }

  /** Deletes a queue that nobody waits for: if that fails, it is for the log only. */
  async dropQueue(queue: Queue): Promise<void> {
    try {
      queue.going ??= this.deleteQueue(queue);
      await queue.going;
    } catch (error) {
      queue.going = null;
      const { message } = error as Error;
      this.context.log.error(`${queue} could not be deleted: ${message}`);
    }
  }

  implied(change: VhostChange): void {
    this.context.implied(change);
  }

  lost(queue: Queue): void {
    this.context.log.error(`a message of ${queue} could not be read back and is lost`);
  }

  retired({ type, settings, deaths }: Queue): void {
    const past = this.context.totals.deathsOf(type, settings.deadLetterExchange !== null);
    past.expired += deaths.expired;
    past.maxlen += deaths.maxlen;
    past.rejected += deaths.rejected;
    past.delivery_limit += deaths.delivery_limit;
  }

  undeleted(queue: Queue, error: Error): void {
    this.context.log.error(`the messages of ${queue} could not be deleted: ${error.message}`);
  }

  /** Deletes a queue if it still is the one of that name. */
  async deleteQueue(queue: Queue): Promise<void> {
    if (this.topology.queues.get(queue.name) !== queue) return;
    await this.context.propose({ op: 'queue.delete', vhost: this.name, name: queue.name });
    this.context.totals.churn.queueDeleted++;
  }

  /** Resolves when every durable queue has its messages back. */
  async opened(): Promise<void> {
    const queues = [...this.topology.allQueues()];
    await Promise.all(queues.map((queue) => queue.store?.opened));
  }

  /** The vhost is gone, with every queue and what is stored of it. */
  delete(): void {
    for (const name of [...this.topology.queues.keys()]) {
      this.topology.apply({ op: 'queue.delete', vhost: this.name, name });
    }
    for (const queue of this.topology.allQueues()) this.topology.retire(queue);
  }

  /** Stops every timer; consumers are told that their queues are gone. */
  stop(): void {
    for (const queue of this.topology.allQueues()) queue.delete('queue unavailable');
  }

  /** Gives a message to the queues that it was routed to. */
  private place(message: Message, receipt: Receipt | null): void {
    const { matched } = this;
    const reached = matched.size;
    this.publishing = true;
    try {
      const stored = this.isStored(message);
      for (let i = 0; i < reached; i++) this.offer(matched.queue(i), message, stored, receipt);
      if (this.keepers.length > 0) this.keep(message, receipt);
    } finally {
      this.publishing = false;
    }
    if (!this.letters.empty) this.postLetters();
  }

  private route(
    exchange: Exchange,
    message: Message,
    extraKeys: readonly string[] | null,
    into: Matched,
  ): void {
    into.reset();
    routeOne(exchange, message, extraKeys, into);
    if (into.exchanges.length > 0 || into.size === 0) {
      this.routeOn(exchange, message, extraKeys, into);
    }
  }

  /** Through bound exchanges, and to the alternate exchange of any that leads nowhere. */
  private routeOn(
    first: Exchange,
    message: Message,
    extraKeys: readonly string[] | null,
    into: Matched,
  ): void {
    if (into.hits === 0) this.routeAlternate(first, into);
    for (let i = 0; i < into.exchanges.length; i++) {
      const exchange = into.exchanges[i] as Exchange;
      const before = into.hits;
      routeOne(exchange, message, extraKeys, into);
      if (into.hits === before) this.routeAlternate(exchange, into);
    }
  }

  private routeAlternate(exchange: Exchange, into: Matched): void {
    if (exchange.alternate === null) return;
    const alternate = this.topology.exchanges.get(exchange.alternate);
    if (alternate !== undefined) into.add(alternate);
  }

  /** Does it go through the store where a queue has one? */
  private isStored(message: Message): boolean {
    return this.storesAll || message.properties.persistent;
  }

  /** Gives a message to one queue, at once or after the store has it. */
  private offer(queue: Queue, message: Message, stored: boolean, receipt: Receipt | null): void {
    if (queue.refuses(message.bodyBytes)) {
      this.refuse(queue, message, receipt);
      return;
    }
    queue.published++;
    if (queue.holds) this.hold(queue, message, receipt);
    else if ((stored || queue.keepsAll) && queue.durable) this.keepers.push(queue);
    else queue.enqueue(message, NO_REF);
  }

  /** Puts a message into the queue where it waits for its delay. */
  private hold(queue: Queue, message: Message, receipt: Receipt | null): void {
    const held = heldMessage(message, this.extraKeys);
    this.tracer?.forwarded({ message, queue, ref: NO_REF }, held, [queue], 'delayed');
    if (!queue.durable) {
      queue.enqueue(held, NO_REF);
      return;
    }
    const others = this.keepers.splice(0);
    this.keepers.push(queue);
    this.keep(held, receipt);
    this.keepers.push(...others);
  }

  private refuse(queue: Queue, message: Message, receipt: Receipt | null): void {
    receipt?.refuse();
    queue.deaths.maxlen++;
    this.tracer?.refused(message, queue);
    if (queue.settings.overflow === 'reject-publish-dlx') queue.giveUp(message, NO_REF, 'maxlen');
  }

  /** Writes a message for the durable queues it reached, once. */
  private keep(message: Message, receipt: Receipt | null): void {
    const { keepers, keeperStores, store } = this;
    if (message.arrivedAtMs === 0) message.arrivedAtMs = this.clock.now();
    for (let i = 0; i < keepers.length; i++) {
      keeperStores.push((keepers[i] as Queue).store as QueueStore);
    }
    receipt?.hold();
    if (store.readyOn === 'publish') {
      const refs = store.publish(keeperStores, message, receipt);
      if (this.tracer !== null) this.tracer.kept(message, keepers, refs);
      for (let i = 0; i < keepers.length; i++) {
        (keepers[i] as Queue).enqueue(message, refs[i] as Ref);
      }
    } else {
      const arrival = new Arrival([...keepers], message.bodyBytes, receipt);
      store.publish(keeperStores, message, arrival);
    }
    keepers.length = 0;
    keeperStores.length = 0;
  }

  private postLetters(): void {
    this.publishing = true;
    this.letters.postAll();
    this.publishing = false;
  }
}

function routeOne(
  exchange: Exchange,
  message: Message,
  extraKeys: readonly string[] | null,
  into: Matched,
): void {
  exchange.router.route(message.routingKey, message, into);
  if (extraKeys === null || exchange.router.once) return;
  for (const key of extraKeys) exchange.router.route(key, message, into);
}
