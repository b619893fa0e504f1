/** The book of leases by itself: its bounds, and how long it keeps its session. */
import { beforeEach, expect, test } from 'vitest';
import { LeaseBook } from '../../../protocols/http/messaging/lease-book.ts';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { Session } from '../../../src/broker/session.ts';
import { ManualClock } from '../../../src/clock.ts';
import { HTTP_LEASED_BYTES, HTTP_LEASES_MAX } from '../../../src/limits.ts';

let clock: ManualClock;
let settled: string[];
let whenSettled: () => void;
let kept: number;
let book: LeaseBook;

beforeEach(() => {
  clock = new ManualClock();
  settled = [];
  whenSettled = () => {};
  kept = 0;
  const settle = (_delivery: Delivery, outcome: string): void => {
    settled.push(outcome);
    whenSettled();
  };
  const keeper = { retain: () => void kept++, release: () => void kept-- };
  book = new LeaseBook({ settle } as unknown as Session, clock, keeper);
});

function delivery(bytes = 1, more = {}): Delivery {
  const message = { bodyBytes: bytes };
  return { message, queue: { name: 'q' }, holder: {}, tally: null, ...more } as unknown as Delivery;
}

test('keeps its session as long as anything is held, also when one brings the next', () => {
  const first = book.add(delivery());
  let next = '';
  whenSettled = () => {
    whenSettled = () => {};
    next = book.add(delivery());
  };
  book.settle(first, 'ack');
  expect([book.size, kept]).toEqual([1, 1]);
  book.settle(next, 'ack');
  expect([book.size, kept]).toEqual([0, 0]);
});

test('is full of messages, and wakes those who wait when there is room', () => {
  let wakes = 0;
  book.watch(() => wakes++);
  const tokens = Array.from({ length: HTTP_LEASES_MAX }, () => book.add(delivery()));
  expect(book.full).toBe(true);
  book.settle(tokens[0] as string, 'ack');
  book.settle(tokens[1] as string, 'ack');
  expect([book.full, wakes]).toEqual([false, 1]);
});

test('is full of bytes', () => {
  const large = book.add(delivery(HTTP_LEASED_BYTES));
  expect(book.full).toBe(true);
  book.settle(large, 'reject');
  expect([book.full, settled]).toEqual([false, ['reject']]);
});

test('does not settle what its queue has taken back', () => {
  const gone = book.add(delivery(1, { holder: null }));
  const withdrawn = book.add(delivery(1, { tally: { withdrawn: true } }));
  expect([book.settle(gone, 'ack'), book.settle(withdrawn, 'ack')]).toEqual([false, false]);
  expect([settled, kept]).toEqual([[], 0]);
});

test('leaves no timer behind', () => {
  const token = book.add(delivery());
  book.run(token, 1_000);
  book.run(token, 2_000);
  expect(clock.pending).toBe(1);
  book.clear();
  expect(clock.pending).toBe(0);
});
