/**
 * Exchange: takes messages and hands them to what is bound to it. What an exchange of some type
 * does with routing keys is its Router; the types are listed in exchange-types.ts. To add one:
 * a Router in a file of its own and a row there.
 */
import type { QueueId } from '../../storage/message-store.ts';
import { effectiveKeys, type Governing, UNGOVERNED } from '../effective.ts';
import { resource } from '../errors.ts';
import { type Fields, stringOf } from '../field.ts';
import type { FlowSource, Flows } from '../flow.ts';
import type { Message } from '../message.ts';
import type { Queue } from '../queue/queue.ts';
import { type Binding, nameOf, sameBinding } from './binding.ts';
import type { Matched } from './matched.ts';

/** The arguments that policies can say, too, by the key of the policy. */
export const EXCHANGE_KEYS: ReadonlyMap<string, string> = new Map([
  ['alternate-exchange', 'alternate-exchange'],
]);

/** The part of an exchange that depends on its type. */
export interface Router {
  /** A message is routed once, by its first key: copies (CC, BCC) choose nothing more. */
  readonly once?: boolean;
  /**
   * Refuses a binding that makes no sense for the type.
   * @throws BrokerError PRECONDITION_FAILED
   */
  check?(binding: Binding): void;
  bind(binding: Binding): void;
  unbind(binding: Binding): void;
  /** Adds every destination that the message reaches by this key. */
  route(routingKey: string, message: Message, into: Matched): void;
  /** What a new destination gets at once, oldest first. */
  history?(): readonly Message[];
}

/** An exchange as it was declared. */
export interface ExchangeDefinition {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Clients cannot publish to it; only bindings lead there. */
  readonly internal: boolean;
  readonly arguments: Fields;
  /** The user who declared it, as far as that is known. */
  readonly declaredBy?: string;
  /** Names what waits in a store; of delayed exchanges only. */
  readonly id?: QueueId;
}

export class Exchange implements FlowSource<Queue> {
  readonly kind = 'exchange';
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Fields;
  /** The user who declared it; null if nobody knows, or nobody did. */
  readonly declaredBy: string | null;
  /** Where messages go that this exchange routes nowhere. */
  alternate: string | null = null;
  /** The policies that apply. */
  governing = UNGOVERNED;
  readonly router: Router;
  readonly bindings = new Set<Binding>();
  /** Where messages of a delayed exchange wait; null for every other. */
  delayQueue: Queue | null = null;
  /** Messages published to it, and the queues that they reached from here, each counted. */
  publishedIn = 0;
  publishedOut = 0;
  /** The latter by queue, while somebody looks. */
  flows: Flows<Queue> | null = null;
  /** The same by destination and routing key, to find duplicates among thousands. */
  private readonly index = new Map<string, Binding[]>();
  /** See Matched. */
  routeMark = 0;
  private readonly vhost: string;

  constructor(definition: ExchangeDefinition, router: Router, vhost: string) {
    this.name = definition.name;
    this.type = definition.type;
    this.durable = definition.durable;
    this.autoDelete = definition.autoDelete;
    this.internal = definition.internal;
    this.arguments = definition.arguments;
    this.declaredBy = definition.declaredBy ?? null;
    this.router = router;
    this.vhost = vhost;
    this.govern(UNGOVERNED);
  }

  /** Policies have changed: from now on these apply. */
  govern(governing: Governing): void {
    this.governing = governing;
    const keys = effectiveKeys(this.arguments, EXCHANGE_KEYS, governing);
    this.alternate = stringOf(keys.get('alternate-exchange')?.value);
  }

  toString(): string {
    return resource('exchange', this.name, this.vhost);
  }

  /** Adds a binding. Returns false if the very same one exists. */
  bind(binding: Binding): boolean {
    if (this.find(binding) !== undefined) return false;
    this.bindings.add(binding);
    const key = indexKey(binding);
    this.index.set(key, [...(this.index.get(key) ?? []), binding]);
    this.router.bind(binding);
    return true;
  }

  /** Removes the binding that is the same as this one. Returns it, undefined if there is none. */
  unbind(like: Binding): Binding | undefined {
    const binding = this.find(like);
    if (binding === undefined) return undefined;
    this.bindings.delete(binding);
    const key = indexKey(binding);
    const left = (this.index.get(key) ?? []).filter((other) => other !== binding);
    if (left.length === 0) this.index.delete(key);
    else this.index.set(key, left);
    this.router.unbind(binding);
    return binding;
  }

  /** The binding that is the same as this one. */
  find(like: Binding): Binding | undefined {
    return this.index.get(indexKey(like))?.find((binding) => sameBinding(binding, like));
  }
}

function indexKey({ destination, routingKey }: Binding): string {
  return `${nameOf(destination)}\0${routingKey}`;
}
