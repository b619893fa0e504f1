/**
 * SegmentPattern: one segment of a scope: text, `*` for anything, `{name}` for a claim of the token
 * or the vhost, percent-encoding for what would mean something else. What comes out of a token
 * matches itself only, or whoever chooses a claim would choose a pattern. Matching takes linear
 * time, whatever the pattern.
 */

/** What `{name}` stands for. */
export type Lookup = (name: string) => string;

export class SegmentPattern {
  /** What stands before, between and behind the wildcards. */
  private readonly parts: readonly string[];

  constructor(text: string, lookup: Lookup) {
    this.parts = text.split('*').map((part) => expanded(part, lookup));
  }

  matches(name: string): boolean {
    const { parts } = this;
    const first = parts[0] as string;
    if (parts.length === 1) return name === first;
    const last = parts.at(-1) as string;
    if (name.length < first.length + last.length) return false;
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    const end = name.length - last.length;
    let at = first.length;
    for (let i = 1; i < parts.length - 1; i++) {
      const part = parts[i] as string;
      const found = name.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  }
}

function expanded(part: string, lookup: Lookup): string {
  return part
    .split(/(\{[^{}]*\})/)
    .map((piece) => (/^\{.*\}$/.test(piece) ? lookup(piece.slice(1, -1)) : decoded(piece)))
    .join('');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
