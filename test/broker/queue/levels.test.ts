import { describe, expect, test } from 'vitest';
import { Levels } from '../../../src/broker/queue/levels.ts';
import { message } from '../../support/engine.ts';

/** Levels with one message of a byte for each ref, of that priority. */
function filled(maxPriority: number, entries: readonly (readonly [number, number])[]): Levels {
  const levels = new Levels(maxPriority);
  for (const [priority, ref] of entries) {
    levels.push(levels.levelOf({ priority }), message('', '', 'x'), ref, 1, 0, 0);
  }
  return levels;
}

function order(levels: Levels): number[] {
  return [...levels.rows()].map(({ level, position }) => levels.list(level).refAt(position));
}

describe('the levels of a queue', () => {
  test('ignore priorities when the queue has none', () => {
    const levels = filled(0, [
      [9, 1],
      [0, 2],
      [5, 3],
    ]);
    expect(order(levels)).toEqual([1, 2, 3]);
    expect(levels.topLevel()).toBe(0);
  });

  test('put higher priorities first, and cap what is above the highest', () => {
    const levels = filled(5, [
      [0, 1],
      [5, 2],
      [255, 3],
      [2, 4],
      [5, 5],
    ]);
    expect(order(levels)).toEqual([2, 3, 5, 4, 1]);
    expect(levels.topLevel()).toBe(5);
  });

  test('know the highest that has something, and when none has', () => {
    const levels = filled(255, [[255, 1]]);
    expect(levels.topLevel()).toBe(255);
    levels.remove(255, 0);
    expect(levels.topLevel()).toBe(-1);
  });

  test('count messages and their bytes', () => {
    const levels = new Levels(1);
    levels.push(0, message('', '', 'four'), 1, 4, 0, 0);
    levels.push(1, null, 2, 10, 0, 0);
    expect([levels.size, levels.bytes]).toEqual([2, 14]);
    levels.remove(0, 0);
    expect([levels.size, levels.bytes]).toEqual([1, 10]);
    levels.putBack(0, 0, message('', '', 'four'), 1, 0, 1);
    expect([levels.size, levels.bytes]).toEqual([2, 14]);
  });

  test('call a message redelivered that had been delivered before it was recovered', () => {
    const levels = new Levels(0);
    levels.push(0, null, 1, 1, 0, 2);
    levels.push(0, null, 2, 1, 0, 0);
    expect(levels.list(0).redeliveredAt(0)).toBe(true);
    expect(levels.list(0).deliveryCountAt(0)).toBe(2);
    expect(levels.list(0).redeliveredAt(1)).toBe(false);
  });
});
