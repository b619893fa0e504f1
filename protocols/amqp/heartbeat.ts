/**
 * Heartbeat: keeps a connection from looking dead and notices when it is [AMQP 4.2.7]. Sends a
 * frame when nothing has been sent for half the interval; gives up when nothing has come for two
 * whole ones, looking once an interval: a silent peer is dropped after two to three of them. A
 * peer that is busy taking what we sent is not silent, nor is one that we do not read from.
 */
import type { Clock, Timer } from '../../src/clock.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { HEARTBEAT_FRAME } from './frames.ts';

/** Looks without news after which the peer counts as dead. */
const MISSES_MAX = 2;

export class Heartbeat {
  /** We do not read what the peer sends. */
  deaf = false;
  private readonly clock: Clock;
  private readonly outbox: Outbox;
  private readonly intervalMs: number;
  private readonly dead: () => void;
  private timer: Timer;
  private sentBytes = -1;
  private halves = 0;
  private heard = true;
  private misses = 0;

  /** @param intervalMs as negotiated, more than 0 */
  constructor(clock: Clock, outbox: Outbox, intervalMs: number, dead: () => void) {
    this.clock = clock;
    this.outbox = outbox;
    this.intervalMs = intervalMs;
    this.dead = dead;
    this.timer = this.arm();
  }

  /** Bytes have arrived. */
  hear(): void {
    this.heard = true;
  }

  stop(): void {
    this.timer.cancel();
  }

  private arm(): Timer {
    return this.clock.schedule(this.intervalMs / 2, () => this.look());
  }

  private look(): void {
    if (this.outbox.bytes === this.sentBytes) this.outbox.write(HEARTBEAT_FRAME);
    this.sentBytes = this.outbox.bytes;
    if (++this.halves % 2 === 0) {
      const alive = this.outbox.moved() || this.heard || this.deaf;
      this.misses = alive ? 0 : this.misses + 1;
      this.heard = false;
    }
    if (this.misses >= MISSES_MAX) this.dead();
    else this.timer = this.arm();
  }
}
