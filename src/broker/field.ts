/**
 * Field: the values that message headers and declaration arguments are made of.
 * AMQP's field table is the superset that every other protocol maps onto, so types survive
 * a round trip: whatever JavaScript cannot tell apart (int64 from int32, a double that happens
 * to be whole) is wrapped. No wire format here: see protocols/amqp/table.ts for AMQP's bytes.
 */

/**
 * One value. A bare `number` means int32 when it is an integer in that range, int64 when it is
 * a larger safe integer, and double otherwise; every other numeric type is a {@link TypedNumber}.
 * `null` is AMQP's void.
 */
export type Field =
  | string
  | boolean
  | number
  | null
  | TypedNumber
  | Timestamp
  | Decimal
  | OpaqueString
  | Buffer
  | readonly Field[]
  | Fields;

/** Headers or arguments. A Map, so that `__proto__` is a name like any other. */
export type Fields = ReadonlyMap<string, Field>;

export type NumberType =
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float'
  | 'double';

/** A number whose type a bare JavaScript number would lose. 64-bit values are bigints. */
export class TypedNumber {
  readonly type: NumberType;
  readonly value: number | bigint;

  constructor(type: NumberType, value: number | bigint) {
    this.type = type;
    this.value = value;
  }
}

/** Whole seconds since 1970 UTC, 0 … 2⁶⁴−1 on the wire, exact here up to 2⁵³. */
export class Timestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** `unscaled × 10^−scale`; scale 0 … 255, unscaled an int32. */
export class Decimal {
  readonly scale: number;
  readonly unscaled: number;

  constructor(scale: number, unscaled: number) {
    this.scale = scale;
    this.unscaled = unscaled;
  }
}

/** A string on the wire whose bytes are not UTF-8; kept as they came. */
export class OpaqueString {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

export const NO_FIELDS: Fields = new Map();

/** The value as a number if it is an integer of any type, else null. */
export function integerOf(field: Field | undefined): number | null {
  if (typeof field === 'number') return Number.isInteger(field) ? field : null;
  if (!(field instanceof TypedNumber)) return null;
  if (field.type === 'float' || field.type === 'double') return null;
  return Number(field.value);
}

/** The value as a string if it is one, else null. */
export function stringOf(field: Field | undefined): string | null {
  return typeof field === 'string' ? field : null;
}

/** A value as RabbitMQ's error texts print it. */
export function textOf(field: Field): string {
  if (field === null) return 'undefined';
  if (field instanceof Timestamp) return String(field.seconds);
  if (!isNumeric(field)) return String(field);
  const value = numericOf(field);
  return isFraction(field) ? fractionText(Number(value)) : String(value);
}

/** As Erlang does: `1.5`, `10.0`, and `6.0e4` where that is shorter. */
function fractionText(value: number): string {
  const plain = Number.isInteger(value) ? value.toFixed(1) : String(value);
  const [digits, power] = value.toExponential().replace('+', '').split('e') as [string, string];
  const short = `${digits.includes('.') ? digits : `${digits}.0`}e${power}`;
  return short.length < plain.length ? short : plain;
}

/** The name of the field's type in RabbitMQ's words, as its error texts print them. */
export function typeOf(field: Field): string {
  if (field === null) return 'void';
  if (typeof field === 'string' || field instanceof OpaqueString) return 'longstr';
  if (typeof field === 'boolean') return 'bool';
  if (typeof field === 'number') return typeOfNumber(field);
  if (field instanceof TypedNumber) return RABBITMQ_NUMBER_TYPES[field.type];
  if (field instanceof Timestamp) return 'timestamp';
  if (field instanceof Decimal) return 'decimal';
  if (Buffer.isBuffer(field)) return 'binary';
  return Array.isArray(field) ? 'array' : 'table';
}

function typeOfNumber(value: number): string {
  if (!Number.isInteger(value)) return 'double';
  return value === (value | 0) ? 'signedint' : 'long';
}

const RABBITMQ_NUMBER_TYPES: Readonly<Record<NumberType, string>> = {
  int8: 'byte',
  uint8: 'unsignedbyte',
  int16: 'short',
  uint16: 'unsignedshort',
  int32: 'signedint',
  uint32: 'unsignedint',
  int64: 'long',
  uint64: 'long',
  float: 'float',
  double: 'double',
};

/**
 * Are the two values the same? Integers of every width compare by value, and so do floats and
 * doubles, but 1 is not 1.0, as in RabbitMQ 4.
 */
export function sameField(a: Field | undefined, b: Field | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  if (a instanceof OpaqueString) return b instanceof OpaqueString && a.bytes.equals(b.bytes);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.seconds === b.seconds;
  if (a instanceof Decimal) return b instanceof Decimal && sameDecimal(a, b);
  if (Array.isArray(a)) return Array.isArray(b) && sameArray(a, b);
  if (a instanceof Map) return b instanceof Map && sameFields(a, b);
  if (!isNumeric(a) || !isNumeric(b) || isFraction(a) !== isFraction(b)) return false;
  return numericOf(a) === numericOf(b);
}

/** Do both hold the same names with the same values, in whatever order? */
export function sameFields(a: Fields, b: Fields): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    if (!b.has(name) || !sameField(value, b.get(name))) return false;
  }
  return true;
}

function sameDecimal(a: Decimal, b: Decimal): boolean {
  return a.scale === b.scale && a.unscaled === b.unscaled;
}

function sameArray(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every((value, index) => sameField(value, b[index]));
}

function isNumeric(field: Field): field is number | TypedNumber {
  return typeof field === 'number' || field instanceof TypedNumber;
}

/** Of a type that has fractions, whether this one has or not. */
function isFraction(field: number | TypedNumber): boolean {
  if (typeof field === 'number') return !Number.isInteger(field);
  return field.type === 'float' || field.type === 'double';
}

/** Something that a Map finds equal exactly when sameField() does. */
export type ValueKey = string | number | bigint | boolean;

/** A value as the key of a Map; undefined if it is none of the types for which that works. */
export function keyOf(field: Field): ValueKey | undefined {
  if (typeof field === 'string' || typeof field === 'boolean') return field;
  if (field === null || !isNumeric(field) || isFraction(field)) return undefined;
  return numericOf(field);
}

/** Comparable across widths: integers as bigint where they need it, else as number. */
function numericOf(field: number | TypedNumber): number | bigint {
  const value = typeof field === 'number' ? field : field.value;
  if (typeof value === 'number') return value;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
