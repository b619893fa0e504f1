import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock, SystemClock } from '../src/clock.ts';

describe('the manual clock', () => {
  test('stands still until it is advanced', () => {
    const clock = new ManualClock(1000);
    expect(clock.now()).toBe(1000);
    clock.advance(250);
    expect(clock.now()).toBe(1250);
  });

  test('runs what falls due in order of time, then of scheduling, each at its own time', () => {
    const clock = new ManualClock(0);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name}@${clock.now()}`);
    clock.schedule(30, note('late'));
    clock.schedule(10, note('first'));
    clock.schedule(20, note('b'));
    clock.schedule(20, note('c'));
    clock.schedule(31, note('too late'));
    clock.advance(30);
    expect(ran).toEqual(['first@10', 'b@20', 'c@20', 'late@30']);
    expect(clock.now()).toBe(30);
    expect(clock.pending).toBe(1);
  });

  test('runs timers scheduled during an advance if they fall due within it', () => {
    const clock = new ManualClock(0);
    const ran: number[] = [];
    const every10 = () => {
      ran.push(clock.now());
      clock.schedule(10, every10);
    };
    clock.schedule(10, every10);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  test('never runs a timer before schedule returns, not even one without delay', () => {
    const clock = new ManualClock(0);
    let ran = 0;
    clock.schedule(0, () => ran++);
    clock.schedule(-5, () => ran++);
    expect(ran).toBe(0);
    clock.advance(0);
    expect(ran).toBe(2);
  });

  test('does not run a cancelled timer, even one cancelled by an earlier timer', () => {
    const clock = new ManualClock(0);
    let ran = 0;
    const victim = clock.schedule(20, () => ran++);
    clock.schedule(10, () => victim.cancel());
    clock.advance(100);
    victim.cancel();
    expect(ran).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test('takes infinity as never and refuses what is no delay', () => {
    const clock = new ManualClock(0);
    clock.schedule(Number.POSITIVE_INFINITY, () => expect.unreachable()).cancel();
    clock.advance(1e15);
    expect(() => clock.schedule(Number.NaN, () => {})).toThrow(RangeError);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });

  test('fails instead of hanging when a timer reschedules itself without delay', () => {
    const clock = new ManualClock(0);
    const again = () => void clock.schedule(0, again);
    again();
    expect(() => clock.advance(1)).toThrow('more are due');
  });

  test('stays usable after a timer threw', () => {
    const clock = new ManualClock(0);
    let ran = false;
    clock.schedule(10, () => {
      throw new Error('boom');
    });
    clock.schedule(10, () => {
      ran = true;
    });
    expect(() => clock.advance(20)).toThrow('boom');
    expect(clock.now()).toBe(10);
    clock.advance(0);
    expect(ran).toBe(true);
  });
});

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 5_000 }));
  afterEach(() => void vi.useRealTimers());

  test('tells the time of the machine', () => {
    expect(new SystemClock().now()).toBe(5_000);
  });

  test('waits the whole delay when it is longer than setTimeout can', () => {
    const delayMs = 2 ** 31 * 2 + 5;
    let ran = 0;
    new SystemClock().schedule(delayMs, () => ran++);
    vi.advanceTimersByTime(delayMs - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
    vi.advanceTimersByTime(delayMs);
    expect(ran).toBe(1);
  });

  test('forgets a cancelled timer, also after it was armed again', () => {
    let ran = 0;
    const timer = new SystemClock().schedule(2 ** 31 + 10, () => ran++);
    vi.advanceTimersByTime(2 ** 31);
    timer.cancel();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 ** 32);
    expect(ran).toBe(0);
  });

  test('arms nothing for a delay of infinity and refuses NaN', () => {
    new SystemClock().schedule(Number.POSITIVE_INFINITY, () => expect.unreachable());
    expect(vi.getTimerCount()).toBe(0);
    expect(() => new SystemClock().schedule(Number.NaN, () => {})).toThrow(RangeError);
  });

  test('does not keep the process alive', () => {
    const unref = vi.spyOn(globalThis, 'setTimeout');
    new SystemClock().schedule(1000, () => {});
    const timeout = unref.mock.results[0]?.value as NodeJS.Timeout;
    expect(timeout.hasRef()).toBe(false);
  });
});
