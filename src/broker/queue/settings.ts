/**
 * Queue settings: what a queue does, as far as its arguments and policies say. Arguments were
 * checked by arguments.ts, policies by policy-keys.ts; effective.ts says which of them counts.
 */
import { type Effective, type EffectiveKeys, effectiveKeys, type Governing } from '../effective.ts';
import { type Field, type Fields, integerOf, stringOf } from '../field.ts';
import type { DeadLetterStrategy, DelayedRetry, Overflow } from './argument-values.ts';
import type { QueueType } from './queue-types.ts';

/** The arguments that policies can say, too, by the key of the policy. */
export const QUEUE_KEYS: ReadonlyMap<string, string> = new Map(
  [
    'consumer-disconnected-timeout',
    'consumer-timeout',
    'dead-letter-exchange',
    'dead-letter-routing-key',
    'dead-letter-strategy',
    'delayed-retry-max',
    'delayed-retry-min',
    'delayed-retry-type',
    'delivery-limit',
    'expires',
    'max-in-memory-bytes',
    'max-in-memory-length',
    'max-length',
    'max-length-bytes',
    'member-placement-tag',
    'message-ttl',
    'overflow',
    'queue-leader-locator',
    'queue-mode',
    'queue-version',
  ].map((key) => [key, `x-${key}`]),
);

/** Settings change when policies do, all but the last two. −1 stands for no limit. */
export interface QueueSettings {
  /** ms that a message may wait, for messages that come from now on; 0: deliver or expire. */
  readonly ttlMs: number;
  /** ms without use after which the queue is deleted. */
  readonly expiresMs: number;
  readonly deadLetterExchange: string | null;
  readonly deadLetterRoutingKey: string | null;
  /** at-least-once only where RabbitMQ has it: with a dead-letter exchange and reject-publish. */
  readonly deadLetterStrategy: DeadLetterStrategy;
  /** Ready messages. */
  readonly maxLength: number;
  /** Bytes of the bodies of ready messages. */
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  /** Failed deliveries that a message may have. */
  readonly deliveryLimit: number;
  readonly delayedRetry: DelayedRetry;
  readonly delayedRetryMinMs: number;
  readonly delayedRetryMaxMs: number;
  /** ms that a consumer may hold a message; −1 leaves it to the broker's default. */
  readonly consumerTimeoutMs: number;
  /** 0 … 255. */
  readonly maxPriority: number;
  readonly singleActiveConsumer: boolean;
}

/** The settings of a queue. */
export function settingsOf(type: QueueType, args: Fields, governing: Governing): QueueSettings {
  const keys = effectiveKeys(args, QUEUE_KEYS, governing);
  const deadLetterExchange = textAt(keys, 'dead-letter-exchange');
  const overflow = overflowOf(type, keys);
  const safely = deadLetterExchange !== null && overflow === 'reject-publish';
  const strategy = textAt(keys, 'dead-letter-strategy') ?? 'at-most-once';
  return {
    ttlMs: integerAt(keys, 'message-ttl') ?? -1,
    expiresMs: integerAt(keys, 'expires') ?? -1,
    deadLetterExchange,
    deadLetterRoutingKey: textAt(keys, 'dead-letter-routing-key'),
    deadLetterStrategy: (safely ? strategy : 'at-most-once') as DeadLetterStrategy,
    maxLength: integerAt(keys, 'max-length') ?? -1,
    maxLengthBytes: integerAt(keys, 'max-length-bytes') ?? -1,
    overflow,
    deliveryLimit: integerAt(keys, 'delivery-limit') ?? type.defaultDeliveryLimit,
    delayedRetry: delayedRetryOf(keys),
    delayedRetryMinMs: integerAt(keys, 'delayed-retry-min') ?? 0,
    delayedRetryMaxMs: integerAt(keys, 'delayed-retry-max') ?? -1,
    consumerTimeoutMs: integerAt(keys, 'consumer-timeout') ?? -1,
    maxPriority: type.highestPriority ?? integerOf(args.get('x-max-priority')) ?? 0,
    singleActiveConsumer: args.get('x-single-active-consumer') === true,
  };
}

/**
 * What counts where nobody has said anything, for operators, by the key of a policy.
 * @param consumerTimeoutMs the broker's
 */
export function defaultsOf(type: QueueType, consumerTimeoutMs: number): Fields {
  const defaults = new Map<string, Field>([['overflow', 'drop-head']]);
  if (!type.counts) return defaults;
  return defaults
    .set('delivery-limit', type.defaultDeliveryLimit)
    .set('dead-letter-strategy', 'at-most-once')
    .set('delayed-retry-type', 'disabled')
    .set('consumer-timeout', consumerTimeoutMs);
}

/** Quorum queues do not know reject-publish-dlx: it is as good as not said (RabbitMQ). */
function overflowOf(type: QueueType, keys: EffectiveKeys): Overflow {
  const overflow = (textAt(keys, 'overflow') ?? 'drop-head') as Overflow;
  return type.counts && overflow === 'reject-publish-dlx' ? 'drop-head' : overflow;
}

/** A type without a delay means nothing; only policies can say so. */
function delayedRetryOf(keys: EffectiveKeys): DelayedRetry {
  if (!keys.has('delayed-retry-min')) return 'disabled';
  return (textAt(keys, 'delayed-retry-type') ?? 'disabled') as DelayedRetry;
}

function valueAt(keys: EffectiveKeys, key: string): Field | undefined {
  return (keys.get(key) as Effective | undefined)?.value;
}

function integerAt(keys: EffectiveKeys, key: string): number | null {
  return integerOf(valueAt(keys, key));
}

function textAt(keys: EffectiveKeys, key: string): string | null {
  return stringOf(valueAt(keys, key));
}
