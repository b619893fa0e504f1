import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReadyList } from '../../../src/broker/queue/ready-list.ts';
import { message } from '../../support/engine.ts';

const CHUNK = 128;

function push(list: ReadyList, ref: number): number {
  return list.push(message('', '', 'x'), ref, 1, 0, 0, false);
}

/** Everything in the list, oldest first. */
function refs(list: ReadyList): number[] {
  return [...list.positions()].map((position) => list.refAt(position));
}

describe('the ready list', () => {
  test('has no head when nothing waits', () => {
    const list = new ReadyList();
    expect(list.head()).toBe(-1);
    expect(list.has(0)).toBe(false);
    expect(list.has(1000)).toBe(false);
  });

  test('keeps what it was given about each message', () => {
    const list = new ReadyList();
    const one = message('x', 'k', 'body');
    const position = list.push(one, 77, 4, 123_456, 3, true);
    expect(list.messageAt(position)).toBe(one);
    expect(list.refAt(position)).toBe(77);
    expect(list.bodyBytesAt(position)).toBe(4);
    expect(list.expiresAtMsAt(position)).toBe(123_456);
    expect(list.deliveryCountAt(position)).toBe(3);
    expect(list.redeliveredAt(position)).toBe(true);
    const next = list.push(null, 2 ** 52, 0, 0, 0, false);
    expect(list.messageAt(next)).toBeNull();
    expect(list.refAt(next)).toBe(2 ** 52);
    expect(list.redeliveredAt(next)).toBe(false);
    list.setMessage(next, one);
    expect(list.messageAt(next)).toBe(one);
  });

  test('puts a message back to its place after its chunk was freed', () => {
    const list = new ReadyList();
    for (let i = 0; i < CHUNK * 3; i++) push(list, i + 1);
    for (let i = 0; i < CHUNK * 2; i++) list.remove(list.head());
    expect(list.head()).toBe(CHUNK * 2);
    list.putBack(CHUNK + 5, message('', '', 'x'), CHUNK + 6, 0, 1);
    list.putBack(3, message('', '', 'x'), 4, 0, 1);
    expect(list.head()).toBe(3);
    expect(list.redeliveredAt(3)).toBe(true);
    expect(refs(list).slice(0, 3)).toEqual([4, CHUNK + 6, CHUNK * 2 + 1]);
    list.remove(3);
    expect(list.head()).toBe(CHUNK + 5);
  });

  test('keeps places free for messages that do not wait', () => {
    const list = new ReadyList();
    push(list, 1);
    const skipped = list.skip();
    push(list, 3);
    expect(refs(list)).toEqual([1, 3]);
    list.putBack(skipped, message('', '', 'x'), 2, 0, 1);
    expect(refs(list)).toEqual([1, 2, 3]);
  });

  test('refuses a second message at one place', () => {
    const list = new ReadyList();
    const position = push(list, 1);
    expect(() => list.putBack(position, message('', ''), 1, 0, 1)).toThrow('two messages');
    expect(() => list.refAt(CHUNK * 5)).toThrow('no message');
  });

  test('forgets nothing of a reused chunk that matters', () => {
    const list = new ReadyList();
    for (let i = 0; i < CHUNK; i++) list.push(message('', '', 'x'), i + 1, 9, 5, 2, true);
    for (let i = 0; i < CHUNK; i++) list.remove(i);
    const position = push(list, 500);
    expect(list.redeliveredAt(position)).toBe(false);
    expect(list.deliveryCountAt(position)).toBe(0);
    expect(list.expiresAtMsAt(position)).toBe(0);
    expect(list.has(position + 1)).toBe(false);
  });

  test('does not pile up chunks that are empty', () => {
    const list = new ReadyList();
    for (let round = 0; round < 50; round++) {
      list.remove(push(list, 1));
      for (let i = 0; i < CHUNK; i++) list.skip();
    }
    expect((list as unknown as { chunks: unknown[] }).chunks.length).toBeLessThanOrEqual(2);
  });

  test('is a sorted map from places to messages, whatever is done to it', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('push' as const), times: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ op: fc.constant('skip' as const), times: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ op: fc.constant('head' as const), times: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ op: fc.constant('middle' as const), times: fc.nat() }),
      fc.record({ op: fc.constant('back' as const), times: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const list = new ReadyList();
        const model = new Map<number, number>();
        const out = new Set<number>();
        let tail = 0;
        const first = () => Math.min(...model.keys());
        const take = (position: number) => {
          list.remove(position);
          model.delete(position);
          out.add(position);
        };
        for (const { op, times } of steps) {
          if (op === 'push') {
            for (let i = 0; i < times; i++) {
              expect(push(list, tail)).toBe(tail);
              model.set(tail, tail++);
            }
          } else if (op === 'skip') {
            for (let i = 0; i < times; i++) {
              expect(list.skip()).toBe(tail);
              out.add(tail++);
            }
          } else if (op === 'head') {
            for (let i = 0; i < times && model.size > 0; i++) {
              expect(list.head()).toBe(first());
              take(list.head());
            }
          } else if (op === 'middle' && model.size > 0) {
            take([...model.keys()][times % model.size] as number);
          } else if (op === 'back' && out.size > 0) {
            const position = [...out][times % out.size] as number;
            out.delete(position);
            list.putBack(position, message('', '', 'x'), position, 0, 1);
            model.set(position, position);
          }
          expect(list.size).toBe(model.size);
          expect(list.head()).toBe(model.size === 0 ? -1 : first());
        }
        expect(refs(list)).toEqual([...model.keys()].sort((a, b) => a - b));
        for (const position of out) expect(list.has(position)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
