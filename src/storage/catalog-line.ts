/**
 * Catalog line: how the catalog's log frames its records. A record is a line of text behind the
 * CRC-32 of it in eight hexadecimal digits, so that damage costs the line it is in, a torn end
 * costs the last one, and the file can be read with any tool. Pure functions; the log itself is
 * catalog-log.ts.
 */
import { crc32 } from 'node:zlib';

const CRC_DIGITS = 8;

/** What a file holds. */
export interface Lines {
  readonly texts: readonly string[];
  /** Lines that are not what was written. */
  readonly damaged: number;
  /** Bytes of a last line that was not written to its end. */
  readonly tornBytes: number;
}

/** A record as it is written. `text` must not contain a line end. */
export function lineOf(text: string): string {
  return `${crcOf(text)} ${text}\n`;
}

/** Reads a whole file. */
export function readLines(content: Buffer): Lines {
  const texts: string[] = [];
  let damaged = 0;
  let tornBytes = 0;
  let start = 0;
  while (start < content.length) {
    const newline = content.indexOf(0x0a, start);
    const end = newline < 0 ? content.length : newline;
    const found = textsIn(content.toString('utf8', start, end));
    texts.push(...found.texts);
    if (!found.whole) {
      if (newline < 0) tornBytes = end - start;
      else damaged++;
    }
    start = end + 1;
  }
  return { texts, damaged, tornBytes };
}

/** A damaged line end joins two lines: the second one can still be told by its sum. */
function textsIn(line: string): { readonly texts: string[]; readonly whole: boolean } {
  if (isWhole(line)) return { texts: [line.slice(CRC_DIGITS + 1)], whole: true };
  for (const match of line.matchAll(/[0-9a-f]{8} (?=\{)/g)) {
    const rest = line.slice(match.index);
    if (match.index > 0 && isWhole(rest)) {
      const before = textsIn(line.slice(0, match.index - 1));
      return { texts: [...before.texts, rest.slice(CRC_DIGITS + 1)], whole: before.whole };
    }
  }
  return { texts: [], whole: line === '' };
}

function isWhole(line: string): boolean {
  const text = line.slice(CRC_DIGITS + 1);
  return line[CRC_DIGITS] === ' ' && line.startsWith(crcOf(text));
}

function crcOf(text: string): string {
  return crc32(text).toString(16).padStart(CRC_DIGITS, '0');
}
