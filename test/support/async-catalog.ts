/**
 * AsyncCatalog: a catalog for tests whose proposals take time, in order, and can fail. What it has
 * kept is a list that outlives it: a second catalog on the same list is a restart. Like a durable
 * catalog it does not keep what does not outlive the process.
 */
import type { Catalog, CatalogHost, CatalogReport, Command } from '../../src/broker/catalog.ts';
import type { Clock } from '../../src/clock.ts';
import type { QueueId } from '../../src/storage/message-store.ts';
import { Random } from './random.ts';

export class AsyncCatalog implements Catalog {
  /** Fail this many of the next proposals. */
  failures = 0;
  private readonly clock: Clock;
  private readonly kept: Command[];
  private readonly random: Random;
  private readonly proposals: (() => void)[] = [];
  private lastAtMs = 0;
  private lastQueueId: QueueId = 0;
  private host: CatalogHost | null = null;

  constructor(clock: Clock, seed = 1, kept: Command[] = []) {
    this.clock = clock;
    this.random = new Random(seed);
    this.kept = kept;
  }

  async open(host: CatalogHost): Promise<CatalogReport> {
    this.host = host;
    for (const command of this.kept) {
      if (command.op === 'queue.put') {
        this.lastQueueId = Math.max(this.lastQueueId, command.record.id);
      }
      host.apply(command);
    }
    return { complete: true };
  }

  propose(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      const fails = this.failures > 0;
      if (fails) this.failures--;
      this.proposals.push(() => {
        if (fails) {
          reject(new Error('the catalog is not available'));
          return;
        }
        if (this.host?.outlives(command)) this.kept.push(command);
        this.host?.apply(command);
        resolve();
      });
      const now = this.clock.now();
      this.lastAtMs = Math.max(this.lastAtMs, now + 1 + this.random.below(3));
      this.clock.schedule(this.lastAtMs - now, () => (this.proposals.shift() as () => void)());
    });
  }

  allocateQueueId(): QueueId {
    return ++this.lastQueueId;
  }

  reserveQueueIds(highest: QueueId): void {
    this.lastQueueId = Math.max(this.lastQueueId, highest);
  }

  async close(): Promise<void> {}
}
