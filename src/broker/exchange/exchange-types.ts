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

/** The exchanges that cannot be declared or deleted. */
export const PREDECLARED: readonly {
  readonly name: string;
  readonly type: string;
  readonly internal: boolean;
}[] = [
  { name: 'amq.direct', type: 'direct', internal: false },
  { name: 'amq.fanout', type: 'fanout', internal: false },
  { name: 'amq.headers', type: 'headers', internal: false },
  { name: 'amq.match', type: 'headers', internal: false },
  { name: 'amq.topic', type: 'topic', internal: false },
  // Where the firehose of traced vhosts goes; nothing is published to it while tracing is off.
  { name: 'amq.rabbitmq.trace', type: 'topic', internal: true },
];

/** @throws BrokerError PRECONDITION_FAILED for a type that does not exist */
export function checkExchangeType(type: string): void {
  if (TYPES.has(type)) return;
  throw new BrokerError('PRECONDITION_FAILED', `unknown exchange type '${type}'`);
}

/** A router of a type that {@link checkExchangeType} lets pass. */
export function routerOf(type: string): Router {
  const make = TYPES.get(type);
  if (make === undefined) throw new Error(`no exchange type ${type}`);
  return make();
}
