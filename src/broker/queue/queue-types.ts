/**
 * Queue types: what tells a classic queue from a quorum queue. They are one engine; a type is a
 * row of rules: which arguments and policies it takes, what a declaration may ask for, and what
 * the engine does differently. On a single node a quorum queue is its own only member.
 */
import { DEFAULT_DELIVERY_LIMIT } from '../../limits.ts';
import { BrokerError, resource } from '../errors.ts';
import { type Field, type Fields, typeOf } from '../field.ts';

export type QueueTypeName = 'classic' | 'quorum';

/** The rules of one type. */
export interface QueueType {
  readonly name: QueueTypeName;
  /** How RabbitMQ calls it in its texts. */
  readonly module: string;
  /** The arguments that it takes; of these a re-declaration has to bring the same values. */
  readonly arguments: readonly string[];
  /** A policy with any of these keys does not apply to it at all, as in RabbitMQ. */
  readonly unsupportedPolicyKeys: ReadonlySet<string>;
  /** May it be transient, exclusive, auto-delete, or named by the broker? */
  readonly flexible: boolean;
  /** Does the store keep everything, transient messages too? */
  readonly keepsAll: boolean;
  /** Do messages only wait in it for their delay? */
  readonly holds: boolean;
  /** Do deliveries count: limit, headers, a list of what came back, delayed retries, timeouts? */
  readonly counts: boolean;
  /** The highest priority of messages; null lets `x-max-priority` say it. */
  readonly highestPriority: number | null;
  /** The priority of messages that have none. */
  readonly defaultPriority: number;
  /** Failed deliveries after which a message is given up, unless told otherwise; −1 for never. */
  readonly defaultDeliveryLimit: number;
  /** Does an exclusive consumer keep others out? */
  readonly exclusiveConsumers: boolean;
  /** With a single active consumer: does one of a higher priority take over? */
  readonly activeByPriority: boolean;
  /** May basic.get be used with a single active consumer? */
  readonly fetchesWithActive: boolean;
  /** Can a deletion depend on the queue being unused or empty? */
  readonly conditionalDelete: boolean;
}

const COMMON_ARGUMENTS = [
  'x-expires',
  'x-message-ttl',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-max-length',
  'x-max-length-bytes',
  'x-overflow',
  'x-single-active-consumer',
  'x-queue-type',
  'x-queue-leader-locator',
];

const STREAM_KEYS = ['max-age', 'stream-max-segment-size-bytes', 'initial-cluster-size'];

const CLASSIC: QueueType = {
  name: 'classic',
  module: 'rabbit_classic_queue',
  arguments: [
    ...COMMON_ARGUMENTS,
    'x-max-priority',
    'x-queue-mode',
    'x-queue-version',
    'x-queue-master-locator',
  ],
  unsupportedPolicyKeys: new Set([
    ...STREAM_KEYS,
    'consumer-disconnected-timeout',
    'consumer-timeout',
    'dead-letter-strategy',
    'delayed-retry-max',
    'delayed-retry-min',
    'delayed-retry-type',
    'delivery-limit',
    'max-in-memory-bytes',
    'max-in-memory-length',
    'member-placement-tag',
    'target-group-size',
  ]),
  flexible: true,
  keepsAll: false,
  holds: false,
  counts: false,
  highestPriority: null,
  defaultPriority: 0,
  defaultDeliveryLimit: -1,
  exclusiveConsumers: true,
  activeByPriority: false,
  fetchesWithActive: true,
  conditionalDelete: true,
};

const QUORUM: QueueType = {
  name: 'quorum',
  module: 'rabbit_quorum_queue',
  arguments: [
    ...COMMON_ARGUMENTS,
    'x-consumer-disconnected-timeout',
    'x-consumer-timeout',
    'x-dead-letter-strategy',
    'x-delayed-retry-max',
    'x-delayed-retry-min',
    'x-delayed-retry-type',
    'x-delivery-limit',
    'x-max-in-memory-bytes',
    'x-max-in-memory-length',
    'x-member-placement-tag',
    'x-quorum-initial-group-size',
  ],
  unsupportedPolicyKeys: new Set([...STREAM_KEYS, 'queue-mode']),
  flexible: false,
  keepsAll: true,
  holds: false,
  counts: true,
  highestPriority: 31,
  defaultPriority: 4,
  defaultDeliveryLimit: DEFAULT_DELIVERY_LIMIT,
  exclusiveConsumers: false,
  activeByPriority: true,
  fetchesWithActive: false,
  conditionalDelete: false,
};

/**
 * The queue of a delayed exchange: not a type of its own to clients, who cannot get at it. It keeps
 * everything that it can, and what expires in it is published.
 */
export const DELAY_QUEUE: QueueType = { ...CLASSIC, keepsAll: true, holds: true };

/** Every type by its name. */
export const QUEUE_TYPES: ReadonlyMap<string, QueueType> = new Map([
  ['classic', CLASSIC],
  ['quorum', QUORUM],
]);

/** Arguments that mean something for some type; the rest is kept and does nothing. */
export const KNOWN_ARGUMENTS: ReadonlySet<string> = new Set([
  ...CLASSIC.arguments,
  ...QUORUM.arguments,
  'x-initial-cluster-size',
  'x-max-age',
  'x-stream-max-segment-size-bytes',
]);

/** The type that the arguments of a queue name; classic if they name none that exists. */
export function queueTypeOf(args: Fields): QueueType {
  return QUEUE_TYPES.get(String(args.get('x-queue-type'))) ?? CLASSIC;
}

/**
 * The type that a declaration asks for.
 * @throws BrokerError PRECONDITION_FAILED for a type that does not exist
 */
export function declaredType(args: Fields, queueName: string, vhost: string): QueueType {
  const asked = args.get('x-queue-type');
  const known = typeof asked === 'string' ? QUEUE_TYPES.get(asked) : undefined;
  if (known !== undefined) return known;
  if (asked === undefined) return CLASSIC;
  const where = resource('queue', queueName, vhost);
  const why = objectionTo(asked);
  throw new BrokerError('PRECONDITION_FAILED', `invalid arg 'x-queue-type' for ${where}: ${why}`);
}

function objectionTo(type: Field): string {
  if (typeof type !== 'string') return `{unacceptable_type,${typeOf(type)}}`;
  return `"unsupported queue type '${type}'"`;
}
