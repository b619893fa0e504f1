/**
 * Input: what is in the body and the query of a request, checked for its type before anybody uses
 * it. Whoever sends the wrong thing gets a 400 that says what was expected.
 */
import type { Fields } from '../../src/broker/field.ts';
import { badRequest, keysMissing } from './answer.ts';
import { fieldsFromJson } from './field-json.ts';

/** A JSON object from outside. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parsed parameters of a query; repeated ones keep the last. */
export type Query = Readonly<Record<string, string>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws ApiError naming the keys that the object lacks */
export function requireKeys(object: JsonObject, keys: readonly string[]): void {
  const missing = keys.filter((key) => !Object.hasOwn(object, key));
  if (missing.length > 0) throw keysMissing(missing);
}

function member(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined;
}

/** @throws ApiError if it is there and no string */
export function textOr(object: JsonObject, key: string, absent: string): string {
  const value = member(object, key);
  if (value === undefined) return absent;
  if (typeof value === 'string') return value;
  throw badRequest(`${key} must be a string`);
}

/** @throws ApiError if it is there and no boolean; `"true"` and `"false"` pass, as in RabbitMQ */
export function booleanOr(object: JsonObject, key: string, absent: boolean): boolean {
  const value = member(object, key);
  if (value === undefined) return absent;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw badRequest(`${key} must be a boolean`);
}

/** @throws ApiError if it is there and no whole number in the range; digits in a string pass */
export function integerOr(
  object: JsonObject,
  key: string,
  absent: number,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = member(object, key);
  if (value === undefined) return absent;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) {
    return number;
  }
  throw badRequest(`${key} must be a whole number from ${min} to ${max}`);
}

/** @throws ApiError if it is there and no object; RabbitMQ's own exports have `[]` for none */
export function fieldsOr(object: JsonObject, key: string): Fields {
  const value = member(object, key);
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return new Map();
  if (!isObject(value)) throw badRequest(`${key} must be an object`);
  return fieldsFromJson(value);
}

/** Tags: a comma-separated string, or an array of strings. */
export function tagsOf(value: unknown): string[] {
  const parts = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(parts) || parts.some((part) => typeof part !== 'string')) {
    throw badRequest('tags must be a string or a list of strings');
  }
  return [...new Set(parts.map((part: string) => part.trim()).filter((part) => part !== ''))];
}
