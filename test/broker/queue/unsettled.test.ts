import { describe, expect, test } from 'vitest';
import { Delivery } from '../../../src/broker/delivery.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import { Unsettled } from '../../../src/broker/queue/unsettled.ts';
import { DeliveryCounts } from '../../../src/broker/traffic.ts';
import { bodyOf, message } from '../../support/engine.ts';

/** An Unsettled with a delivery for each letter. */
function holding(letters: string): { held: Unsettled; deliveries: Map<string, Delivery> } {
  const held = new Unsettled(null, new DeliveryCounts());
  const deliveries = new Map<string, Delivery>();
  for (const letter of letters) {
    const one = message('', '', letter);
    const delivery = new Delivery(one, null as unknown as Queue, 0, 0, 0, 0, false, 0, null);
    deliveries.set(letter, delivery);
    held.add(delivery);
  }
  return { held, deliveries };
}

function text(held: Unsettled): string {
  return [...held].map(bodyOf).join('');
}

describe('what is unsettled', () => {
  test('is listed oldest first', () => {
    const { held } = holding('abc');
    expect(text(held)).toBe('abc');
    expect(held.first() && bodyOf(held.first() as Delivery)).toBe('a');
    expect(held.size).toBe(3);
  });

  test('can be settled in any order', () => {
    for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
      const { held, deliveries } = holding('abc');
      let left = 'abc';
      for (const letter of order) {
        held.remove(deliveries.get(letter) as Delivery);
        left = left.replace(letter, '');
        expect(text(held)).toBe(left);
        expect(held.size).toBe(left.length);
      }
      expect(held.first()).toBeNull();
    }
  });

  test('is settled once, by who holds it', () => {
    const { held, deliveries } = holding('a');
    const { held: other } = holding('b');
    const a = deliveries.get('a') as Delivery;
    expect(() => other.remove(a)).toThrow('settled once');
    held.remove(a);
    expect(a.holder).toBeNull();
    expect(() => held.remove(a)).toThrow('settled once');
    other.add(a);
    expect(text(other)).toBe('ba');
  });
});
