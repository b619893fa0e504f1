/** Unacked deliveries against a Map, under any order of operations; and their memory and time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Unacked } from '../../protocols/amqp/unacked.ts';
import type { Delivery } from '../../src/broker/delivery.ts';

let made = 0;

/** Unacked never looks inside; the number is for messages of failed tests. */
function delivery(): Delivery {
  return { message: ++made } as unknown as Delivery;
}

/** The same by a Map, which keeps the order of insertion: that of the tags. */
class Model {
  readonly waiting = new Map<number, Delivery>();
  lastTag = 0;

  takeUpTo(tag: number): Delivery[] {
    const taken = this.upTo(tag);
    for (const [each] of taken) this.waiting.delete(each);
    return taken.map(([, one]) => one);
  }

  upTo(tag: number): [number, Delivery][] {
    const sorted = [...this.waiting].sort(([a], [b]) => a - b);
    return sorted.filter(([each]) => tag === 0 || each <= tag);
  }
}

type Step =
  | { readonly do: 'add' | 'skip'; readonly times: number }
  | { readonly do: 'take' | 'takeUpTo' | 'rollback'; readonly at: number };

const times = fc.oneof({ weight: 5, arbitrary: fc.nat(20) }, fc.integer({ min: 500, max: 3000 }));
/** Where among the tags given so far; beyond 1 is a tag that was never given. */
const at = fc.double({ min: 0, max: 1.1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('add' as const, 'skip' as const), times }),
  fc.record({ do: fc.constantFrom('take' as const, 'takeUpTo' as const), at }),
  fc.record({ do: fc.constant('rollback' as const), at }),
);

/** A transaction that settles some and puts them back. */
function rollBack(unacked: Unacked, tag: number): void {
  const found = [...unacked.upTo(tag)];
  for (const [each] of found) unacked.take(each);
  const late = unacked.add(delivery());
  for (const [each, one] of found) unacked.restore(each, one);
  unacked.take(late);
}

/** What it costs in memory. */
function rowOf(unacked: Unacked): number {
  return (unacked as unknown as { row: unknown[] }).row.length;
}

describe('unacked deliveries', () => {
  it('are what a Map of them would be, whatever is added, skipped, taken and put back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const unacked = new Unacked();
        const model = new Model();
        for (const one of steps) {
          if ('times' in one) {
            for (let i = 0; i < one.times; i++) {
              const given = delivery();
              const tag = one.do === 'add' ? unacked.add(given) : unacked.skip();
              expect(tag).toBe(++model.lastTag);
              if (one.do === 'add') model.waiting.set(tag, given);
            }
            continue;
          }
          const tag = Math.floor(one.at * model.lastTag);
          if (one.do === 'take') {
            expect(unacked.take(tag)).toBe(model.waiting.get(tag));
            model.waiting.delete(tag);
          } else if (one.do === 'takeUpTo') {
            expect(unacked.takeUpTo(tag)).toEqual(model.takeUpTo(tag));
          } else {
            rollBack(unacked, tag);
            model.lastTag++;
          }
          expect(unacked.size).toBe(model.waiting.size);
        }
        expect([...unacked.upTo(0)]).toEqual(model.upTo(0));
      }),
      { numRuns: 100 },
    );
  });

  it('are taken one by one in any order, also when old ones stay behind', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(40)), fc.nat(5), (random, keep) => {
        const unacked = new Unacked();
        const waiting = new Map<number, Delivery>();
        for (let i = 0; i < 6000; i++) {
          const given = delivery();
          waiting.set(unacked.add(given), given);
          if (waiting.size <= keep) continue;
          const tags = [...waiting.keys()];
          const tag = tags[random.next().value % tags.length]!;
          expect(unacked.take(tag)).toBe(waiting.get(tag));
          expect(unacked.take(tag)).toBe(undefined);
          waiting.delete(tag);
        }
        expect([...unacked.upTo(0)]).toEqual([...waiting].sort(([a], [b]) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  it('know which tags wait', () => {
    const unacked = new Unacked();
    unacked.add(delivery());
    unacked.skip();
    expect([0, 1, 2, 3].map((tag) => unacked.has(tag))).toEqual([false, true, false, false]);
  });

  it('have none for tags that no delivery ever had', () => {
    const unacked = new Unacked();
    unacked.add(delivery());
    for (const tag of [0, 2, 2 ** 53, 2 ** 64]) expect(unacked.take(tag)).toBe(undefined);
    expect(unacked.size).toBe(1);
  });

  it('cost nothing for deliveries without ack, even if an old one is never settled', () => {
    const unacked = new Unacked();
    const old = delivery();
    unacked.add(old);
    for (let i = 0; i < 100_000; i++) unacked.skip();
    expect(rowOf(unacked)).toBeLessThan(5000);
    expect(unacked.take(1)).toBe(old);
  });

  it('cost little when few of many are never settled', () => {
    const unacked = new Unacked();
    for (let i = 0; i < 100_000; i++) {
      const tag = unacked.add(delivery());
      if (tag % 100 !== 0) unacked.take(tag);
    }
    expect(unacked.size).toBe(1000);
    expect(rowOf(unacked)).toBeLessThan(10_000);
  });

  it('are put back in any order and still come out oldest first', () => {
    const unacked = new Unacked();
    const all = Array.from({ length: 50_000 }, delivery);
    for (const one of all) unacked.add(one);
    unacked.takeUpTo(0);
    unacked.add(delivery());
    // A sort for each of them would take minutes.
    for (let tag = all.length; tag > 0; tag--) unacked.restore(tag, all[tag - 1]!);
    expect(unacked.takeUpTo(all.length)).toEqual(all);
  });
});
