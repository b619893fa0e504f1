/**
 * MQTT's elementary types on a Buffer [MQTT 1.5]: integers, variable byte integers, strings. The
 * `read…` functions check that they stay before `end` and throw; `put…` functions return the
 * offset after what they wrote, in room that the caller has reserved. Hot path: no closures.
 */
import { isUtf8 } from 'node:buffer';
import { malformed } from './reason-codes.ts';

/** The largest value of a variable byte integer [MQTT 1.5.5]. */
export const MAX_VARINT = 268_435_455;

/** A variable byte integer has at most so many bytes [MQTT 1.5.5]. */
export const MAX_VARINT_BYTES = 4;

/** Up to this many bytes a loop is faster than a call into the runtime. */
const LOOP_COPY_BYTES = 32;

/** Both bytes of an integer; the caller has checked the bounds. */
export function u16At(buf: Buffer, offset: number): number {
  return ((buf[offset] as number) << 8) | (buf[offset + 1] as number);
}

/** @throws MqttError beyond `end` */
export function readU16(buf: Buffer, offset: number, end: number): number {
  if (offset + 2 > end) throw malformed('the packet is cut short');
  return u16At(buf, offset);
}

/** @throws MqttError beyond `end` */
export function readU32(buf: Buffer, offset: number, end: number): number {
  if (offset + 4 > end) throw malformed('the packet is cut short');
  return u16At(buf, offset) * 65_536 + u16At(buf, offset + 2);
}

/** A variable byte integer. Its length is that of varintSize(), as only the shortest counts. */
export function readVarint(buf: Buffer, offset: number, end: number): number {
  let value = 0;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    if (offset + i >= end) throw malformed('the packet is cut short');
    const byte = buf[offset + i] as number;
    value += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) {
      // [MQTT-1.5.5-1]: the minimum number of bytes.
      if (i > 0 && byte === 0)
        throw malformed('a variable byte integer is longer than it has to be');
      return value;
    }
  }
  throw malformed('a variable byte integer has more than four bytes');
}

/** How many bytes a variable byte integer takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** Writes a variable byte integer. */
export function putVarint(buf: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7f) {
    buf[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buf[at++] = rest;
  return at;
}

/** Writes two bytes, the higher one first. */
export function putU16(buf: Buffer, offset: number, value: number): number {
  buf[offset] = value >>> 8;
  buf[offset + 1] = value & 0xff;
  return offset + 2;
}

/** Writes four bytes, the highest one first. */
export function putU32(buf: Buffer, offset: number, value: number): number {
  return putU16(buf, putU16(buf, offset, value >>> 16), value & 0xffff);
}

/** Bytes with their length in front. */
export function putBinary(buf: Buffer, offset: number, bytes: Buffer): number {
  const at = putU16(buf, offset, bytes.length);
  return putBytes(buf, at, bytes);
}

/** Writes bytes as they are. */
export function putBytes(buf: Buffer, offset: number, bytes: Buffer): number {
  const length = bytes.length;
  if (length > LOOP_COPY_BYTES) bytes.copy(buf, offset);
  else for (let i = 0; i < length; i++) buf[offset + i] = bytes[i] as number;
  return offset + length;
}

/** A string whose two bytes of length are at `offset`: it takes 2 more bytes than it has. */
export function readString(buf: Buffer, offset: number, end: number): string {
  const start = offset + 2;
  const stop = start + readU16(buf, offset, end);
  if (stop > end) throw malformed('a string is cut short');
  return stringAt(buf, start, stop);
}

/**
 * The string in [start, end).
 * @throws MqttError for ill-formed UTF-8 [MQTT-1.5.4-1] and U+0000 [MQTT-1.5.4-2]
 */
export function stringAt(buf: Buffer, start: number, end: number): string {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = buf[i] as number;
    if (byte === 0) throw malformed('a string contains U+0000');
    if (byte > 0x7f) {
      ascii = false;
      break;
    }
  }
  if (ascii) return buf.toString('latin1', start, end);
  const bytes = buf.subarray(start, end);
  if (!isUtf8(bytes)) throw malformed('a string is not UTF-8');
  if (bytes.includes(0)) throw malformed('a string contains U+0000');
  return bytes.toString('utf8');
}

/** Bytes that stay valid when the read buffer is used again. */
export function copyOf(buf: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  const copy = Buffer.allocUnsafe(length);
  if (length > LOOP_COPY_BYTES) buf.copy(copy, 0, start, end);
  else for (let i = 0; i < length; i++) copy[i] = buf[start + i] as number;
  return copy;
}

/** Is [start, end) of `buf` the same as all of `bytes`? */
export function sameBytes(buf: Buffer, start: number, end: number, bytes: Buffer): boolean {
  const length = bytes.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (buf[start + i] !== bytes[i]) return false;
  return true;
}
