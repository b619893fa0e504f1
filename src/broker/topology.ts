/**
 * Topology: the exchanges, queues and bindings of one vhost as the catalog's commands made them.
 * apply() is deterministic and takes every command twice without harm; what follows from a command
 * (bindings of a deleted queue, auto-delete exchanges) is part of applying it.
 */
import type { MessageStore } from '../storage/message-store.ts';
import type { BindingRecord, ExchangeRecord, QueueRecord, VhostChange } from './catalog.ts';
import { DirectReplies } from './direct-replies.ts';
import { type Governing, UNGOVERNED } from './effective.ts';
import type { Binding } from './exchange/binding.ts';
import { DefaultRouter } from './exchange/default.ts';
import { DelayedRouter } from './exchange/delayed.ts';
import { Exchange, type Router } from './exchange/exchange.ts';
import { EXCHANGE_TYPES, type ExchangeType, PREDECLARED } from './exchange/exchange-types.ts';
import type { Destination } from './exchange/matched.ts';
import { type Fields, NO_FIELDS } from './field.ts';
import type { Message } from './message.ts';
import { type PolicyKind, PolicyList } from './policy.ts';
import { ProtocolState } from './protocol-state.ts';
import { Paging, type ResidentMemory } from './queue/paging.ts';
import { Queue } from './queue/queue.ts';
import type { QueueHost } from './queue/queue-host.ts';
import { DELAY_QUEUE, type QueueType, queueTypeOf } from './queue/queue-types.ts';

type PolicyChange = Extract<VhostChange, { readonly op: `${PolicyKind}.${'put' | 'delete'}` }>;

/** What a topology needs of its vhost. */
export interface TopologyHost extends QueueHost {
  /** Hands a new destination messages that were published before. */
  replay(destination: Destination, messages: readonly Message[]): void;
}

export class Topology {
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, Queue>();
  readonly replies: DirectReplies;
  /** What adapters remember in it. */
  readonly state = new ProtocolState();
  readonly policies: Readonly<Record<PolicyKind, PolicyList>> = {
    policy: new PolicyList(),
    operatorPolicy: new PolicyList(),
  };
  /** Counts the exchanges that came and went: what was looked up before may have changed. */
  exchangesVersion = 0;
  private readonly host: TopologyHost;
  private readonly store: MessageStore;
  private readonly residentBytes: number;
  private readonly memory: ResidentMemory;
  /** The bindings that lead to a destination, with the exchange that they are of. */
  private readonly inbound = new Map<Destination, Map<Binding, Exchange>>();

  /**
   * @param residentBytes body bytes of waiting messages that each queue may keep in memory
   * @param memory that all queues share
   */
  constructor(
    host: TopologyHost,
    store: MessageStore,
    residentBytes: number,
    memory: ResidentMemory,
  ) {
    this.host = host;
    this.store = store;
    this.residentBytes = residentBytes;
    this.memory = memory;
    this.replies = new DirectReplies(host);
    this.addSystemExchange('', 'direct', false, new DefaultRouter(this.queues, this.replies));
    for (const { name, type, internal } of PREDECLARED) {
      this.addSystemExchange(name, type, internal, routerOf(type, NO_FIELDS));
    }
  }

  apply(change: VhostChange): void {
    if (change.op === 'exchange.put') this.putExchange(change.record);
    else if (change.op === 'exchange.delete') this.deleteExchange(change.name);
    else if (change.op === 'queue.put') this.putQueue(change.record);
    else if (change.op === 'queue.delete') this.deleteQueue(change.name);
    else if (change.op === 'binding.put') this.putBinding(change.record);
    else if (change.op === 'binding.delete') this.deleteBinding(change.record);
    else if (change.op === 'state.put') this.state.put(change.record);
    else if (change.op === 'state.delete') this.state.delete(change.kind, change.key);
    else if (isPolicyChange(change)) this.applyPolicy(change);
    else throw new Error(`unknown command ${(change as VhostChange).op}`);
  }

