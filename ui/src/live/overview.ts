/**
 * The overview as live data for everybody: tiles, rail and top bar read one copy of it. It comes
 * by the stream if the broker has one, else it is read on every beat. A short history of each
 * figure feeds the sparklines.
 */
import { signal } from '@preact/signals';
import type { Overview } from '../api/overview.ts';
import { ApiError, read } from '../api/request.ts';
import { rateOf } from '../api/statistics.ts';
import { features } from '../session/identity.ts';
import { followStream } from './stream.ts';
import { beat, paused, reachable, startTicker, streaming } from './ticker.ts';

/** How many beats a sparkline shows. */
const HISTORY = 60;

/** The figures of the six tiles, and their past. */
export type Figure = 'ready' | 'unacked' | 'in' | 'out' | 'connections' | 'consumers';

export const overview = signal<Overview | null>(null);
export const history = signal<Readonly<Record<Figure, readonly number[]>>>(emptyHistory());

function emptyHistory(): Record<Figure, readonly number[]> {
  return { ready: [], unacked: [], in: [], out: [], connections: [], consumers: [] };
}

/** What the tiles show now. */
export function figuresOf(from: Overview): Record<Figure, number> {
  const { queue_totals: totals, message_stats: stats, object_totals: objects } = from;
  return {
    ready: Number(totals?.messages_ready ?? 0),
    unacked: Number(totals?.messages_unacknowledged ?? 0),
    in: rateOf(stats, 'publish') ?? 0,
    out: rateOf(stats, 'deliver_get') ?? 0,
    connections: objects?.connections ?? 0,
    consumers: objects?.consumers ?? 0,
  };
}

function take(next: Overview): void {
  overview.value = next;
  reachable.value = true;
  const now = figuresOf(next);
  const grown = { ...history.value };
  for (const name of Object.keys(now) as Figure[]) {
    grown[name] = [...grown[name], now[name]].slice(-HISTORY);
  }
  history.value = grown;
}

async function poll(): Promise<void> {
  try {
    take(await read<Overview>('overview'));
  } catch (error) {
    if (error instanceof ApiError) reachable.value = error.status !== 0;
  }
}

/** Keeps the overview fresh until it is told to stop. */
export function startLive(): () => void {
  const stopTicker = startTicker();
  let polling = false;
  const stopPolling = beat.subscribe(() => {
    if (streaming.peek() || polling) return;
    polling = true;
    void poll().finally(() => {
      polling = false;
    });
  });
  const stopStream = features.peek().has('stream')
    ? followStream((event, data) => {
        if (event !== 'overview' || paused.peek()) return;
        take(data as Overview);
        if (!document.hidden) beat.value++;
      })
    : () => {};
  return () => {
    stopTicker();
    stopPolling();
    stopStream();
    overview.value = null;
    history.value = emptyHistory();
  };
}
