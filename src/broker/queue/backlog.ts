/**
 * Backlog: the messages of one queue that wait for a consumer: in order, of which some are only
 * in the store (paging.ts), some run out (expiry.ts), and some may be too many (overflow.ts).
 * Whoever leaves other than at the head is given up through the host. Hot path: add, takeHead.
 */
import { type Meta, NO_REF, type Ref } from '../../storage/message-store.ts';
import { Delivery, Tally } from '../delivery.ts';
import type { Message } from '../message.ts';
import { acquiredOf, failedOf, withCounts } from './counts.ts';
import type { DeathReason } from './dead-letter.ts';
import { Departures } from './departures.ts';
import { type Expirable, Expiry } from './expiry.ts';
import { Levels } from './levels.ts';
import { isBounded, isOver, wouldOverflow } from './overflow.ts';
import type { Paging } from './paging.ts';
import type { Queue } from './queue.ts';
import type { QueueHost } from './queue-host.ts';
import type { ReadyList } from './ready-list.ts';
import type { Returned } from './returns.ts';

export class Backlog implements Expirable {
  paging: Paging | null = null;
  private readonly queue: Queue;
  private readonly host: QueueHost;
  readonly levels: Levels;
  private readonly counts: boolean;
  private drops = false;
  private rejects = false;
  private expiry: Expiry | null = null;
  private departures: Departures | null = null;

  constructor(queue: Queue, host: QueueHost) {
    this.queue = queue;
    this.host = host;
    const { rules, settings } = queue;
    this.counts = rules.counts;
    this.levels = new Levels(settings.maxPriority, rules.defaultPriority);
    this.configure();
  }

  /** Takes notice of the queue's settings; they may have changed. */
  configure(): void {
    const { settings } = this.queue;
    const bounded = isBounded(settings);
    this.drops = bounded && settings.overflow === 'drop-head';
    this.rejects = bounded && !this.drops;
  }

  /** Messages that wait. */
  get size(): number {
    return this.levels.size;
  }

  /** The sum of their bodies in bytes. */
  get bytes(): number {
    return this.levels.bytes;
  }

  /** The next message if it is in memory; stays where it is. */
  peek(): Message | null {
    const level = this.levels.topLevel();
    if (level < 0) return null;
    const list = this.levels.list(level);
    return list.messageAt(list.head());
  }

  /** Does reject-publish turn a message of this size away? */
  refuses(bodyBytes: number): boolean {
    return this.rejects && wouldOverflow(this.queue, this.levels, bodyBytes);
  }

  /**
   * A delivery of a message that need not wait; it has a place here should it be requeued.
   * @param noAck then it never comes back, and so needs no place
   */
  passThrough(message: Message, ref: Ref, noAck: boolean): Delivery {
    if (noAck) return this.passBy(message, ref);
    const level = this.levels.levelOf(message);
    const position = this.levels.list(level).skip();
    const expiresAtMs = this.expiryOf(message);
    const { queue } = this;
    const tally = this.counts ? new Tally(message, 0) : null;
    return new Delivery(message, queue, ref, level, position, 0, false, expiresAtMs, tally);
  }

  private passBy(message: Message, ref: Ref): Delivery {
    if (message.properties.ttlMs >= 0 && message.arrivedAtMs === 0) {
      message.arrivedAtMs = this.host.clock.now();
    }
    return new Delivery(message, this.queue, ref, 0, 0, 0, false, 0, null);
  }

  /** Appends a message. */
  add(message: Message, ref: Ref): void {
    const level = this.levels.levelOf(message);
    const expiresAtMs = this.expiryOf(message);
    const { paging } = this;
    const bytes = message.bodyBytes;
    const kept = paging === null || paging.keeps(bytes, ref !== NO_REF) ? message : null;
    const stored = kept === null && ref === NO_REF ? (paging as Paging).page(message) : ref;
    const position = this.levels.push(level, kept, stored, bytes, expiresAtMs, 0);
    if (expiresAtMs !== 0) this.watch(level, position, expiresAtMs);
  }

  /** Appends a message that is in the store only. */
  addStored(meta: Meta): void {
    const level = this.levels.levelOf(meta);
    const expiresAtMs = this.earlier(meta.expiresAtMs, meta.arrivedAtMs);
    const { ref, bodyBytes, deliveries } = meta;
    const position = this.levels.push(level, null, ref, bodyBytes, expiresAtMs, deliveries);
    if (expiresAtMs !== 0) this.watch(level, position, expiresAtMs);
  }

  /** Puts a delivery back where it came from. */
  putBack(delivery: Delivery): void {
    const { level, position, message, ref, expiresAtMs } = delivery;
    this.paging?.hold(message);
    const deliveries = delivery.deliveryCount + 1;
    this.levels.putBack(level, position, message, ref, expiresAtMs, deliveries);
    if (expiresAtMs !== 0) this.watch(level, position, expiresAtMs);
  }

  /** The message if it may stay in memory, else null: the store has it. */
  keep(message: Message, ref: Ref): Message | null {
    if (this.paging === null || this.paging.keeps(message.bodyBytes, ref !== NO_REF))
      return message;
    if (ref !== NO_REF) return null;
    this.paging.hold(message);
    return message;
  }

  /** It is in memory anyway and soon delivered again: it stays there. */
  hold(message: Message): Message {
    this.paging?.hold(message);
    return message;
  }

