/**
 * SubscriptionSet: the topic filters of one client that share a queue, and what they ask for when
 * a message comes. A message comes once, however many of them take it: with the highest QoS and
 * all their identifiers [MQTT-3.3.4-2]. Hot path: match, which remembers its answers.
 */
import { MQTT_MATCHES_MAX } from '../../src/limits.ts';
import { matches, topicOf } from './topics.ts';

/** What a client asks for with a topic filter [MQTT 3.8.3.1]. */
export interface SubscriptionOptions {
  readonly qos: number;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
}

/** What the subscriptions that take a message ask for together. */
export interface Match {
  readonly qos: number;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[];
  /** Every one of them wants nothing that the client itself publishes. */
  readonly noLocal: boolean;
}

const NONE: readonly number[] = [];

/** A message that came into the queue by no subscription: it was put there by other means. */
const UNASKED: Match = { qos: 2, retainAsPublished: false, identifiers: NONE, noLocal: false };

export class SubscriptionSet {
  readonly filters = new Map<string, SubscriptionOptions>();
  /** How many of them want nothing that the client itself publishes. */
  private noLocals = 0;
  /** null until a message comes. */
  private known: Map<string, Match | null> | null = null;
  private lastKey = '';
  private lastMatch: Match | null = null;

  get size(): number {
    return this.filters.size;
  }

  get anyNoLocal(): boolean {
    return this.noLocals > 0;
  }

  put(filter: string, options: SubscriptionOptions): void {
    this.delete(filter);
    this.filters.set(filter, options);
    if (options.noLocal) this.noLocals++;
  }

  delete(filter: string): boolean {
    this.forget();
    if (this.filters.get(filter)?.noLocal) this.noLocals--;
    return this.filters.delete(filter);
  }

  /** Null if the message is not for the client: a topic of the server, and only wildcards. */
  match(routingKey: string): Match | null {
    if (routingKey === this.lastKey) return this.lastMatch;
    this.known ??= new Map();
    let match = this.known.get(routingKey);
    if (match === undefined) {
      match = this.find(routingKey);
      if (this.known.size >= MQTT_MATCHES_MAX) this.known.clear();
      this.known.set(routingKey, match);
    }
    this.lastKey = routingKey;
    this.lastMatch = match;
    return match;
  }

  private forget(): void {
    this.known = null;
    this.lastKey = '';
    this.lastMatch = null;
  }

  private find(routingKey: string): Match | null {
    const topic = topicOf(routingKey);
    if (topic === null) return null;
    let found = 0;
    let qos = 0;
    let retainAsPublished = false;
    let noLocal = true;
    const identifiers: number[] = [];
    for (const [filter, options] of this.filters) {
      if (!matches(filter, topic)) continue;
      found++;
      qos = Math.max(qos, options.qos);
      retainAsPublished ||= options.retainAsPublished;
      noLocal &&= options.noLocal;
      if (options.identifier !== 0) identifiers.push(options.identifier);
    }
    if (found === 0) return topic.startsWith('$') ? null : UNASKED;
    return { qos, retainAsPublished, identifiers, noLocal };
  }
}
