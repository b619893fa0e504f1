/**
 * Expiry: when the waiting messages of one queue run out, wherever in the queue they are. A heap
 * by time with one timer for its earliest; a message that leaves otherwise stays in the heap as a
 * stale entry, and the heap is rebuilt when more than half of it is stale. RabbitMQ's classic
 * queues look at their head only; here a short-lived message behind a long-lived one leaves on
 * time.
 */
import type { Clock, Timer } from '../../clock.ts';

/** Heaps below this many entries are not worth rebuilding. */
const REBUILD_MIN = 1024;

/** Priority levels; a level and a position share one number. */
const LEVELS = 256;

/** What an expiry watches over. */
export interface Expirable {
  /** Does this message, with this very expiry, still wait? */
  isWaiting(level: number, position: number, expiresAtMs: number): boolean;
  /** How many messages wait. */
  readonly size: number;
  expire(level: number, position: number): void;
}

export class Expiry {
  private readonly clock: Clock;
  private readonly owner: Expirable;
  /** A binary heap in two columns. */
  private times: number[] = [];
  private keys: number[] = [];
  private timer: Timer | null = null;
  private timerAtMs = 0;
  /** A message was added that was due at once: TTL 0, or requeued too late. */
  private arrivedDue = false;

  constructor(clock: Clock, owner: Expirable) {
    this.clock = clock;
    this.owner = owner;
  }

  /** Watches a message that starts to wait. `expiresAtMs` is ms since 1970, not 0. */
  add(level: number, position: number, expiresAtMs: number): void {
    if (this.times.length > REBUILD_MIN && this.times.length > 2 * this.owner.size) {
      this.rebuild();
    }
    this.siftUp(this.times.length, expiresAtMs, position * LEVELS + level);
    if (expiresAtMs <= this.clock.now()) this.arrivedDue = true;
    else this.arm();
  }

  /** Expires what is due, if anything is; cheap while nothing has come to wait that is. */
  runDue(): void {
    if (this.arrivedDue) this.run();
  }

  private run(): void {
    this.arrivedDue = false;
    const now = this.clock.now();
    while (this.times.length > 0 && (this.times[0] as number) <= now) {
      const expiresAtMs = this.times[0] as number;
      const key = this.keys[0] as number;
      this.pop();
      const level = key % LEVELS;
      const position = (key - level) / LEVELS;
      if (this.owner.isWaiting(level, position, expiresAtMs)) this.owner.expire(level, position);
    }
    this.arm();
  }

  clear(): void {
    this.times = [];
    this.keys = [];
    this.timer?.cancel();
    this.timer = null;
  }

  private arm(): void {
    const earliest = this.times[0];
    if (earliest === undefined) return;
    if (this.timer !== null) {
      if (this.timerAtMs <= earliest) return;
      this.timer.cancel();
    }
    this.timerAtMs = earliest;
    this.timer = this.clock.schedule(Math.max(0, earliest - this.clock.now()), () => {
      this.timer = null;
      this.run();
    });
  }

  private rebuild(): void {
    const { times, keys } = this;
    this.times = [];
    this.keys = [];
    for (let i = 0; i < times.length; i++) {
      const key = keys[i] as number;
      const level = key % LEVELS;
      const position = (key - level) / LEVELS;
      const expiresAtMs = times[i] as number;
      if (!this.owner.isWaiting(level, position, expiresAtMs)) continue;
      this.siftUp(this.times.length, expiresAtMs, key);
    }
  }

  private siftUp(from: number, time: number, key: number): void {
    const { times, keys } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(time, key, times[parent] as number, keys[parent] as number)) break;
      times[at] = times[parent] as number;
      keys[at] = keys[parent] as number;
      at = parent;
    }
    times[at] = time;
    keys[at] = key;
  }

  /** Removes the earliest entry. */
  private pop(): void {
    const { times, keys } = this;
    const time = times.pop() as number;
    const key = keys.pop() as number;
    const size = times.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isSooner(child + 1, child)) child++;
      if (!isBefore(times[child] as number, keys[child] as number, time, key)) break;
      times[at] = times[child] as number;
      keys[at] = keys[child] as number;
      at = child;
    }
    times[at] = time;
    keys[at] = key;
  }

  private isSooner(a: number, b: number): boolean {
    const { times, keys } = this;
    return isBefore(times[a] as number, keys[a] as number, times[b] as number, keys[b] as number);
  }
}

/** What runs out at the same time leaves in the order of the queue. */
function isBefore(timeA: number, keyA: number, timeB: number, keyB: number): boolean {
  return timeA < timeB || (timeA === timeB && keyA < keyB);
}
