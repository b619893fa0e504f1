/**
 * Topic router: a message goes where its routing key fits the binding's pattern [AMQP 3.1.3.3].
 * Hot path: the destinations of recent keys are remembered until a binding changes.
 */
import { TOPIC_HASHES_MAX, TOPIC_ROUTE_BINDINGS_MAX, TOPIC_ROUTES_MAX } from '../../limits.ts';
import { BrokerError } from '../errors.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';
import { TopicTrie } from './topic-trie.ts';

/**
 * Bindings with this argument are subscriptions of MQTT: wildcards at their start do not take
 * topics that start with a dollar sign, which are the server's own [MQTT-4.7.2-1].
 */
export const SUBSCRIPTION_ARGUMENT = 'x-mqtt-subscription-opts';

export class TopicRouter implements Router {
  private readonly trie = new TopicTrie<Binding>();
  private readonly routes = new Map<string, Binding[]>();
  /** How many bindings they name in all. */
  private remembered = 0;

  check({ routingKey }: Binding): void {
    const hashes = routingKey.split('.').filter((word) => word === '#').length;
    if (hashes <= TOPIC_HASHES_MAX) return;
    const text = `the binding key has ${hashes} words '#', at most ${TOPIC_HASHES_MAX} are allowed`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }

  bind(binding: Binding): void {
    this.trie.add(binding.routingKey, binding);
    this.forget();
  }

  unbind(binding: Binding): void {
    this.trie.remove(binding.routingKey, binding);
    this.forget();
  }

  route(routingKey: string, _message: Message, into: Matched): void {
    const bindings = this.routes.get(routingKey) ?? this.match(routingKey);
    for (let i = 0; i < bindings.length; i++) into.add((bindings[i] as Binding).destination);
  }

  private match(routingKey: string): Binding[] {
    let bindings = this.trie.match(routingKey);
    if (routingKey.startsWith('$')) bindings = bindings.filter(takesServerTopics);
    this.remembered += bindings.length;
    const full = this.routes.size >= TOPIC_ROUTES_MAX;
    if (full || this.remembered > TOPIC_ROUTE_BINDINGS_MAX) {
      this.forget();
      this.remembered = bindings.length;
    }
    this.routes.set(routingKey, bindings);
    return bindings;
  }

  private forget(): void {
    this.routes.clear();
    this.remembered = 0;
  }
}

function takesServerTopics({ routingKey, arguments: args }: Binding): boolean {
  const wild = routingKey.startsWith('#') || routingKey.startsWith('*');
  return !wild || !args.has(SUBSCRIPTION_ARGUMENT);
}
