/**
 * The bounds of webhooks: part of limits.ts, which has those of everything else and says what
 * belongs here.
 */

/** Webhooks of one vhost, and how long a replaced secret still signs. */
export const WEBHOOKS_MAX = 1_000;
export const WEBHOOK_ROTATION_MS = 86_400_000;

/** Requests of one webhook that are on their way, or wait to be sent again. */
export const WEBHOOK_CONCURRENCY_MAX = 100;

/** Runs of a webhook from before a change that finish their requests; of more the oldest ends. */
export const WEBHOOK_DRAINING_MAX = 2;

/** How long a target may take to answer. */
export const WEBHOOK_TIMEOUT_LEAST_MS = 100;
export const WEBHOOK_TIMEOUT_MOST_MS = 300_000;

/** Attempts for one message, and the longest time between two, whatever the target asks for. */
export const WEBHOOK_ATTEMPTS_MAX = 100;
export const WEBHOOK_RETRY_MOST_MS = 86_400_000;

/** When a webhook that cannot consume, or that somebody has closed, tries again. */
export const WEBHOOK_REOPEN_MS = 5_000;

/** Bytes of an answer that are read and thrown away; then the connection is. */
export const WEBHOOK_ANSWER_BYTES = 64 * 1024;

/** Characters of a URL; headers that an owner adds, and bytes of them. */
export const WEBHOOK_URL_MAX = 2_048;
export const WEBHOOK_HEADERS_MAX = 32;
export const WEBHOOK_HEADER_BYTES = 8 * 1024;
