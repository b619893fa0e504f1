/**
 * AMQP's elementary types on a Buffer [AMQP 4.2.5]. `read…` functions check that they stay before
 * `end` and throw SYNTAX_ERROR; `…At` functions do not check, for callers that have; `put…`
 * functions return the offset after what they wrote, in room that the caller has reserved.
 * Hot path: no closures, and no object but the string that is asked for.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { MAX_CACHED_NAME_BYTES, MAX_SHORTSTR_BYTES, NAME_CACHE_ENTRIES } from '../../src/limits.ts';
import { type AmqpError, syntaxError } from './errors.ts';

const TWO_POW_32 = 4_294_967_296;

// Up to these a loop of ours costs less than a call into the runtime.
const SHORT_BYTES = 64;
const SHORT_CHARS = 16;

/** The input ends inside `what`. */
export function cutShort(what: string): AmqpError {
  return syntaxError(`${what} is cut short`);
}

/** More input than `what` is made of. */
export function tooLong(what: string): AmqpError {
  return syntaxError(`${what} is followed by bytes that do not belong to it`);
}

/** An unsigned 16-bit integer; the caller has checked the bounds. */
export function shortAt(buf: Buffer, offset: number): number {
  return (buf[offset]! << 8) | buf[offset + 1]!;
}

// As fast as readUInt32BE (2 ns), which checks again; multiplying by 2²⁴ costs twice that.
/** An unsigned 32-bit integer; the caller has checked the bounds. */
export function longAt(buf: Buffer, offset: number): number {
  return (
    ((buf[offset]! << 24) |
      (buf[offset + 1]! << 16) |
      (buf[offset + 2]! << 8) |
      buf[offset + 3]!) >>>
    0
  );
}

/** Exact up to 2⁵³. */
export function longlongAt(buf: Buffer, offset: number): number {
  return longAt(buf, offset) * TWO_POW_32 + longAt(buf, offset + 4);
}

/** @throws AmqpError SYNTAX_ERROR beyond `end` */
export function readOctet(buf: Buffer, offset: number, end: number): number {
  if (offset + 1 > end) throw cutShort('octet');
  return buf[offset]!;
}

/** @throws AmqpError SYNTAX_ERROR beyond `end` */
export function readShort(buf: Buffer, offset: number, end: number): number {
  if (offset + 2 > end) throw cutShort('short');
  return shortAt(buf, offset);
}

/** @throws AmqpError SYNTAX_ERROR beyond `end` */
export function readLong(buf: Buffer, offset: number, end: number): number {
  if (offset + 4 > end) throw cutShort('long');
  return longAt(buf, offset);
}

/** Exact up to 2⁵³. */
export function readLonglong(buf: Buffer, offset: number, end: number): number {
  if (offset + 8 > end) throw cutShort('longlong');
  return longlongAt(buf, offset);
}

/** The short string whose length octet is at `offset`. It takes `1 + buf[offset]` bytes. */
export function readShortstr(buf: Buffer, offset: number, end: number): string {
  if (offset >= end || offset + 1 + buf[offset]! > end) throw cutShort('shortstr');
  return nameAt(buf, offset + 1, buf[offset]!);
}

/** A copy of the long string whose length is at `offset`. It takes 4 more bytes than the copy. */
export function readLongstr(buf: Buffer, offset: number, end: number): Buffer {
  if (offset + 4 > end || offset + 4 + longAt(buf, offset) > end) throw cutShort('longstr');
  return copyOf(buf, offset + 4, offset + 4 + longAt(buf, offset));
}

/** Bytes that stay valid when the read buffer is used again. */
export function copyOf(buf: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  buf.copy(copy, 0, start, end);
  return copy;
}

/** Up to this many bytes a loop is faster than a call into the runtime (15 against 28 ns). */
const LOOP_COPY_BYTES = 32;

/** Copies [start, end) of `from` to `offset` of `to`, which has room for it. */
export function copyBytes(
  from: Buffer,
  start: number,
  end: number,
  to: Buffer,
  offset: number,
): void {
  const length = end - start;
  if (length > LOOP_COPY_BYTES) {
    from.copy(to, offset, start, end);
    return;
  }
  for (let i = 0; i < length; i += 1) to[offset + i] = from[start + i]!;
}

/** Is [start, end) of `buf` the same as all of `bytes`? Cheaper than decoding it again. */
export function sameBytes(buf: Buffer, start: number, end: number, bytes: Buffer): boolean {
  const length = bytes.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (buf[start + i] !== bytes[i]) return false;
  }
  return true;
}

// Names seen before, one per slot, so that a repeated name costs a comparison (26 ns for 9 bytes)
// and no new string (80 ns). Only ASCII is kept: it needs no check for valid UTF-8.
const cachedBytes = new Uint8Array(NAME_CACHE_ENTRIES * MAX_CACHED_NAME_BYTES);
const cachedLengths = new Uint8Array(NAME_CACHE_ENTRIES);
const cachedTexts: string[] = new Array<string>(NAME_CACHE_ENTRIES).fill('');

