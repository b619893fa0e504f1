/**
 * Filters for messages as clients write them: in a query (`text=…`, `header.tenant=acme`) or in a
 * body (`"headers": {"tenant": "acme"}`). What they mean is src/broker/inspection/.
 */
import { type FilterValues, MessageFilter } from '../../../src/broker/inspection/message-filter.ts';
import { badRequest } from '../answer.ts';
import { integerOr, isObject, type JsonObject, type Query, textOr } from '../input.ts';

const HEADER = 'header.';

/** The names of a filter, but for headers. */
const NAMES = [
  'text',
  'routing_key',
  'exchange',
  'reason',
  'source_queue',
  'older_than_ms',
  'younger_than_ms',
] as const;

/** @throws ApiError for what is no filter @param others what else may be in the query */
export function filterInQuery(query: Query, others: readonly string[]): MessageFilter {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (name.startsWith(HEADER)) headers.set(name.slice(HEADER.length), value);
    else if (!isOneOf(name, NAMES) && !others.includes(name)) throw badRequest(`unknown ${name}`);
  }
  return new MessageFilter({ ...valuesIn(query), headers });
}

/** @throws ApiError for what is no filter */
export function filterInBody(body: unknown): MessageFilter {
  if (body === undefined || body === null) return new MessageFilter({});
  if (!isObject(body)) throw badRequest('filter must be an object');
  onlyKeys(body, [...NAMES, 'headers']);
  return new MessageFilter({ ...valuesIn(body), headers: headersIn(body.headers) });
}

/** Headers that are asked for: an object of texts, numbers and booleans. @throws ApiError */
export function headersIn(value: unknown): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  if (value === undefined || value === null) return headers;
  if (!isObject(value)) throw badRequest('headers must be an object');
  for (const [name, wanted] of Object.entries(value)) {
    if (typeof wanted === 'object') throw badRequest(`header ${name} must be a text or a number`);
    headers.set(name, String(wanted));
  }
  return headers;
}

/** @throws ApiError naming a key that nobody knows */
export function onlyKeys(object: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown !== undefined) throw badRequest(`unknown ${unknown}`);
}

function valuesIn(object: JsonObject): FilterValues {
  const text = (name: string): string | undefined =>
    Object.hasOwn(object, name) ? textOr(object, name, '') : undefined;
  const ms = (name: string): number | undefined =>
    Object.hasOwn(object, name) ? integerOr(object, name, 0) : undefined;
  const values = {
    text: text('text'),
    routingKey: text('routing_key'),
    exchange: text('exchange'),
    reason: text('reason'),
    sourceQueue: text('source_queue'),
    olderThanMs: ms('older_than_ms'),
    youngerThanMs: ms('younger_than_ms'),
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as FilterValues;
}

function isOneOf(name: string, names: readonly string[]): boolean {
  return names.includes(name);
}
