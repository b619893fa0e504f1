/**
 * ListTable: the rows of a listing, with what went wrong above them and the pages below. What the
 * rows are is listing.ts; how they look, table.tsx.
 */
import type { Listing } from './listing.ts';
import { Pager } from './pager.tsx';
import { Problem } from './problem.tsx';
import { Table, type TableProps } from './table.tsx';

interface ListTableProps<T> extends Omit<TableProps<T>, 'rows' | 'loading' | 'sorting'> {
  readonly listing: Listing<T>;
}

export function ListTable<T>({ listing, empty, ...table }: ListTableProps<T>) {
  const { error, loading, reload, rows, sorting } = listing;
  return (
    <>
      {error && <Problem error={error} onRetry={reload} />}
      <Table {...table} empty={!error && empty} loading={loading} rows={rows} sorting={sorting} />
      <Pager listing={listing} />
    </>
  );
}
