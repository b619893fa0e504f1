/**
 * Policies and operator policies as the management API describes them: the two have one shape and
 * two paths.
 */
import type { Arguments } from './queue.ts';

/** The lists' paths. */
export type PolicyList = 'policies' | 'operator-policies';

/** An item of either. */
export interface Policy {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly definition: Arguments;
  readonly priority: number;
}
