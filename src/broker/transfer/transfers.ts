/**
 * Transfers: the jobs that move messages, those that run and the last ones that have ended. They do
 * not outlive the process; the messages do.
 */

import { TRANSFERS_KEPT, TRANSFERS_MAX } from '../../limits-inspection.ts';
import type { Session } from '../session.ts';
import { TransferJob, type TransferOrder } from './transfer-job.ts';

/** A job by its name. */
export interface Transfer {
  readonly id: string;
  readonly user: string;
  readonly job: TransferJob;
}

export class Transfers {
  private readonly jobs = new Map<string, Transfer>();
  private lastId = 0;

  get all(): Iterable<Transfer> {
    return this.jobs.values();
  }

  find(id: string): Transfer | undefined {
    return this.jobs.get(id);
  }

  /** How many run. */
  get running(): number {
    return [...this.jobs.values()].filter(({ job }) => job.state === 'running').length;
  }

  /**
   * Starts a job; null if as many run as may.
   * @param session closed when it has ended
   */
  start(session: Session, order: TransferOrder): Transfer | null {
    if (this.running >= TRANSFERS_MAX) return null;
    const id = `j${++this.lastId}`;
    const transfer = { id, user: session.user.name, job: new TransferJob(order) };
    this.jobs.set(id, transfer);
    void transfer.job.run().then(() => session.close());
    this.forgetOld();
    return transfer;
  }

  /** Ends a job that runs; forgets one that has ended. */
  drop({ id, job }: Transfer): void {
    if (job.state === 'running') job.cancel();
    else this.jobs.delete(id);
  }

  /** The broker stops. */
  async stop(): Promise<void> {
    const ends = [...this.jobs.values()].map(({ job }) => {
      job.cancel();
      return new Promise<void>((resolve) => job.whenEnded(resolve));
    });
    await Promise.all(ends);
  }

  private forgetOld(): void {
    for (const [id, { job }] of this.jobs) {
      if (this.jobs.size <= TRANSFERS_KEPT) return;
      if (job.state !== 'running') this.jobs.delete(id);
    }
  }
}
