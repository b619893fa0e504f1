/**
 * Queue arguments: every `x-` argument of a declaration, checked. The texts are RabbitMQ 4's. An
 * argument that it knows for another queue type is refused, one that nobody knows is kept and
 * shown but does nothing, as there. To add one: a row in CHECKS, its name in queue-types.ts, a
 * field in settings.ts, and the code that honours it.
 */
import { BrokerError, resource } from '../errors.ts';
import { type Field, type Fields, integerOf, typeOf } from '../field.ts';
import { MAX_TTL_MS } from '../properties.ts';
import { DELAYED_RETRIES, LOCATORS, OVERFLOWS, STRATEGIES } from './argument-values.ts';
import { KNOWN_ARGUMENTS, type QueueType } from './queue-types.ts';

/** Thrown by checks with what RabbitMQ prints after the colon. */
class Unacceptable extends Error {}

/** Thrown by checks with the type that was given. */
class WrongType extends Error {}

type Check = (value: Field, all: Fields) => void;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['x-expires', (value) => checkDuration(value, 1)],
  ['x-message-ttl', (value) => checkDuration(value, 0)],
  ['x-dead-letter-exchange', checkExchangeName],
  ['x-dead-letter-routing-key', checkDeadLetterKey],
  ['x-dead-letter-strategy', (value) => checkOneOf(value, STRATEGIES, 'invalid_dlx_strategy')],
  ['x-max-length', checkCount],
  ['x-max-length-bytes', checkCount],
  ['x-max-in-memory-length', checkCount],
  ['x-max-in-memory-bytes', checkCount],
  ['x-max-priority', checkPriority],
  ['x-overflow', (value) => checkOneOf(value, OVERFLOWS, 'invalid_overflow')],
  ['x-queue-mode', checkQueueMode],
  ['x-queue-version', checkQueueVersion],
  ['x-single-active-consumer', checkBoolean],
  ['x-queue-leader-locator', (value) => checkOneOf(value, LOCATORS, 'invalid_queue_locator_arg')],
  ['x-quorum-initial-group-size', (value) => checkLeast(value, 1)],
  ['x-member-placement-tag', checkFilledText],
  ['x-delivery-limit', checkInteger],
  ['x-consumer-timeout', (value) => checkDuration(value, 0)],
  ['x-consumer-disconnected-timeout', (value) => checkDuration(value, 0)],
  ['x-delayed-retry-type', checkDelayedRetry],
  ['x-delayed-retry-min', (value) => checkDuration(value, 1)],
  ['x-delayed-retry-max', (value) => checkDuration(value, 1)],
]);

/**
 * Checks the arguments of a declaration for a type.
 * @throws BrokerError PRECONDITION_FAILED with RabbitMQ's text for the first bad one
 */
export function checkArguments(
  type: QueueType,
  args: Fields,
  queueName: string,
  vhost: string,
): void {
  const where = resource('queue', queueName, vhost);
  // Of several bad ones RabbitMQ names the first in the order of its own table.
  for (const [name, check] of CHECKS) {
    const value = args.get(name);
    if (value === undefined || !type.arguments.includes(name)) continue;
    guard(name, where, () => check(value, args));
  }
  for (const name of args.keys()) {
    const known = KNOWN_ARGUMENTS.has(name);
    if (known && !type.arguments.includes(name)) throw ofOtherType(name, where, type);
  }
}

/** Is it an argument of the consumer that this queue type has no use for? */
export function checkConsumerArguments(args: Fields, queue: string, type: QueueType): void {
  for (const [name, value] of args) {
    if (name.startsWith('x-stream-')) throw ofOtherType(name, queue, type);
    const known = name === 'x-priority' || (name === 'x-consumer-timeout' && type.counts);
    if (known) guard(name, queue, () => checkConsumerArgument(name, value));
  }
}

function checkConsumerArgument(name: string, value: Field): void {
  if (name === 'x-priority') checkInteger(value);
  else checkDuration(value, 0);
}

function ofOtherType(name: string, where: string, type: QueueType): BrokerError {
  const text = `invalid arg '${name}' for ${where} of queue type ${type.module}`;
  return new BrokerError('PRECONDITION_FAILED', text);
}

/** Turns the objections of checks into RabbitMQ's sentences. */
function guard(name: string, where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof WrongType) throw wrongType(error.message, name, where);
    if (!(error instanceof Unacceptable)) throw error;
    const text = `invalid arg '${name}' for ${where}: ${error.message}`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }
}

/** RabbitMQ has a text of its own for this one; see wrongType(). */
function checkExchangeName(value: Field): void {
  if (typeof value !== 'string') throw new WrongType(typeOf(value));
}

function checkDeadLetterKey(value: Field, all: Fields): void {
  checkText(value);
  if (!all.has('x-dead-letter-exchange')) throw new Unacceptable('routing_key_but_no_dlx_defined');
}

function checkPriority(value: Field): void {
  const priority = checkCount(value);
  if (priority > 255) throw new Unacceptable(`{max_value_exceeded,${priority}}`);
}

function checkQueueMode(value: Field): void {
  const mode = checkText(value);
  if (mode === 'default' || mode === 'lazy') return;
  throw new Unacceptable(`"unsupported queue mode '${mode}'"`);
}

/** RabbitMQ 4.3 refuses 1 as well: how a queue keeps its messages is no client's business here. */
function checkQueueVersion(value: Field): void {
  const version = checkInteger(value);
  if (version === 1 || version === 2) return;
  throw new Unacceptable(`"unsupported queue version '${version}'"`);
}

function checkDelayedRetry(value: Field, all: Fields): void {
  const type = checkOneOf(value, DELAYED_RETRIES, 'invalid_delayed_retry_type');
  if (type === 'disabled' || all.has('x-delayed-retry-min')) return;
  throw new Unacceptable('delayed_retry_type_but_no_delayed_retry_min_defined');
}

function checkOneOf(value: Field, allowed: readonly string[], objection: string): string {
  const text = checkText(value);
  if (!allowed.includes(text)) throw new Unacceptable(objection);
  return text;
}

function checkInteger(value: Field): number {
  const integer = integerOf(value);
  if (integer === null) throw new Unacceptable(`"expected integer, got ${typeOf(value)}"`);
  return integer;
}

/** @returns the value, an integer of at least 0 */
function checkCount(value: Field): number {
  const count = checkInteger(value);
  if (count < 0) throw new Unacceptable(`{value_negative,${count}}`);
  return count;
}

function checkLeast(value: Field, least: number): number {
  const count = checkCount(value);
  if (count < least) throw new Unacceptable(`{value_zero,${count}}`);
  return count;
}

function checkDuration(value: Field, least: number): void {
  const ms = checkLeast(value, least);
  if (ms > MAX_TTL_MS) throw new Unacceptable(`{value_too_large,${ms}}`);
}

function checkBoolean(value: Field): void {
  if (typeof value !== 'boolean') throw unacceptableType(value);
}

function checkText(value: Field): string {
  if (typeof value !== 'string') throw unacceptableType(value);
  return value;
}

function checkFilledText(value: Field): void {
  if (checkText(value) === '') throw new Unacceptable('empty_binary');
}

function unacceptableType(value: Field): Unacceptable {
  return new Unacceptable(`{unacceptable_type,${typeOf(value)}}`);
}

function wrongType(type: string, name: string, where: string): BrokerError {
  const text = `invalid type '${type}' for arg '${name}' in ${where}`;
  return new BrokerError('PRECONDITION_FAILED', text);
}
