/**
 * ArgumentsField: the arguments of a queue, exchange, binding or policy as rows of name and value.
 * Known names are offered with what they do; values are JSON where they look like it, else texts.
 */
import { useId } from 'preact/hooks';
import type { Arguments } from '../api/queue.ts';
import { Button } from './button.tsx';
import type { KnownArgument } from './known-arguments.ts';
import './arguments-field.css';
import './field.css';

/** One row, as it is typed. */
export interface ArgumentRow {
  readonly name: string;
  readonly value: string;
}

interface ArgumentsFieldProps {
  /** What the rows are called: `Arguments`. */
  readonly label: string;
  readonly rows: readonly ArgumentRow[];
  readonly onChange: (rows: readonly ArgumentRow[]) => void;
  readonly known: readonly KnownArgument[];
}

/** `{"x-max-length": 5}` of rows; empty names are left out. */
export function argumentsOf(rows: readonly ArgumentRow[]): Record<string, unknown> {
  return Object.fromEntries(
    rows.filter(({ name }) => name !== '').map(({ name, value }) => [name, parsed(value)]),
  );
}

/** Rows of arguments, for a form that changes them. */
export function rowsOf(values: Arguments): ArgumentRow[] {
  return Object.entries(values).map(([name, value]) => {
    return { name, value: typeof value === 'string' ? value : JSON.stringify(value) };
  });
}

/** Numbers, true, false, lists and objects are what they look like; all else is a text. */
function parsed(text: string): unknown {
  if (!/^(-?\d+(\.\d+)?|true|false|[[{"].*)$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function ArgumentsField({ label, rows, onChange, known }: ArgumentsFieldProps) {
  const set = (index: number, row: ArgumentRow) =>
    onChange(rows.map((old, at) => (at === index ? row : old)));
  const offers = useId();
  const unused = known.filter(({ name }) => !rows.some((row) => row.name === name));
  return (
    <fieldset class="group">
      <legend class="field-label">{label}</legend>
      {rows.map((row, index) => (
        <div class="argument" key={`${index}`}>
          <input
            aria-label="Name"
            list={offers}
            onInput={(event) => set(index, { ...row, name: event.currentTarget.value })}
            placeholder="name"
            spellcheck={false}
            value={row.name}
          />
          <input
            aria-label={`Value of ${row.name || 'the argument'}`}
            onInput={(event) => set(index, { ...row, value: event.currentTarget.value })}
            placeholder={known.find(({ name }) => name === row.name)?.example ?? 'value'}
            spellcheck={false}
            value={row.value}
          />
          <Button
            icon="close"
            kind="plain"
            label={`Remove ${row.name || 'the argument'}`}
            onClick={() => onChange(rows.filter((_row, at) => at !== index))}
          />
        </div>
      ))}
      <datalist id={offers}>
        {unused.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div class="argument-offers">
        {unused.map(({ name, label: words, text }) => (
          <button
            class="chip"
            key={name}
            onClick={() => onChange([...rows, { name, value: '' }])}
            title={`${name}: ${text}`}
            type="button"
          >
            + {words}
          </button>
        ))}
        <button
          class="chip"
          onClick={() => onChange([...rows, { name: '', value: '' }])}
          type="button"
        >
          {known.length > 0 ? '+ Other' : '+ Add'}
        </button>
      </div>
    </fieldset>
  );
}
