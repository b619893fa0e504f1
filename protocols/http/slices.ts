/**
 * Slices: long work in short turns: whoever looks at thousands of things asks over() after each,
 * and rests when it says so, so that messages flow in between.
 */
import { LIST_SLICE_MS } from '../../src/limits.ts';

/** One piece of work. */
export class Slices {
  private until = performance.now() + LIST_SLICE_MS;
  private steps = 0;

  over(): boolean {
    if (++this.steps % 16 !== 0) return false;
    return performance.now() > this.until;
  }

  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.until = performance.now() + LIST_SLICE_MS;
  }
}
