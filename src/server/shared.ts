/**
 * Shared: what all listeners of one broker share: the buffer that sockets are read into, the slabs
 * that outboxes write into, the registry of connections, how many there may be, and the log.
 */
import { READ_BUFFER_BYTES, REFUSED_LOG_MS } from '../limits.ts';
import type { Log } from '../log.ts';
import { Connections } from './connections.ts';
import { SlabPool } from './outbox.ts';

export class Shared {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly slabs = new SlabPool();
  readonly connections = new Connections();
  readonly log: Log;
  /** How many clients there may be, on all listeners together. */
  readonly socketsMax: number;
  /** Clients that are not through the entrance of their listener yet. */
  entering = 0;
  private refused = 0;
  private refusedLogMs = Number.NEGATIVE_INFINITY;

  constructor(log: Log, socketsMax: number = Number.POSITIVE_INFINITY) {
    this.log = log;
    this.socketsMax = socketsMax;
  }

  /** How many clients there are. */
  get sockets(): number {
    return this.connections.size + this.entering;
  }

  /** Is there room for one more? If not, the log says so now and then. */
  hasRoom(): boolean {
    if (this.sockets < this.socketsMax) return true;
    this.refused++;
    const nowMs = performance.now();
    if (nowMs - this.refusedLogMs >= REFUSED_LOG_MS) {
      const text = `${this.socketsMax} clients are all that the limit of open files allows`;
      this.log.warning(`${text}: ${this.refused} refused (see ulimit -n)`);
      this.refusedLogMs = nowMs;
      this.refused = 0;
    }
    return false;
  }
}
