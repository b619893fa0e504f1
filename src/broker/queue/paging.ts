/**
 * Paging: which waiting messages of a queue are in memory. A queue is a window over its store:
 * bodies within the budget stay, later ones are let go if the store can load them again, and come
 * back in windows when they get near the head. Transient ones are put into the store to be let go.
 * Queues whose store cannot load keep everything.
 */
import type { Loaded, QueueStore, Ref } from '../../storage/message-store.ts';
import { Message } from '../message.ts';
import { decodeStoredHeader } from '../stored-header.ts';
import type { ReadyList } from './ready-list.ts';

/** Messages read back at once, at least one, and the bytes after which there is no other. */
export const WINDOW = 128;
const WINDOW_BYTES = 512 * 1024;

/**
 * How many times its budget a queue may take for a few large messages, which would be read back one
 * by one, and for transient ones, which would have to be written first.
 */
const LARGE_FACTOR = 8;
const FEW = 512;
const TRANSIENT_FACTOR = 16;

/** What a message costs besides its body while it is in memory. */
const MESSAGE_BYTES = 256;

/** Memory that the waiting messages of all queues share. */
export class ResidentMemory {
  private readonly limitBytes: number;
  private usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.limitBytes;
  }

  take(bodyBytes: number): void {
    this.usedBytes += bodyBytes + MESSAGE_BYTES;
  }

  /** @param messages how many share these bytes */
  give(bodyBytes: number, messages = 1): void {
    this.usedBytes -= bodyBytes + messages * MESSAGE_BYTES;
  }
}

export class Paging {
  private readonly store: QueueStore;
  private readonly budgetBytes: number;
  private readonly memory: ResidentMemory;
  /** Body bytes that are in memory, and of how many messages. */
  residentBytes = 0;
  private residents = 0;
  private reading = false;
  private closed = false;

  /** @param budgetBytes body bytes of waiting messages to keep in memory, while there is any */
  constructor(store: QueueStore, budgetBytes: number, memory: ResidentMemory) {
    this.store = store;
    this.budgetBytes = budgetBytes;
    this.memory = memory;
  }

  /** May a message with such a body stay in memory while it waits? @param stored has a store it? */
  keeps(bodyBytes: number, stored: boolean): boolean {
    const bytes = this.residentBytes + bodyBytes;
    if (this.memory.isFull) return false;
    if (bytes > this.budgetBytes) {
      const few = this.residents < FEW ? LARGE_FACTOR : 1;
      if (bytes > this.budgetBytes * (stored ? few : TRANSIENT_FACTOR)) return false;
    }
    this.take(bodyBytes);
    return true;
  }

  /** Puts a message into the store that no store has. */
  page(message: Message): Ref {
    return this.store.page(message);
  }

  /** A message that is in memory anyway waits again. */
  hold(message: Message): void {
    this.take(message.bodyBytes);
  }

  /** A message that was in memory no longer waits. */
  released(bodyBytes: number): void {
    this.residentBytes -= bodyBytes;
    this.residents--;
    this.memory.give(bodyBytes);
  }

  /** The queue is gone, and what it had in memory. */
  close(): void {
    this.closed = true;
    this.memory.give(this.residentBytes, this.residents);
    this.residentBytes = 0;
    this.residents = 0;
  }

  /**
   * Reads back the messages at the head of `list`. Returns true if they are there already when it
   * returns; else `done` is called later. A message that cannot be read is reported to `lost`.
   */
  readHead(list: ReadyList, done: () => void, lost: (position: number) => void): boolean {
    if (this.reading) return false;
    const positions: number[] = [];
    let bytes = 0;
    for (const position of list.positions()) {
      if (list.messageAt(position) !== null) continue;
      positions.push(position);
      bytes += list.bodyBytesAt(position);
      if (positions.length === WINDOW || bytes >= WINDOW_BYTES) break;
    }
    const refs = positions.map((position) => list.refAt(position));
    const loaded = this.store.load(refs);
    if (!(loaded instanceof Promise)) {
      positions.forEach((position, i) => {
        this.fill(list, position, messageOf(loaded[i] as Loaded));
      });
      return true;
    }
    this.reading = true;
    this.decode(loaded, refs).then((messages) => {
      if (this.closed) return;
      for (const [i, position] of positions.entries()) {
        if (!isSame(list, position, refs[i] as Ref)) continue;
        const message = messages[i];
        if (message === null || message === undefined) lost(position);
        else this.fill(list, position, message);
      }
      this.reading = false;
      done();
    });
    return false;
  }

  /** The messages of `refs`; null for each that cannot be read. */
  async read(refs: readonly Ref[]): Promise<(Message | null)[]> {
    return this.decode(this.store.load(refs), refs);
  }

  /** A message that cannot be read must not cost its neighbours: then one after the other. */
  private async decode(
    loading: Loaded[] | Promise<Loaded[]>,
    refs: readonly Ref[],
  ): Promise<(Message | null)[]> {
    try {
      return (await loading).map(messageOf);
    } catch {
      if (refs.length === 1) return [null];
    }
    const messages: (Message | null)[] = [];
    for (const ref of refs) messages.push(...(await this.read([ref])));
    return messages;
  }

  private take(bodyBytes: number): void {
    this.residentBytes += bodyBytes;
    this.residents++;
    this.memory.take(bodyBytes);
  }

  private fill(list: ReadyList, position: number, message: Message): void {
    this.take(message.bodyBytes);
    list.setMessage(position, message);
  }
}

/** A message as a store has it. @throws Error if it cannot be read */
export function messageOf({ header, body, arrivedAtMs }: Loaded): Message {
  const { exchange, routingKey, properties } = decodeStoredHeader(header);
  const message = new Message(exchange, routingKey, properties, body);
  message.arrivedAtMs = arrivedAtMs;
  return message;
}

function isSame(list: ReadyList, position: number, ref: Ref): boolean {
  return list.has(position) && list.refAt(position) === ref && list.messageAt(position) === null;
}
