/**
 * Placement: where a message is to go, and what it looks like there: back to where it died, to
 * another queue or exchange, as it is or changed. Says what stands in the way; moves nothing.
 */
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Field, Fields } from '../field.ts';
import { Message } from '../message.ts';
import type { MessageAccess } from '../message-access.ts';
import type { PropertyValues } from '../properties.ts';
import type { Queue } from '../queue/queue.ts';
import { type Origin, originOf, withoutDeaths } from './origin.ts';

/**
 * Where to: into the queue in which a message died first; through the exchange that it came by; or
 * somewhere that is named. Without a routing key, the message's own, or that of its first death.
 */
export type Wish =
  | { readonly to: 'queue' }
  | { readonly to: 'exchange' }
  | { readonly to: 'named-queue'; readonly queue: string; readonly routingKey: string | null }
  | {
      readonly to: 'named-exchange';
      readonly exchange: string;
      readonly routingKey: string | null;
    };

/** What is changed on the way; what is not there stays. */
export interface Edit {
  readonly body?: Buffer;
  readonly routingKey?: string;
  /** Those that are undefined are taken off. */
  readonly properties?: PropertyValues;
  /** Added, or taken off if null. */
  readonly headers?: ReadonlyMap<string, Field | null>;
}

/** How messages go somewhere. */
export interface Route {
  readonly wish: Wish;
  /** Are the headers of dead-lettering to stay? */
  readonly keepDeaths: boolean;
  /** Does it go back to where it came from, as it was then? */
  readonly restores: boolean;
  readonly edit: Edit | null;
}

/** A message that could go now. */
export interface Placement {
  readonly message: Message;
  /** Routed by it, or null if it goes into `queues` directly. */
  readonly exchange: Exchange | null;
  /** Routing keys besides its own. */
  readonly extraKeys: readonly string[] | null;
  /** What it reaches as things are. */
  readonly queues: readonly Queue[];
}

/** Where messages go, in words. */
export interface Destination {
  readonly queue: string | null;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Why a message cannot go. */
export class Obstacle extends Error {
  override readonly name = 'Obstacle';
}

/** Where a message is to go by a route. @throws Obstacle if it says nowhere */
export function destinationOf(message: Message, { wish, restores, edit }: Route): Destination {
  const origin = restores ? originOf(message) : null;
  if (wish.to === 'queue' || wish.to === 'exchange') {
    if (origin === null) throw new Obstacle('does not say where it died first');
    const routingKey = edit?.routingKey ?? (origin.routingKeys[0] as string);
    const queue = wish.to === 'queue' ? origin.queue : null;
    return { queue, exchange: origin.exchange, routingKey };
  }
  const key = edit?.routingKey ?? wish.routingKey ?? origin?.routingKeys[0] ?? message.routingKey;
  if (wish.to === 'named-exchange') {
    return { queue: null, exchange: wish.exchange, routingKey: key };
  }
  return { queue: wish.queue, exchange: origin?.exchange ?? message.exchange, routingKey: key };
}

/**
 * Puts a message on its way to a destination, as far as rights and what there is allow.
 * @throws Obstacle, Undecided
 */
export function placementOf(
  original: Message,
  to: Destination,
  route: Route,
  access: MessageAccess,
): Placement {
  try {
    return to.queue === null
      ? routed(original, to, route, access)
      : direct(original, to, route, access);
  } catch (error) {
    if (error instanceof BrokerError) throw new Obstacle(error.message);
    throw error;
  }
}

function direct(
  original: Message,
  to: Destination,
  route: Route,
  access: MessageAccess,
): Placement {
  const queue = access.writableQueue(to.queue as string);
  const message = copyOf(original, to, route, access);
  return { message, exchange: null, extraKeys: null, queues: [queue] };
}

function routed(
  original: Message,
  to: Destination,
  route: Route,
  access: MessageAccess,
): Placement {
  const message = copyOf(original, to, route, access);
  const cc = message.copyKeys('CC');
  const exchange = access.writableExchange(message, cc);
  const queues = access.targetsOf(message, exchange, cc);
  if (queues.length === 0) throw new Obstacle(`${exchange} routes it to no queue`);
  return { message, exchange, extraKeys: cc, queues };
}

function copyOf(original: Message, to: Destination, route: Route, access: MessageAccess): Message {
  const { edit, keepDeaths, restores } = route;
  let { headers } = original.properties;
  const origin = restores ? originOf(original) : null;
  if (!keepDeaths) headers = withoutDeaths(headers);
  if (origin !== null) headers = withCopies(headers, origin);
  if (edit?.headers !== undefined) headers = merged(headers, edit.headers);
  const changes = { ...edit?.properties, headers };
  const properties = original.properties.with(changes);
  const body = edit?.body ?? original.body;
  const message = new Message(to.exchange, to.routingKey, properties, body);
  if (edit !== null) access.checkEdited(message, edit.properties?.userId !== undefined);
  return message;
}

/** Routing keys in CC are lost where dead letters get a key of their own. */
function withCopies(headers: Fields | undefined, { routingKeys }: Origin): Fields | undefined {
  if (routingKeys.length < 2 || headers?.has('CC')) return headers;
  return new Map<string, Field>([...(headers ?? []), ['CC', routingKeys.slice(1)]]);
}

function merged(
  headers: Fields | undefined,
  changes: ReadonlyMap<string, Field | null>,
): Fields | undefined {
  const all = new Map(headers ?? []);
  for (const [name, value] of changes) {
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  return all.size === 0 ? undefined : all;
}
