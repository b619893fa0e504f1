/**
 * Limits of the console: what its pages may ask of the broker, and what they are shown at most;
 * and what is kept so that it can be shown. The other bounds of the program are limits.ts.
 */

/** How often the console's stream looks for what has changed: usually, at the least and most. */
export const CONSOLE_INTERVAL_MS = 2_000;
export const CONSOLE_INTERVAL_LEAST_MS = 1_000;
export const CONSOLE_INTERVAL_MOST_MS = 60_000;

/** Streams of the console that are open at a time, and topics of one. */
export const CONSOLE_STREAMS_MAX = 200;
export const CONSOLE_TOPICS_MAX = 16;

/** Characters of one topic of a stream: a page of the longest list has half of it. */
export const CONSOLE_FRAME_BYTES = 1024 * 1024;

/** How often the login of a stream's reader is looked at again. */
export const CONSOLE_LOGIN_CHECK_MS = 30_000;

/** Lines of the log that are kept for those who look later, and characters of one. */
export const LOG_TAIL_LINES = 500;
export const LOG_TAIL_LINE_CHARACTERS = 4_096;

/** Findings that the console shows at a time, and those of one kind in one vhost that are named. */
export const FINDINGS_MAX = 100;
export const FINDINGS_OF_A_KIND_MAX = 20;

/** When it becomes a finding: a queue unused, messages out without an ack, a certificate's end. */
export const UNUSED_AFTER_MS = 3_600_000;
export const UNACKED_AFTER_MS = 300_000;
export const CERTIFICATE_SOON_MS = 30 * 86_400_000;
export const CERTIFICATE_VERY_SOON_MS = 7 * 86_400_000;

/** The part of a limit from which on it is called near. */
export const NEAR_A_LIMIT = 0.8;

/** What a search of the console finds at most, and characters that can be searched for. */
export const SEARCH_HITS_MAX = 20;
export const SEARCH_QUERY_CHARACTERS = 255;

/** Nodes of the topology map above which names that begin alike are shown as one. */
export const MAP_NODES_MAX = 150;

/** Bindings that lead nowhere for a message and are explained all the same, in each exchange. */
export const MISSES_EXPLAINED = 50;

/** Bindings that lead somewhere and are explained, in each exchange. */
export const MATCHES_EXPLAINED = 500;
