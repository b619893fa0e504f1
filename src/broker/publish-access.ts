/**
 * PublishAccess: may this session publish this message? Rights on the exchange and on the routing
 * keys, and what a message says about itself, in RabbitMQ's order and words. The exchange of the
 * last message is remembered together with the versions that it was found in. Hot path: exchange,
 * topics.
 */
import type { KeyRights } from '../auth/rights.ts';
import type { SessionRights } from '../auth/session-rights.ts';
import { Undecided } from '../auth/undecided.ts';
import type { User } from '../auth/user.ts';
import { BrokerError } from './errors.ts';
import { checkDelay } from './exchange/delayed.ts';
import type { Exchange } from './exchange/exchange.ts';
import { typeOf } from './field.ts';
import { Message } from './message.ts';
import { MAX_TTL_MS } from './properties.ts';
import { DEFAULT_EXCHANGE_ALIAS, type TopologyAccess } from './topology-access.ts';
import type { VHost } from './vhost.ts';

/** What it is of the session that it needs. */
export interface PublishContext {
  readonly user: User;
  readonly vhost: VHost;
  readonly rights: SessionRights;
  readonly topology: TopologyAccess;
}

export class PublishAccess {
  /** What is said about the routing keys of the last exchange; null if all may be used. */
  topics: KeyRights | null = null;
  private readonly context: PublishContext;
  private readonly rights: SessionRights;
  private readonly vhost: VHost;
  private last: Exchange | null = null;
  private lastTopology = -1;
  private lastRights = -1;

  constructor(context: PublishContext) {
    this.context = context;
    this.rights = context.rights;
    this.vhost = context.vhost;
  }

  /**
   * The exchange of that name if this user may publish to it.
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND; Undecided
   */
  exchange(name: string): Exchange {
    const { last } = this;
    if (
      last !== null &&
      last.name === name &&
      this.lastTopology === this.vhost.topology.exchangesVersion &&
      this.lastRights === this.rights.version
    ) {
      return last;
    }
    const exchange = this.find(name);
    this.last = exchange;
    this.topics = exchange.type === 'topic' ? this.rights.topicsOn(name) : null;
    this.lastTopology = this.vhost.topology.exchangesVersion;
    this.lastRights = this.rights.version;
    return exchange;
  }

  /**
   * Checks a routing key of a message to the last exchange.
   * @throws BrokerError ACCESS_REFUSED; Undecided
   */
  checkKey(key: string): void {
    if (this.topics === null || this.topics.allows('write', key)) return;
    throw this.context.topology.topicRefusal('write', key, this.last as Exchange);
  }

  /**
   * Checks what a message to the last exchange says about itself.
   * @returns the routing keys of CC and BCC
   * @throws BrokerError PRECONDITION_FAILED, ACCESS_REFUSED; Undecided
   */
  check(message: Message): readonly string[] | null {
    const { properties } = message;
    if (Number.isNaN(properties.ttlMs)) throw badExpiration(properties.expiration as string);
    if (this.last?.delayQueue) checkDelay(message);
    const cc = copies(message, 'CC');
    const bcc = copies(message, 'BCC');
    const keys = cc === null ? bcc : [...cc, ...(bcc ?? [])];
    if (this.topics !== null) this.checkKeys([message.routingKey, ...(keys ?? [])]);
    const { user } = this.context;
    const { userId } = properties;
    if (userId !== undefined && userId !== user.name && !user.tags.has('impersonator')) {
      const text = `user_id property set to '${userId}' but authenticated user was '${user.name}'`;
      throw new BrokerError('PRECONDITION_FAILED', text);
    }
    return keys;
  }

  /** Whoever has to be asked about some of them is asked about all at once. */
  private checkKeys(keys: readonly string[]): void {
    const undecided: Undecided[] = [];
    for (const key of keys) {
      try {
        this.checkKey(key);
      } catch (error) {
        if (!(error instanceof Undecided)) throw error;
        undecided.push(error);
      }
    }
    if (undecided.length === 0) return;
    throw new Undecided(Promise.all(undecided.map(({ settled }) => settled)));
  }

  private find(name: string): Exchange {
    const known = name === '' ? DEFAULT_EXCHANGE_ALIAS : name;
    if (!this.rights.allows('write', known, 'exchange')) {
      throw this.context.topology.refusal('write', 'exchange', name);
    }
    const exchange = this.vhost.exchange(name);
    if (!exchange.internal) return exchange;
    throw new BrokerError('ACCESS_REFUSED', `cannot publish to internal ${exchange}`);
  }
}

/** BCC is for the broker's eyes only. */
export function withoutBcc(message: Message): Message {
  const { headers } = message.properties;
  if (headers === undefined || !headers.has('BCC')) return message;
  const rest = new Map(headers);
  rest.delete('BCC');
  const properties = message.properties.with({ headers: rest });
  return new Message(message.exchange, message.routingKey, properties, message.body);
}

function copies(message: Message, name: 'CC' | 'BCC'): readonly string[] | null {
  const header = message.properties.headers?.get(name);
  if (header === undefined || Array.isArray(header)) return message.copyKeys(name);
  const text = `invalid message: {unacceptable_type_in_header,"${name}",${typeOf(header)}}`;
  throw new BrokerError('PRECONDITION_FAILED', text);
}

function badExpiration(text: string): BrokerError {
  const [, digits, rest] = /^(-?\d*)(.*)$/s.exec(text) as RegExpExecArray;
  const integer = digits === '' || digits === '-' ? null : BigInt(digits as string);
  let why = 'no_integer';
  if (integer !== null && rest !== '') why = `{leftover_string,${JSON.stringify(rest)}}`;
  else if (integer !== null && integer < 0n) why = `{value_negative,${integer}}`;
  else if (integer !== null && integer > BigInt(MAX_TTL_MS)) why = `{value_too_large,${integer}}`;
  return new BrokerError('PRECONDITION_FAILED', `invalid expiration '${text}': ${why}`);
}
