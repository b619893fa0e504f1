/**
 * AddBinding: a form in one line that binds. One end is given,
 * the other is typed, with offers.
 */
import { useState } from 'preact/hooks';
import { asPage, type PageOf } from '../api/page-of.ts';
import { at, change, withQuery } from '../api/request.ts';
import { useResource } from '../live/resource.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from './arguments-field.tsx';
import { Button } from './button.tsx';
import { Field } from './field.tsx';
import { attempt } from './toast.tsx';

interface AddBindingProps {
  readonly vhost: string;
  /** The end that is given. */
  readonly from?: string;
  readonly toQueue?: string;
  /** Told when there is a new one. */
  readonly onAdded: () => void;
}

const NO_ROWS: readonly ArgumentRow[] = [];

export function AddBinding({ vhost, from, toQueue, onAdded }: AddBindingProps) {
  const [other, setOther] = useState('');
  const [kind, setKind] = useState<'q' | 'e'>('q');
  const [key, setKey] = useState('');
  const [rows, setRows] = useState(NO_ROWS);
  const [busy, setBusy] = useState(false);
  const source = from ?? other;
  const destination = toQueue ?? other;
  const end = toQueue === undefined ? kind : 'q';
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const path = at`bindings/${vhost}/e/${source}/${end}/${destination}`;
    const body = { routing_key: key, arguments: argumentsOf(rows) };
    const done = await attempt(`Bound ${destination} to ${source}.`, () =>
      change('POST', path, body),
    );
    setBusy(false);
    if (!done) return;
    setOther('');
    setKey('');
    setRows(NO_ROWS);
    onAdded();
  };
  const offers = toQueue !== undefined || kind === 'e' ? 'exchanges' : 'queues';
  return (
    <form class="form" onSubmit={submit}>
      <div class="form-row">
        {toQueue === undefined && (
          <Field label="To">
            <select
              onChange={(event) => setKind(event.currentTarget.value as 'q' | 'e')}
              value={kind}
            >
              <option value="q">Queue</option>
              <option value="e">Exchange</option>
            </select>
          </Field>
        )}
        <Field label={offers === 'queues' ? 'Queue' : 'Exchange'}>
          <input
            list="binding-ends"
            onInput={(event) => setOther(event.currentTarget.value)}
            required
            spellcheck={false}
            value={other}
          />
        </Field>
        <Field hint="Topic exchanges: * is one word, # any number" label="Routing key">
          <input
            onInput={(event) => setKey(event.currentTarget.value)}
            spellcheck={false}
            value={key}
          />
        </Field>
      </div>
      <Offers kind={offers} text={other} vhost={vhost} />
      <ArgumentsField known={[]} label="Arguments" onChange={setRows} rows={rows} />
      <div class="form-actions">
        <Button busy={busy} icon="plus" type="submit">
          Bind
        </Button>
      </div>
    </form>
  );
}

interface OffersProps {
  readonly kind: 'queues' | 'exchanges';
  readonly vhost: string;
  readonly text: string;
}

/** A few names that contain what is typed. */
function Offers({ kind, vhost, text }: OffersProps) {
  const query = { page: 1, page_size: 20, name: text, columns: 'name' };
  const path = withQuery(at`${kind}/${vhost}`, query);
  const { data } = useResource<PageOf<{ name: string }> | readonly { name: string }[]>(path, true);
  const names = data ? asPage(data).items.slice(0, 20) : [];
  return (
    <datalist id="binding-ends">
      {names.map(({ name }) => name !== '' && <option key={name} value={name} />)}
    </datalist>
  );
}
