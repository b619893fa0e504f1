/**
 * Record: one message as it stands in a segment file: a head of 64 bytes, the ids of the queues it
 * is for, its header, its body, and zeros up to a multiple of eight. The head has a sum of its own
 * beside that of the rest, so that damage to a body costs no framing, and both start from the
 * segment's salt, so that a message whose body looks like a record is none. Little endian, as all
 * machines that Node runs on. Hot path: the sum of a head.
 */

/** Bytes of a head. */
export const HEAD_BYTES = 64;

/** Words (u32) of a head, and where its floats are, counted in eight bytes. */
export const WORD = {
  length: 0,
  headSum: 1,
  dataSum: 2,
  ordinal: 3,
  queues: 4,
  headerBytes: 5,
  bodyBytes: 6,
  flags: 7,
  flush: 8,
} as const;

export const DOUBLE = { seq: 5, arrivedAtMs: 6, expiresAtMs: 7 } as const;

const HEAD_WORDS = HEAD_BYTES / 4;

/** The lowest byte of the flags is the priority, if there is one. */
const PRIORITY_MASK = 0xff;
const NO_PRIORITY = 0x1000;

/** The bits that say a priority: −1 for none, 0 … 255. */
export function priorityBits(priority: number): number {
  return priority < 0 ? NO_PRIORITY : priority & PRIORITY_MASK;
}

/** The priority in flags; −1 for none. */
export function priorityOf(flags: number): number {
  return (flags & NO_PRIORITY) !== 0 ? -1 : flags & PRIORITY_MASK;
}

export const FLAG = {
  /** More of the same transaction follows; it follows one of the same transaction. */
  txMore: 0x100,
  txJoined: 0x200,
  /** Here because memory was short: nothing that survives a restart. */
  paged: 0x400,
  /** There may be, or have been, another record with the same number in an older segment. */
  copy: 0x800,
} as const;

/** The length of a record. */
export function recordBytes(queues: number, headerBytes: number, bodyBytes: number): number {
  return align(HEAD_BYTES + 4 * queues + headerBytes + bodyBytes);
}

/** The next multiple of eight. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/**
 * The sum of the head that starts at word `at`. Each step is a bijection, so that damage to any one
 * word always shows (MurmurHash3's mixing).
 */
export function headSum(words: Uint32Array, at: number, salt: number): number {
  let sum = mix(salt | 0, words[at] as number);
  for (let i = WORD.dataSum; i < HEAD_WORDS; i++) sum = mix(sum, words[at + i] as number);
  return sum >>> 0;
}

function mix(sum: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = sum ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/**
 * Is there a head at word `at`? The lengths are compared first: they tell almost everything that
 * is none from a head, at once.
 */
export function isHead(words: Uint32Array, at: number, salt: number): boolean {
  const length = words[at + WORD.length] as number;
  const queues = words[at + WORD.queues] as number;
  if (queues === 0 || length < HEAD_BYTES) return false;
  const headerBytes = words[at + WORD.headerBytes] as number;
  const bodyBytes = words[at + WORD.bodyBytes] as number;
  if (length !== recordBytes(queues, headerBytes, bodyBytes)) return false;
  return words[at + WORD.headSum] === headSum(words, at, salt);
}
