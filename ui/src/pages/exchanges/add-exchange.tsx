/**
 * AddExchange: the form that declares an exchange. It offers the types that the broker says it has,
 * each with what it does.
 */
import { useState } from 'preact/hooks';
import { exchangePath } from '../../api/exchange.ts';
import { change } from '../../api/request.ts';
import { overview } from '../../live/overview.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from '../../parts/arguments-field.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { EXCHANGE_ARGUMENTS } from '../../parts/known-arguments.ts';
import { TextField } from '../../parts/text-field.tsx';
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
  const submit = () => {
    const body = { type, durable, auto_delete: autoDelete, internal, arguments: argumentsOf(rows) };
    return change('PUT', exchangePath(vhost, name), body);
  };
  return (
    <FormDialog
      done={`Added ${name}.`}
      onClose={onClose}
      onSubmit={submit}
      title="Add an exchange"
      verb="Add exchange"
    >
      <div class="form-row">
        <TextField autofocus label="Name" onChange={setName} required value={name} />
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
      <ArgumentsField known={EXCHANGE_ARGUMENTS} label="Arguments" onChange={setRows} rows={rows} />
    </FormDialog>
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
