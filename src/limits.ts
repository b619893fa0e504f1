/**
 * Every bound of the program, named, with its reason. A bound belongs here rather than beside its
 * use, so that "how much can a client make us hold?" is answered by reading one file.
 */

/**
 * How deep field tables and arrays may nest; the outermost table is depth 1. Clients use two or
 * three levels; the bound keeps hostile input from exhausting the stack, which is recursive.
 */
export const MAX_TABLE_DEPTH = 64;

/** Bytes of a short string, whose length is one octet [AMQP 4.2.5.3]. */
export const MAX_SHORTSTR_BYTES = 255;

/**
 * Decoded names remembered by all AMQP connections together, so that a repeated exchange, key or
 * content type costs a comparison and no new string. A power of two; with the bytes below it is a
 * quarter of a megabyte.
 */
export const NAME_CACHE_ENTRIES = 4096;

/** Longer names are rarely repeated, and hashing them costs more than decoding them. */
export const MAX_CACHED_NAME_BYTES = 64;

/**
 * What a frame reader keeps for the next frame split over two reads. A larger split frame gets a
 * buffer of its own, which is let go with the frame, so that an idle connection holds little.
 */
export const FRAME_CARRY_BYTES = 1024;