  /** The binding that is described so, undefined if there is none. */
  binding(record: BindingRecord): Binding | undefined {
    const like = this.bindingOf(record);
    return like === null ? undefined : this.exchanges.get(record.source)?.find(like);
  }

  /** The bindings that lead to a queue or exchange. */
  bindingsTo(destination: Destination): readonly Binding[] {
    return [...(this.inbound.get(destination)?.keys() ?? [])];
  }

  /** The same, with the exchange that they are of. */
  inboundOf(destination: Destination): Iterable<[Binding, Exchange]> {
    return this.inbound.get(destination) ?? [];
  }

  /** Those that clients know, and those in which delayed messages wait. */
  *allQueues(): Generator<Queue> {
    yield* this.queues.values();
    for (const { delayQueue } of this.exchanges.values()) if (delayQueue !== null) yield delayQueue;
  }

  /** Ends a queue and whatever is stored of it. */
  retire(queue: Queue): void {
    queue.delete('queue deleted');
    queue.store?.delete().catch((error: Error) => this.host.undeleted(queue, error));
  }

  /** An exchange that the broker itself publishes to; see announcer.ts. */
  addSystemTopic(name: string): void {
    if (this.exchanges.has(name)) return;
    this.addSystemExchange(name, 'topic', true, routerOf('topic', NO_FIELDS));
    this.exchangesVersion++;
  }

  private addSystemExchange(name: string, type: string, internal: boolean, router: Router): void {
    const flags = { durable: true, autoDelete: false, internal };
    const definition = { name, type, ...flags, arguments: NO_FIELDS };
    this.exchanges.set(name, new Exchange(definition, router, this.host.name));
  }

  private putExchange(record: ExchangeRecord): void {
    if (this.exchanges.has(record.name)) return;
    const exchange = new Exchange(record, routerOf(record.type, record.arguments), this.host.name);
    exchange.govern(this.governingExchange(record.name));
    if (exchange.router instanceof DelayedRouter)
      this.openDelays(exchange, record, exchange.router);
    this.exchanges.set(record.name, exchange);
    this.exchangesVersion++;
  }

