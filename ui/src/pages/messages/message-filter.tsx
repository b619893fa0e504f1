/**
 * MessageFilter: which messages of a queue are shown: by state, by what they contain, from which
 * place on. All of it stands in the address; a filter that is typed counts when Enter is pressed,
 * because a search may have to look at a million messages.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Peek } from '../../api/peek.ts';
import { short } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { Segments } from '../../parts/segments.tsx';
import { useQuery } from '../../shell/location.tsx';

interface MessageFilterProps {
  readonly counts: Peek['counts'] | undefined;
  readonly busy: boolean;
  readonly onReload: () => void;
  /** Opens the dialog that moves messages; undefined if the broker cannot. */
  readonly onMove: (() => void) | undefined;
}

const MORE = ['key', 'exchange', 'header', 'reason', 'source', 'from'] as const;

export function MessageFilter({ counts, busy, onReload, onMove }: MessageFilterProps) {
  const [query, setQuery] = useQuery();
  const { state = 'ready', text = '' } = query;
  const used = MORE.filter((name) => query[name]);
  const [typed, setTyped] = useState(text);
  const [open, setOpen] = useState(used.length > 0);
  useEffect(() => setTyped(text), [text]);
  const ready = counts ? ` ${short(counts.ready)}` : '';
  const unacked = counts ? ` ${short(counts.unacked)}` : '';
  const delayed =
    counts && counts.delayed > 0
      ? ([['delayed', `Delayed ${short(counts.delayed)}`]] as const)
      : [];
  return (
    <>
      <form
        class="filter-bar"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ text: typed, msg: '' });
        }}
      >
        <Segments
          label="State"
          onChange={(next) => setQuery({ state: next === 'ready' ? '' : next, from: '', msg: '' })}
          options={[
            ['ready', `Ready${ready}`],
            ['unacked', `Unacked${unacked}`],
            ...delayed,
            ['all', 'All'],
          ]}
          value={state}
        />
        <SearchBox
          label="Search in payloads, headers and keys"
          onChange={setTyped}
          placeholder="Search in payload, headers, key"
          value={typed}
        />
        <Button expanded={open} icon="filter" onClick={() => setOpen(!open)} small>
          {used.length > 0 ? `More (${used.length})` : 'More'}
        </Button>
        <div class="btn-row filter-aside">
          <Button busy={busy} icon="refresh" label="Look again" onClick={onReload} small />
          {onMove && (
            <Button icon="out" onClick={onMove} small>
              Redrive or move…
            </Button>
          )}
        </div>
      </form>
      {open && <More />}
    </>
  );
}

const LABELS = {
  key: ['Routing key', 'order.*'],
  exchange: ['Exchange', 'orders'],
  header: ['Has the header', 'tenant=acme'],
  source: ['Died first in', 'orders.new'],
  from: ['From place', '-50 is the last 50'],
} as const;

function More() {
  const [query, setQuery] = useQuery();
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const wanted = (name: string) => values[name] ?? query[name] ?? '';
  const set = (name: string, value: string) => setValues({ ...values, [name]: value });
  return (
    <form
      class="browser-more"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ ...Object.fromEntries(MORE.map((name) => [name, wanted(name)])), msg: '' });
      }}
    >
      {Object.entries(LABELS).map(([name, [label, example]]) => (
        <Field key={name} label={label}>
          <input
            onInput={(event) => set(name, event.currentTarget.value)}
            placeholder={example}
            spellcheck={false}
            value={wanted(name)}
          />
        </Field>
      ))}
      <Field label="Died because">
        <select
          onChange={(event) => set('reason', event.currentTarget.value)}
          value={wanted('reason')}
        >
          <option value="">any or none</option>
          <option value="rejected">rejected</option>
          <option value="expired">expired</option>
          <option value="maxlen">queue was full</option>
          <option value="delivery_limit">delivered too often</option>
        </select>
      </Field>
      <div class="btn-row">
        <Button kind="primary" small type="submit">
          Apply
        </Button>
        <Button
          onClick={() => {
            setValues({});
            setQuery(Object.fromEntries([...MORE, 'msg'].map((name) => [name, ''])));
          }}
          small
        >
          Clear
        </Button>
      </div>
    </form>
  );
}
