/**
 * AddExchange: the form that declares an exchange. It offers the types that the broker says it has,
 * each with what it does.
 */
import { useState } from 'preact/hooks';
import { exchangePath } from '../../api/exchange.ts';
import { change, sayError } from '../../api/request.ts';
import { overview } from '../../live/overview.ts';
import { refresh } from '../../live/ticker.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from '../../parts/arguments-field.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { EXCHANGE_ARGUMENTS } from '../../parts/known-arguments.ts';
import { toast } from '../../parts/toast.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';
import { vhost as chosenVhost } from '../../shell/vhost.ts';

const USUAL = ['direct', 'fanout', 'topic', 'headers'];

export function AddExchange({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [vhost, setVhost] = useState(chosenVhost.value || '/');
  const [type, setType] = useState('direct');
  const [durable, setDurable] = useState(true);
  const [autoDelete, setAutoDelete] = useState(false);
  const [internal, setInternal] = useState(false);
  const [rows, setRows] = useState<readonly ArgumentRow[]>([]);
  const [failure, setFailure] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = { type, durable, auto_delete: autoDelete, internal, arguments: argumentsOf(rows) };
    try {
      await change('PUT', exchangePath(vhost, name), body);
      toast(`Added ${name}.`);
      refresh();
      onClose();
    } catch (error) {
      setFailure(sayError(error));
    }
  };
  return (
    <Dialog onClose={onClose} title="Add an exchange">
      <form class="form" onSubmit={submit}>
        <div class="form-row">
          <Field label="Name">
            <input
              autofocus
              onInput={(event) => setName(event.currentTarget.value)}
              required
              spellcheck={false}
              value={name}
            />
          </Field>
          <VhostSelect onChange={setVhost} value={vhost} />
        </div>
        <TypeSelect onChange={setType} value={type} />
        <div>
          <Check checked={durable} label="Durable" onChange={setDurable} />
          <Check
            checked={autoDelete}
            hint="when its last binding goes"
            label="Delete by itself"
            onChange={setAutoDelete}
          />
          <Check
            checked={internal}
            hint="only other exchanges send to it"
            label="Internal"
            onChange={setInternal}
          />
        </div>
        <ArgumentsField
          known={EXCHANGE_ARGUMENTS}
          label="Arguments"
          onChange={setRows}
          rows={rows}
        />
        {failure && (
          <p class="field-error" role="alert">
            {failure}
          </p>
        )}
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            Add exchange
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function TypeSelect({ value, onChange }: { value: string; onChange: (type: string) => void }) {
  const types = overview.value?.exchange_types ?? USUAL.map((name) => ({ name, description: '' }));
  const says = types.find(({ name }) => name === value)?.description ?? '';
  return (
    <Field hint={says} label="Type">
      <select onChange={(event) => onChange(event.currentTarget.value)} value={value}>
        {types.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}
