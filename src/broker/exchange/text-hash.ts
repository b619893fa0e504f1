/**
 * TextHash: 32-bit hashes for routing: of texts, and of pairs of numbers. The same in every
 * process, so that messages keep their way over a restart. Not for secrets. Hot path.
 */

/** FNV-1a over the UTF-16 units, then mixed. */
export function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  }
  return mixed(hash);
}

/** One number out of two, each bit depending on all of theirs. */
export function hashPair(a: number, b: number): number {
  return mixed(mixed(a ^ Math.imul(b, 0x9e37_79b1)) + b);
}

/** The finalizer of MurmurHash3. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
