/**
 * Counters: the counters of one kind of object as the management API shows them: a number, and
 * beside it `<name>_details` with its rate and, if somebody asks, its samples. Which counters there
 * are is series.ts; which objects are sampled is statistics.ts.
 */
import type { Level, Range, Sampler, Samples, Watch } from '../../src/rates.ts';
import type { Series } from './series.ts';

/** RabbitMQ's sample retention policies, in ticks of five seconds: of single objects. */
export const DETAILED: readonly Level[] = [{ every: 1, keep: 121 }];
/** Of the whole broker and of vhosts. */
export const GLOBAL: readonly Level[] = [
  ...DETAILED,
  { every: 12, keep: 61 },
  { every: 120, keep: 49 },
  { every: 360, keep: 48 },
];

/** Numbers with their details, by name. */
export type Figures = Record<string, unknown>;

/** The counters of one kind of object. */
export class Counters<T extends object> {
  private readonly series: Series<T>;
  private readonly samples: Samples<T>;
  private readonly values: Float64Array;
  /** What they are of, until the code that reads them has had its turn. */
  private valuesOf: T | null = null;

  constructor(sampler: Sampler, series: Series<T>, levels: readonly Level[], all: Watch<T>) {
    this.series = series;
    this.samples = sampler.add({ ...all, levels });
    this.values = new Float64Array(series.names.length);
  }

  /** The figures of the columns from `start` up to `end`. */
  figures(object: T, range: Range | null, start = 0, end = this.series.names.length): Figures {
    const { names } = this.series;
    const values = this.read(object);
    const figures: Figures = {};
    for (let column = start; column < end; column++) {
      const name = names[column] as string;
      figures[name] = values[column];
      figures[`${name}_details`] = this.samples.details(object, column, range);
    }
    return figures;
  }

  /** The same, undefined if all are 0: RabbitMQ has no statistics for what did nothing yet. */
  stats(object: T, range: Range | null, start = 0, end?: number): Figures | undefined {
    const values = this.read(object).subarray(start, end);
    return values.some((value) => value !== 0)
      ? this.figures(object, range, start, end)
      : undefined;
  }

  idleSinceMs(object: T): number | null {
    return this.samples.idleSinceMs(object);
  }

  rate(object: T, name: string): number {
    return this.samples.rate(object, this.series.names.indexOf(name));
  }

  /**
   * How to sort by `<name>` or `<name>_details.rate` without describing everything else.
   * @returns null for any other path
   */
  sortKey<V>(path: readonly string[], of: (view: V) => T): ((view: V) => unknown) | null {
    const [name = '', detail] = path;
    const column = this.series.names.indexOf(name.replace(/_details$/, ''));
    if (column < 0) return null;
    if (!name.endsWith('_details')) return (view) => this.read(of(view))[column];
    return detail === 'rate' ? (view) => this.samples.rate(of(view), column) : null;
  }

  /** Forgets the samples. */
  forget(): void {
    this.samples.forget();
  }

  details(object: T, column: number, range: Range | null): unknown {
    return this.samples.details(object, column, range);
  }

  /** Adding up a whole broker takes a while: once for all columns that are shown together. */
  private read(object: T): Float64Array {
    if (this.valuesOf === object) return this.values;
    this.values.fill(0);
    this.series.read(object, this.values);
    if (this.valuesOf === null) {
      queueMicrotask(() => {
        this.valuesOf = null;
      });
    }
    this.valuesOf = object;
    return this.values;
  }
}
