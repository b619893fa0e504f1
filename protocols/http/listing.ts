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
import { Smallest } from './smallest.ts';

/** How to compute each field of an item; those that give undefined are left out. */
export type Columns<T> = Readonly<Record<string, (item: T) => unknown>>;

/** What items are sorted by; null if the column says it. */
export type SortKey<T> = (path: readonly string[]) => ((item: T) => unknown) | null;

/** A list before anybody has asked for a part of it. */
export class Listing<T = unknown> {
  readonly items: readonly T[];
  readonly columns: Columns<T>;
  /** What `name=` filters by. */
  readonly nameOf: (item: T) => string;

  /** How to sort by a path where there is a quicker way than to describe its column. */
  readonly sortKey: SortKey<T>;

  constructor(
    items: Iterable<T>,
    columns: Columns<T>,
    nameOf: (item: T) => string,
    sortKey: SortKey<T> = () => null,
  ) {
    this.items = [...items];
    this.columns = columns;
    this.nameOf = nameOf;
    this.sortKey = sortKey;
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
  if (paging === null) {
    const all = await sorted(listing.items, listing, query, slices);
    yield* array(all, listing.columns, query, slices);
    return;
  }
  const { page, pageSize } = paging;
  const items = filtered(listing, paging);
  const pageCount = Math.max(1, Math.ceil(items.length / pageSize));
  if (page > pageCount) throw outOfRange(page, pageSize, items.length);
  const start = (page - 1) * pageSize;
  const first = await sorted(items, listing, query, slices, start + pageSize);
  const shown = first.slice(start, start + pageSize);
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

/** An item and what it is sorted by; `index` keeps those in order that are equal. */
interface Keyed<T> {
  readonly item: T;
  readonly key: unknown;
  readonly index: number;
}

/**
 * Sorted as the query says; else in the order they came.
 * @param wanted how many of them from the beginning: no more need be right
 */
async function sorted<T>(
  items: readonly T[],
  { columns, sortKey }: Listing<T>,
  query: Query,
  slices: Slices,
  wanted = items.length,
): Promise<readonly T[]> {
  const path = (query.sort ?? '').split('.');
  const [head = '', ...rest] = path;
  if (!Object.hasOwn(columns, head)) return items;
  const keyOf = sortKey(path) ?? ((item: T) => dig(columns[head]?.(item), rest));
  const sign = query.sort_reverse === 'true' ? -1 : 1;
  const inOrder = (a: Keyed<T>, b: Keyed<T>): number =>
    sign * (compare(a.key, b.key) || a.index - b.index);
  const first = new Smallest(wanted, inOrder);
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as T;
    first.add({ item, key: keyOf(item), index });
    if (slices.over()) await slices.rest();
  }
  return first.all().map(({ item }) => item);
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
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
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
