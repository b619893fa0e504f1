/**
 * What the headers of SUBSCRIBE and SEND say about the queue behind a destination: its `x-`
 * arguments, whether it is durable, and so on. Every argument of AMQP can be given; a header is
 * text, so this table knows which arguments are numbers and which are booleans. What an argument
 * means, and whether it is allowed, is decided by the engine.
 */
import { type Field, type Fields, Timestamp } from '../../src/broker/field.ts';
import { invalidHeader } from './errors.ts';
import { booleanOf, type FrameHead } from './frame-head.ts';

type ArgumentType = 'text' | 'number' | 'boolean' | 'offset' | 'list';

const QUEUE_ARGUMENTS: ReadonlyMap<string, ArgumentType> = new Map([
  ['x-queue-type', 'text'],
  ['x-expires', 'number'],
  ['x-message-ttl', 'number'],
  ['x-dead-letter-exchange', 'text'],
  ['x-dead-letter-routing-key', 'text'],
  ['x-dead-letter-strategy', 'text'],
  ['x-max-length', 'number'],
  ['x-max-length-bytes', 'number'],
  ['x-overflow', 'text'],
  ['x-max-priority', 'number'],
  ['x-single-active-consumer', 'boolean'],
  ['x-queue-mode', 'text'],
  ['x-queue-version', 'number'],
  ['x-queue-master-locator', 'text'],
  ['x-queue-leader-locator', 'text'],
  ['x-quorum-initial-group-size', 'number'],
  ['x-initial-cluster-size', 'number'],
  ['x-delivery-limit', 'number'],
  ['x-consumer-timeout', 'number'],
  ['x-consumer-disconnected-timeout', 'number'],
  ['x-delayed-retry-type', 'text'],
  ['x-delayed-retry-min', 'number'],
  ['x-delayed-retry-max', 'number'],
  ['x-max-in-memory-length', 'number'],
  ['x-max-in-memory-bytes', 'number'],
  ['x-member-placement-tag', 'text'],
  ['x-max-age', 'text'],
  ['x-stream-max-segment-size-bytes', 'number'],
  ['x-stream-filter-size-bytes', 'number'],
]);

const CONSUMER_ARGUMENTS: ReadonlyMap<string, ArgumentType> = new Map([
  ['x-priority', 'number'],
  ['x-stream-offset', 'offset'],
  ['x-stream-filter', 'list'],
  ['x-stream-match-unfiltered', 'boolean'],
]);

/** The arguments of the queue. @throws StompError for a number or boolean that is none */
export function queueArguments(head: FrameHead): Fields {
  return argumentsOf(head, QUEUE_ARGUMENTS);
}

/** The arguments of the subscription. @throws StompError for a number or boolean that is none */
export function consumerArguments(head: FrameHead): Fields {
  return argumentsOf(head, CONSUMER_ARGUMENTS);
}

/** Is the subscription to outlive its connection? `persistent` is what it was called once. */
export function durableHeader(head: FrameHead): boolean | undefined {
  return head.boolean('durable') ?? head.boolean('persistent');
}

function argumentsOf(head: FrameHead, known: ReadonlyMap<string, ArgumentType>): Fields {
  const found = new Map<string, Field>();
  for (const [index, name] of head.names.entries()) {
    const type = known.get(name);
    if (type === undefined || found.has(name)) continue;
    found.set(name, fieldOf(name, head.values[index]!.trim(), type));
  }
  return found;
}

function fieldOf(name: string, text: string, type: ArgumentType): Field {
  if (type === 'text') return text;
  if (type === 'list') return text.split(',');
  if (type === 'offset') return offsetOf(name, text);
  if (type === 'boolean') {
    const value = booleanOf(text);
    if (value === undefined) throw invalidHeader(name, text, 'true or false');
    return value;
  }
  return numberOf(name, text);
}

/** RabbitMQ's way to write it: a word, `offset:5` or `timestamp:1700000000`. */
function offsetOf(name: string, text: string): Field {
  const [kind, value] = text.split(':', 2) as [string, string?];
  if (value === undefined) return text;
  if (kind === 'offset') return numberOf(name, value);
  if (kind === 'timestamp') return new Timestamp(numberOf(name, value));
  throw invalidHeader(name, text, 'a word, offset:<number> or timestamp:<seconds>');
}

function numberOf(name: string, text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw invalidHeader(name, text, 'a whole number');
  return Number(text);
}
