/**
 * The bounds of looking at messages, tracing and moving them: the part of limits.ts that is about
 * src/broker/inspection/ and what is beside it.
 */

/** Messages in one answer to who looks into a queue, and bytes of each payload in it. */
export const PEEK_ITEMS_MAX = 500;
export const PEEK_PAYLOAD_MAX = 1024 * 1024;

/**
 * What one such request may look at: messages, bytes read from the store or shown, and how long.
 * Whatever comes first ends it; the next request goes on there.
 */
export const PEEK_MESSAGES_MAX = 5_000;
export const PEEK_BYTES_MAX = 16 * 1024 * 1024;
export const PEEK_TIME_MS = 500;

/** Messages that are read at once for it, and the bytes after which there is no other. */
export const PEEK_BATCH = 64;
export const PEEK_BATCH_BYTES = 1024 * 1024;

/** Bytes of a payload that are searched. */
export const PEEK_SEARCH_BYTES = 1024 * 1024;

/** Unacknowledged messages that are put in order at once. */
export const PEEK_HELD_MAX = 1_000;
