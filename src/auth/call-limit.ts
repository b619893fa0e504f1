/**
 * CallLimit: how many questions to one backend are under way at once, and how many wait for their
 * turn: so that a backend that hangs holds up logins, not the broker.
 */
import { AUTH_CALLS_MAX, AUTH_CALLS_WAITING_MAX } from '../limits-auth.ts';

export class CallLimit {
  private readonly max: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(max = AUTH_CALLS_MAX) {
    this.max = max;
  }

  /** Does it when it is its turn. Rejects as `call` does, or at once if too many wait already. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.running >= this.max) {
      if (this.waiting.length >= AUTH_CALLS_WAITING_MAX) {
        throw new Error('too many questions wait for it already');
      }
      // Whoever leaves hands its place over.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running++;
    try {
      return await call();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}
