/**
 * CloseConnections: asks for a reason, which clients and the log are told, and closes. Clients
 * usually connect again by themselves: the dialog says so.
 */
import { useState } from 'preact/hooks';
import { type Connection, clientNameOf } from '../../api/connection.ts';
import { ApiError, at, change, sayError } from '../../api/request.ts';
import { plural } from '../../format/number.ts';
import { refresh } from '../../live/ticker.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { FormError } from '../../parts/form-error.tsx';
import { toast } from '../../parts/toast.tsx';

interface CloseConnectionsProps {
  readonly connections: readonly Connection[];
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

export function CloseConnections({ connections, onClose, onDone }: CloseConnectionsProps) {
  const [reason, setReason] = useState('Closed by an operator');
  const [share, setShare] = useState<number | null>(null);
  const [failure, setFailure] = useState('');
  const [first] = connections;
  const what =
    connections.length === 1 && first
      ? (clientNameOf(first) ?? first.name)
      : plural(connections.length, 'connection');
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      for (const [index, { name }] of connections.entries()) {
        setShare(index / connections.length);
        await closeOne(name, reason);
      }
      toast(`Closed ${what}.`);
      onDone?.();
      onClose();
    } catch (error) {
      setShare(null);
      setFailure(sayError(error));
    } finally {
      refresh();
    }
  };
  return (
    <Dialog onClose={onClose} title={`Close ${what}`}>
      <form class="form" onSubmit={submit}>
        <p>
          Unacknowledged messages go back to their queues. Most clients connect again by themselves:
          to keep one out, change its user's permissions first.
        </p>
        <Field hint="Clients and the log are told" label="Reason">
          <input
            autofocus
            maxLength={200}
            onInput={(event) => setReason(event.currentTarget.value)}
            value={reason}
          />
        </Field>
        {share !== null && <progress aria-label="Progress" class="progress" value={share} />}
        <FormError text={failure} />
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={share !== null} kind="danger" type="submit">
            Close {plural(connections.length, 'connection')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** One that has gone by itself in the meantime is as good as closed. */
async function closeOne(name: string, reason: string): Promise<void> {
  try {
    await change('DELETE', at`connections/${name}`, undefined, { 'x-reason': reason });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}
