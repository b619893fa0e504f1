/**
 * KeepAlive: notices a client that is silent for one and a half times its keep-alive
 * [MQTT-3.1.2-22]. One timer that looks when the time could be up; while the connection does not
 * read, silence is our own doing.
 */
import type { Clock, Timer } from '../../src/clock.ts';
import type { Outbox } from '../../src/server/outbox.ts';

export class KeepAlive {
  /** We do not read what the client sends. */
  deaf = false;
  private readonly clock: Clock;
  private readonly outbox: Outbox;
  private readonly limitMs: number;
  private readonly dead: () => void;
  private heardMs: number;
  private timer: Timer;

  /** @param seconds as the client said, more than 0 */
  constructor(clock: Clock, outbox: Outbox, seconds: number, dead: () => void) {
    this.clock = clock;
    this.outbox = outbox;
    this.limitMs = seconds * 1500;
    this.dead = dead;
    this.heardMs = clock.now();
    this.timer = clock.schedule(this.limitMs, () => this.look());
  }

  /** Bytes have arrived. */
  hear(): void {
    this.heardMs = this.clock.now();
  }

  stop(): void {
    this.timer.cancel();
  }

  private look(): void {
    // A peer that is busy taking what we sent is not silent.
    if (this.deaf || this.outbox.moved()) this.hear();
    const leftMs = this.heardMs + this.limitMs - this.clock.now();
    if (leftMs <= 0) this.dead();
    else this.timer = this.clock.schedule(leftMs, () => this.look());
  }
}
