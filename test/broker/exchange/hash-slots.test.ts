import { describe, expect, test } from 'vitest';
import { HashSlots } from '../../../src/broker/exchange/hash-slots.ts';
import { hashText } from '../../../src/broker/exchange/text-hash.ts';

const KEYS = Array.from({ length: 20_000 }, (_, index) => `key.${index}`);

function slotsOf(weights: Readonly<Record<string, number>>): HashSlots<string> {
  const slots = new HashSlots<string>();
  for (const [name, weight] of Object.entries(weights)) slots.add(name, name, weight);
  return slots;
}

const owners = (slots: HashSlots<string>) => KEYS.map((key) => slots.at(hashText(key)));

function shares(slots: HashSlots<string>): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const owner of owners(slots)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

describe('slots dealt out by hash', () => {
  test('are nobody’s while there is nobody', () => {
    const slots = new HashSlots<string>();
    expect(slots.at(5)).toBeUndefined();
    slots.add('a', 'a', 1);
    slots.remove('a');
    expect(slots.at(5)).toBeUndefined();
  });

  test('are shared evenly among equals', () => {
    const names = Array.from({ length: 10 }, (_, index) => `queue-${index}`);
    const counts = shares(slotsOf(Object.fromEntries(names.map((name) => [name, 1]))));
    for (const name of names) {
      expect(counts.get(name)).toBeGreaterThan(1700);
      expect(counts.get(name)).toBeLessThan(2300);
    }
  });

  test('are shared by weight', () => {
    const counts = shares(slotsOf({ a: 1, b: 2, c: 5 }));
    const share = (name: string) => (counts.get(name) as number) / KEYS.length;
    expect(share('a')).toBeCloseTo(1 / 8, 1);
    expect(share('b')).toBeCloseTo(2 / 8, 1);
    expect(share('c')).toBeCloseTo(5 / 8, 1);
  });

  test('move only to who comes and only from who goes, first, middle or last', () => {
    const slots = slotsOf({ a: 1, b: 1, c: 1, d: 1 });
    const before = owners(slots);
    slots.add('e', 'e', 1);
    for (const [i, owner] of owners(slots).entries()) {
      if (owner !== 'e') expect(owner).toBe(before[i]);
    }
    slots.remove('e');
    expect(owners(slots)).toEqual(before);
    slots.remove('b');
    for (const [i, owner] of owners(slots).entries()) {
      if (before[i] !== 'b') expect(owner).toBe(before[i]);
    }
    expect(new Set(owners(slots))).toEqual(new Set(['a', 'c', 'd']));
  });

  test('do not depend on the order of coming, so that a restart changes nothing', () => {
    expect(owners(slotsOf({ c: 3, a: 1, b: 2 }))).toEqual(owners(slotsOf({ a: 1, b: 2, c: 3 })));
  });
});
