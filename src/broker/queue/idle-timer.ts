/**
 * IdleTimer: deletes a queue that nobody has used for a while (`x-expires`). What counts as use,
 * and what happens then, is the queue's to say.
 */
import type { Clock, Timer } from '../../clock.ts';

export class IdleTimer {
  private readonly clock: Clock;
  private readonly expired: () => void;
  private timer: Timer | null = null;

  constructor(clock: Clock, expired: () => void) {
    this.clock = clock;
    this.expired = expired;
  }

  /**
   * The queue is in use, or was this moment: the time starts anew.
   * @param expiresMs −1 for never
   * @param inUse then no time passes at all
   */
  touch(expiresMs: number, inUse: boolean): void {
    if (this.timer !== null) this.cancel();
    if (expiresMs >= 0 && !inUse) this.timer = this.clock.schedule(expiresMs, this.expired);
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = null;
  }
}
