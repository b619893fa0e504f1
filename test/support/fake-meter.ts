/** FakeMeter: memory and disk as the test says. Half a gigabyte in all unless it says something. */
import type { Meter } from '../../src/resource-monitor.ts';

export class FakeMeter implements Meter {
  total = 512 * 2 ** 20;
  used = 0;
  /** null if nothing is kept. */
  free: number | null = 2 ** 40;
  failed = false;
  /** Why it cannot be found out what is free. */
  trouble: Error | null = null;

  totalMemoryBytes(): number {
    return this.total;
  }

  usedMemoryBytes(): number {
    return this.used;
  }

  freeDiskBytes(): Promise<number> | null {
    if (this.trouble !== null) return Promise.reject(this.trouble);
    return this.free === null ? null : Promise.resolve(this.free);
  }

  diskFailed(): boolean {
    return this.failed;
  }
}
