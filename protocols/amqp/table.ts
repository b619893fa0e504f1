/**
 * Field tables and arrays ↔ Fields [AMQP 4.2.5.5], with RabbitMQ's type letters, which differ
 * from the specification's (`l` and `L` are both signed). What decodes here encodes to the same
 * types again. Offsets given as `start` and `end` enclose a table's entries, without the length
 * before them. Of two entries with one name the last counts.
 */
import { Buffer } from 'node:buffer';
import {
  Decimal,
  type Field,
  type Fields,
  type NumberType,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import type { LazyHeaders } from '../../src/broker/properties.ts';
import { MAX_TABLE_DEPTH } from '../../src/limits.ts';
import { syntaxError } from './errors.ts';
import {
  copyOf,
  cutShort,
  lenientNameAt,
  longAt,
  longlongAt,
  putLong,
  putLongstr,
  putShort,
  putShortstr,
  putTimestamp,
  shortAt,
  shortstrSize,
  utf8At,
} from './wire.ts';

/** Type letters. The names of numbers are those of NumberType. */
const TYPE = {
  bool: 0x74, // t
  int8: 0x62, // b
  uint8: 0x42, // B
  int16: 0x73, // s
  uint16: 0x75, // u
  int32: 0x49, // I
  uint32: 0x69, // i
  int64: 0x6c, // l, and L when read
  // RabbitMQ knows no unsigned 64-bit type: such a number keeps its bits, as there.
  uint64: 0x6c,
  float: 0x66, // f
  double: 0x64, // d
  decimal: 0x44, // D
  string: 0x53, // S
  array: 0x41, // A
  timestamp: 0x54, // T
  table: 0x46, // F
  void: 0x56, // V
  binary: 0x78, // x
} as const satisfies Record<NumberType, number> & Record<string, number>;

// Bytes of a value by its type letter; a negative number says why it is not known from that.
const UNKNOWN = -1;
const BYTES = -2;
const ENTRIES = -3;
const ELEMENTS = -4;

const VALUE_BYTES = new Int8Array(256).fill(UNKNOWN);

function declareSize(letters: string, bytes: number): void {
  for (const letter of letters) VALUE_BYTES[letter.charCodeAt(0)] = bytes;
}

declareSize('V', 0);
declareSize('tbB', 1);
declareSize('su', 2);
declareSize('Iif', 4);
declareSize('D', 5);
declareSize('lLdT', 8);
declareSize('Sx', BYTES);
declareSize('F', ENTRIES);
declareSize('A', ELEMENTS);

/**
 * Would decodeTable accept these bytes? Walks over them without making anything.
 * @throws AmqpError SYNTAX_ERROR, the same as decodeTable
 */
export function validateTable(buf: Buffer, start: number, end: number): void {
  skimTable(buf, start, end, 1);
}

function skimTable(buf: Buffer, start: number, end: number, depth: number): void {
  checkDepth(depth);
  let at = start;
  while (at < end) {
    at += 1 + buf[at]!;
    if (at >= end) throw cutShort('field table');
    at = skimValue(buf, at, end, depth);
  }
}

function skimArray(buf: Buffer, start: number, end: number, depth: number): void {
  checkDepth(depth);
  let at = start;
  while (at < end) at = skimValue(buf, at, end, depth);
}

/** @returns the offset after the value whose type letter is at `offset` */
function skimValue(buf: Buffer, offset: number, end: number, depth: number): number {
  const bytes = VALUE_BYTES[buf[offset]!]!;
  let next = offset + 1 + bytes;
  if (bytes < 0) {
    if (bytes === UNKNOWN) throw unknownType(buf[offset]!);
    if (offset + 5 > end) throw cutShort('field table');
    next = offset + 5 + longAt(buf, offset + 1);
  }
  if (next > end) throw cutShort('field table');
  if (bytes === ENTRIES) skimTable(buf, offset + 5, next, depth + 1);
  if (bytes === ELEMENTS) skimArray(buf, offset + 5, next, depth + 1);
  return next;
}

function checkDepth(depth: number): void {
  if (depth <= MAX_TABLE_DEPTH) return;
  throw syntaxError(`field tables are nested deeper than ${MAX_TABLE_DEPTH}`);
}

function unknownType(type: number): Error {
  return syntaxError(`field table has a value of unknown type 0x${type.toString(16)}`);
}

/**
 * The entries in [start, end).
 * @throws AmqpError SYNTAX_ERROR if they are cut short, nested too deep or of an unknown type
 */
export function decodeTable(buf: Buffer, start: number, end: number): Fields {
  validateTable(buf, start, end);
  return new TableReader(buf, start).table(end);
}

/** Reads bytes that validateTable has passed; hence no check in here. */
class TableReader {
  private readonly buf: Buffer;
  private at: number;

  constructor(buf: Buffer, start: number) {
    this.buf = buf;
    this.at = start;
  }

  table(end: number): Fields {
    const fields = new Map<string, Field>();
    while (this.at < end) {
      const length = this.buf[this.at]!;
      const name = lenientNameAt(this.buf, this.at + 1, length);
      this.at += 1 + length;
      fields.set(name, this.value());
    }
    return fields;
  }

  private array(end: number): Field[] {
    const elements: Field[] = [];
    while (this.at < end) elements.push(this.value());
    return elements;
  }

  private value(): Field {
    const type = this.buf[this.at]!;
    const bytes = VALUE_BYTES[type]!;
    this.at += 1;
    if (bytes < 0) return this.variable(type, bytes);
    const at = this.at;
    this.at += bytes;
    return fixedValue(this.buf, type, at);
  }

  private variable(type: number, bytes: number): Field {
    const start = this.at + 4;
    const end = start + longAt(this.buf, this.at);
    this.at = start;
    if (bytes === ENTRIES) return this.table(end);
    if (bytes === ELEMENTS) return this.array(end);
    this.at = end;
    if (type === TYPE.binary) return copyOf(this.buf, start, end);
    return utf8At(this.buf, start, end) ?? new OpaqueString(copyOf(this.buf, start, end));
  }
}

function fixedValue(buf: Buffer, type: number, at: number): Field {
  switch (type) {
    case TYPE.bool:
      return buf[at] !== 0;
    case TYPE.int8:
      return new TypedNumber('int8', (buf[at]! << 24) >> 24);
    case TYPE.uint8:
      return new TypedNumber('uint8', buf[at]!);
    case TYPE.int16:
      return new TypedNumber('int16', (shortAt(buf, at) << 16) >> 16);
    case TYPE.uint16:
      return new TypedNumber('uint16', shortAt(buf, at));
    case TYPE.int32:
      return longAt(buf, at) | 0;
    case TYPE.uint32:
      return new TypedNumber('uint32', longAt(buf, at));
    case TYPE.float:
      return new TypedNumber('float', buf.readFloatBE(at));
    case TYPE.double:
      return doubleValue(buf.readDoubleBE(at));
    case TYPE.decimal:
      return new Decimal(buf[at]!, longAt(buf, at + 1) | 0);
    case TYPE.timestamp:
      return new Timestamp(longlongAt(buf, at));
    case TYPE.void:
      return null;
    default:
      return longValue(buf.readBigInt64BE(at));
  }
}

/** Bare only if a bare number would be written as a double again; −0 would be an int32. */
function doubleValue(value: number): Field {
  return Number.isSafeInteger(value) ? new TypedNumber('double', value) : value;
}

/** Bare only if a bare number would be written as an int64 again. */
function longValue(value: bigint): Field {
  const small = Number(value);
  if (!Number.isSafeInteger(small) || isInt32(small)) return new TypedNumber('int64', value);
  return small;
}

function isInt32(value: number): boolean {
  return value === (value | 0);
}

/** The table's entries as bytes, in the Map's order, without the length before them. */
export function encodeTable(fields: Fields): Buffer {
  const bytes = Buffer.allocUnsafe(entriesSize(fields, 1));
  putEntries(bytes, 0, fields, 1);
  return bytes;
}

/** Bytes that putTable takes, length included. */
export function tableSize(fields: Fields): number {
  return 4 + entriesSize(fields, 1);
}

/**
 * Writes length and entries. Names of more than 255 bytes are cut like short strings, and what is
 * nested deeper than MAX_TABLE_DEPTH becomes void: other protocols may have brought in both, and
 * a message that cannot be delivered at all would come back for ever.
 * @param depth of this table, for tables within tables
 * @returns the offset after them
 */
export function putTable(buf: Buffer, offset: number, fields: Fields, depth = 1): number {
  const next = putEntries(buf, offset + 4, fields, depth);
  putLong(buf, offset, next - offset - 4);
  return next;
}

function entriesSize(fields: Fields, depth: number): number {
  let bytes = 0;
  for (const [name, value] of fields) bytes += shortstrSize(name) + valueSize(value, depth);
  return bytes;
}

/** Bytes of type letter and value. */
function valueSize(value: Field, depth: number): number {
  if (value === null) return 1;
  if (typeof value === 'string') return 5 + Buffer.byteLength(value, 'utf8');
  if (typeof value === 'boolean') return 2;
  if (typeof value === 'number') return 1 + VALUE_BYTES[TYPE[numberType(value)]]!;
  if (value instanceof TypedNumber) return 1 + VALUE_BYTES[TYPE[value.type]]!;
  if (value instanceof Timestamp) return 9;
  if (value instanceof Decimal) return 6;
  if (value instanceof OpaqueString) return 5 + value.bytes.length;
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (depth >= MAX_TABLE_DEPTH) return 1;
  if (value instanceof Map) return 5 + entriesSize(value, depth + 1);
  let bytes = 5;
  for (const element of value as readonly Field[]) bytes += valueSize(element, depth + 1);
  return bytes;
}

function putEntries(buf: Buffer, offset: number, fields: Fields, depth: number): number {
  let at = offset;
  for (const [name, value] of fields) at = putValue(buf, putShortstr(buf, at, name), value, depth);
  return at;
}

function putArray(buf: Buffer, offset: number, elements: readonly Field[], depth: number): number {
  let at = offset + 4;
  for (const element of elements) at = putValue(buf, at, element, depth);
  putLong(buf, offset, at - offset - 4);
  return at;
}

function putValue(buf: Buffer, offset: number, value: Field, depth: number): number {
  const at = offset + 1;
  if (typeof value === 'string') {
    buf[offset] = TYPE.string;
    const bytes = buf.write(value, at + 4, 'utf8');
    return putLong(buf, at, bytes) + bytes;
  }
  if (typeof value === 'boolean') {
    buf[offset] = TYPE.bool;
    buf[at] = value ? 1 : 0;
    return at + 1;
  }
  if (typeof value === 'number') return putNumber(buf, offset, numberType(value), value);
  if (value instanceof TypedNumber) return putNumber(buf, offset, value.type, value.value);
  return putObject(buf, offset, value, depth);
}

type ObjectField = Exclude<Field, string | boolean | number | TypedNumber>;

function putObject(buf: Buffer, offset: number, value: ObjectField, depth: number): number {
  const at = offset + 1;
  if (value instanceof Timestamp) {
    buf[offset] = TYPE.timestamp;
    return putTimestamp(buf, at, value.seconds);
  }
  if (value instanceof Decimal) {
    buf[offset] = TYPE.decimal;
    buf[at] = value.scale;
    return putLong(buf, at + 1, value.unscaled);
  }
  if (value instanceof OpaqueString) {
    buf[offset] = TYPE.string;
    return putLongstr(buf, at, value.bytes);
  }
  if (Buffer.isBuffer(value)) {
    buf[offset] = TYPE.binary;
    return putLongstr(buf, at, value);
  }
  if (value === null || depth >= MAX_TABLE_DEPTH) {
    buf[offset] = TYPE.void;
    return at;
  }
  if (value instanceof Map) {
    buf[offset] = TYPE.table;
    return putTable(buf, at, value, depth + 1);
  }
  buf[offset] = TYPE.array;
  return putArray(buf, at, value as readonly Field[], depth + 1);
}

/** What a bare number means; see Field. */
function numberType(value: number): 'int32' | 'int64' | 'double' {
  if (isInt32(value)) return 'int32';
  return Number.isSafeInteger(value) ? 'int64' : 'double';
}

function putNumber(buf: Buffer, offset: number, type: NumberType, value: number | bigint): number {
  const at = offset + 1;
  buf[offset] = TYPE[type];
  switch (type) {
    case 'int8':
    case 'uint8':
      buf[at] = Number(value);
      return at + 1;
    case 'int16':
    case 'uint16':
      return putShort(buf, at, Number(value));
    case 'int32':
    case 'uint32':
      return putLong(buf, at, Number(value));
    case 'int64':
    case 'uint64':
      return buf.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)), at);
    case 'float':
      return buf.writeFloatBE(Number(value), at);
    case 'double':
      return buf.writeDoubleBE(Number(value), at);
  }
}

/** A table in bytes of its own, decoded when somebody asks. */
export class LazyTable implements LazyHeaders {
  private readonly bytes: Buffer;
  private readonly start: number;
  private readonly end: number;

  /** @param bytes owned from now on; validateTable has passed what is in [start, end) */
  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Of entries in a buffer that will be used again. @throws the same as decodeTable */
  static copied(buf: Buffer, start: number, end: number): LazyTable {
    validateTable(buf, start, end);
    return new LazyTable(copyOf(buf, start, end), 0, end - start);
  }

  decode(): Fields {
    return new TableReader(this.bytes, this.start).table(this.end);
  }
}
