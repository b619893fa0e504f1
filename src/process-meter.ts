/**
 * ProcessMeter: how much memory this process uses and may use, and how much disk is free. The
 * limit of a container counts where there is one (Node reads cgroups of both versions).
 */
import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { COLLECT_INTERVAL_MS, PROCESS_OVERHEAD_BYTES } from './limits.ts';
import type { Meter } from './resource-monitor.ts';

/** Where messages are kept, as far as the meter cares. */
interface Disk {
  freeBytes(): Promise<number>;
}

export class ProcessMeter implements Meter {
  readonly diskFailed: () => boolean;
  private readonly disk: Disk | null;
  private collect: (() => void) | null = null;
  private collectAgainMs = 0;

  /** @param disk null if nothing is kept */
  constructor(disk: Disk | null, diskFailed: () => boolean) {
    this.disk = disk;
    this.diskFailed = diskFailed;
  }

  totalMemoryBytes(): number {
    const container = process.constrainedMemory();
    return container > 0 ? Math.min(container, totalmem()) : totalmem();
  }

  /**
   * What the system says, unless that is too much. Then memory that is free again but has not been
   * given back does not count: an idle broker would never get out of its alarm.
   */
  usedMemoryBytes(limitBytes: number): number {
    const resident = process.memoryUsage.rss();
    if (resident <= limitBytes) return resident;
    if (heldBytes() > limitBytes && limitBytes > 0) this.collectGarbage();
    return Math.min(resident, heldBytes());
  }

  freeDiskBytes(): Promise<number> | null {
    return this.disk?.freeBytes() ?? null;
  }

  /** Not often: it stops the world. */
  private collectGarbage(): void {
    const startMs = performance.now();
    if (startMs < this.collectAgainMs) return;
    this.collect ??= garbageCollector();
    this.collect();
    const endMs = performance.now();
    this.collectAgainMs = endMs + Math.max(COLLECT_INTERVAL_MS, 20 * (endMs - startMs));
  }
}

/** What objects and buffers take, and the program itself. */
function heldBytes(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external + PROCESS_OVERHEAD_BYTES;
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