  /** Appends a message to those that came back, after {@link keep} or {@link hold}. */
  addReturned({ message, ref, bodyBytes, expiresAtMs, counts }: Returned): void {
    const { levels } = this;
    const level = levels.returns;
    const position = levels.push(level, message, ref, bodyBytes, expiresAtMs, counts);
    if (expiresAtMs !== 0) this.watch(level, position, expiresAtMs);
  }

  /** Takes the next message out; null if there is none, or if it is being read back. */
  takeHead(): Delivery | null {
    for (;;) {
      const level = this.levels.topLevel();
      if (level < 0) return null;
      const list = this.levels.list(level);
      const position = list.head();
      const expiresAtMs = list.expiresAtMsAt(position);
      if (expiresAtMs !== 0 && expiresAtMs <= this.host.clock.now()) {
        this.drop(level, position, 'expired');
        continue;
      }
      const message = list.messageAt(position);
      if (message !== null) return this.takeRow(list, level, position, message);
      if (!this.readHead(list, level)) return null;
    }
  }

  /** A waiting message goes elsewhere, from whatever place; the store is told by who moves it. */
  lift(level: number, position: number): void {
    this.remove(level, position);
  }

  /** Gives up what cannot stay: what ran out this very moment, and what drop-head drops. */
  trim(): void {
    this.expiry?.runDue();
    if (!this.drops) return;
    while (isOver(this.queue.settings, this.levels)) {
      const level = this.levels.topLevel();
      this.drop(level, this.levels.list(level).head(), 'maxlen');
    }
  }

  /** Removes everything. Returns how many there were. */
  purge(): number {
    const purged = this.levels.size;
    for (const { level, position } of [...this.levels.rows()]) {
      this.queue.discard(this.levels.list(level).refAt(position));
      this.remove(level, position);
    }
    this.clear();
    return purged;
  }

  /** The queue is gone. */
  close(): void {
    this.clear();
    this.paging?.close();
    this.paging = null;
  }

  /** Stops watching the time. */
  clear(): void {
    this.expiry?.clear();
  }

  isWaiting(level: number, position: number, expiresAtMs: number): boolean {
    const list = this.levels.list(level);
    return list.has(position) && list.expiresAtMsAt(position) === expiresAtMs;
  }

  expire(level: number, position: number): void {
    this.drop(level, position, 'expired');
  }

  private takeRow(list: ReadyList, level: number, position: number, message: Message): Delivery {
    const count = list.deliveryCountAt(position);
    const acquired = this.counts ? acquiredOf(count) : 0;
    const failed = this.counts ? failedOf(count) : count;
    const delivery = new Delivery(
      acquired === 0 ? message : withCounts(message, acquired, failed),
      this.queue,
      list.refAt(position),
      level,
      position,
      failed,
      list.redeliveredAt(position),
      list.expiresAtMsAt(position),
      this.counts ? new Tally(message, acquired) : null,
    );
    this.remove(level, position);
    return delivery;
  }

  private readHead(list: ReadyList, level: number): boolean {
    const done = (): void => this.queue.readable();
    const lost = (position: number): void => {
      if (this.queue.deleted) return;
      this.remove(level, position);
      this.host.lost(this.queue);
    };
    return (this.paging as Paging).readHead(list, done, lost);
  }

  /** A waiting message leaves without being delivered. */
  private drop(level: number, position: number, reason: DeathReason): void {
    const list = this.levels.list(level);
    const message = list.messageAt(position);
    const ref = list.refAt(position);
    this.remove(level, position);
    this.queue.deaths[reason]++;
    this.host.tracer?.died(this.queue, message, ref, reason);
    const inOrder = this.departures === null || this.departures.size === 0;
    if (this.queue.settings.deadLetterExchange === null) this.queue.discard(ref);
    else if (message !== null && inOrder) this.queue.giveUp(message, ref, reason);
    else this.depart(message, ref, reason);
  }

  private depart(message: Message | null, ref: Ref, reason: DeathReason): void {
    this.departures ??= new Departures(this.queue, this.host, this.paging as Paging);
    this.departures.add({ message, ref, reason });
  }

  private remove(level: number, position: number): void {
    if (this.paging !== null) {
      const list = this.levels.list(level);
      if (list.messageAt(position) !== null) this.paging.released(list.bodyBytesAt(position));
    }
    this.levels.remove(level, position);
  }

  private watch(level: number, position: number, expiresAtMs: number): void {
    this.expiry ??= new Expiry(this.host.clock, this);
    this.expiry.add(level, position, expiresAtMs);
  }

  /** When the message runs out in this queue, by its own expiration or x-message-ttl; 0: never. */
  private expiryOf(message: Message): number {
    if (this.queue.settings.ttlMs < 0 && message.properties.ttlMs < 0) return 0;
    if (message.arrivedAtMs === 0) message.arrivedAtMs = this.host.clock.now();
    return this.earlier(message.expiresAtMs, message.arrivedAtMs);
  }

  private earlier(ownMs: number, arrivedAtMs: number): number {
    const { ttlMs } = this.queue.settings;
    if (ttlMs < 0) return ownMs;
    const queueMs = arrivedAtMs + ttlMs;
    return ownMs === 0 ? queueMs : Math.min(ownMs, queueMs);
  }
}
