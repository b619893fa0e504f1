/**
 * Header text as bytes: decoding with the escapes of 1.1 and 1.2, and encoding for each version
 * [STOMP 1.2, Value Encoding]. STOMP 1.0 has no escapes; but a line end in a value would forge a
 * header, so line ends are escaped for every version. CONNECT and CONNECTED are never escaped.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import { malformed } from './errors.ts';

/** UTF-8 of [start, end). @throws StompError if it is not UTF-8 */
export function textAt(buf: Buffer, start: number, end: number, ascii: boolean): string {
  if (ascii) return buf.toString('latin1', start, end);
  const bytes = buf.subarray(start, end);
  if (!isUtf8(bytes)) throw malformed('headers must be UTF-8');
  return bytes.toString('utf8');
}

/**
 * The text without its escapes. RabbitMQ takes \r in STOMP 1.1, too.
 * @throws StompError for an escape that is not defined, which both versions call fatal
 */
export function unescaped(text: string): string {
  let from = text.indexOf('\\');
  if (from < 0) return text;
  let result = text.slice(0, from);
  while (from < text.length) {
    result += meaningOf(text[from + 1]);
    const next = text.indexOf('\\', from + 2);
    const end = next < 0 ? text.length : next;
    result += text.slice(from + 2, end);
    from = end;
  }
  return result;
}

function meaningOf(char: string | undefined): string {
  switch (char) {
    case 'n':
      return '\n';
    case 'c':
      return ':';
    case '\\':
      return '\\';
    case 'r':
      return '\r';
    default:
      throw malformed(`undefined escape sequence \\${char ?? ''} in a header`);
  }
}

/** The text with escapes where the version has them. @param escapes false for STOMP 1.0 */
export function escaped(text: string, escapes: boolean): string {
  const special = escapes ? /[\\:\r\n]/ : /[\r\n]/;
  if (!special.test(text) && !text.includes('\0')) return text;
  let result = '';
  for (const char of text) result += escapeOf(char, escapes);
  return result;
}

function escapeOf(char: string, escapes: boolean): string {
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  // No version can express it, and some clients end the frame at it.
  if (char === '\0') return '\u{FFFD}';
  if (!escapes) return char;
  if (char === ':') return '\\c';
  return char === '\\' ? '\\\\' : char;
}

/** `name:value` and a line feed. */
export function headerLine(name: string, value: string, escapes: boolean): string {
  // A colon in a name has no escape in STOMP 1.0; the name would end there.
  const shown = escapes ? escaped(name, true) : escaped(name, false).replaceAll(':', '_');
  return `${shown}:${escaped(value, escapes)}\n`;
}
