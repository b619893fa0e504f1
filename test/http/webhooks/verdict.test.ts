/** What answers of targets lead to, and how long a webhook waits before it tries again. */
import { describe, expect, it } from 'vitest';
import { delayMs, verdictOn } from '../../../protocols/http/webhooks/verdict.ts';

const answer = (status: number, retryAfter: string | null = null) => ({ status, retryAfter });
const SILENCE = { status: null, error: 'none' };
const RETRY = { firstRetryMs: 1000, longestRetryMs: 60_000 };
const NOW = Date.UTC(2026, 0, 1);

describe('the verdict', () => {
  it.each([
    ...([
      [200, 'done'],
      [204, 'done'],
      [299, 'done'],
      [301, 'again'],
      [307, 'again'],
    ] as const),
    ...([
      [400, 'given up'],
      [401, 'given up'],
      [404, 'given up'],
      [410, 'gone'],
    ] as const),
    ...([
      [408, 'again'],
      [425, 'again'],
      [429, 'again'],
      [500, 'again'],
      [503, 'again'],
    ] as const),
  ])('on %d is %s', (status, verdict) => {
    expect(verdictOn(answer(status), 1, 2)).toBe(verdict);
  });

  it('after the last attempt is to give up, unless it was good', () => {
    expect(verdictOn(answer(500), 2, 2)).toBe('given up');
    expect(verdictOn(SILENCE, 1, 2)).toBe('again');
    expect(verdictOn(SILENCE, 2, 2)).toBe('given up');
    expect(verdictOn(answer(200), 2, 2)).toBe('done');
    expect(verdictOn(answer(410), 2, 2)).toBe('gone');
  });
});

describe('the delay', () => {
  it('doubles with every attempt, up to the longest', () => {
    const delays = [1, 2, 3, 6, 7, 50, 2000].map((one) => delayMs(SILENCE, one, RETRY, NOW, 0));
    expect(delays).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is less by up to a half, so that what failed together does not come together', () => {
    expect(delayMs(SILENCE, 3, RETRY, NOW, 1)).toBe(2000);
    expect(delayMs(SILENCE, 3, RETRY, NOW, 0.5)).toBe(3000);
  });

  it.each([
    ['120', 120_000],
    ['0', 1000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    [new Date(NOW - 90_000).toUTCString(), 1000],
    ['soon', 1000],
    ['999999999', 86_400_000],
    ['99999999999999999999', 1000],
  ])('with Retry-After: %s is as long as asked for, within a day', (text, ms) => {
    expect(delayMs(answer(503, text), 1, RETRY, NOW, 0)).toBe(ms);
  });
});
