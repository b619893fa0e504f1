import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fifo } from '../../../src/broker/queue/fifo.ts';

describe('a fifo', () => {
  test('is an array without its costs', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('push' as const), n: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ op: fc.constantFrom('shift' as const, 'drop' as const), n: fc.nat(2500) }),
      fc.record({ op: fc.constant('clear' as const), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        let next = 0;
        for (const { op, n } of steps) {
          if (op === 'push') {
            for (let i = 0; i < n; i++) {
              fifo.push(next);
              model.push(next++);
            }
          } else if (op === 'shift') {
            expect(fifo.shift()).toBe(model.shift());
          } else if (op === 'drop') {
            fifo.drop(n);
            model = model.slice(n);
          } else {
            fifo.clear();
            model = [];
          }
          expect(fifo.size).toBe(model.length);
          expect(fifo.first(n + 1)).toEqual(model.slice(0, n + 1));
        }
      }),
    );
  });

  test('takes a million from the front in the time that it takes to add them', () => {
    const fifo = new Fifo<number>();
    for (let i = 0; i < 1_000_000; i++) fifo.push(i);
    let sum = 0;
    for (let item = fifo.shift(); item !== undefined; item = fifo.shift()) sum += item;
    expect(sum).toBe(499_999_500_000);
  });
});
