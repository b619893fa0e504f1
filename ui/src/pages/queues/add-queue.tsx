/**
 * AddQueue: the form that declares a queue. The broker checks everything; its reason is shown as it
 * is, because it names the argument.
 */
import { useState } from 'preact/hooks';
import { at, change, sayError } from '../../api/request.ts';
import { refresh } from '../../live/ticker.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from '../../parts/arguments-field.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { QUEUE_ARGUMENTS } from '../../parts/known-arguments.ts';
import { Segments } from '../../parts/segments.tsx';
import { toast } from '../../parts/toast.tsx';
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
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await change('PUT', at`queues/${vhost}/${name}`, {
        durable: durable || type !== 'classic',
        auto_delete: autoDelete && type === 'classic',
        arguments: { 'x-queue-type': type, ...argumentsOf(rows) },
      });
      toast(`Added ${name}.`);
      refresh();
      onClose();
    } catch (error) {
      setFailure(sayError(error));
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={onClose} title="Add a queue">
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
        {failure && (
          <p class="field-error" role="alert">
            {failure}
          </p>
        )}
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={busy} kind="primary" type="submit">
            Add queue
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
