/**
 * TopologyAccess: what one session may change in its vhost: declare, delete, bind, unbind, purge.
 * Checks rights, ownership and equivalence in RabbitMQ's order and with its texts, then proposes
 * a command and waits until the catalog has it. Where somebody has to be asked whether the user
 * may, methods with promises wait for that, too. The changes themselves are topology.ts.
 */
import type { Access } from '../auth/permissions.ts';
import type { ResourceKind } from '../auth/rights.ts';
import type { SessionRights } from '../auth/session-rights.ts';
import { decided } from '../auth/undecided.ts';
import type { QueueId } from '../storage/message-store.ts';
import type { BindingRecord, VhostChange } from './catalog.ts';
import { isReplyName } from './direct-replies.ts';
import { checkSame, checkSameArguments } from './equivalence.ts';
import { BrokerError, resource } from './errors.ts';
import type { Exchange } from './exchange/exchange.ts';
import { DELAYED_TYPE, exchangeTypeOf } from './exchange/exchange-types.ts';
import { type Fields, typeOf } from './field.ts';
import type { Queue } from './queue/queue.ts';
import type { QueueTypeName } from './queue/queue-types.ts';
import {
  type CompleteDeclaration,
  checkDeclaration,
  checkSameQueue,
  cleanName,
  completeDeclaration,
  type QueueDeclaration,
} from './queue-declaration.ts';
import type { Quota } from './quota.ts';
import {
  checkReserved,
  defaultExchangeRefusal,
  inUse,
  locked,
  refuseDefault,
  unconditional,
} from './topology-refusals.ts';
import type { Churn } from './totals.ts';
import type { VHost } from './vhost.ts';

/** The name that permissions know the default exchange by. */
export const DEFAULT_EXCHANGE_ALIAS = 'amq.default';

/** An exchange as a client asks for it. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Fields;
}

/** A binding as a client asks for it. */
export type BindingDeclaration = Omit<BindingRecord, 'vhost'>;

/** A queue as a client is told about it. */
export interface QueueInfo {
  readonly name: string;
  /** Ready messages; those that consumers hold do not count. */
  readonly messages: number;
  readonly consumers: number;
}

/** What a session brings along. */
export interface AccessContext {
  readonly sessionId: string;
  readonly userName: string;
  readonly rights: SessionRights;
  readonly quota: Quota;
  readonly vhost: VHost;
  readonly churn: Churn;
  /** The type of queues that do not say theirs, where it can be. */
  readonly defaultQueueType: QueueTypeName;
  /** May a quorum queue be declared again as a classic one? */
  readonly relaxedRedeclaration: boolean;
  propose(change: VhostChange): Promise<void>;
  allocateQueueId(): QueueId;
}

export class TopologyAccess {
  private readonly context: AccessContext;
  private readonly vhost: VHost;
  private readonly vhostName: string;
  private readonly own = new Set<Queue>();
  private ended = false;

  constructor(context: AccessContext) {
    this.context = context;
    this.vhost = context.vhost;
    this.vhostName = context.vhost.name;
  }

  /** @throws BrokerError NOT_FOUND */
  queue(name: string): Queue {
    return this.vhost.queue(name);
  }

  /**
   * Declares a queue: makes it, or finds that the one there is the same. A queue that the broker
   * named cannot be declared again by that name, only looked for (RabbitMQ).
   * @throws BrokerError ACCESS_REFUSED, RESOURCE_LOCKED, PRECONDITION_FAILED
   */
  async declareQueue(declaration: QueueDeclaration): Promise<QueueInfo> {
    const reply = this.replyInfo(cleanName(declaration.name));
    if (reply !== null) return reply;
    if (declaration.name !== '') checkReserved('queue', cleanName(declaration.name));
    const { sessionId, relaxedRedeclaration } = this.context;
    const defaultType = this.vhost.metadata.defaultQueueType ?? this.context.defaultQueueType;
    const wanted = completeDeclaration(declaration, sessionId, this.vhostName, defaultType);
    const { name } = wanted;
    await this.allowed('configure', 'queue', name);
    // One that nobody uses any more is on its way out: its name is free when it has gone.
    await this.vhost.topology.queues.get(name)?.going?.catch(() => {});
    if (!this.vhost.topology.queues.has(name)) await this.makeQueue(wanted);
    const queue = this.queue(name);
    if (queue.owner !== wanted.owner) throw locked(queue);
    checkSameQueue(queue, declaration, wanted, relaxedRedeclaration);
    await queue.store?.opened;
    queue.touch();
    this.context.churn.queueDeclared++;
    return infoOf(queue);
  }

