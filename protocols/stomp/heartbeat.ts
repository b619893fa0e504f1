/**
 * Heart-beats: each side says how often it can speak and how often it wants to hear something
 * [STOMP 1.2, Heart-beating]. We send a line feed when we have said nothing for half of what was
 * agreed, and give up on a client that was silent for two to three times what it promised. One
 * that is busy taking what we sent is not silent, nor is one that we do not read from.
 */
import type { Clock, Timer } from '../../src/clock.ts';
import { STOMP_HEARTBEAT_LEAST_MS, STOMP_HEARTBEAT_MOST_MS } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { StompError } from './errors.ts';
import { HEARTBEAT } from './replies.ts';

/** Milliseconds; 0 for none. */
export interface HeartbeatPlan {
  readonly sendMs: number;
  readonly receiveMs: number;
}

/** Looks without news after which the client counts as dead. */
const MISSES_MAX = 2;

/** What follows from a client's `heart-beat` header. @throws StompError if it is none */
export function heartbeatPlan(header: string | undefined): HeartbeatPlan {
  if (header === undefined) return { sendMs: 0, receiveMs: 0 };
  const found = /^ *(\d{1,15}) *, *(\d{1,15}) *$/.exec(header);
  if (found === null) {
    const detail = `'heart-beat' is two numbers of milliseconds, not '${header}'\n`;
    throw new StompError('Invalid header', detail);
  }
  return { sendMs: bounded(Number(found[2])), receiveMs: bounded(Number(found[1])) };
}

/** Nobody can make us look at the clock a thousand times a second. */
function bounded(ms: number): number {
  if (ms === 0) return 0;
  return Math.min(Math.max(ms, STOMP_HEARTBEAT_LEAST_MS), STOMP_HEARTBEAT_MOST_MS);
}

/** The heart-beats of one connection. */
export class Heartbeat {
  /** We do not read what the client sends. */
  deaf = false;
  private readonly clock: Clock;
  private readonly outbox: Outbox;
  private readonly plan: HeartbeatPlan;
  private readonly dead: () => void;
  private sending: Timer | null = null;
  private receiving: Timer | null = null;
  private sentBytes = -1;
  private heard = true;
  private misses = 0;

  constructor(clock: Clock, outbox: Outbox, plan: HeartbeatPlan, dead: () => void) {
    this.clock = clock;
    this.outbox = outbox;
    this.plan = plan;
    this.dead = dead;
    if (plan.sendMs > 0) this.armSending();
    if (plan.receiveMs > 0) this.armReceiving();
  }

  /** Bytes have arrived. */
  hear(): void {
    this.heard = true;
  }

  stop(): void {
    this.sending?.cancel();
    this.receiving?.cancel();
  }

  private armSending(): void {
    this.sending = this.clock.schedule(this.plan.sendMs / 2, () => {
      if (this.outbox.bytes === this.sentBytes) this.outbox.write(HEARTBEAT);
      this.sentBytes = this.outbox.bytes;
      this.armSending();
    });
  }

  private armReceiving(): void {
    this.receiving = this.clock.schedule(this.plan.receiveMs, () => {
      const alive = this.outbox.moved() || this.heard || this.deaf;
      this.misses = alive ? 0 : this.misses + 1;
      this.heard = false;
      if (this.misses >= MISSES_MAX) this.dead();
      else this.armReceiving();
    });
  }
}
