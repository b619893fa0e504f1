/**
 * AddQueue: the form that declares a queue. The broker checks everything; its reason is shown as it
 * is, because it names the argument.
 */
import { useState } from 'preact/hooks';
import { at, change } from '../../api/request.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from '../../parts/arguments-field.tsx';
import { Check } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { QUEUE_ARGUMENTS } from '../../parts/known-arguments.ts';
import { Segments } from '../../parts/segments.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';
import { vhost as chosenVhost } from '../../shell/vhost.ts';

const TYPES = [
  ['classic', 'Classic'],
  ['quorum', 'Quorum'],
  ['stream', 'Stream'],
] as const;

type QueueType = (typeof TYPES)[number][0];

const SAYS: Readonly<Record<QueueType, string>> = {
  classic: 'For most work. All features, on one node.',
  quorum: 'Written to a majority of nodes before it is confirmed; limits deliveries.',
  stream: 'A log that many can read again from any point; nothing is taken out.',
};

function TypeField({ type, onChange }: { type: QueueType; onChange: (type: QueueType) => void }) {
  return (
    <div class="field">
      <span class="field-label">Type</span>
      <Segments label="Type" onChange={onChange} options={TYPES} value={type} />
      <p class="field-hint">{SAYS[type]}</p>
    </div>
  );
}

export function AddQueue({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [vhost, setVhost] = useState(chosenVhost.value || '/');
  const [type, setType] = useState<QueueType>('classic');
  const [durable, setDurable] = useState(true);
  const [autoDelete, setAutoDelete] = useState(false);
  const [rows, setRows] = useState<readonly ArgumentRow[]>([]);
  const submit = () =>
    change('PUT', at`queues/${vhost}/${name}`, {
      durable: durable || type !== 'classic',
      auto_delete: autoDelete && type === 'classic',
      arguments: { 'x-queue-type': type, ...argumentsOf(rows) },
    });
  return (
    <FormDialog
      done={`Added ${name}.`}
      onClose={onClose}
      onSubmit={submit}
      title="Add a queue"
      verb="Add queue"
    >
      <div class="form-row">
        <TextField autofocus label="Name" onChange={setName} required value={name} />
        <VhostSelect onChange={setVhost} value={vhost} />
      </div>
      <TypeField onChange={setType} type={type} />
      {type === 'classic' && (
        <div>
          <Check checked={durable} label="Durable" onChange={setDurable} />
          <Check
            checked={autoDelete}
            hint="when its last consumer leaves"
            label="Delete by itself"
            onChange={setAutoDelete}
          />
        </div>
      )}
      <ArgumentsField known={QUEUE_ARGUMENTS} label="Arguments" onChange={setRows} rows={rows} />
    </FormDialog>
  );
}