  /**
   * Looks whether a queue is there.
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED; Undecided
   */
  findQueue(name: string): QueueInfo {
    const reply = this.replyInfo(name);
    if (reply !== null) return reply;
    const queue = this.queue(cleanName(name));
    this.checkAny('queue', queue.name);
    this.checkOwner(queue);
    queue.touch();
    return infoOf(queue);
  }

  /**
   * Deletes a queue. One that does not exist is fine.
   * @returns how many messages were ready in it
   * @throws BrokerError ACCESS_REFUSED, RESOURCE_LOCKED, PRECONDITION_FAILED (in use, not empty),
   * NOT_IMPLEMENTED (its type takes no conditions)
   */
  async deleteQueue(name: string, ifUnused: boolean, ifEmpty: boolean): Promise<number> {
    await this.allowed('configure', 'queue', name);
    const queue = this.vhost.topology.queues.get(cleanName(name));
    if (queue === undefined) return 0;
    this.checkOwner(queue);
    if (!queue.rules.conditionalDelete && (ifUnused || ifEmpty)) {
      throw unconditional(queue, ifUnused ? 'if-unused' : 'if-empty');
    }
    if (ifUnused && queue.subscriptions.size > 0) throw inUse(queue);
    if (ifEmpty && queue.size > 0) {
      throw new BrokerError('PRECONDITION_FAILED', `${queue} not empty`);
    }
    const messages = queue.size;
    await this.vhost.deleteQueue(queue);
    this.own.delete(queue);
    return messages;
  }

  /**
   * Changes `x-expires` of a queue: MQTT clients may change their minds about their sessions.
   * @param expiresMs Infinity for never
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED
   */
  async expireQueue(queueName: string, expiresMs: number): Promise<void> {
    await this.allowed('configure', 'queue', queueName);
    const queue = this.queue(queueName);
    this.checkOwner(queue);
    const { name, id, durable, owner, autoDelete, declaredBy } = queue;
    const args = new Map(queue.arguments);
    args.delete('x-expires');
    if (expiresMs !== Number.POSITIVE_INFINITY) args.set('x-expires', expiresMs);
    const flags = { durable, owner, autoDelete, ...(declaredBy !== null && { declaredBy }) };
    const record = { vhost: this.vhostName, name, id, ...flags, arguments: args };
    await this.propose({ op: 'queue.put', record });
  }

  /**
   * Removes the ready messages of a queue.
   * @returns how many there were
   * @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED; Undecided
   */
  purgeQueue(name: string): number {
    this.check('read', 'queue', name);
    const queue = this.queue(name);
    this.checkOwner(queue);
    return queue.backlog.purge();
  }

  /** @throws BrokerError ACCESS_REFUSED, PRECONDITION_FAILED */
  async declareExchange(declaration: ExchangeDeclaration): Promise<void> {
    const name = cleanName(declaration.name);
    exchangeTypeOf(declaration.type);
    refuseDefault(name);
    await this.allowed('configure', 'exchange', name);
    const wanted = { ...declaration, name };
    const { exchanges } = this.vhost.topology;
    if (!exchanges.has(name)) await this.makeExchange(wanted);
    checkSameExchange(this.vhost.exchange(name), wanted);
  }

  /** @throws BrokerError NOT_FOUND, ACCESS_REFUSED; Undecided */
  findExchange(name: string): Exchange {
    refuseDefault(name);
    const exchange = this.vhost.exchange(cleanName(name));
    this.checkAny('exchange', exchange.name);
    return exchange;
  }