/** The string of `length` bytes, remembered if it is short ASCII; null if it is not. */
function cachedAt(buf: Buffer, start: number, length: number): string | null {
  const end = start + length;
  let hash = length;
  for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
  const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (NAME_CACHE_ENTRIES - 1);
  if (cachedLengths[slot] === length) {
    const kept = slot * MAX_CACHED_NAME_BYTES;
    let i = 0;
    while (i < length && cachedBytes[kept + i] === buf[start + i]) i += 1;
    if (i === length) return cachedTexts[slot]!;
  }
  return isAscii(buf, start, end) ? remember(buf, start, length, slot) : null;
}

function isAscii(buf: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let i = start; i < end; i += 1) bits |= buf[i]!;
  return bits < 0x80;
}

function remember(buf: Buffer, start: number, length: number, slot: number): string {
  const kept = slot * MAX_CACHED_NAME_BYTES;
  for (let i = 0; i < length; i += 1) cachedBytes[kept + i] = buf[start + i]!;
  const text = buf.toString('latin1', start, start + length);
  cachedLengths[slot] = length;
  cachedTexts[slot] = text;
  return text;
}

/**
 * A name: something that is likely to come again (exchange, key, content type).
 * @throws AmqpError SYNTAX_ERROR if the bytes are not UTF-8
 */
export function nameAt(buf: Buffer, start: number, length: number): string {
  if (length === 0) return '';
  if (length <= MAX_CACHED_NAME_BYTES) {
    const text = cachedAt(buf, start, length);
    if (text !== null) return text;
  }
  const text = utf8At(buf, start, start + length);
  if (text === null) throw syntaxError('malformed UTF-8 in shortstr');
  return text;
}

/** Like nameAt, but bytes that are not UTF-8 become U+FFFD. */
export function lenientNameAt(buf: Buffer, start: number, length: number): string {
  if (length === 0) return '';
  if (length <= MAX_CACHED_NAME_BYTES) {
    const text = cachedAt(buf, start, length);
    if (text !== null) return text;
  }
  return buf.toString('utf8', start, start + length);
}

/** The text in [start, end), or null if the bytes are not UTF-8. */
export function utf8At(buf: Buffer, start: number, end: number): string | null {
  if (end - start <= SHORT_BYTES && isAscii(buf, start, end)) {
    return buf.toString('latin1', start, end);
  }
  return isUtf8(buf.subarray(start, end)) ? buf.toString('utf8', start, end) : null;
}

/** @returns the offset after it */
export function putShort(buf: Buffer, offset: number, value: number): number {
  buf[offset] = value >>> 8;
  buf[offset + 1] = value;
  return offset + 2;
}

/** @returns the offset after it */
export function putLong(buf: Buffer, offset: number, value: number): number {
  buf[offset] = value >>> 24;
  buf[offset + 1] = value >>> 16;
  buf[offset + 2] = value >>> 8;
  buf[offset + 3] = value;
  return offset + 4;
}

/** @param value an integer, 0 … 2⁶⁴−1, as exact as a number is */
export function putLonglong(buf: Buffer, offset: number, value: number): number {
  putLong(buf, offset, (value / TWO_POW_32) >>> 0);
  return putLong(buf, offset + 4, value >>> 0);
}

/** Seconds as a timestamp: whole, and no less than 0 or more than eight octets can say. */
export function putTimestamp(buf: Buffer, offset: number, seconds: number): number {
  if (!(seconds > 0)) return putLonglong(buf, offset, 0);
  if (seconds < TWO_POW_32 * TWO_POW_32) return putLonglong(buf, offset, Math.floor(seconds));
  putLong(buf, offset, 0xffff_ffff);
  return putLong(buf, offset + 4, 0xffff_ffff);
}

/** Bytes that putShortstr takes, length octet included. */
export function shortstrSize(text: string): number {
  const length = text.length;
  if (length > SHORT_CHARS) return longerSize(text);
  for (let i = 0; i < length; i += 1) {
    if (text.charCodeAt(i) > 0x7f) return longerSize(text);
  }
  return 1 + length;
}

const scratch = Buffer.alloc(MAX_SHORTSTR_BYTES);

function longerSize(text: string): number {
  const bytes = Buffer.byteLength(text, 'utf8');
  return 1 + (bytes <= MAX_SHORTSTR_BYTES ? bytes : scratch.write(text, 'utf8'));
}

/**
 * Writes length and text. A text of more than 255 bytes is cut after the last whole character that
 * fits: another protocol has brought it in, or bytes that were no UTF-8 (lenientNameAt).
 */
export function putShortstr(buf: Buffer, offset: number, text: string): number {
  const length = text.length;
  if (length > SHORT_CHARS) return putLonger(buf, offset, text);
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return putLonger(buf, offset, text);
    buf[offset + 1 + i] = code;
  }
  buf[offset] = length;
  return offset + 1 + length;
}

function putLonger(buf: Buffer, offset: number, text: string): number {
  // write() stops before a character that does not fit whole.
  const room = Math.min(MAX_SHORTSTR_BYTES, buf.length - offset - 1);
  const bytes = buf.write(text, offset + 1, room, 'utf8');
  buf[offset] = bytes;
  return offset + 1 + bytes;
}

/** @returns the offset after it */
export function putLongstr(buf: Buffer, offset: number, bytes: Buffer): number {
  putLong(buf, offset, bytes.length);
  buf.set(bytes, offset + 4);
  return offset + 4 + bytes.length;
}
