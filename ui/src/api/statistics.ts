/**
 * Counters with rates and samples, the shape that all statistics of the management API share, and
 * how to read them.
 */

/** What stands beside a counter `x` as `x_details`. */
export interface RateDetails {
  readonly rate?: number;
  readonly avg_rate?: number;
  readonly samples?: readonly Sample[];
}

/** A counter at a moment; the API lists the newest first. */
export interface Sample {
  readonly sample: number;
  readonly timestamp: number;
}

/** `message_stats` and whatever else holds counters beside their details. */
export type Statistics = Readonly<Record<string, number | RateDetails | undefined>>;

/** How often `name` happens each second; undefined if nobody counts it. */
export function rateOf(stats: Statistics | undefined, name: string): number | undefined {
  const details = stats?.[`${name}_details`];
  return typeof details === 'object' ? details.rate : undefined;
}

/** Oldest first. */
export function samplesOf(stats: Statistics | undefined, name: string): readonly Sample[] {
  const details = stats?.[`${name}_details`];
  return typeof details === 'object' ? [...(details.samples ?? [])].reverse() : [];
}

/**
 * Without the zeros at the beginning: brokers say 0 for the time before they began to keep samples
 * of a thing, and the step from there to what it had counted by then is no rate.
 */
export function sinceCounted(samples: readonly Sample[]): readonly Sample[] {
  const first = samples.findIndex(({ sample }) => sample > 0);
  return first < 0 ? samples : samples.slice(first);
}

/** A growing counter's samples as rates between them, oldest first. */
export function ratesOf(all: readonly Sample[]): Sample[] {
  const samples = sinceCounted(all);
  return samples.slice(1).map(({ sample, timestamp }, index) => {
    const before = samples[index] as Sample;
    const seconds = (timestamp - before.timestamp) / 1000;
    const rate = seconds > 0 ? Math.max(0, sample - before.sample) / seconds : 0;
    return { sample: rate, timestamp };
  });
}
