/**
 * OriginCheck: whether a page in a browser may use the data plane. Pages of other origins could
 * use the name and password that a browser remembers; what comes from no browser has no origin.
 */
import { Problem } from './problem.ts';

/** @throws Problem ACCESS_REFUSED if the page is of another origin that nobody has allowed */
export function checkOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): void {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new Problem('ACCESS_REFUSED', `pages of ${origin} may not call: management.cors`);
}
