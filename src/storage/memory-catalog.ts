/**
 * MemoryCatalog: a catalog that starts empty and forgets everything when the process ends.
 * Commands apply at once, in the order of the calls.
 */
import type { Catalog, Command } from '../broker/catalog.ts';
import type { QueueId } from './message-store.ts';

export class MemoryCatalog implements Catalog {
  private apply: (command: Command) => void = () => {};
  private lastQueueId: QueueId = 0;

  async open(apply: (command: Command) => void): Promise<void> {
    this.apply = apply;
  }

  async propose(command: Command): Promise<void> {
    this.apply(command);
  }

  allocateQueueId(): QueueId {
    return ++this.lastQueueId;
  }

  async close(): Promise<void> {}
}
