/**
 * PolledQueue: one queue that a user polls. Behind all polls is one subscription that takes a
 * message only while a poll waits for it, and stays for a while after the last, so that a queue
 * knows its consumer: it takes turns with others, is the single active one, and a queue that goes
 * with its last consumer does not go between two polls.
 */
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { CancelReason, Consumer, Subscription } from '../../../src/broker/subscription.ts';
import type { Timer } from '../../../src/clock.ts';
import {
  HTTP_POLLS_MAX,
  HTTP_READ_BACK_MS,
  HTTP_RECEIVE_BYTES,
  HTTP_SESSION_IDLE_MS,
} from '../../../src/limits.ts';
import { Problem, type ProblemKind } from './problem.ts';
import type { SessionGuest, SharedSession } from './session-pool.ts';

/** What a poll got: messages under their tokens, not running out yet. */
export type Taken = ReadonlyMap<string, Delivery>;

/** One request that waits. */
interface Poll {
  readonly max: number;
  readonly taken: Map<string, Delivery>;
  bytes: number;
  timer: Timer | null;
  done: ((problem: Problem | null) => void) | null;
}

/** How a consumer over HTTP hears that it is none any more. */
export const KIND_OF_CANCEL = {
  'queue deleted': 'NOT_FOUND',
  'queue unavailable': 'UNAVAILABLE',
  'access refused': 'ACCESS_REFUSED',
  'consumer timeout': 'PRECONDITION_FAILED',
} as const satisfies Record<CancelReason, ProblemKind>;

export class PolledQueue implements Consumer, SessionGuest {
  private readonly shared: SharedSession;
  private readonly subscription: Subscription;
  private readonly forget: () => void;
  private readonly polls: Poll[] = [];
  private readonly roomy = (): void => this.subscription.resume();
  private idle: Timer | null = null;
  private ended = false;

  /** @throws BrokerError as Session.subscribe() */
  constructor(shared: SharedSession, queue: string, forget: () => void) {
    this.shared = shared;
    this.forget = forget;
    const tag = `http.poll.${shared.session.id}`;
    this.subscription = shared.session.subscribe(queue, this, { tag });
    shared.watch(this);
    shared.leases.watch(this.roomy);
    shared.retain();
  }

  /**
   * Takes up to `max` messages: what is there, or the first that come within `waitMs`.
   * @param gone aborted when nobody waits for the answer any more
   * @throws Problem
   */
  async poll(max: number, waitMs: number, gone: AbortSignal): Promise<Taken> {
    const { clock } = this.shared.broker;
    if (this.polls.length >= HTTP_POLLS_MAX) {
      throw new Problem('TOO_MANY_REQUESTS', 'too many requests wait for this queue');
    }
    this.idle?.cancel();
    this.idle = null;
    const poll: Poll = { max, taken: new Map(), bytes: 0, timer: null, done: null };
    const over = new Promise<Problem | null>((resolve) => {
      poll.done = resolve;
    });
    this.polls.push(poll);
    const abandoned = (): void => this.finish(poll, null);
    gone.addEventListener('abort', abandoned, { once: true });
    this.subscription.resume();
    if (poll.done !== null && poll.taken.size === 0) {
      // Messages that are on the disk only come a little later.
      const readBackMs = this.subscription.queue.size > 0 ? HTTP_READ_BACK_MS : 0;
      const limitMs = Math.max(waitMs, readBackMs);
      if (limitMs === 0) this.finish(poll, null);
      else poll.timer = clock.schedule(limitMs, () => this.finish(poll, null));
    }
    const problem = await over;
    gone.removeEventListener('abort', abandoned);
    if (problem !== null) throw problem;
    return poll.taken;
  }

  canTake(): boolean {
    return this.polls.length > 0 && !this.shared.leases.full;
  }

  take(delivery: Delivery): void {
    const poll = this.polls[0] as Poll;
    poll.taken.set(this.shared.leases.add(delivery), delivery);
    poll.bytes += delivery.message.bodyBytes;
    const enough = poll.taken.size >= poll.max || poll.bytes >= HTTP_RECEIVE_BYTES;
    if (enough) this.finish(poll, null);
    // What comes in the same turn goes along.
    else if (poll.taken.size === 1) setImmediate(() => this.finish(poll, null));
  }

  cancelled(reason: CancelReason): void {
    this.end(new Problem(KIND_OF_CANCEL[reason], `${this.subscription.queue}: ${reason}`));
  }

  sessionEnded(reason: string): void {
    this.end(new Problem('CONNECTION_FORCED', reason));
  }

  private finish(poll: Poll, problem: Problem | null): void {
    const index = this.polls.indexOf(poll);
    if (index < 0) return;
    this.polls.splice(index, 1);
    poll.timer?.cancel();
    const { done } = poll;
    poll.done = null;
    if (this.polls.length === 0 && !this.ended) {
      const { clock } = this.shared.broker;
      this.idle = clock.schedule(HTTP_SESSION_IDLE_MS, () => {
        this.subscription.cancel();
        this.end(new Problem('UNAVAILABLE', 'nobody has polled'));
      });
    }
    done?.(problem);
  }

  private end(problem: Problem): void {
    if (this.ended) return;
    this.ended = true;
    this.forget();
    this.idle?.cancel();
    this.shared.unwatch(this);
    this.shared.leases.unwatch(this.roomy);
    for (const poll of [...this.polls]) this.finish(poll, problem);
    this.shared.release();
  }
}
