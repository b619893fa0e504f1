/**
 * Rates: samples of counters, taken by one timer, and what follows from them: the rate of the
 * last interval and the samples of a longer one. Objects that do not change cost a comparison
 * and no memory, because a History has rows only where something changed. Knows nothing of what
 * the numbers mean.
 */
import type { Clock, Timer } from './clock.ts';
import { SAMPLED_FULLY_MAX, SAMPLES_KEPT_FEW, SAMPLES_PER_SLICE } from './limits.ts';

/** The values of one object over time; a row holds from its tick until that of the next row. */
export class History {
  private readonly width: number;
  private readonly late: boolean;
  private ticks: number[] = [];
  private rows: Float64Array;

  /** @param late whether the first row held before it, too; else there was nothing */
  constructor(width: number, late = false) {
    this.width = width;
    this.late = late;
    this.rows = new Float64Array(0);
  }

  /** Notes the values of a tick, and forgets what only older ticks than `keep` need. */
  record(tick: number, values: Float64Array, keep: number): void {
    if (this.ticks.length === 0) {
      if (!this.late && values.every((value) => value === 0)) return;
    } else if (this.sameAsLast(values)) {
      return;
    }
    if (this.ticks.length >= 2 * keep) this.forgetBefore(tick - keep);
    const { width } = this;
    const offset = this.ticks.length * width;
    if (offset + width > this.rows.length) {
      const grown = new Float64Array(Math.max(2 * width, 2 * this.rows.length));
      grown.set(this.rows);
      this.rows = grown;
    }
    this.rows.set(values, offset);
    this.ticks.push(tick);
  }

  /** The value of a column at a tick; before there was any it is 0, or the first. */
  at(tick: number, column: number): number {
    for (let row = this.ticks.length - 1; row >= 0; row--) {
      if ((this.ticks[row] as number) <= tick) return this.rows[row * this.width + column] ?? 0;
    }
    return this.late ? (this.rows[column] ?? 0) : 0;
  }

  /** The tick of the last change, −1 if there was none. */
  get lastChange(): number {
    return this.ticks.at(-1) ?? -1;
  }

  private sameAsLast(values: Float64Array): boolean {
    const offset = (this.ticks.length - 1) * this.width;
    for (let i = 0; i < this.width; i++) if (this.rows[offset + i] !== values[i]) return false;
    return true;
  }

  /** One row older than that stays: it holds until the next. */
  private forgetBefore(tick: number): void {
    let first = this.ticks.findIndex((each) => each > tick) - 1;
    if (first < 0) first = this.ticks.length - 1;
    if (first <= 0) return;
    this.ticks = this.ticks.slice(first);
    this.rows = this.rows.slice(first * this.width, (first + this.ticks.length) * this.width);
  }
}

/** One resolution: a sample every so many ticks, and how many of them are kept. */
export interface Level {
  readonly every: number;
  readonly keep: number;
}

/** Objects of one kind and how their counters are read. */
export interface Watch<T extends object> {
  readonly width: number;
  readonly levels: readonly Level[];
  /** Have the objects been counting long before they are sampled? That is no rise then. */
  readonly late?: boolean;
  objects(): Iterable<T>;
  read(object: T, into: Float64Array): void;
}

/** A stretch of time to look back on. */
export interface Range {
  readonly ageMs: number;
  readonly incrementMs: number;
}

/** What `x_details` says about a counter `x`. */
export interface Details {
  rate: number;
  samples?: { sample: number; timestamp: number }[];
  avg_rate?: number;
  avg?: number;
}

/** The samples of all objects of one kind. */
export class Samples<T extends object> {
  readonly watch: Watch<T>;
  private readonly sampler: Sampler;
  private histories = new WeakMap<T, History[]>();
  private readonly values: Float64Array;
  private iterator: Iterator<T> | null = null;
  private count = 0;
  private lastCount = 0;

  /** Made by Sampler.add(). */
  constructor(sampler: Sampler, watch: Watch<T>) {
    this.sampler = sampler;
    this.watch = watch;
    this.values = new Float64Array(watch.width);
  }

  /** The rate of a column over the last interval, in units per second. */
  rate(object: T, column: number): number {
    const history = this.histories.get(object)?.[0];
    if (history === undefined) return 0;
    const { tick, intervalMs } = this.sampler;
    const change = history.at(tick, column) - history.at(tick - 1, column);
    return (change * 1000) / intervalMs;
  }

  /** Since when nothing has changed, in ms since 1970; null if something did just now. */
  idleSinceMs(object: T): number | null {
    const history = this.histories.get(object)?.[0];
    if (history === undefined) return null;
    const { tick } = this.sampler;
    const last = Math.max(0, history.lastChange);
    return last >= tick - 1 ? null : this.sampler.timeOf(last);
  }

