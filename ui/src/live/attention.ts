/**
 * What needs attention: the broker's own list if it has one, else what the public API lets us see.
 * Each finding has a cause and a way out.
 */
import { signal } from '@preact/signals';

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

/** Null until it is known. */
export const attention = signal<readonly Finding[] | null>(null);
