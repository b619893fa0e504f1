/**
 * Listing: lists of things as the management API gives them: sorted, filtered, in pages, with
 * chosen columns [management-api.md §1.1]. A thing is described field by field, so that sorting
 * ten thousand queues computes one field of each and a page computes a hundred. Long lists are
 * worked on in slices, and written in pieces, so that nobody waits for a reader of lists.
 */
import vm from 'node:vm';
import { NAME_FILTER_MS, PAGE_SIZE_MAX, PAGE_SIZE_USUAL } from '../../src/limits.ts';
import { ApiError, badRequest } from './answer.ts';
import type { Query } from './input.ts';
import { Slices } from './slices.ts';

/** How to compute each field of an item; those that give undefined are left out. */
export type Columns<T> = Readonly<Record<string, (item: T) => unknown>>;

/** A list before anybody has asked for a part of it. */
export class Listing<T = unknown> {
  readonly items: readonly T[];
  readonly columns: Columns<T>;
  /** What `name=` filters by. */
  readonly nameOf: (item: T) => string;

  constructor(items: Iterable<T>, columns: Columns<T>, nameOf: (item: T) => string) {
    this.items = [...items];
    this.columns = columns;
    this.nameOf = nameOf;
  }
}

/** A list of values that are ready as they are. */
export function plainListing(items: Iterable<Readonly<Record<string, unknown>>>): Listing {
  const all = [...items];
  const columns: Record<string, (item: unknown) => unknown> = {};
  for (const item of all) {
    for (const key of Object.keys(item)) {
      columns[key] ??= (one) => (one as Record<string, unknown>)[key];
    }
  }
  const nameOf = (item: unknown): string => String((item as { name?: unknown }).name ?? '');
  return new Listing<unknown>(all, columns, nameOf);
}

/** Describes one item with all its fields, or with those that the query asks for. */
export function describe<T>(item: T, columns: Columns<T>, query: Query): Record<string, unknown> {
  const chosen = chosenColumns(query);
  const whole: Record<string, unknown> = {};
  if (chosen === null) {
    for (const key of Object.keys(columns)) whole[key] = columns[key]?.(item);
    return whole;
  }
  for (const path of chosen) {
    const [key = '', ...rest] = path;
    if (Object.hasOwn(columns, key)) copyPath(columns[key]?.(item), key, rest, whole);
  }
  return whole;
}

/** The list as JSON text in pieces. */
export async function* render<T>(listing: Listing<T>, query: Query): AsyncGenerator<string> {
  const paging = pagingOf(query);
  const slices = new Slices();
  let items = listing.items;
  if (paging !== null) items = filtered(listing, paging);
  items = await sorted(items, listing.columns, query, slices);
  if (paging === null) {
    yield* array(items, listing.columns, query, slices);
    return;
  }
  const { page, pageSize } = paging;
  const pageCount = Math.max(1, Math.ceil(items.length / pageSize));
  const shown = items.slice((page - 1) * pageSize, page * pageSize);
  if (page > pageCount) throw outOfRange(page, pageSize, items.length);
  yield `{"filtered_count":${items.length},"item_count":${shown.length},"items":`;
  yield* array(shown, listing.columns, query, slices);
  const total = listing.items.length;
  yield `,"page":${page},"page_count":${pageCount},"page_size":${pageSize},"total_count":${total}}`;
}

async function* array<T>(
  items: readonly T[],
  columns: Columns<T>,
  query: Query,
  slices: Slices,
): AsyncGenerator<string> {
  let text = '[';
  for (let i = 0; i < items.length; i++) {
    text += `${i === 0 ? '' : ','}${JSON.stringify(describe(items[i] as T, columns, query))}`;
    if (slices.over()) {
      yield text;
      text = '';
      await slices.rest();
    }
  }
  yield `${text}]`;
}

interface Paging {
  readonly page: number;
  readonly pageSize: number;
  readonly name: string;
  readonly regex: boolean;
}