  private deleteExchange(name: string): void {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) return;
    this.exchanges.delete(name);
    this.exchangesVersion++;
    for (const binding of exchange.bindings) this.inbound.get(binding.destination)?.delete(binding);
    this.dropInbound(exchange);
    if (exchange.delayQueue !== null) this.retire(exchange.delayQueue);
  }

  private putQueue(record: QueueRecord): void {
    const known = this.queues.get(record.name);
    if (known !== undefined) {
      if (known.id === record.id) known.arguments = record.arguments;
      known.govern(known.governing);
      return;
    }
    const type = queueTypeOf(record.arguments);
    const governing = this.governingQueue(record.name, type);
    this.queues.set(record.name, this.open(new Queue(this.host, { ...record, type, governing })));
  }

  /** Gives a queue its place in the store. */
  private open(queue: Queue): Queue {
    const { loads } = this.store;
    if (queue.durable || loads) queue.store = this.store.openQueue(queue.id, queue);
    if (queue.store !== null && loads) {
      queue.backlog.paging = new Paging(queue.store, this.residentBytes, this.memory);
    }
    return queue;
  }

  /** Makes the queue in which messages of a delayed exchange wait. */
  private openDelays(exchange: Exchange, { id }: ExchangeRecord, router: DelayedRouter): void {
    const { name, durable } = exchange;
    const definition = { name: `amq.delayed.${name}`, owner: null, autoDelete: false };
    const target = new Map([['x-dead-letter-exchange', name]]);
    const queue = new Queue(this.host, {
      ...definition,
      id: id ?? 0,
      durable: durable && id !== undefined,
      arguments: target,
      type: DELAY_QUEUE,
      governing: UNGOVERNED,
    });
    exchange.delayQueue = id === undefined ? queue : this.open(queue);
    router.queue = queue;
  }

  private deleteQueue(name: string): void {
    const queue = this.queues.get(name);
    if (queue === undefined) return;
    this.queues.delete(name);
    this.dropInbound(queue);
    this.host.retired(queue);
    this.retire(queue);
  }

  private putBinding(record: BindingRecord): void {
    const exchange = this.exchanges.get(record.source);
    const binding = this.bindingOf(record);
    if (exchange === undefined || binding === null || !exchange.bind(binding)) return;
    const inbound = this.inbound.get(binding.destination);
    if (inbound === undefined)
      this.inbound.set(binding.destination, new Map([[binding, exchange]]));
    else inbound.set(binding, exchange);
    const history = exchange.router.history?.() ?? [];
    if (history.length > 0) this.host.replay(binding.destination, history);
  }

  private deleteBinding(record: BindingRecord): void {
    const exchange = this.exchanges.get(record.source);
    const like = this.bindingOf(record);
    const binding = like === null ? undefined : exchange?.unbind(like);
    if (exchange === undefined || binding === undefined) return;
    this.inbound.get(binding.destination)?.delete(binding);
    this.dropIfUnused(exchange);
  }

  /** Removes every binding that leads to a destination which is gone. */
  private dropInbound(destination: Destination): void {
    const inbound = this.inbound.get(destination);
    this.inbound.delete(destination);
    if (inbound === undefined) return;
    for (const [binding, exchange] of inbound) {
      exchange.unbind(binding);
      this.dropIfUnused(exchange);
    }
  }

  /** An auto-delete exchange goes with the last binding from it [AMQP exchange.auto-delete]. */
  private dropIfUnused(exchange: Exchange): void {
    if (!exchange.autoDelete || exchange.bindings.size > 0) return;
    this.deleteExchange(exchange.name);
    // A log that was not told of a transient queue would not come to this conclusion.
    const { name } = exchange;
    if (exchange.durable) this.host.implied({ op: 'exchange.delete', vhost: this.host.name, name });
  }

  private applyPolicy(change: PolicyChange): void {
    const isPolicy = change.op === 'policy.put' || change.op === 'policy.delete';
    const list = this.policies[isPolicy ? 'policy' : 'operatorPolicy'];
    const name = 'record' in change ? change.record.name : change.name;
    const before = list.patternOf(name);
    if ('record' in change) list.put(change.record);
    else list.delete(name);
    const after = list.patternOf(name);
    // Only these: a log may have many policies after many queues.
    const concerns = (what: string): boolean => !!before?.test(what) || !!after?.test(what);
    for (const queue of this.queues.values()) {
      if (!concerns(queue.name)) continue;
      const governing = this.governingQueue(queue.name, queue.rules);
      if (!isSame(governing, queue.governing)) queue.govern(governing);
    }
    for (const exchange of this.exchanges.values()) {
      if (!concerns(exchange.name)) continue;
      const governing = this.governingExchange(exchange.name);
      if (!isSame(governing, exchange.governing)) exchange.govern(governing);
    }
  }

  private governingQueue(name: string, type: QueueType): Governing {
    const { policy, operatorPolicy } = this.policies;
    return {
      policy: policy.forQueue(name, type),
      operatorPolicy: operatorPolicy.forQueue(name, type),
    };
  }

  /** None applies to the default exchange. */
  private governingExchange(name: string): Governing {
    if (name === '') return UNGOVERNED;
    const { policy, operatorPolicy } = this.policies;
    return {
      policy: policy.forExchange(name),
      operatorPolicy: operatorPolicy.forExchange(name),
    };
  }

  private bindingOf(record: BindingRecord): Binding | null {
    const { destinationKind, routingKey } = record;
    const from = destinationKind === 'queue' ? this.queues : this.exchanges;
    const destination = from.get(record.destination);
    if (destination === undefined) return null;
    return { destination, routingKey, arguments: record.arguments };
  }
}

/** A router of a type that its declaration let pass. */
function routerOf(type: string, args: Fields): Router {
  return (EXCHANGE_TYPES.get(type) as ExchangeType).make(args);
}

function isPolicyChange(change: VhostChange): change is PolicyChange {
  return change.op.startsWith('policy.') || change.op.startsWith('operatorPolicy.');
}

function isSame(a: Governing, b: Governing): boolean {
  return a.policy === b.policy && a.operatorPolicy === b.operatorPolicy;
}
