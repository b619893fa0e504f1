/**
 * Trails: how long each queue was at the last beats, for the small lines in the list. The API is
 * asked for samples once; from then on the page remembers them itself, which costs less.
 */
import type { Queue } from '../../api/queue.ts';
import { sinceCounted } from '../../api/statistics.ts';

const KEPT = 30;
/** Queues that are remembered: a few pages of the list. */
const MOST = 2000;

const trails = new Map<string, number[]>();

/** Begins with what the API remembers, where the page remembers less. */
export function begin(queues: readonly Queue[]): void {
  for (const { vhost, name, messages_details: details } of queues) {
    const samples = sinceCounted([...(details?.samples ?? [])].reverse());
    const values = samples.map(({ sample }) => sample).slice(-KEPT);
    const known = trails.get(`${vhost} ${name}`) ?? [];
    if (values.length > known.length) trails.set(`${vhost} ${name}`, values);
  }
}

/** Adds where the queues are now. */
export function remember(queues: readonly Queue[]): void {
  for (const { vhost, name, messages } of queues) {
    const key = `${vhost} ${name}`;
    const trail = trails.get(key) ?? [];
    trail.push(messages ?? 0);
    if (trail.length > KEPT) trail.shift();
    trails.delete(key);
    trails.set(key, trail);
  }
  for (const key of trails.keys()) {
    if (trails.size <= MOST) break;
    trails.delete(key);
  }
}

/** Oldest first. */
export function trailOf({ vhost, name }: Queue): readonly number[] {
  return trails.get(`${vhost} ${name}`) ?? [];
}
