/**
 * What needs attention: the broker's own list if it has one, else what look.ts finds with the
 * public API. Each finding has a cause and a way out. It is looked for less often than figures
 * move.
 */
import { signal } from '@preact/signals';
import { read } from '../api/request.ts';
import { features } from '../session/identity.ts';
import { look } from './look.ts';
import { beat } from './ticker.ts';

/** One finding. */
export interface Finding {
  readonly id: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
  /** A page of the console, as `#/queues/…`. */
  readonly link?: string;
}

const PAUSE_MS = 8000;

/** Null until it is known. */
export const attention = signal<readonly Finding[] | null>(null);

/** Looks again with every beat that comes late enough, until told to stop. */
export function startAttention(): () => void {
  let due = 0;
  let looking = false;
  const stop = beat.subscribe(() => {
    if (looking || performance.now() < due) return;
    looking = true;
    void search().finally(() => {
      looking = false;
      due = performance.now() + PAUSE_MS;
    });
  });
  return () => {
    stop();
    attention.value = null;
  };
}

async function search(): Promise<void> {
  try {
    attention.value = features.peek().has('attention')
      ? await read<readonly Finding[]>('_ui/attention')
      : await look();
  } catch {
    // Whoever reads the figures says that the broker does not answer.
  }
}