  /**
   * Deletes an exchange. One that does not exist is fine.
   * @throws BrokerError ACCESS_REFUSED, PRECONDITION_FAILED (in use)
   */
  async deleteExchange(name: string, ifUnused: boolean): Promise<void> {
    refuseDefault(name);
    if (name.startsWith('amq.')) {
      const what = resource('exchange', name, this.vhostName);
      throw new BrokerError('ACCESS_REFUSED', `deletion of system ${what} not allowed`);
    }
    await this.allowed('configure', 'exchange', name);
    const exchange = this.vhost.topology.exchanges.get(cleanName(name));
    if (exchange === undefined) return;
    if (ifUnused && exchange.bindings.size > 0) throw inUse(exchange);
    await this.propose({ op: 'exchange.delete', vhost: this.vhostName, name: exchange.name });
  }

  /** @throws BrokerError NOT_FOUND, ACCESS_REFUSED, RESOURCE_LOCKED, PRECONDITION_FAILED */
  async bind(declaration: BindingDeclaration): Promise<void> {
    const record = await this.checkedBinding(declaration);
    const isQueue = record.destinationKind === 'queue';
    const { destination: to } = record;
    // Where both ends are missing, RabbitMQ names the source.
    const source = this.vhost.exchange(record.source);
    const destination = isQueue ? this.queue(to) : this.vhost.exchange(to);
    if (destination.kind === 'queue') this.checkOwner(destination);
    source.router.check?.({ ...record, destination });
    await this.propose({ op: 'binding.put', record });
  }

  /**
   * Removes a binding. One that does not exist is fine, whosever queue it would lead to.
   * @throws BrokerError ACCESS_REFUSED, RESOURCE_LOCKED
   */
  async unbind(declaration: BindingDeclaration): Promise<void> {
    const record = await this.checkedBinding(declaration);
    const binding = this.vhost.topology.binding(record);
    if (binding?.destination.kind === 'queue') this.checkOwner(binding.destination);
    await this.propose({ op: 'binding.delete', record });
  }

  /** Deletes the exclusive queues of the session; it has ended. */
  async deleteOwn(): Promise<void> {
    this.ended = true;
    await Promise.all([...this.own].map((queue) => this.vhost.dropQueue(queue)));
  }

  /** @throws BrokerError RESOURCE_LOCKED if the queue belongs to another session */
  checkOwner(queue: Queue): void {
    if (queue.owner !== null && queue.owner !== this.context.sessionId) throw locked(queue);
  }

  /** The error for a right that is missing. */
  refusal(access: string, kind: ResourceKind, name: string): BrokerError {
    const shown = name === '' ? DEFAULT_EXCHANGE_ALIAS : name;
    const what = resource(kind, shown, this.vhostName);
    const text = `${access} access to ${what} refused for user '${this.context.userName}'`;
    return new BrokerError('ACCESS_REFUSED', text);
  }

  /** The error for a routing key that may not be used. */
  topicRefusal(access: string, key: string, exchange: Exchange): BrokerError {
    const what = `topic '${key}' in ${exchange}`;
    const text = `${access} access to ${what} refused for user '${this.context.userName}'`;
    return new BrokerError('ACCESS_REFUSED', text);
  }

  /** What a responder asks for when it wants to know whether a requester is still there. */
  private replyInfo(name: string): QueueInfo | null {
    if (!isReplyName(name)) return null;
    if (this.vhost.topology.replies.has(name)) return { name, messages: 0, consumers: 1 };
    throw new BrokerError('NOT_FOUND', `no ${resource('queue', name, this.vhostName)}`);
  }

  private async makeQueue(wanted: CompleteDeclaration): Promise<void> {
    const { name } = wanted;
    checkDeclaration(wanted, this.vhostName);
    const deadLetterExchange = wanted.arguments.get('x-dead-letter-exchange');
    if (typeof deadLetterExchange === 'string') {
      await this.allowed('read', 'queue', name);
      await this.allowed('write', 'exchange', deadLetterExchange);
    }
    this.context.quota.checkQueue(this.vhost, name);
    const id = this.context.allocateQueueId();
    const { durable, owner, autoDelete } = wanted;
    const flags = { durable, owner, autoDelete, declaredBy: this.context.userName };
    const record = { vhost: this.vhostName, name, id, ...flags, arguments: wanted.arguments };
    await this.propose({ op: 'queue.put', record });
    this.context.churn.queueCreated++;
    if (owner !== null) await this.ownQueue(name);
  }

