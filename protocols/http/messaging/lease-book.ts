/**
 * LeaseBook: the messages that one user holds in one vhost over HTTP, by their tokens. A lease that
 * runs out gives its message back, and so does the end of the session. How much may be held is
 * bounded; whoever would take more waits until something is settled.
 */
import { randomBytes } from 'node:crypto';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { Outcome } from '../../../src/broker/queue/queue.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Clock, Timer } from '../../../src/clock.ts';
import { HTTP_LEASED_BYTES, HTTP_LEASES_MAX } from '../../../src/limits.ts';

interface Lease {
  readonly delivery: Delivery;
  /** null as long as something else looks after it: a request under way, a stream. */
  timer: Timer | null;
}

/** What keeps the session open as long as somebody holds something. */
export interface Keeper {
  retain(): void;
  release(): void;
}

export class LeaseBook {
  private readonly session: Session;
  private readonly clock: Clock;
  private readonly keeper: Keeper;
  private readonly leases = new Map<string, Lease>();
  /** Those who wait for room. */
  private readonly waiters = new Set<() => void>();
  /** A token of another session, or of a broker that is gone, is never one of these. */
  private readonly nonce = randomBytes(9).toString('base64url');
  private lastNumber = 0;
  private bytes = 0;

  constructor(session: Session, clock: Clock, keeper: Keeper) {
    this.session = session;
    this.clock = clock;
    this.keeper = keeper;
  }

  get size(): number {
    return this.leases.size;
  }

  /** Nothing more may be taken for the moment. */
  get full(): boolean {
    return this.leases.size >= HTTP_LEASES_MAX || this.bytes >= HTTP_LEASED_BYTES;
  }

  has(token: string): boolean {
    return this.leases.has(token);
  }

  /** Calls `wake` whenever there is room again, until unwatch(). */
  watch(wake: () => void): void {
    this.waiters.add(wake);
  }

  unwatch(wake: () => void): void {
    this.waiters.delete(wake);
  }

  /** Enters a message that does not run out before run(). Returns its token. */
  add(delivery: Delivery): string {
    const token = `${this.nonce}.${(++this.lastNumber).toString(36)}`;
    if (this.leases.size === 0) this.keeper.retain();
    this.leases.set(token, { delivery, timer: null });
    this.bytes += delivery.message.bodyBytes;
    return token;
  }

  /** The lease begins now. */
  run(token: string, leaseMs: number): void {
    const lease = this.leases.get(token);
    if (lease === undefined) return;
    lease.timer?.cancel();
    lease.timer = this.clock.schedule(leaseMs, () => this.settle(token, 'requeue'));
  }

  /** The lease begins anew. A stream's message is held anyway. Returns false if nobody holds it. */
  extend(token: string, leaseMs: number, queue: string): boolean {
    const lease = this.held(token, queue);
    if (lease === undefined) return false;
    if (lease.timer !== null) this.run(token, leaseMs);
    return true;
  }

  /**
   * Ends a lease. Returns false if there is none (any more).
   * @param queue the one that the message has to be of, if that matters
   */
  settle(token: string, outcome: Outcome, queue: string | null = null): boolean {
    const lease = this.held(token, queue);
    if (lease === undefined) return false;
    const { delivery, timer } = lease;
    const wasFull = this.full;
    timer?.cancel();
    this.leases.delete(token);
    this.bytes -= delivery.message.bodyBytes;
    // Before it is settled: that may bring the next message, which is a lease again.
    if (this.leases.size === 0) this.keeper.release();
    // Its queue may have taken it back meanwhile: it was held for too long.
    const ours = delivery.holder !== null && delivery.tally?.withdrawn !== true;
    if (ours) this.session.settle(delivery, outcome);
    if (wasFull && !this.full) for (const wake of [...this.waiters]) wake();
    return ours;
  }

  /** The session is gone, and gives everything back itself. */
  clear(): void {
    for (const { timer } of this.leases.values()) timer?.cancel();
    this.leases.clear();
    this.bytes = 0;
    this.waiters.clear();
  }

  private held(token: string, queue: string | null): Lease | undefined {
    const lease = this.leases.get(token);
    if (lease === undefined || queue === null) return lease;
    return lease.delivery.queue.name === queue ? lease : undefined;
  }
}
