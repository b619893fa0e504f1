/**
 * Listings: which rows of a list are shown: filter, sorting, page and columns, all of it in the
 * address. useListing lets the broker do the work, for what may be thousands; useLocalListing does
 * it here, for lists that the API gives whole.
 */
import { useMemo } from 'preact/hooks';
import { asPage, type PageOf } from '../api/page-of.ts';
import { withQuery } from '../api/request.ts';
import { useResource } from '../live/resource.ts';
import { useQuery } from '../shell/location.tsx';
import type { Sorting } from './table.tsx';

/** What a page of a list needs to know to draw itself. */
export interface Listing<T> {
  /** What the broker was asked, if it was. */
  readonly path: string | null;
  readonly rows: readonly T[];
  readonly page: number;
  readonly pageCount: number;
  readonly pageSize: number;
  /** How many there are, before and after the filter. */
  readonly total: number;
  readonly filtered: number;
  readonly filter: string;
  readonly regex: boolean;
  readonly loading: boolean;
  readonly error: Error | undefined;
  readonly sorting: Sorting;
  readonly setPage: (page: number) => void;
  readonly setFilter: (filter: string, regex: boolean) => void;
  readonly reload: () => void;
}

export const PAGE_SIZE = 100;

interface View {
  readonly page: number;
  readonly filter: string;
  readonly regex: boolean;
  readonly sorting: Sorting;
  readonly setPage: (page: number) => void;
  readonly setFilter: (filter: string, regex: boolean) => void;
}

/** The part of a listing that the address holds. */
function useView(sort: string, reverse: boolean): View {
  const [query, setQuery] = useQuery();
  const field = query.sort ?? sort;
  const down = query.reverse === undefined ? reverse : query.reverse === 'true';
  return {
    page: Math.max(1, Number(query.page) || 1),
    filter: query.q ?? '',
    regex: query.regex === 'true',
    sorting: {
      sort: field,
      reverse: down,
      onSort: (next) =>
        // Numbers are asked for from the top first, names from the beginning.
        setQuery({
          sort: next,
          reverse: String(next === field ? !down : !/name|vhost|user|source/.test(next)),
          page: '',
        }),
    },
    setPage: (page) => setQuery({ page: page === 1 ? '' : String(page) }, true),
    setFilter: (q, regex) => setQuery({ q, regex: regex ? 'true' : '', page: '' }),
  };
}

/**
 * A list that the broker filters, sorts and cuts into pages.
 * @param path below api/; null for nothing
 * @param sort the field that it is sorted by at first
 * @param extra more of the query
 */
export function useListing<T>(
  path: string | null,
  sort = 'name',
  reverse = false,
  extra: Readonly<Record<string, string | undefined>> = {},
): Listing<T> {
  const view = useView(sort, reverse);
  const url =
    path &&
    withQuery(path, {
      page: view.page,
      page_size: PAGE_SIZE,
      name: view.filter,
      use_regex: view.regex,
      sort: view.sorting.sort,
      sort_reverse: view.sorting.reverse,
      pagination: true,
      ...extra,
    });
  const { data, error, loading, reload } = useResource<PageOf<T> | readonly T[]>(url);
  const page = data && asPage(data);
  return {
    ...view,
    path: url,
    rows: page?.items ?? [],
    pageCount: page?.page_count ?? 1,
    pageSize: PAGE_SIZE,
    total: page?.total_count ?? 0,
    filtered: page?.filtered_count ?? 0,
    // Rows of another filter stay until the new ones are there.
    loading: loading && page === undefined,
    error,
    reload: () => void reload(),
  };
}

/** How the list came here: what went wrong, and how it is read again. */
interface Reading {
  readonly error?: Error | undefined;
  readonly reload?: () => unknown;
}

/**
 * A list that is here already.
 * @param textOf what the filter looks at
 * @param fields what can be sorted by
 */
export function useLocalListing<T>(
  all: readonly T[] | undefined,
  textOf: (row: T) => string,
  fields: Readonly<Record<string, (row: T) => string | number>>,
  sort: string,
  { error, reload }: Reading = {},
): Listing<T> {
  const view = useView(sort, false);
  const { filter, regex, sorting } = view;
  const matching = useMemo(() => {
    const matches = matcher(filter, regex);
    const rows = (all ?? []).filter((row) => matches(textOf(row)));
    const field = fields[sorting.sort];
    if (field) rows.sort((a, b) => compare(field(a), field(b)) * (sorting.reverse ? -1 : 1));
    return rows;
  }, [all, filter, regex, sorting.sort, sorting.reverse]);
  const pageCount = Math.max(1, Math.ceil(matching.length / PAGE_SIZE));
  const page = Math.min(view.page, pageCount);
  return {
    ...view,
    path: null,
    page,
    pageCount,
    rows: matching.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
    pageSize: PAGE_SIZE,
    total: all?.length ?? 0,
    filtered: matching.length,
    loading: all === undefined && error === undefined,
    error,
    reload: () => void reload?.(),
  };
}

function matcher(filter: string, regex: boolean): (text: string) => boolean {
  if (!regex) return (text) => text.toLowerCase().includes(filter.toLowerCase());
  try {
    const pattern = new RegExp(filter);
    return (text) => pattern.test(text);
  } catch {
    // While it is being typed, a pattern is often half a pattern.
    return () => true;
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
