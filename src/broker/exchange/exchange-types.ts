/**
 * Exchange types: the routers by the name that clients declare them with, and the exchanges that
 * every vhost has from the start [AMQP 3.1.3]. To add a type: a Router in a file of its own and a
 * row here.
 */
import { BrokerError } from '../errors.ts';
import type { Fields } from '../field.ts';
import { ConsistentHashRouter, checkHashArguments } from './consistent-hash.ts';
import { DelayedRouter } from './delayed.ts';
import { DirectRouter } from './direct.ts';
import type { Router } from './exchange.ts';
import { FanoutRouter } from './fanout.ts';
import { HeadersRouter } from './headers.ts';
import { LocalRandomRouter } from './local-random.ts';
import { ModulusHashRouter } from './modulus-hash.ts';
import { RandomRouter } from './random.ts';
import { checkHistoryArguments, RecentHistoryRouter } from './recent-history.ts';
import { TopicRouter } from './topic.ts';

/** The type whose messages may have to wait. */
export const DELAYED_TYPE = 'x-delayed-message';

/** What an exchange type is made of. */
export interface ExchangeType {
  /** For operators. */
  readonly description: string;
  make(args: Fields): Router;
  /**
   * Refuses arguments of a declaration that make no sense for the type.
   * @param what the exchange in RabbitMQ's words
   * @throws BrokerError PRECONDITION_FAILED
   */
  check?(args: Fields, what: string): void;
}

/** Every type by its name. */
export const EXCHANGE_TYPES: ReadonlyMap<string, ExchangeType> = new Map<string, ExchangeType>([
  ['direct', { description: 'by equal routing keys', make: () => new DirectRouter() }],
  ['fanout', { description: 'to everything that is bound', make: () => new FanoutRouter() }],
  ['headers', { description: 'by headers', make: () => new HeadersRouter() }],
  ['topic', { description: 'by patterns of words', make: () => new TopicRouter() }],
  [
    'x-consistent-hash',
    {
      description: 'to one of several, by a hash, with weights',
      make: (args) => new ConsistentHashRouter(args),
      check: checkHashArguments,
    },
  ],
  [
    DELAYED_TYPE,
    {
      description: 'as another type, after a delay',
      make: (args) => new DelayedRouter((innerTypeOf(args) as ExchangeType).make(args)),
      check: checkDelayedArguments,
    },
  ],
  [
    'x-local-random',
    {
      description: 'to one of the classic queues of this node, by chance',
      make: () => new LocalRandomRouter(),
    },
  ],
  [
    'x-modulus-hash',
    { description: 'to one of several, by a hash', make: () => new ModulusHashRouter() },
  ],
  ['x-random', { description: 'to one of several, by chance', make: () => new RandomRouter() }],
  [
    'x-recent-history',
    {
      description: 'as fanout, and the last messages to whoever is bound later',
      make: (args) => new RecentHistoryRouter(args),
      check: checkHistoryArguments,
    },
  ],
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

/** The type that a delayed exchange routes by; undefined if it is none. */
function innerTypeOf(args: Fields): ExchangeType | undefined {
  const name = args.get('x-delayed-type');
  if (typeof name !== 'string' || name === DELAYED_TYPE) return undefined;
  return EXCHANGE_TYPES.get(name);
}

function checkDelayedArguments(args: Fields, what: string): void {
  const inner = innerTypeOf(args);
  if (inner === undefined) {
    const text = "Invalid argument, 'x-delayed-type' must be an existing exchange type";
    throw new BrokerError('PRECONDITION_FAILED', text);
  }
  inner.check?.(args, what);
}

/** @throws BrokerError PRECONDITION_FAILED for a type that does not exist */
export function exchangeTypeOf(type: string): ExchangeType {
  const known = EXCHANGE_TYPES.get(type);
  if (known !== undefined) return known;
  throw new BrokerError('PRECONDITION_FAILED', `unknown exchange type '${type}'`);
}
