/**
 * MessageFilter: which messages match what is asked for.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Timestamp, TypedNumber } from '../../../src/broker/field.ts';
import {
  type FilterValues,
  MessageFilter,
  matchesPattern,
} from '../../../src/broker/inspection/message-filter.ts';
import { headers, message } from '../../support/engine.ts';

const NOW = 1_000_000;

const death = headers({ queue: 'orders.new', reason: 'rejected' });
const later = headers({ queue: 'retry', reason: 'expired' });

const order = message('orders', 'new.eu', '{"customer":"Müller"}', {
  messageId: 'id-17',
  headers: headers({
    tenant: 'acme',
    retries: new TypedNumber('int64', 3n),
    tags: ['a', 'b'],
    at: new Timestamp(5),
    nested: headers({ deep: 'Needle' }),
    'x-death': [later, death],
    'x-first-death-queue': 'orders.new',
  }),
});
order.arrivedAtMs = NOW - 5_000;

const finds = (values: FilterValues): boolean => new MessageFilter(values).matches(order, NOW);

test.each<[FilterValues, boolean]>([
  [{}, true],
  [{ text: '' }, true],
  [{ text: 'müLLER' }, true],
  [{ text: 'needle' }, true],
  [{ text: 'NESTED' }, true],
  [{ text: 'ID-17' }, true],
  [{ text: 'new.eu' }, true],
  [{ text: 'maier' }, false],
  [{ text: 'rejected' }, false],
  [{ routingKey: 'new.eu' }, true],
  [{ routingKey: 'new' }, false],
  [{ routingKey: 'new*' }, true],
  [{ exchange: '*ers' }, true],
  [{ headers: new Map([['tenant', 'acme']]) }, true],
  [{ headers: new Map([['tenant', 'other']]) }, false],
  [{ headers: new Map([['retries', '3']]) }, true],
  [{ headers: new Map([['tags', 'b']]) }, true],
  [{ headers: new Map([['nested', '*']]) }, true],
  [{ headers: new Map([['absent', '*']]) }, false],
  [{ reason: 'expired' }, true],
  [{ reason: 'maxlen' }, false],
  [{ sourceQueue: 'orders.new' }, true],
  [{ sourceQueue: 'retry' }, false],
  [{ olderThanMs: 4_000 }, true],
  [{ olderThanMs: 5_000 }, false],
  [{ youngerThanMs: 5_000 }, false],
  [{ youngerThanMs: 5_001 }, true],
  [{ text: 'acme', routingKey: 'other' }, false],
])('%o matches: %s', (values, matches) => {
  expect(finds(values)).toBe(matches);
});

describe('a pattern', () => {
  test('means what a regular expression would', () => {
    const letters = fc.stringMatching(/^[ab*.]{0,8}$/);
    fc.assert(
      fc.property(letters, fc.stringMatching(/^[ab.]{0,8}$/), (pattern, text) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(matchesPattern(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
    );
  });

  test('takes no time, whatever it is', () => {
    const pattern = `${'a*'.repeat(10_000)}b`;
    expect(matchesPattern(pattern, 'a'.repeat(20_000))).toBe(false);
  });
});

test('a message whose age nobody knows is of no age', () => {
  const young = message('', 'q');
  expect(new MessageFilter({ olderThanMs: 0 }).matches(young, NOW)).toBe(false);
  expect(new MessageFilter({ youngerThanMs: 1 }).matches(young, NOW)).toBe(false);
});
