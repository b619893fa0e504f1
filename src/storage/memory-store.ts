/**
 * MemoryStore: a message store that forgets everything when the process ends. The engine keeps
 * the messages themselves in its queues, so all that is left to do here is to count and to say
 * that a message is as safe as it will ever be.
 */
import type {
  Loaded,
  MessageStore,
  NewMessage,
  QueueId,
  QueueSink,
  QueueStore,
  Recovery,
  Ref,
  Settled,
  StoreStats,
} from './message-store.ts';

export class MemoryStore implements MessageStore {
  readonly readyOn = 'publish';
  readonly loads = false;
  readonly busy = false;
  readonly failure = null;
  messages = 0;
  private lastRef: Ref = 0;
  private readonly refs: Ref[] = [];

  onBusy(): void {}

  openQueue(id: QueueId, _sink: QueueSink): QueueStore {
    return new MemoryQueueStore(id, this);
  }

  async recover(): Promise<Recovery> {
    return { highestQueueId: 0 };
  }

  publish(queues: readonly QueueStore[], _message: NewMessage, settled: Settled | null): Ref[] {
    const refs = this.refs;
    refs.length = 0;
    for (let i = 0; i < queues.length; i++) {
      refs.push(++this.lastRef);
      (queues[i] as MemoryQueueStore).messages++;
    }
    this.messages += queues.length;
    settled?.settled(null);
    return refs;
  }

  transaction(body: () => void, settled: Settled): void {
    body();
    settled.settled(null);
  }

  async flush(): Promise<void> {}

  stats(): StoreStats {
    return { messages: this.messages, bytes: 0, disk: null };
  }

  async close(): Promise<void> {}
}

class MemoryQueueStore implements QueueStore {
  readonly id: QueueId;
  readonly opened = Promise.resolve();
  messages = 0;
  private readonly store: MemoryStore;

  constructor(id: QueueId, store: MemoryStore) {
    this.id = id;
    this.store = store;
  }

  load(): Loaded[] {
    throw new Error('a memory store has nothing that its queues have not');
  }

  ack(_ref: Ref): void {
    this.messages--;
    this.store.messages--;
  }

  delivered(): void {}

  returned(): void {}

  page(): Ref {
    throw new Error('a memory store has no room besides memory');
  }

  async delete(): Promise<void> {
    this.store.messages -= this.messages;
    this.messages = 0;
  }
}