  private async ownQueue(name: string): Promise<void> {
    const queue = this.vhost.topology.queues.get(name);
    if (queue === undefined || queue.owner !== this.context.sessionId) return;
    this.own.add(queue);
    if (this.ended) await this.vhost.deleteQueue(queue);
  }

  private async makeExchange(wanted: ExchangeDeclaration): Promise<void> {
    const { name } = wanted;
    checkReserved('exchange', name);
    const alternate = wanted.arguments.get('alternate-exchange');
    if (typeof alternate === 'string') {
      await this.allowed('read', 'exchange', name);
      await this.allowed('write', 'exchange', alternate);
    } else if (alternate !== undefined) {
      const what = resource('exchange', name, this.vhostName);
      const text = `invalid type '${typeOf(alternate)}' for arg 'alternate-exchange' in ${what}`;
      throw new BrokerError('PRECONDITION_FAILED', text);
    }
    exchangeTypeOf(wanted.type).check?.(
      wanted.arguments,
      resource('exchange', name, this.vhostName),
    );
    this.context.quota.checkExchange(this.vhost, name);
    const record = { ...wanted, vhost: this.vhostName, declaredBy: this.context.userName };
    const id = wanted.type === DELAYED_TYPE ? { id: this.context.allocateQueueId() } : {};
    await this.propose({ op: 'exchange.put', record: { ...record, ...id } });
  }

  private async checkedBinding(declaration: BindingDeclaration): Promise<BindingRecord> {
    const source = cleanName(declaration.source);
    const destination = cleanName(declaration.destination);
    if (source === '' || (destination === '' && declaration.destinationKind === 'exchange')) {
      throw defaultExchangeRefusal();
    }
    await this.allowed('write', declaration.destinationKind, destination);
    await this.allowed('read', 'exchange', source);
    await decided(() => this.checkTopic(source, declaration.routingKey));
    return { ...declaration, source, destination, vhost: this.vhostName };
  }

  /** May the user bind out of a topic exchange with this key? It need not be there yet. */
  private checkTopic(source: string, key: string): void {
    const exchange = this.vhost.topology.exchanges.get(source);
    if (exchange?.type !== 'topic') return;
    const allowed = this.context.rights.topicsOn(source)?.allows('read', key) ?? true;
    if (!allowed) throw this.topicRefusal('read', key, exchange);
  }

  /** Waits if somebody has to be asked first. @throws BrokerError ACCESS_REFUSED */
  private allowed(access: Access, kind: ResourceKind, name: string): void | Promise<void> {
    return decided(() => this.check(access, kind, name));
  }

  /** @throws BrokerError ACCESS_REFUSED, Undecided */
  private check(access: Access, kind: ResourceKind, name: string): void {
    const known = name === '' ? DEFAULT_EXCHANGE_ALIAS : name;
    if (!this.context.rights.allows(access, known, kind)) throw this.refusal(access, kind, name);
  }

  /** A passive declaration needs any right at all (RabbitMQ 4.3.1). */
  private checkAny(kind: ResourceKind, name: string): void {
    const { rights } = this.context;
    if (rights.allows('write', name, kind) || rights.allows('read', name, kind)) return;
    this.check('configure', kind, name);
  }

  private async propose(change: VhostChange): Promise<void> {
    await this.context.propose(change);
  }
}

function infoOf(queue: Queue): QueueInfo {
  return { name: queue.name, messages: queue.size, consumers: queue.subscriptions.size };
}

function checkSameExchange(exchange: Exchange, wanted: ExchangeDeclaration): void {
  const what = String(exchange);
  checkSame('type', what, wanted.type, exchange.type);
  checkSame('durable', what, wanted.durable, exchange.durable);
  checkSame('auto_delete', what, wanted.autoDelete, exchange.autoDelete);
  checkSame('internal', what, wanted.internal, exchange.internal);
  checkSameArguments(['alternate-exchange'], what, wanted.arguments, exchange.arguments);
}
