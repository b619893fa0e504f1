/**
 * JsonValue: what runtime parameters are made of, and how RabbitMQ shows such a value in the text
 * of an error, which is as Erlang would print it. Parsing and writing JSON are not done here.
 */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** `<<"text">>`, `5`, `#{<<"a">> => 1}`: the value in Erlang's notation. */
export function erlangTerm(value: JsonValue): string {
  if (typeof value === 'string') return `<<${JSON.stringify(value)}>>`;
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(erlangTerm).join(',')}]`;
  const entries = Object.entries(value as { readonly [key: string]: JsonValue });
  const terms = entries.map(([key, each]) => `${erlangTerm(key)} => ${erlangTerm(each)}`);
  return `#{${terms.join(',')}}`;
}

/** Is it an object, rather than a list or a single value? */
export function isJsonObject(value: unknown): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
