/**
 * Complaints: warnings about a backend that cannot be asked. Thousands of sessions may find that
 * out at once: one line a second says it, and how many more there were.
 */
import type { Clock } from '../clock.ts';
import { COMPLAINT_INTERVAL_MS } from '../limits-auth.ts';
import type { Log } from '../log.ts';

export class Complaints {
  private readonly what: string;
  private readonly clock: Clock;
  private readonly log: Log;
  private saidAtMs = Number.NEGATIVE_INFINITY;
  private unsaid = 0;

  /** @param what begins every line */
  constructor(what: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.what = what;
    this.clock = clock;
    this.log = log;
  }

  about(error: Error): void {
    const now = this.clock.now();
    if (now - this.saidAtMs < COMPLAINT_INTERVAL_MS) {
      this.unsaid++;
      return;
    }
    const more = this.unsaid === 0 ? '' : ` (and ${this.unsaid} more since the last such line)`;
    this.log.warning(`${this.what}: ${error.message}${more}`);
    this.saidAtMs = now;
    this.unsaid = 0;
  }
}
