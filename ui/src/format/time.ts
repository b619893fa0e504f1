/**
 * Moments and durations as people say them. Moments are milliseconds since 1970, as the API has
 * them; they are shown in the reader's own time zone.
 */
import { NOTHING } from './number.ts';

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** `14:03:09` */
export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** `26 Nov 2026, 14:03:09` */
export function dateTime(ms: number | undefined | null): string {
  return ms === undefined || ms === null || !Number.isFinite(ms) ? NOTHING : moment.format(ms);
}

/** `850 ms`, `12 s`, `3 min 20 s`, `5 h 2 min`, `12 d 4 h`: two units at most. */
export function duration(ms: number | undefined | null): string {
  if (ms === undefined || ms === null || !Number.isFinite(ms)) return NOTHING;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`;
}

/** `12 s ago` */
export function ago(ms: number | undefined | null, nowMs = Date.now()): string {
  if (ms === undefined || ms === null || !Number.isFinite(ms)) return NOTHING;
  const passed = Math.max(0, nowMs - ms);
  return passed < 1000 ? 'now' : `${duration(passed)} ago`;
}
