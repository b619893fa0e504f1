/**
 * Samples: what RabbitMQ 3.10.8 answered to 140 requests, as status and as shape: the keys and
 * JSON types of the body. Shapes have their user's own data (arguments, properties) emptied, and
 * every `x_details` left out where it is nothing but a rate.
 */
import { readFileSync } from 'node:fs';

/** A type's name, a list with the shape of its items, or an object. */
export type Shape = string | readonly Shape[] | { readonly [key: string]: Shape };

export interface Sample {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  readonly shape?: Shape;
  /** The whole answer, of errors. */
  readonly answer?: unknown;
  readonly location?: string;
}

function lines<T>(file: string): T[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** All of them by name. */
export const SAMPLES: ReadonlyMap<string, Sample> = new Map(
  lines<Sample>('samples.jsonl').map((sample) => [sample.name, sample]),
);

/** By type: the fields without which rabbitmqadmin 2 cannot decode an answer, with Rust's types. */
export const REQUIRED_FIELDS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(
  lines<[string, Record<string, string>]>('required-fields.jsonl'),
);

/** What of a shape is missing in a value or of another type: `a.b: number, not null`. */
export function differences(shape: Shape, value: unknown, at = ''): string[] {
  if (typeof shape === 'string') return typesDiffer(shape, value, at);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at}: a list, not ${typeOf(value)}`];
    if (shape.length === 0) return [];
    if (value.length === 0) return [`${at}: an empty list`];
    return value.length === 0 ? [] : differences(shape[0] as Shape, value[0], `${at}[]`);
  }
  if (typeOf(value) !== 'object') return [`${at}: an object, not ${typeOf(value)}`];
  const object = value as Record<string, unknown>;
  return Object.entries(shape).flatMap(([key, inside]) => {
    if (!Object.hasOwn(object, key)) return [`${at}.${key}: missing`];
    return differences(inside, object[key], `${at}.${key}`);
  });
}

function typesDiffer(expected: string, value: unknown, at: string): string[] {
  const type = typeOf(value);
  // null says that something does not apply, and other samples have a value there.
  if (type === expected || expected === 'null' || type === 'null') return [];
  return [`${at}: ${expected}, not ${type}`];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}
