/**
 * Turns: so many may do something costly at a time; others wait for their turn, and too many are
 * sent away. So what they need in memory stays bounded, however many ask.
 */
import { ApiError } from './answer.ts';

export class Turns {
  private readonly most: number;
  private readonly waitingMost: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param most at a time @param waitingMost how many more may wait */
  constructor(most: number, waitingMost: number) {
    this.most = most;
    this.waitingMost = waitingMost;
  }

  /** Does something when it is its turn. @throws ApiError 503 if too many wait already */
  async take<T>(run: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) {
      if (this.waiting.length >= this.waitingMost) {
        throw new ApiError(503, 'service_unavailable', 'too many are looking: try again later');
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running++;
    try {
      return await run();
    } finally {
      // Whoever waits gets the turn of this one.
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}
