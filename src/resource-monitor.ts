/**
 * ResourceMonitor: looks at memory and disk now and then, and sets the engine's alarms
 * (broker/alarms.ts) when there is too little. What the limits are is here, how one measures in
 * process-meter.ts. One line of the log when an alarm is set, and one when it is cleared.
 */
import type { Alarms, Resource } from './broker/alarms.ts';
import type { Clock, Timer } from './clock.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';

/** How the machine is looked at. */
export interface Meter {
  /** What this machine or container has. */
  totalMemoryBytes(): number;
  /** What the process uses; above the limit, less what it only has not given back. */
  usedMemoryBytes(limitBytes: number): number;
  /** What is free on the disk of the data; null if nothing is kept. */
  freeDiskBytes(): Promise<number> | null;
  /** Has the store failed to write, so that there is no disk in effect? */
  diskFailed(): boolean;
}

/** A part of the memory, or an amount. */
export type Limit = { readonly relative: number } | { readonly absoluteBytes: number };

/** What the monitor needs. */
export interface MonitorParts {
  readonly config: Config;
  readonly alarms: Alarms;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly log: Log;
}

export class ResourceMonitor {
  /** What was found last. */
  usedMemoryBytes = 0;
  /** null if nothing is kept, or not known yet. */
  freeDiskBytes: number | null = null;
  /** Publishers are held back above it; may be changed while the broker runs. */
  memoryLimit: Limit;
  /** Publishers are held back below it. */
  diskLimit: Limit;
  private readonly parts: MonitorParts;
  private readonly intervalMs: number;
  private readonly overrideBytes: number | null;
  private timer: Timer | null = null;
  private asking = false;

  constructor(parts: MonitorParts) {
    const { config } = parts;
    this.parts = parts;
    this.intervalMs = config.get('memory_monitor_interval');
    this.overrideBytes = config.get('total_memory_available_override_value');
    const absoluteBytes = config.get('vm_memory_high_watermark.absolute');
    this.memoryLimit =
      absoluteBytes === null
        ? { relative: config.get('vm_memory_high_watermark.relative') }
        : { absoluteBytes };
    const relative = config.get('disk_free_limit.relative');
    this.diskLimit =
      relative === null ? { absoluteBytes: config.get('disk_free_limit.absolute') } : { relative };
  }

  get totalMemoryBytes(): number {
    return this.overrideBytes ?? this.parts.meter.totalMemoryBytes();
  }

  get memoryLimitBytes(): number {
    return this.inBytes(this.memoryLimit);
  }

  get diskLimitBytes(): number {
    return this.inBytes(this.diskLimit);
  }

  /** Looks now, and again and again until stop(). */
  start(): void {
    this.look();
    this.timer = this.parts.clock.schedule(this.intervalMs, () => this.start());
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** Looks now; the disk answers later. */
  look(): void {
    const { meter } = this.parts;
    const limit = this.memoryLimitBytes;
    this.usedMemoryBytes = meter.usedMemoryBytes(limit);
    const [used, allowed] = [this.usedMemoryBytes, limit].map(shown);
    this.judge('memory', this.usedMemoryBytes > limit, `${used} used, ${allowed} allowed`);
    void this.lookAtDisk();
  }

  private async lookAtDisk(): Promise<void> {
    const { meter, log } = this.parts;
    if (meter.diskFailed()) this.judge('disk', true, 'the store cannot write');
    // A disk that hangs is not asked twice.
    if (this.asking) return;
    this.asking = true;
    try {
      this.freeDiskBytes = await meter.freeDiskBytes();
    } catch (error) {
      log.warning(`how much disk is free cannot be found out: ${(error as Error).message}`);
      return;
    } finally {
      this.asking = false;
    }
    if (this.freeDiskBytes === null || meter.diskFailed()) return;
    const limit = this.diskLimitBytes;
    const [free, needed] = [this.freeDiskBytes, limit].map(shown);
    this.judge('disk', this.freeDiskBytes < limit, `${free} free, ${needed} needed`);
  }

  private judge(resource: Resource, low: boolean, why: string): void {
    const { alarms, log } = this.parts;
    if (!alarms.set(resource, low)) return;
    if (low)
      log.warning(`${resource} alarm set: ${why}; publishers are held back until it is over`);
    else log.warning(`${resource} alarm cleared: ${why}`);
  }

  private inBytes(limit: Limit): number {
    if ('absoluteBytes' in limit) return limit.absoluteBytes;
    return Math.floor(limit.relative * this.totalMemoryBytes);
  }
}

/** `1.5 GiB`. */
function shown(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
