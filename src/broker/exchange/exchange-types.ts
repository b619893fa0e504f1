/**
 * Exchange types: the routers by the name that clients declare them with, and the exchanges that
 * every vhost has from the start [AMQP 3.1.3].
 */
import { BrokerError } from '../errors.ts';
import { DirectRouter } from './direct.ts';
import type { Router } from './exchange.ts';
import { FanoutRouter } from './fanout.ts';
import { HeadersRouter } from './headers.ts';
import { TopicRouter } from './topic.ts';

const TYPES: ReadonlyMap<string, () => Router> = new Map<string, () => Router>([
  ['direct', () => new DirectRouter()],
  ['fanout', () => new FanoutRouter()],
  ['headers', () => new HeadersRouter()],
  ['topic', () => new TopicRouter()],
]);

/** Name and type of the exchanges that cannot be declared or deleted. */
export const PREDECLARED: readonly (readonly [name: string, type: string])[] = [
  ['amq.direct', 'direct'],
  ['amq.fanout', 'fanout'],
  ['amq.headers', 'headers'],
  ['amq.match', 'headers'],
  ['amq.topic', 'topic'],
];

/** @throws BrokerError PRECONDITION_FAILED for a type that does not exist */
export function checkExchangeType(type: string): void {
  if (TYPES.has(type)) return;
  throw new BrokerError('PRECONDITION_FAILED', `invalid exchange type '${type}'`);
}

/** A router of a type that {@link checkExchangeType} lets pass. */
export function routerOf(type: string): Router {
  const make = TYPES.get(type);
  if (make === undefined) throw new Error(`no exchange type ${type}`);
  return make();
}
