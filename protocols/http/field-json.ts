/**
 * Fields as JSON and back: headers and arguments as the management API shows and takes them.
 * Whole numbers become int64, as in RabbitMQ; what JSON has no word for is shown as its nearest.
 */
import {
  Decimal,
  type Field,
  type Fields,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import { MAX_TABLE_DEPTH } from '../../src/limits.ts';
import { badRequest } from './answer.ts';

/** Headers or arguments as a JSON object. */
export function fieldsToJson(fields: Fields | undefined): Record<string, unknown> {
  // Without a prototype, so that `__proto__` is a name like any other.
  const object: Record<string, unknown> = Object.create(null);
  for (const [name, value] of fields ?? []) object[name] = fieldToJson(value);
  return object;
}

/** One value as JSON. */
export function fieldToJson(field: Field): unknown {
  if (field === null || typeof field !== 'object') return field;
  if (field instanceof TypedNumber) return numberToJson(field);
  if (field instanceof Timestamp) return field.seconds;
  if (field instanceof Decimal) return field.unscaled / 10 ** field.scale;
  if (field instanceof OpaqueString) return field.bytes.toString('latin1');
  if (Buffer.isBuffer(field)) return field.toString('latin1');
  if (Array.isArray(field)) return field.map(fieldToJson);
  return fieldsToJson(field as Fields);
}

function numberToJson({ value }: TypedNumber): unknown {
  const number = Number(value);
  return Number.isFinite(number) ? number : String(value);
}

/** @throws TypeError if it is not an object, ApiError if it is nested deeper than may be */
export function fieldsFromJson(value: unknown, depth = 1): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('expected a JSON object');
  }
  const members = Object.entries(value);
  return new Map(members.map(([name, item]) => [name, fieldFromJson(item, depth)]));
}

/** Any JSON value. @throws ApiError as above @param depth of the table that it is in */
export function fieldFromJson(value: unknown, depth = 1): Field {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? new TypedNumber('int64', BigInt(value)) : value;
  }
  if (depth >= MAX_TABLE_DEPTH) throw badRequest(`nested deeper than ${MAX_TABLE_DEPTH}`);
  if (Array.isArray(value)) return value.map((item) => fieldFromJson(item, depth + 1));
  return fieldsFromJson(value, depth + 1);
}
