/**
 * Numbers as people read them: grouped, short, with units. The full figure stays in a title where
 * a short one is shown; nothing here rounds what is counted below ten thousand.
 */
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** What stands for a number that is not known. */
export const NOTHING = '–';

/** `12,345` */
export function count(value: number | undefined | null): string {
  return value === undefined || value === null || !Number.isFinite(value)
    ? NOTHING
    : grouped.format(value);
}

/** `12,345`, then `12.3 k`, `4.56 M`: three digits that matter, for tiles and axes. */
export function short(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size < 1000) return oneDigit.format(value);
  if (size < 100_000) return grouped.format(value);
  if (size < 1e6) return `${Math.round(value / 1000)} k`;
  if (size < 1e9) return `${(value / 1e6).toFixed(size < 1e7 ? 2 : 1)} M`;
  return `${(value / 1e9).toFixed(2)} G`;
}

/** Messages each second: `0`, `0.4`, `37`, `12,345`. */
export function rate(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0';
  if (value < 0.1) return '< 0.1';
  return value < 10 ? oneDigit.format(value) : short(Math.round(value));
}

/** `12.3%` of a share between 0 and 1. */
export function percent(share: number): string {
  return `${oneDigit.format(share * 100)}%`;
}

/** `1 queue`, `1,200 queues` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
