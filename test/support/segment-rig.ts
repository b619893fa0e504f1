/**
 * SegmentRig: a segment log on a folder in memory, with time moved by hand. settle() lets it do
 * everything that it has been asked and what follows from that, compaction included.
 */
import { ManualClock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { SegmentLog } from '../../src/storage/segment-log/segment-log.ts';
import { MemoryFiles } from './memory-files.ts';

export interface SegmentRigOptions {
  readonly files?: MemoryFiles;
  readonly segmentBytes?: number;
  readonly seed?: number;
}

export class SegmentRig {
  readonly files: MemoryFiles;
  readonly clock = new ManualClock();
  readonly lines: string[] = [];
  readonly store: SegmentLog;
  private readonly segmentBytes: number;
  private recovered = false;

  constructor({ files, segmentBytes = 64 * 1024 * 1024, seed = 1 }: SegmentRigOptions = {}) {
    this.files = files ?? new MemoryFiles(seed);
    this.segmentBytes = segmentBytes;
    const line = (level: string) => (text: string) => void this.lines.push(`${level} ${text}`);
    const [debug, info] = [line('debug'), line('info')];
    const log: Log = { debug, info, warning: line('warning'), error: line('error') };
    this.store = new SegmentLog({ files: this.files, clock: this.clock, log, segmentBytes });
  }

  /** What an operator should have looked at. */
  get troubles(): string[] {
    return this.lines.filter((line) => /^(warning|error)/.test(line));
  }

  async recover(forgetUnknown = true): Promise<void> {
    if (this.recovered) return;
    this.recovered = true;
    await this.store.recover(forgetUnknown);
  }

  /** Until nothing moves any more; by then at most `maxMs` have gone by. */
  async settle(maxMs = 10_000): Promise<void> {
    await this.recover();
    for (let ms = 0; ms <= maxMs; ms++) {
      await this.turns();
      if (this.clock.pending === 0) return;
      this.clock.advance(1);
    }
  }

  /** Until no call is on its way to the disk. */
  turns(): Promise<void> {
    return MemoryFiles.calm([this.files], 3);
  }

  /** The next process, after ours was killed or the power went. */
  after(end: 'killed' | 'powerCut'): SegmentRig {
    return new SegmentRig({ files: this.files[end](), segmentBytes: this.segmentBytes });
  }

  /** The next process, after ours has ended in peace. */
  async afterClose(): Promise<SegmentRig> {
    const closing = this.store.close();
    await closing;
    return new SegmentRig({ files: this.files.killed(), segmentBytes: this.segmentBytes });
  }
}
