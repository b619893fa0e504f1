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
export const PEEK_BYTES_MAX = 8 * 1024 * 1024;
export const PEEK_TIME_MS = 500;

/** How many such requests are worked on at a time, and how many more may wait for their turn. */
export const PEEKS_MAX = 4;
export const PEEKS_WAITING_MAX = 64;

/** Messages that are read at once for it, and the bytes after which there is no other. */
export const PEEK_BATCH = 64;
export const PEEK_BATCH_BYTES = 1024 * 1024;

/** Bytes of a payload that are searched. */
export const PEEK_SEARCH_BYTES = 1024 * 1024;

/** Unacknowledged messages that are put in order at once. */
export const PEEK_HELD_MAX = 1_000;

/** Traces that go on at a time; what each may keep if nobody says otherwise, and of one message. */
export const TRACES_MAX = 16;
export const TRACE_MESSAGES_MAX = 10_000;
export const TRACE_BYTES_MAX = 16 * 1024 * 1024;
export const TRACE_STEPS_MAX = 64;
export const TRACE_PAYLOAD_MAX = 4096;

/** Bytes of a payload that a trace searches: its publisher waits for that. */
export const TRACE_SEARCH_BYTES = 16 * 1024;

/** How long a trace goes on that nobody reads, at least and at most; and how often that is seen. */
export const TRACE_IDLE_MIN_MS = 5_000;
export const TRACE_IDLE_MAX_MS = 600_000;
export const TRACE_IDLE_CHECK_MS = 1_000;

/** Readers of one trace, and messages that one answer has. */
export const TRACE_READERS_MAX = 16;
export const TRACE_ITEMS_MAX = 500;

/** How often a stream of a trace is sent what has changed. */
export const TRACE_STREAM_MS = 100;

/** How long a request may wait for something to happen. */
export const LONG_WAIT_MS = 30_000;

/** Jobs that move messages, at a time; and how many are remembered with those that have ended. */
export const TRANSFERS_MAX = 8;
export const TRANSFERS_KEPT = 100;

/** Messages of one job that are on their way and not safe yet, and their bodies. */
export const TRANSFERS_UNDERWAY = 64;
export const TRANSFER_UNDERWAY_BYTES = 8 * 1024 * 1024;

/** When a job looks again whether there is room. */
export const TRANSFER_RETRY_MS = 250;

/** Destinations and examples in the report of a job, and messages that can be named in an order. */
export const TRANSFER_DESTINATIONS_MAX = 100;
export const TRANSFER_SAMPLES_MAX = 20;
export const TRANSFER_IDS_MAX = 1_000;
