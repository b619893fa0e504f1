/**
 * ReplayDialog: publishes a copy of a message, to an exchange or into a queue. The original stays
 * where it is. What became of the copy is said in the end.
 */
import { useState } from 'preact/hooks';
import { type PeekedMessage, replay, type Target } from '../../api/peek.ts';
import { sayError } from '../../api/request.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { Segments } from '../../parts/segments.tsx';
import { toast } from '../../parts/toast.tsx';

/** What every dialog about one message is given. */
export interface MessageDialogProps {
  readonly vhost: string;
  readonly queue: string;
  readonly message: PeekedMessage;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function ReplayDialog({ vhost, queue, message, onClose, onDone }: MessageDialogProps) {
  const first = message.deaths.at(-1);
  const [kind, setKind] = useState<'exchange' | 'queue'>('exchange');
  const [exchange, setExchange] = useState(first?.exchange ?? message.exchange);
  const [key, setKey] = useState(first?.routing_keys[0] ?? message.routing_key);
  const [target, setTarget] = useState(first?.queue ?? queue);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    const to: Target = kind === 'queue' ? { queue: target } : { exchange, routing_key: key };
    try {
      const { routed, queues } = await replay(vhost, queue, message.id, to);
      if (routed) toast(`A copy is in ${queues.join(', ')}.`);
      else toast('The copy reached no queue: nothing is bound that takes it.', 'bad');
      onDone();
      onClose();
    } catch (error) {
      setFailure(sayError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={onClose} title="Replay a copy">
      <form class="form" onSubmit={submit}>
        <p class="muted">The message stays in {queue}; consumers of the copy see a new message.</p>
        <Segments
          label="Where to"
          onChange={setKind}
          options={[
            ['exchange', 'To an exchange'],
            ['queue', 'Into a queue'],
          ]}
          value={kind}
        />
        {kind === 'queue' ? (
          <Field label="Queue">
            <input onInput={(e) => setTarget(e.currentTarget.value)} required value={target} />
          </Field>
        ) : (
          <div class="form-row">
            <Field hint="Empty is the default exchange." label="Exchange">
              <input onInput={(e) => setExchange(e.currentTarget.value)} value={exchange} />
            </Field>
            <Field label="Routing key">
              <input onInput={(e) => setKey(e.currentTarget.value)} value={key} />
            </Field>
          </div>
        )}
        {failure && (
          <p class="field-error" role="alert">
            {failure}
          </p>
        )}
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={busy} kind="primary" type="submit">
            Replay
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
