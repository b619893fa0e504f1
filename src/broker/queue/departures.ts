/**
 * Departures: messages that leave a queue for its dead-letter exchange and are not in memory.
 * They are read back a window at a time, however many run out at once, and leave in the order in
 * which they died; a message that is in memory waits for those before it.
 */
import type { Ref } from '../../storage/message-store.ts';
import type { Message } from '../message.ts';
import type { DeathReason } from './dead-letter.ts';
import { Fifo } from './fifo.ts';
import { type Paging, WINDOW } from './paging.ts';
import type { Queue } from './queue.ts';
import type { QueueHost } from './queue-host.ts';

export interface Departure {
  /** null if it has to be read back. */
  readonly message: Message | null;
  readonly ref: Ref;
  readonly reason: DeathReason;
}

export class Departures {
  private readonly queue: Queue;
  private readonly host: QueueHost;
  private readonly paging: Paging;
  private readonly waiting = new Fifo<Departure>();
  private reading = false;

  constructor(queue: Queue, host: QueueHost, paging: Paging) {
    this.queue = queue;
    this.host = host;
    this.paging = paging;
  }

  /** How many have not left yet. */
  get size(): number {
    return this.waiting.size;
  }

  add(departure: Departure): void {
    this.waiting.push(departure);
    if (!this.reading) void this.readAll();
  }

  private async readAll(): Promise<void> {
    this.reading = true;
    while (this.waiting.size > 0 && !this.queue.deleted) {
      const window = this.waiting.first(WINDOW);
      const absent = window.filter(({ message }) => message === null);
      const read = await this.paging.read(absent.map(({ ref }) => ref));
      // Only now: what dies meanwhile has to find that it is not the first.
      this.waiting.drop(window.length);
      for (const { message, ref, reason } of window) {
        this.leave(message ?? read.shift() ?? null, ref, reason);
      }
    }
    this.reading = false;
  }

  private leave(message: Message | null, ref: Ref, reason: DeathReason): void {
    if (this.queue.deleted) return;
    if (message === null) this.host.lost(this.queue);
    else this.queue.giveUp(message, ref, reason);
  }
}
