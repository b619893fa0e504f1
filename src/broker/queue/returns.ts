/**
 * Returns: what a quorum queue does with messages that come back. One that failed too often is
 * given up; others go to a list of their own, which is delivered before everything else in the
 * order of coming back, at once or after a delay that grows with the failures. Messages that wait
 * for that do not count as ready; after a restart they wait no longer.
 */
import type { Clock, Timer } from '../../clock.ts';
import type { Ref } from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Message } from '../message.ts';
import type { Backlog } from './backlog.ts';
import { packCounts } from './counts.ts';
import type { QueueSettings } from './settings.ts';

/** A message that came back. */
export interface Returned {
  /** null if only the store has it. */
  readonly message: Message | null;
  readonly ref: Ref;
  readonly bodyBytes: number;
  readonly expiresAtMs: number;
  readonly counts: number;
}

/** One that waits for its delay. */
export interface DelayedReturn {
  readonly returned: Returned;
  readonly dueMs: number;
  /** Names it while it waits; later ones have higher numbers. */
  readonly serial: number;
}

/** What a queue does for its returns. */
export interface ReturnsHost {
  readonly settings: QueueSettings;
  readonly backlog: Backlog;
  /** A message came back once too often. */
  tooMany(message: Message, ref: Ref): void;
  /** The store should know how often. */
  remember(ref: Ref, counts: number): void;
  /** The backlog has grown. */
  settleDown(): void;
}

/** Those that wait equally long: the first to come is the first to go. */
interface Lane {
  readonly rows: DelayedReturn[];
  timer: Timer | null;
}

export class Returns {
  /** Messages that wait for their delay. */
  delayed = 0;
  private readonly host: ReturnsHost;
  private readonly clock: Clock;
  private readonly lanes = new Map<number, Lane>();
  private lastSerial = 0;

  constructor(host: ReturnsHost, clock: Clock) {
    this.host = host;
    this.clock = clock;
  }

  /** @param failed did the consumer fail, or only not want it? */
  take(delivery: Delivery, failed: boolean): void {
    const { host } = this;
    const failures = delivery.deliveryCount + (failed ? 1 : 0);
    const { deliveryLimit } = host.settings;
    const { kept, ref, expiresAtMs } = delivery;
    if (deliveryLimit >= 0 && failures > deliveryLimit) {
      host.tooMany(kept, ref);
      return;
    }
    const counts = packCounts(delivery.acquiredCount + 1, failures);
    host.remember(ref, counts);
    const delayMs = this.delayOf(failed, failures);
    const bodyBytes = kept.bodyBytes;
    const returned = { ref, bodyBytes, expiresAtMs, counts };
    const { backlog } = host;
    if (delayMs > 0) this.delay({ ...returned, message: backlog.keep(kept, ref) }, delayMs);
    else backlog.addReturned({ ...returned, message: backlog.hold(kept) });
    host.settleDown();
  }

  /** Forgets what waits; for a queue that is gone. */
  clear(): void {
    for (const lane of this.lanes.values()) lane.timer?.cancel();
    this.lanes.clear();
    this.delayed = 0;
  }

  /** Those that wait for their delay, in no order. They must not change meanwhile. */
  *waiting(): Generator<DelayedReturn> {
    for (const { rows } of this.lanes.values()) yield* rows;
  }

  private delayOf(failed: boolean, failures: number): number {
    const { delayedRetry, delayedRetryMinMs, delayedRetryMaxMs } = this.host.settings;
    if (delayedRetry === 'disabled') return 0;
    if (delayedRetry === 'failed' && !failed) return 0;
    if (delayedRetry === 'returned' && failed) return 0;
    const delayMs = delayedRetryMinMs * Math.max(1, failures);
    return delayedRetryMaxMs < 0 ? delayMs : Math.min(delayMs, delayedRetryMaxMs);
  }

  private delay(returned: Returned, delayMs: number): void {
    let lane = this.lanes.get(delayMs);
    if (lane === undefined) {
      lane = { rows: [], timer: null };
      this.lanes.set(delayMs, lane);
    }
    lane.rows.push({ returned, dueMs: this.clock.now() + delayMs, serial: ++this.lastSerial });
    this.delayed++;
    if (lane.timer === null) this.arm(delayMs, lane);
  }

  private arm(delayMs: number, lane: Lane): void {
    const [first] = lane.rows;
    if (first === undefined) {
      this.lanes.delete(delayMs);
      return;
    }
    const waitMs = Math.max(0, first.dueMs - this.clock.now());
    lane.timer = this.clock.schedule(waitMs, () => {
      lane.timer = null;
      this.release(lane);
      if (this.lanes.get(delayMs) === lane) this.arm(delayMs, lane);
    });
  }

  private release(lane: Lane): void {
    const now = this.clock.now();
    const later = lane.rows.findIndex(({ dueMs }) => dueMs > now);
    const due = lane.rows.splice(0, later < 0 ? lane.rows.length : later);
    this.delayed -= due.length;
    for (const { returned } of due) this.host.backlog.addReturned(returned);
    this.host.settleDown();
  }
}
