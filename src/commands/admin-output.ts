/**
 * What `rabbitmqadmin` prints of lists: a table with lines around it, or one of the formats that
 * scripts read. Columns and cells are as in the script that RabbitMQ had, down to `True`.
 */
import { UsageError } from './admin-grammar.ts';

type Item = Readonly<Record<string, unknown>>;

/** How a list is to be shown. */
export interface Shown {
  readonly format: string;
  /** Those that were asked for; none means all down to a depth. */
  readonly columns: readonly string[];
  readonly depth: number;
  /** Columns that are shown as JSON. */
  readonly json: readonly string[];
  /** Whether to say what is for people only. */
  readonly verbose: boolean;
}

/** These come first. */
const FIRST = [
  ...['vhost', 'name', 'type', 'source', 'destination', 'destination_type'],
  'routing_key',
];

const FORMATS: ReadonlyMap<string, (columns: readonly string[], rows: string[][]) => string[]> =
  new Map([
    ['tsv', (_columns, rows) => rows.map((row) => row.join('\t'))],
    ['long', long],
    ['table', tableOf],
    ['kvp', keyed],
    ['bash', bash],
  ]);

/** @throws UsageError if nobody knows the format */
export function shownList(items: readonly Item[], shown: Shown): string[] {
  const { format, verbose } = shown;
  if (format === 'raw_json') return [JSON.stringify(items)];
  if (format === 'pretty_json') return [JSON.stringify(sorted(items), null, 2)];
  const print = FORMATS.get(format);
  if (print === undefined) throw new UsageError(`Format ${format} not recognised`);
  if (items.length === 0) return verbose ? ['No items'] : [];
  const depth = shown.columns.length > 0 ? Number.POSITIVE_INFINITY : shown.depth;
  const flat = items.map((item) => flattened(item, depth, shown.json));
  const columns = shown.columns.length > 0 ? shown.columns : columnsOf(flat);
  const rows = flat.map((cells) => columns.map((column) => cells.get(column) ?? ''));
  const lines = print(columns, rows);
  return format === 'tsv' && verbose ? [columns.join('\t'), ...lines] : lines;
}

/** Objects inside objects as `outer.inner`, down to a depth. */
function flattened(
  item: Item,
  depth: number,
  json: readonly string[],
  prefix = '',
  into = new Map<string, string>(),
): Map<string, string> {
  for (const [key, value] of Object.entries(item)) {
    const column = prefix === '' ? key : `${prefix}.${key}`;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) into.set(column, cellOf(value));
    else if (json.includes(key)) into.set(column, jsonOf(value));
    else if (depth > 1) flattened(value as Item, depth - 1, json, column, into);
  }
  return into;
}

function columnsOf(flat: readonly ReadonlyMap<string, string>[]): string[] {
  const all = [...new Set(flat.flatMap((cells) => [...cells.keys()]))];
  const rank = (column: string): number => (FIRST.indexOf(column) + 1 || FIRST.length + 1) - 1;
  return all.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (!Array.isArray(value)) return String(value);
  return value.every((one) => typeof one === 'string') ? value.join(' ') : jsonOf(value);
}

/** With a blank after every comma and colon. */
function jsonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}: ${jsonOf(one)}`,
  );
  return `{${members.join(', ')}}`;
}

/** With the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, one]) => [name, sorted(one)]));
}

function tableOf(columns: readonly string[], rows: string[][]): string[] {
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const bar = `+${widths.map((width) => `${'-'.repeat(width + 2)}+`).join('')}`;
  const line = (cells: readonly string[], place: typeof left): string =>
    `|${cells.map((cell, i) => ` ${place(cell, widths[i] as number)} |`).join('')}`;
  return [bar, line(columns, middle), bar, ...rows.map((row) => line(row, left)), bar];
}

function left(cell: string, width: number): string {
  return cell.padEnd(width);
}

function middle(cell: string, width: number): string {
  const before = Math.floor((width - cell.length) / 2);
  return `${' '.repeat(before)}${cell}`.padEnd(width);
}

function long(columns: readonly string[], rows: string[][]): string[] {
  const width = Math.max(...columns.map(({ length }) => length));
  const line = `\n${'-'.repeat(80)}\n`;
  const blocks = rows.flatMap((row) => [
    ...row.map((cell, i) => `${(columns[i] as string).padStart(width)}: ${cell}`),
    line,
  ]);
  return [line, ...blocks];
}

function keyed(columns: readonly string[], rows: string[][]): string[] {
  return rows.map((row) => row.map((cell, i) => `${columns[i]}="${cell}"`).join(' '));
}

/** The names alone. */
function bash(columns: readonly string[], rows: string[][]): string[] {
  const index = columns.indexOf('name');
  return index < 0 ? [] : [rows.map((row) => row[index]).join(' ')];
}
