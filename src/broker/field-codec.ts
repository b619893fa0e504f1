/**
 * Field codec: headers and arguments as bytes of the engine's own stored formats, exact for every
 * type of field.ts. One tag byte a value. AMQP's field tables are protocols/amqp/table.ts.
 */
import type { ByteReader, ByteWriter } from './byte-buffer.ts';
import {
  Decimal,
  type Field,
  type Fields,
  type NumberType,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from './field.ts';

const TAG = {
  null: 0,
  false: 1,
  true: 2,
  string: 3,
  number: 4,
  typed: 5,
  timestamp: 6,
  decimal: 7,
  opaque: 8,
  bytes: 9,
  array: 10,
  fields: 11,
  typedBig: 12,
} as const;

const NUMBER_TYPES: readonly NumberType[] = [
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float',
  'double',
];

export function encodeFields(out: ByteWriter, fields: Fields): void {
  out.u32(fields.size);
  for (const [name, value] of fields) {
    out.text(name);
    encodeField(out, value);
  }
}

/** @throws RangeError if the bytes end too early, Error if a tag is unknown */
export function decodeFields(from: ByteReader): Fields {
  const fields = new Map<string, Field>();
  for (let left = from.u32(); left > 0; left--) {
    const name = from.text();
    fields.set(name, decodeField(from));
  }
  return fields;
}

function encodeField(out: ByteWriter, field: Field): void {
  if (field === null) {
    out.u8(TAG.null);
  } else if (typeof field === 'boolean') {
    out.u8(field ? TAG.true : TAG.false);
  } else if (typeof field === 'string') {
    out.u8(TAG.string);
    out.text(field);
  } else if (typeof field === 'number') {
    out.u8(TAG.number);
    out.f64(field);
  } else {
    encodeObject(out, field);
  }
}

function encodeObject(
  out: ByteWriter,
  field: Exclude<Field, null | boolean | string | number>,
): void {
  if (field instanceof TypedNumber) {
    encodeTypedNumber(out, field);
  } else if (field instanceof Timestamp) {
    out.u8(TAG.timestamp);
    out.f64(field.seconds);
  } else if (field instanceof Decimal) {
    out.u8(TAG.decimal);
    out.u8(field.scale);
    out.f64(field.unscaled);
  } else if (field instanceof OpaqueString) {
    out.u8(TAG.opaque);
    out.raw(field.bytes);
  } else if (Buffer.isBuffer(field)) {
    out.u8(TAG.bytes);
    out.raw(field);
  } else if (Array.isArray(field)) {
    out.u8(TAG.array);
    out.u32(field.length);
    for (const value of field) encodeField(out, value);
  } else {
    out.u8(TAG.fields);
    encodeFields(out, field as Fields);
  }
}

function encodeTypedNumber(out: ByteWriter, field: TypedNumber): void {
  const big = typeof field.value === 'bigint';
  out.u8(big ? TAG.typedBig : TAG.typed);
  out.u8(NUMBER_TYPES.indexOf(field.type));
  if (typeof field.value === 'bigint') out.i64(field.value);
  else out.f64(field.value);
}

function decodeField(from: ByteReader): Field {
  const tag = from.u8();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.string:
      return from.text();
    case TAG.number:
      return from.f64();
    case TAG.timestamp:
      return new Timestamp(from.f64());
    case TAG.decimal:
      return new Decimal(from.u8(), from.f64());
    case TAG.opaque:
      return new OpaqueString(from.raw());
    case TAG.bytes:
      return from.raw();
    case TAG.array:
      return decodeArray(from);
    case TAG.fields:
      return decodeFields(from);
    default:
      return decodeTypedNumber(from, tag);
  }
}

function decodeArray(from: ByteReader): Field[] {
  const array: Field[] = [];
  for (let left = from.u32(); left > 0; left--) array.push(decodeField(from));
  return array;
}

function decodeTypedNumber(from: ByteReader, tag: number): TypedNumber {
  const type = NUMBER_TYPES[from.u8()];
  if (type === undefined) throw new Error('stored field of unknown number type');
  if (tag === TAG.typed) return new TypedNumber(type, from.f64());
  if (tag === TAG.typedBig)
    return new TypedNumber(type, type === 'uint64' ? from.u64() : from.i64());
  throw new Error(`stored field of unknown type ${tag}`);
}
