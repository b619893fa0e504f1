/**
 * Argument values: the words that queue arguments, and the policy keys of the same name, take.
 * Checked by arguments.ts and ../policy-keys.ts.
 */

/** What a full queue does. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** May a dead letter be lost on its way? */
export type DeadLetterStrategy = 'at-most-once' | 'at-least-once';

/** Which returned messages wait before they are delivered again. */
export type DelayedRetry = 'disabled' | 'all' | 'failed' | 'returned';

/** Every {@link Overflow}. */
export const OVERFLOWS: readonly string[] = ['drop-head', 'reject-publish', 'reject-publish-dlx'];

/** Every {@link DeadLetterStrategy}. */
export const STRATEGIES: readonly string[] = ['at-most-once', 'at-least-once'];

/** Every {@link DelayedRetry}. */
export const DELAYED_RETRIES: readonly string[] = ['disabled', 'all', 'failed', 'returned'];

/** Where the leader of a replicated queue is put. On a single node there is no choice. */
export const LOCATORS: readonly string[] = ['client-local', 'balanced', 'random', 'least-leaders'];