  details(object: T, column: number, range: Range | null): Details {
    const rate = this.rate(object, column);
    if (range === null) return { rate };
    const samples = this.samples(object, column, range);
    const first = samples.at(-1);
    const last = samples[0];
    if (first === undefined || last === undefined) return { rate };
    const spanMs = last.timestamp - first.timestamp;
    const sum = samples.reduce((total, { sample }) => total + sample, 0);
    return {
      rate,
      samples,
      avg_rate: spanMs === 0 ? 0 : ((last.sample - first.sample) * 1000) / spanMs,
      avg: sum / samples.length,
    };
  }

  /** Forgets everything, as if sampling began now. */
  forget(): void {
    this.histories = new WeakMap();
  }

  /** Takes the next slice of samples. Returns false when all objects have theirs. */
  takeSlice(): boolean {
    this.iterator ??= this.watch.objects()[Symbol.iterator]();
    for (let taken = 0; taken < SAMPLES_PER_SLICE; taken++) {
      const { done, value } = this.iterator.next();
      if (done === true) {
        this.iterator = null;
        this.lastCount = this.count;
        this.count = 0;
        return false;
      }
      this.count++;
      this.take(value);
    }
    return true;
  }

  private take(object: T): void {
    const { watch, values } = this;
    values.fill(0);
    watch.read(object, values);
    let histories = this.histories.get(object);
    if (histories === undefined) {
      histories = watch.levels.map(() => new History(watch.width, watch.late));
      this.histories.set(object, histories);
    }
    const { tick } = this.sampler;
    const crowded = this.lastCount > SAMPLED_FULLY_MAX;
    for (let i = 0; i < histories.length; i++) {
      const { every, keep } = watch.levels[i] as Level;
      if (tick % every !== 0) continue;
      const kept = crowded ? Math.min(keep, SAMPLES_KEPT_FEW) : keep;
      (histories[i] as History).record(tick / every, values, kept);
    }
  }

  private samples(object: T, column: number, range: Range) {
    const { levels } = this.watch;
    const { tick, intervalMs } = this.sampler;
    const fits = ({ every, keep }: Level) => every * keep * intervalMs >= range.ageMs;
    const index = Math.max(0, levels.findIndex(fits));
    const { every } = levels[index] ?? { every: 1 };
    const history = this.histories.get(object)?.[index];
    const step = every * intervalMs;
    const last = Math.floor(tick / every);
    // Nearer together than they were taken, some would be the same one twice: a saw in a chart.
    const incrementMs = Math.max(range.incrementMs, step);
    const count = Math.floor(range.ageMs / incrementMs) + 1;
    const samples: { sample: number; timestamp: number }[] = [];
    for (let i = 0; i < count; i++) {
      const back = Math.round((i * incrementMs) / step);
      const at = last - back;
      if (at < 0) break;
      const timestamp = this.sampler.timeOf(last * every) - i * incrementMs;
      samples.push({ sample: history?.at(at, column) ?? 0, timestamp });
    }
    return samples;
  }
}

/** The timer, and all that it samples. */
export class Sampler {
  readonly intervalMs: number;
  /** The number of the last complete round of samples. */
  tick = 0;
  private readonly clock: Clock;
  private readonly all: Samples<object>[] = [];
  private startedMs = 0;
  private timer: Timer | null = null;
  private stopped = false;

  constructor(clock: Clock, intervalMs: number) {
    this.clock = clock;
    this.intervalMs = intervalMs;
  }

  add<T extends object>(watch: Watch<T>): Samples<T> {
    const samples = new Samples(this, watch);
    this.all.push(samples as unknown as Samples<object>);
    return samples;
  }

  start(): void {
    const { intervalMs } = this;
    this.startedMs = Math.floor(this.clock.now() / intervalMs) * intervalMs;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** When a tick was, in ms since 1970. */
  timeOf(tick: number): number {
    return this.startedMs + tick * this.intervalMs;
  }

  /** Takes a sample of everything now; for tests, and for the first request. */
  sampleNow(): void {
    this.tick++;
    for (const samples of this.all) while (samples.takeSlice());
  }

  /** Forgets all samples; the counters go on. */
  reset(): void {
    for (const samples of this.all) samples.forget();
  }

  private schedule(): void {
    if (this.stopped) return;
    const nowMs = this.clock.now();
    // A clock that jumped, or a machine that slept: samples go on from where they are.
    if (nowMs > this.timeOf(this.tick + 2)) this.startedMs = nowMs - this.tick * this.intervalMs;
    this.timer = this.clock.schedule(this.timeOf(this.tick + 1) - nowMs, () => {
      this.tick++;
      this.round(0);
    });
  }

  /** In slices, so that thousands of queues do not hold the traffic up. */
  private round(index: number): void {
    const samples = this.all[index];
    if (this.stopped) return;
    if (samples === undefined) this.schedule();
    else if (samples.takeSlice()) setImmediate(() => this.round(index));
    else this.round(index + 1);
  }
}
