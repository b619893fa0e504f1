/**
 * SegmentQueue: one queue's view of the log. Its messages are slots of the ledger; it keeps no list
 * of them, as the engine does.
 */
import type { Loaded, NewMessage, QueueId, QueueSink, QueueStore, Ref } from '../message-store.ts';
import type { LedgerQueue } from './ledger.ts';

/** What a queue needs of its log. */
export interface QueueOwner {
  load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]>;
  ack(queue: SegmentQueue, ref: Ref): void;
  setDeliveries(ref: Ref, deliveries: number): void;
  page(queue: SegmentQueue, message: NewMessage): Ref;
  deleteQueue(queue: SegmentQueue): Promise<void>;
}

export class SegmentQueue implements QueueStore, LedgerQueue {
  readonly id: QueueId;
  readonly sink: QueueSink;
  readonly opened: Promise<void>;
  index = -1;
  messages = 0;
  deleted = false;
  /** Lets those go on who wait for recovery. */
  open!: () => void;
  private readonly owner: QueueOwner;

  constructor(id: QueueId, sink: QueueSink, owner: QueueOwner) {
    this.id = id;
    this.sink = sink;
    this.owner = owner;
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]> {
    return this.owner.load(refs);
  }

  ack(ref: Ref): void {
    if (!this.deleted) this.owner.ack(this, ref);
  }

  delivered(ref: Ref, deliveries: number): void {
    if (!this.deleted) this.owner.setDeliveries(ref, deliveries);
  }

  returned(ref: Ref, deliveries: number): void {
    if (!this.deleted) this.owner.setDeliveries(ref, deliveries);
  }

  page(message: NewMessage): Ref {
    return this.owner.page(this, message);
  }

  delete(): Promise<void> {
    if (this.deleted) return Promise.resolve();
    this.deleted = true;
    return this.owner.deleteQueue(this);
  }
}
