/**
 * Queue arguments: every `x-` argument of a declaration, checked and turned into settings. The
 * texts are RabbitMQ 4's. Arguments that it knows for another queue type are refused, arguments
 * that nobody knows are kept and shown but do nothing, as there. To add one: a row in ARGUMENTS,
 * a field in QueueSettings, and the code that honours it.
 */
import { BrokerError, resource } from '../errors.ts';
import { type Field, type Fields, integerOf, stringOf, typeOf } from '../field.ts';
import { MAX_TTL_MS } from '../properties.ts';

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** What a queue does, as far as its arguments say. −1 stands for no limit. */
export interface QueueSettings {
  /** x-message-ttl: ms that a message may wait; 0 means deliver at once or expire. */
  readonly ttlMs: number;
  /** x-expires: ms without use after which the queue is deleted. */
  readonly expiresMs: number;
  readonly deadLetterExchange: string | null;
  readonly deadLetterRoutingKey: string | null;
  /** x-max-length: ready messages. */
  readonly maxLength: number;
  /** x-max-length-bytes: bytes of the bodies of ready messages. */
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  /** x-max-priority, 0 … 255. */
  readonly maxPriority: number;
  readonly singleActiveConsumer: boolean;
}

const OVERFLOWS: readonly string[] = ['drop-head', 'reject-publish', 'reject-publish-dlx'];

/** Thrown by checks with what RabbitMQ prints after the colon. */
class Unacceptable extends Error {}

/** Thrown by checks with the type that was given. */
class WrongType extends Error {}

type Check = (value: Field, all: Fields) => void;

/** The arguments that classic queues take. */
const ARGUMENTS: Readonly<Record<string, Check>> = {
  'x-queue-type': checkQueueType,
  'x-expires': (value) => checkDuration(value, 1),
  'x-message-ttl': (value) => checkDuration(value, 0),
  'x-dead-letter-exchange': checkExchangeName,
  'x-dead-letter-routing-key': (value, all) => {
    checkText(value);
    if (!all.has('x-dead-letter-exchange')) {
      throw new Unacceptable('routing_key_but_no_dlx_defined');
    }
  },
  'x-max-length': checkCount,
  'x-max-length-bytes': checkCount,
  'x-max-priority': (value) => {
    const priority = checkCount(value);
    if (priority > 255) throw new Unacceptable(`{max_value_exceeded,${priority}}`);
  },
  'x-overflow': (value) => {
    if (!OVERFLOWS.includes(checkText(value))) throw new Unacceptable('invalid_overflow');
  },
  'x-single-active-consumer': (value) => {
    if (typeof value !== 'boolean') throw unacceptableType(value);
  },
  'x-queue-mode': (value) => {
    const mode = checkText(value);
    if (mode !== 'default' && mode !== 'lazy') {
      throw new Unacceptable(`"unsupported queue mode '${mode}'"`);
    }
  },
  'x-queue-version': checkCount,
  'x-queue-master-locator': checkText,
  'x-queue-leader-locator': checkText,
};

/** Arguments that RabbitMQ has for quorum queues or streams and refuses on classic ones. */
const OF_OTHER_TYPES: ReadonlySet<string> = new Set([
  'x-consumer-disconnected-timeout',
  'x-consumer-timeout',
  'x-dead-letter-strategy',
  'x-delayed-retry-max',
  'x-delayed-retry-min',
  'x-delayed-retry-type',
  'x-delivery-limit',
  'x-initial-cluster-size',
  'x-max-age',
  'x-max-in-memory-bytes',
  'x-max-in-memory-length',
  'x-member-placement-tag',
  'x-quorum-initial-group-size',
  'x-stream-filter-size-bytes',
  'x-stream-max-segment-size-bytes',
]);

/** Arguments of which an equal re-declaration has to bring the same values. */
const COMPARED: readonly string[] = Object.keys(ARGUMENTS).filter(
  (name) => name !== 'x-queue-type',
);

/**
 * The settings that a declaration asks for.
 * @throws BrokerError PRECONDITION_FAILED with RabbitMQ's text for the first bad argument
 */
export function settingsOf(args: Fields, queueName: string, vhost: string): QueueSettings {
  for (const [name, value] of args) checkArgument(name, value, args, queueName, vhost);
  return {
    ttlMs: integerOf(args.get('x-message-ttl')) ?? -1,
    expiresMs: integerOf(args.get('x-expires')) ?? -1,
    deadLetterExchange: stringOf(args.get('x-dead-letter-exchange')),
    deadLetterRoutingKey: stringOf(args.get('x-dead-letter-routing-key')),
    maxLength: integerOf(args.get('x-max-length')) ?? -1,
    maxLengthBytes: integerOf(args.get('x-max-length-bytes')) ?? -1,
    overflow: (stringOf(args.get('x-overflow')) ?? 'drop-head') as Overflow,
    maxPriority: integerOf(args.get('x-max-priority')) ?? 0,
    singleActiveConsumer: args.get('x-single-active-consumer') === true,
  };
}

/** The names of the arguments that must be equal when a queue is declared again. */
export function comparedArguments(): readonly string[] {
  return COMPARED;
}

function checkArgument(
  name: string,
  value: Field,
  all: Fields,
  queue: string,
  vhost: string,
): void {
  const where = resource('queue', queue, vhost);
  if (OF_OTHER_TYPES.has(name)) {
    const text = `invalid arg '${name}' for ${where} of queue type rabbit_classic_queue`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }
  const check = Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name] : undefined;
  if (check === undefined) return;
  try {
    check(value, all);
  } catch (error) {
    if (error instanceof WrongType) throw wrongType(error.message, name, where);
    if (!(error instanceof Unacceptable)) throw error;
    throw new BrokerError(
      'PRECONDITION_FAILED',
      `invalid arg '${name}' for ${where}: ${error.message}`,
    );
  }
}

/** RabbitMQ has a text of its own for this one; see wrongType(). */
function checkExchangeName(value: Field): void {
  if (typeof value !== 'string') throw new WrongType(typeOf(value));
}

function checkQueueType(value: Field): void {
  const type = checkText(value);
  if (type !== 'classic') throw new Unacceptable(`"unsupported queue type '${type}'"`);
}

/** @returns the value, an integer of at least 0 */
function checkCount(value: Field): number {
  const count = integerOf(value);
  if (count === null) throw new Unacceptable(`"expected integer, got ${typeOf(value)}"`);
  if (count < 0) throw new Unacceptable(`{value_negative,${count}}`);
  return count;
}

function checkDuration(value: Field, least: number): void {
  const ms = checkCount(value);
  if (ms < least) throw new Unacceptable(`{value_zero,${ms}}`);
  if (ms > MAX_TTL_MS) throw new Unacceptable(`{value_too_large,${ms}}`);
}

function checkText(value: Field): string {
  if (typeof value !== 'string') throw unacceptableType(value);
  return value;
}

function unacceptableType(value: Field): Unacceptable {
  return new Unacceptable(`{unacceptable_type,${typeOf(value)}}`);
}

function wrongType(type: string, name: string, where: string): BrokerError {
  const text = `invalid type '${type}' for arg '${name}' in ${where}`;
  return new BrokerError('PRECONDITION_FAILED', text);
}
