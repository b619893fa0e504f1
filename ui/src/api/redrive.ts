/**
 * Bringing messages back to where they came from, or elsewhere (`/api/x/…/redrive`, `/move`): jobs
 * that run in the broker. A message leaves only when its copy is safe.
 */
import type { Target } from './peek.ts';
import { at, change, read } from './request.ts';

/** Which messages. */
export interface RedriveFilter {
  readonly reason?: string;
  readonly source_queue?: string;
  readonly text?: string;
}

/** What is asked for. */
export interface RedriveOrder {
  /** `queue`: where it died first; `exchange`: published again where it was published first. */
  readonly to: 'queue' | 'exchange' | Target;
  readonly filter?: RedriveFilter;
  readonly ids?: readonly string[];
  readonly limit?: number;
  /** Messages a second. */
  readonly rate?: number;
  readonly dry_run?: boolean;
  readonly keep_death_headers?: boolean;
  readonly wait_ms?: number;
}

/** Where some of them go. */
export interface RedriveDestination {
  readonly queue: string | null;
  readonly exchange: string | null;
  readonly routing_key: string | null;
  readonly count: number;
  readonly exists: boolean;
  readonly problem?: string;
}

/** How far a job is. */
export interface RedriveJob {
  readonly id: string;
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  readonly dry_run: boolean;
  readonly total: number;
  readonly scanned: number;
  readonly matched: number;
  readonly moved: number;
  readonly skipped: number;
  readonly failed: number;
  /** Why it waits; null if it does not. */
  readonly waiting: string | null;
  readonly destinations: readonly RedriveDestination[];
  readonly error: string | null;
}

/** @param kind `move` keeps messages as they are @throws ApiError */
export async function startRedrive(
  kind: 'redrive' | 'move',
  vhost: string,
  queue: string,
  order: RedriveOrder,
): Promise<RedriveJob> {
  const path = `${at`x/queues/${vhost}/${queue}`}/${kind}`;
  return (await change<RedriveJob>('POST', path, order)) as RedriveJob;
}

/** How long the broker holds an answer back for the job to end. */
const WAIT_MS = 500;

/** Follows a job to its end. @throws ApiError */
export async function followRedrive(
  job: RedriveJob,
  progress: (job: RedriveJob) => void,
  stop: AbortSignal,
): Promise<RedriveJob> {
  let now = job;
  progress(now);
  while (now.state === 'running' && !stop.aborted) {
    now = await read<RedriveJob>(`${at`x/redrives/${job.id}`}?wait_ms=${WAIT_MS}`, stop);
    progress(now);
  }
  return now;
}

/** @throws ApiError */
export async function cancelRedrive(id: string): Promise<void> {
  await change('DELETE', at`x/redrives/${id}`);
}