/** @throws ApiError if pages are asked for that cannot be */
function pagingOf(query: Query): Paging | null {
  const { page: pageText, page_size: sizeText } = query;
  if (pageText === undefined && sizeText === undefined) return null;
  const page = wholeNumber(pageText || '1');
  const pageSize = wholeNumber(sizeText || String(PAGE_SIZE_USUAL));
  if (page === null || pageSize === null || page < 1 || pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
    const shown = `page number ${pageText ?? 1}, page size ${sizeText ?? PAGE_SIZE_USUAL}`;
    const reason = `Invalid pagination parameters: ${shown}`;
    throw new ApiError(400, 'invalid_pagination_parameters', reason);
  }
  return { page, pageSize, name: query.name ?? '', regex: query.use_regex === 'true' };
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function outOfRange(page: number, pageSize: number, length: number): ApiError {
  const reason = `Page out of range, page: ${page} page size: ${pageSize}, len: ${length}`;
  return new ApiError(400, 'page_out_of_range', reason);
}

function filtered<T>(listing: Listing<T>, { name, regex }: Paging): readonly T[] {
  const { items, nameOf } = listing;
  if (name === '') return items;
  if (!regex) return items.filter((item) => nameOf(item).includes(name));
  const fits = matches(items.map(nameOf), name);
  return items.filter((_item, index) => fits[index]);
}

const MATCHING = new vm.Script('names.map((name) => pattern.test(name))');

/**
 * Which names fit a pattern that came from outside. Such a pattern can take longer than the
 * universe lasts, so it runs where it can be stopped.
 * @throws ApiError if it is no pattern, or takes too long
 */
function matches(names: readonly string[], text: string): readonly boolean[] {
  const before = process.cpuUsage();
  for (;;) {
    try {
      const pattern = new RegExp(text);
      return MATCHING.runInNewContext({ names, pattern }, { timeout: NAME_FILTER_MS });
    } catch (error) {
      const { user, system } = process.cpuUsage(before);
      const { code } = error as NodeJS.ErrnoException;
      // On a busy machine time passes in which nothing was done: that is no fault of the pattern.
      const idle = user + system < NAME_FILTER_MS * 1000;
      if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' && idle) continue;
      throw badRequest('Pagination parameters are invalid');
    }
  }
}

/** Sorted as the query says; else in the order they came. */
async function sorted<T>(
  items: readonly T[],
  columns: Columns<T>,
  query: Query,
  slices: Slices,
): Promise<readonly T[]> {
  const path = (query.sort ?? '').split('.');
  const [head = '', ...rest] = path;
  if (!Object.hasOwn(columns, head)) return items;
  const keyed: { readonly item: T; readonly key: unknown }[] = [];
  for (const item of items) {
    keyed.push({ item, key: dig(columns[head]?.(item), rest) });
    if (slices.over()) await slices.rest();
  }
  keyed.sort((a, b) => compare(a.key, b.key));
  if (query.sort_reverse === 'true') keyed.reverse();
  return keyed.map(({ item }) => item);
}

function dig(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** Nothing first, then numbers, then texts; Erlang's order of terms, as far as it matters. */
function compare(a: unknown, b: unknown): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return 1;
  return typeof value === 'boolean' ? 2 : 3;
}

function chosenColumns(query: Query): string[][] | null {
  if (query.columns === undefined || query.columns === '') return null;
  return query.columns.split(',').map((path) => path.split('.'));
}

/** Copies what a dotted path leads to, in its nesting. */
function copyPath(
  from: unknown,
  key: string,
  rest: readonly string[],
  into: Record<string, unknown>,
): void {
  const [next, ...further] = rest;
  if (next === undefined) {
    into[key] = from;
    return;
  }
  const inside = dig(from, [next]);
  if (inside === undefined) return;
  const nested = Object.hasOwn(into, key) ? (into[key] as Record<string, unknown>) : {};
  copyPath(inside, next, further, nested);
  into[key] = nested;
}
