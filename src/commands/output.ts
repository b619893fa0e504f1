/**
 * Output: prints what a command gives back in the formats of RabbitMQ's tools: columns with tabs
 * between them, JSON, CSV, or a table with lines around it.
 */
import type { Output, Row } from './command.ts';

export type Format = 'table' | 'pretty_table' | 'json' | 'csv' | 'string';

/** What `--formatter` takes; `erlang` is read as `table`, which is the nearest. */
export const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['table', 'table'],
  ['erlang', 'table'],
  ['string', 'string'],
  ['pretty_table', 'pretty_table'],
  ['json', 'json'],
  ['json_stream', 'json'],
  ['csv', 'csv'],
]);

/** Is it read by programs, which want no banners? */
export function isForMachines(format: Format): boolean {
  return format === 'json' || format === 'csv';
}

/** @param headers whether a table begins with the names of its columns */
export function render(output: Output, format: Format, headers: boolean): string {
  if (output.kind === 'nothing') return '';
  if (output.kind === 'text') {
    if (format !== 'json') return lines(output.text);
    return lines(JSON.stringify(output.value ?? output.text));
  }
  const { columns, rows } = output;
  if (format === 'json') return lines(JSON.stringify(rows.map((row) => chosen(row, columns))));
  if (format === 'csv') return csv(columns, rows, headers);
  if (format === 'pretty_table') return pretty(columns, rows, headers);
  const body = rows.map((row) => columns.map((column) => shown(row[column])).join('\t'));
  return lines(...(headers && rows.length > 0 ? [columns.join('\t')] : []), ...body);
}

function lines(...all: readonly string[]): string {
  return all.length === 0 ? '' : `${all.join('\n')}\n`;
}

function chosen(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? '']));
}

/** A value in a cell: lists as Erlang prints them, objects as JSON. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object') return JSON.stringify(value);
  // No value may end its line or its column.
  return String(value).replace(/[\t\n\r]/g, (c) => JSON.stringify(c).slice(1, -1));
}

function csv(columns: readonly string[], rows: readonly Row[], headers: boolean): string {
  const cell = (value: string): string =>
    /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const body = rows.map((row) => columns.map((column) => cell(shown(row[column]))).join(','));
  return lines(...(headers ? [columns.join(',')] : []), ...body);
}

function pretty(columns: readonly string[], rows: readonly Row[], headers: boolean): string {
  const cells = rows.map((row) => columns.map((column) => shown(row[column])));
  const all = headers ? [[...columns], ...cells] : cells;
  const widths = columns.map((_, i) => Math.max(0, ...all.map((row) => (row[i] ?? '').length)));
  const bar = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${right}`;
  const line = (row: readonly string[]): string =>
    `│ ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' │ ')} │`;
  const body = cells.map(line).flatMap((row, i) => (i === 0 ? [row] : [bar('├', '┼', '┤'), row]));
  const head = headers ? [line(columns), bar('├', '┼', '┤')] : [];
  return lines(bar('┌', '┬', '┐'), ...head, ...body, bar('└', '┴', '┘'));
}
