/**
 * The bounds of memory: the part of limits.ts that is about bodies while they arrive, the heap and
 * what V8 makes of the code (v8-tuning.ts).
 */

/** Bodies are allocated whole up to this size; larger ones grow as they arrive. */
export const FIRST_BODY_BYTES = 128 * 1024;

/** Bodies from the first to the second size lie in memory that is used again (body-memory.ts). */
export const LEAST_REUSED_BODY_BYTES = 4 * 1024;
export const MOST_REUSED_BODY_BYTES = 32 * 1024;

/** How much of that waits to be used again at most. */
export const BODY_MEMORY_KEPT_BYTES = 32 * 1024 * 1024;

/** How much the old generation may grow between collections while so many messages wait. */
export const HEAP_GROWING_PERCENT = 60;
export const THRIFTY_MESSAGES = 20_000;

/** How often that is looked at (a fast publisher sends as many), and the least between its GCs. */
export const HEAP_LOOK_MS = 100;
export const HEAP_COLLECT_AGAIN_MS = 30_000;
export const HEAP_COMPACT_MS = 500;

/** Bytes of bytecode that V8 may inline into one function; its default is 920. */
export const INLINED_BYTECODE = 3000;

/** Bytes of bytecode of a function with all that, above which V8 does not optimize; 60 KiB. */
export const OPTIMIZED_BYTECODE = 120_000;
