/**
 * Stall: gives up a client that reads nothing for a while, so that nothing leaves. Whether
 * the peer lives at all the server asks by pings.
 */
import type { Clock, Timer } from '../../../../src/clock.ts';
import { HTTP_STREAM_BEAT_MS, HTTP_STREAM_STALL_MS } from '../../../../src/limits.ts';
import type { Outbox } from '../../../../src/server/outbox.ts';

export class Stall {
  private readonly clock: Clock;
  private readonly outbox: Outbox;
  private readonly givenUp: () => void;
  private timer: Timer | null = null;
  private stalledMs = 0;

  constructor(clock: Clock, outbox: Outbox, givenUp: () => void) {
    this.clock = clock;
    this.outbox = outbox;
    this.givenUp = givenUp;
  }

  start(): void {
    this.timer = this.clock.schedule(HTTP_STREAM_BEAT_MS, () => this.look());
  }

  /** Everything has left. */
  drained(): void {
    this.stalledMs = 0;
  }

  stop(): void {
    this.timer?.cancel();
  }

  private look(): void {
    const stalls = this.outbox.pending > 0 && !this.outbox.moved();
    this.stalledMs = stalls ? this.stalledMs + HTTP_STREAM_BEAT_MS : 0;
    if (this.stalledMs >= HTTP_STREAM_STALL_MS) this.givenUp();
    else this.start();
  }
}
