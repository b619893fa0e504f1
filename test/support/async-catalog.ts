/**
 * AsyncCatalog: a catalog for tests whose proposals take time, in order, and can fail. What it has
 * kept is a list that outlives it: a second catalog on the same list is a restart. Like a durable
 * catalog it does not keep what does not outlive the process.
 */
import type { Catalog, Command } from '../../src/broker/catalog.ts';
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
  private apply: (command: Command) => void = () => {};

  constructor(clock: Clock, seed = 1, kept: Command[] = []) {
    this.clock = clock;
    this.random = new Random(seed);
    this.kept = kept;
  }

  async open(apply: (command: Command) => void): Promise<void> {
    this.apply = apply;
    for (const command of this.kept) {
      if (command.op === 'queue.put') {
        this.lastQueueId = Math.max(this.lastQueueId, command.record.id);
      }
      apply(command);
    }
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
        if (outlives(command)) this.kept.push(command);
        this.apply(command);
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

  async close(): Promise<void> {}
}

function outlives(command: Command): boolean {
  if (command.op !== 'queue.put' && command.op !== 'exchange.put') return true;
  return command.record.durable;
}
