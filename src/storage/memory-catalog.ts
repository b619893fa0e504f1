/**
 * MemoryCatalog: a catalog that starts empty and forgets everything when the process ends.
 * Commands apply at once, in the order of the calls.
 */
import type { Catalog, CatalogHost, CatalogReport, Command } from '../broker/catalog.ts';
import type { QueueId } from './message-store.ts';

export class MemoryCatalog implements Catalog {
  private host: CatalogHost | null = null;
  private lastQueueId: QueueId = 0;

  async open(host: CatalogHost): Promise<CatalogReport> {
    this.host = host;
    return { complete: true };
  }

  async propose(command: Command): Promise<void> {
    this.host?.apply(command);
  }

  allocateQueueId(): QueueId {
    return ++this.lastQueueId;
  }

  reserveQueueIds(highest: QueueId): void {
    this.lastQueueId = Math.max(this.lastQueueId, highest);
  }

  async close(): Promise<void> {}
}
