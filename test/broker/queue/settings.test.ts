import { describe, expect, test } from 'vitest';
import { UNGOVERNED } from '../../../src/broker/effective.ts';
import { type Field, TypedNumber } from '../../../src/broker/field.ts';
import { QUEUE_TYPES, type QueueType } from '../../../src/broker/queue/queue-types.ts';
import { settingsOf } from '../../../src/broker/queue/settings.ts';
import { headers } from '../../support/engine.ts';

function settings(args: Record<string, Field>, type = 'classic') {
  return settingsOf(QUEUE_TYPES.get(type) as QueueType, headers(args), UNGOVERNED);
}

const NONE = {
  ttlMs: -1,
  expiresMs: -1,
  deadLetterExchange: null,
  deadLetterRoutingKey: null,
  deadLetterStrategy: 'at-most-once',
  maxLength: -1,
  maxLengthBytes: -1,
  overflow: 'drop-head',
  deliveryLimit: -1,
  delayedRetry: 'disabled',
  delayedRetryMinMs: 0,
  delayedRetryMaxMs: -1,
  consumerTimeoutMs: -1,
  maxPriority: 0,
  singleActiveConsumer: false,
};

describe('the settings of a queue', () => {
  test('are what its arguments say', () => {
    expect(
      settings({
        'x-message-ttl': 0,
        'x-expires': 1,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'k',
        'x-max-length': new TypedNumber('int64', 7n),
        'x-max-length-bytes': 8,
        'x-overflow': 'reject-publish-dlx',
        'x-max-priority': 255,
        'x-single-active-consumer': true,
        'x-unknown': 'kept, and of no effect',
      }),
    ).toEqual({
      ...NONE,
      ttlMs: 0,
      expiresMs: 1,
      deadLetterExchange: '',
      deadLetterRoutingKey: 'k',
      maxLength: 7,
      maxLengthBytes: 8,
      overflow: 'reject-publish-dlx',
      maxPriority: 255,
      singleActiveConsumer: true,
    });
  });

  test('are defaults where nothing is said', () => {
    expect(settings({})).toEqual(NONE);
    expect(settings({}, 'quorum')).toEqual({ ...NONE, deliveryLimit: 20, maxPriority: 31 });
  });

  test('of a quorum queue know no reject-publish-dlx', () => {
    expect(settings({ 'x-overflow': 'reject-publish-dlx' }, 'quorum').overflow).toBe('drop-head');
  });

  test('dead-letter at least once only with reject-publish and somewhere to go', () => {
    const strategy = (args: Record<string, Field>) =>
      settings({ 'x-dead-letter-strategy': 'at-least-once', ...args }, 'quorum').deadLetterStrategy;
    expect(strategy({})).toBe('at-most-once');
    expect(strategy({ 'x-dead-letter-exchange': '' })).toBe('at-most-once');
    expect(strategy({ 'x-overflow': 'reject-publish' })).toBe('at-most-once');
    expect(strategy({ 'x-overflow': 'reject-publish', 'x-dead-letter-exchange': '' })).toBe(
      'at-least-once',
    );
  });
});
