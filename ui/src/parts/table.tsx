/**
 * Table: rows with columns that can be sorted, chosen and selected. It shows what it is given:
 * listing.ts decides which rows those are, on the server (useListing) or here (useLocalListing).
 * A page holds a few hundred rows at most, so every row is real and found by the browser's search.
 */
import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';
import './table.css';

/** How one column looks; `sort` is the field that the list can be sorted by. */
export interface Column<T> {
  readonly key: string;
  /** The heading; '' over buttons. */
  readonly label: string;
  readonly render: (row: T) => ComponentChildren;
  readonly sort?: string;
  /** Right-aligned, with digits of one width. */
  readonly numeric?: boolean;
  /** Not shown unless chosen. */
  readonly optional?: boolean;
  /** Left out on phones. */
  readonly wide?: boolean;
  /** Explains the heading. */
  readonly title?: string;
}

/** Which rows are selected, by key. */
export interface Selection<T> {
  readonly keys: ReadonlySet<string>;
  readonly onChange: (keys: ReadonlySet<string>) => void;
  /** What the row is called, for screen readers. */
  readonly nameOf: (row: T) => string;
}

/** The order of rows, as the address holds it. */
export interface Sorting {
  readonly sort: string;
  readonly reverse: boolean;
  readonly onSort: (field: string) => void;
}

/** What a table is given. */
export interface TableProps<T> {
  /** What the table is about, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly sorting?: Sorting;
  readonly selection?: Selection<T>;
  /** Stands in the place of the rows if there are none. */
  readonly empty?: ComponentChildren;
  /** Shows that the first rows are on their way. */
  readonly loading?: boolean;
}

export function Table<T>(props: TableProps<T>) {
  const { caption, columns, rows, keyOf, sorting, selection, empty, loading } = props;
  if (rows.length === 0 && !loading) return <>{empty}</>;
  return (
    <div class="table-scroll">
      <table class="table">
        <caption class="sr">{caption}</caption>
        <thead>
          <tr>
            {selection && <SelectAll keyOf={keyOf} rows={rows} selection={selection} />}
            {columns.map((column) => (
              <Heading column={column} key={column.key} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              columns={columns}
              id={keyOf(row)}
              key={keyOf(row)}
              row={row}
              selection={selection}
            />
          ))}
          {loading && rows.length === 0 && <Placeholder columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps<T> {
  readonly id: string;
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly selection: Selection<T> | undefined;
}

function Row<T>({ id, row, columns, selection }: RowProps<T>) {
  const selected = selection?.keys.has(id) === true;
  return (
    <tr aria-selected={selection && selected}>
      {selection && (
        <td class="cell-select">
          <input
            aria-label={`Select ${selection.nameOf(row)}`}
            checked={selected}
            onChange={() => selection.onChange(toggled(selection.keys, id))}
            type="checkbox"
          />
        </td>
      )}
      {columns.map(({ key, numeric, wide, render }) => (
        <td class={cellClass(numeric, wide)} key={key}>
          {render(row)}
        </td>
      ))}
    </tr>
  );
}

function cellClass(numeric = false, wide = false): string | undefined {
  return [numeric && 'cell-num', wide && 'cell-wide'].filter(Boolean).join(' ') || undefined;
}

function toggled(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

interface SelectAllProps<T> {
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly selection: Selection<T>;
}

function SelectAll<T>({ rows, keyOf, selection }: SelectAllProps<T>) {
  const keys = rows.map(keyOf);
  const all = keys.length > 0 && keys.every((key) => selection.keys.has(key));
  return (
    <th class="cell-select" scope="col">
      <input
        aria-label="Select all on this page"
        checked={all}
        onChange={() => selection.onChange(all ? new Set() : new Set(keys))}
        type="checkbox"
      />
    </th>
  );
}

interface HeadingProps<T> {
  readonly column: Column<T>;
  readonly sorting: Sorting | undefined;
}

function Heading<T>({ column, sorting }: HeadingProps<T>) {
  const { label, sort, numeric, wide, title } = column;
  const here = sort !== undefined && sorting?.sort === sort;
  const order = here ? (sorting?.reverse ? 'descending' : 'ascending') : undefined;
  return (
    <th aria-sort={order} class={cellClass(numeric, wide)} scope="col" title={title}>
      {sort !== undefined && sorting ? (
        <button class="sort" onClick={() => sorting.onSort(sort)} type="button">
          {label}
          <span class={`sort-mark${here ? '' : ' sort-idle'}`}>
            <Icon name={order === 'descending' ? 'down' : 'up'} size={12} />
          </span>
        </button>
      ) : (
        label || <span class="sr">Actions</span>
      )}
    </th>
  );
}

function Placeholder({ columns }: { columns: number }) {
  return (
    <>
      {[0, 1, 2, 3, 4].map((row) => (
        <tr key={row}>
          <td aria-hidden="true" colSpan={columns + 1}>
            <span class="skeleton" />
          </td>
        </tr>
      ))}
    </>
  );
}
