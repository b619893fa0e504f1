/**
 * A page of a list, as every paged resource of the management API answers. Brokers that know no
 * paging for a resource answer with the bare list: asPage makes one of it.
 */

/** One page and its place in the whole. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly page_count: number;
  readonly page_size: number;
  readonly total_count: number;
  readonly filtered_count: number;
}

/** Whatever the broker answered, as a page. */
export function asPage<T>(answer: PageOf<T> | readonly T[]): PageOf<T> {
  if (!Array.isArray(answer)) return answer as PageOf<T>;
  const length = answer.length;
  return {
    items: answer,
    page: 1,
    page_count: 1,
    page_size: length,
    total_count: length,
    filtered_count: length,
  };
}
