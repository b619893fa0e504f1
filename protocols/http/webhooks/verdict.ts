/**
 * Verdict: what follows from the answer of a target: done, given up, gone, or again and when. The
 * only place that knows what statuses mean to a webhook.
 */
import type { WebhookSettings } from '../../../src/broker/webhook.ts';
import { WEBHOOK_RETRY_MOST_MS } from '../../../src/limits-webhook.ts';
import type { Outcome } from './post.ts';

/** `gone`: the target wants nothing more, of this message and of all others. */
export type Verdict = 'done' | 'given up' | 'gone' | 'again';

/** Statuses of 4xx that say nothing against the message itself. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** @param attempts how many there have been */
export function verdictOn({ status }: Outcome, attempts: number, maxAttempts: number): Verdict {
  if (status !== null) {
    if (status >= 200 && status < 300) return 'done';
    if (status === 410) return 'gone';
    if (status >= 400 && status < 500 && !PASSING.has(status)) return 'given up';
  }
  return attempts < maxAttempts ? 'again' : 'given up';
}

/**
 * How long to wait before the next attempt: twice as long as before, less up to a half of it, so
 * that what failed together does not come together; as long as the target asks for, if it does.
 * @param random from 0 to 1
 */
export function delayMs(
  outcome: Outcome,
  attempts: number,
  { firstRetryMs, longestRetryMs }: Pick<WebhookSettings, 'firstRetryMs' | 'longestRetryMs'>,
  nowMs: number,
  random: number,
): number {
  const doubledMs = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
  const ownMs = doubledMs * (1 - random / 2);
  const askedMs = outcome.status === null ? 0 : askedFor(outcome.retryAfter, nowMs);
  return Math.round(Math.min(Math.max(ownMs, askedMs), WEBHOOK_RETRY_MOST_MS));
}

/** Seconds, or a date [RFC 9110, 10.2.3]. */
function askedFor(retryAfter: string | null, nowMs: number): number {
  if (retryAfter === null) return 0;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const atMs = Date.parse(retryAfter);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
