/**
 * Levels: the ReadyLists of a queue, one for each priority, and what they hold together. Knows
 * nothing of consumers, time or stores: that is backlog.ts. Hot path.
 */
import type { Ref } from '../../storage/message-store.ts';
import type { Message } from '../message.ts';
import { ReadyList } from './ready-list.ts';

export class Levels {
  /** Messages that wait, and the sum of their bodies in bytes. */
  size = 0;
  bytes = 0;
  /** Above every priority: messages that came back, if they have a list of their own. */
  readonly returns: number;
  /** By priority; made when first needed. */
  private readonly levels: (ReadyList | null)[];
  private readonly highest: number;
  private readonly usual: number;
  /** No level above it has messages. */
  private top = 0;

  /**
   * @param maxPriority 0 … 255; messages above it count as of that priority
   * @param defaultPriority of messages that have none
   */
  constructor(maxPriority: number, defaultPriority = 0) {
    this.highest = maxPriority;
    this.usual = Math.min(defaultPriority, maxPriority);
    this.returns = maxPriority + 1;
    this.levels = new Array(maxPriority + 2).fill(null);
    this.levels[0] = new ReadyList();
  }

  levelOf(message: { readonly priority: number }): number {
    if (this.highest === 0) return 0;
    const { priority } = message;
    return priority < 0 ? this.usual : Math.min(priority, this.highest);
  }

  list(level: number): ReadyList {
    const list = this.levels[level];
    if (list !== null && list !== undefined) return list;
    const made = new ReadyList();
    this.levels[level] = made;
    return made;
  }

  /** The same if it has been made, else null. */
  known(level: number): ReadyList | null {
    return this.levels[level] ?? null;
  }

  /** The highest level that has messages, −1 if there are none. */
  topLevel(): number {
    if (this.size === 0) return -1;
    for (let level = this.top; level >= 0; level--) {
      const list = this.levels[level];
      if (list === null || list === undefined || list.size === 0) continue;
      this.top = level;
      return level;
    }
    return -1;
  }

  /** Appends a new message. Returns its position within the level. */
  push(
    level: number,
    message: Message | null,
    ref: Ref,
    bodyBytes: number,
    expiresAtMs: number,
    deliveryCount: number,
  ): number {
    this.size++;
    this.bytes += bodyBytes;
    if (level > this.top) this.top = level;
    const redelivered = deliveryCount > 0;
    const list = this.list(level);
    return list.push(message, ref, bodyBytes, expiresAtMs, deliveryCount, redelivered);
  }

  putBack(
    level: number,
    position: number,
    message: Message,
    ref: Ref,
    expiresAtMs: number,
    deliveryCount: number,
  ): void {
    this.size++;
    this.bytes += message.bodyBytes;
    if (level > this.top) this.top = level;
    this.list(level).putBack(position, message, ref, expiresAtMs, deliveryCount);
  }

  remove(level: number, position: number): void {
    const list = this.list(level);
    this.size--;
    this.bytes -= list.bodyBytesAt(position);
    list.remove(position);
  }

  /** Every waiting message in the order of delivery. It must not change meanwhile. */
  *rows(): Generator<{ readonly level: number; readonly position: number }> {
    for (let level = this.returns; level >= 0; level--) {
      const list = this.levels[level];
      if (list === null || list === undefined) continue;
      for (const position of list.positions()) yield { level, position };
    }
  }
}
