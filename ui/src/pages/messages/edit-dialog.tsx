/**
 * EditDialog: puts a changed copy in the place of a message: for the one that nobody can read
 * because a comma is missing. The original goes when the copy is safe, and not before.
 */
import { useState } from 'preact/hooks';
import { edit, type MessageEdit } from '../../api/peek.ts';
import { sayError } from '../../api/request.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { toast } from '../../parts/toast.tsx';
import type { MessageDialogProps } from './replay-dialog.tsx';

export function EditDialog({ vhost, queue, message, onClose, onDone }: MessageDialogProps) {
  const { payload = '', payload_encoding, payload_truncated, routing_key } = message;
  const editable = payload_encoding !== 'base64' && !payload_truncated;
  const [text, setText] = useState(payload);
  const [key, setKey] = useState(routing_key);
  const before = JSON.stringify(message.properties.headers ?? {}, null, 2);
  const [headers, setHeaders] = useState(before);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    try {
      const changes: MessageEdit = {
        ...(editable && text !== payload && { payload: text, payload_encoding: 'string' }),
        ...(key !== routing_key && { routing_key: key }),
        ...(headers !== before && { headers: changed(before, headers) }),
      };
      await edit(vhost, queue, message.id, changes);
      toast('The changed message stands in the queue.');
      onDone();
      onClose();
    } catch (error) {
      setFailure(sayError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={onClose} shape="wide" title="Edit a message">
      <form class="form" onSubmit={submit}>
        <p class="muted">
          A changed copy goes to the end of {queue}, and then the original leaves it.
        </p>
        <EditFields
          editable={editable}
          headers={headers}
          onHeaders={setHeaders}
          onKey={setKey}
          onText={setText}
          routingKey={key}
          text={text}
        />
        {failure && (
          <p class="field-error" role="alert">
            {failure}
          </p>
        )}
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={busy} kind="primary" type="submit">
            Put it in its place
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface EditFieldsProps {
  readonly editable: boolean;
  readonly text: string;
  readonly routingKey: string;
  readonly headers: string;
  readonly onText: (text: string) => void;
  readonly onKey: (key: string) => void;
  readonly onHeaders: (headers: string) => void;
}

function EditFields(props: EditFieldsProps) {
  const { editable, text, routingKey, headers, onText, onKey, onHeaders } = props;
  return (
    <>
      <Field
        hint={editable ? undefined : 'Not text, or too long to be edited here.'}
        label="Payload"
      >
        <textarea
          disabled={!editable}
          onInput={(event) => onText(event.currentTarget.value)}
          rows={8}
          spellcheck={false}
          value={text}
        />
      </Field>
      <Field label="Routing key">
        <input onInput={(event) => onKey(event.currentTarget.value)} value={routingKey} />
      </Field>
      <Field hint="JSON. What you take out here is taken out there." label="Headers">
        <textarea
          onInput={(event) => onHeaders(event.currentTarget.value)}
          rows={5}
          spellcheck={false}
          value={headers}
        />
      </Field>
    </>
  );
}

/** The headers that differ; those that are gone are null. @throws Error if it is no JSON object */
function changed(before: string, after: string): Record<string, unknown> {
  const old = JSON.parse(before) as Record<string, unknown>;
  let now: unknown;
  try {
    now = JSON.parse(after);
  } catch {
    throw new Error('The headers are not JSON.');
  }
  if (typeof now !== 'object' || now === null || Array.isArray(now)) {
    throw new Error('The headers must be a JSON object.');
  }
  const differing = Object.entries(now).filter(([name, value]) => {
    return JSON.stringify(old[name]) !== JSON.stringify(value);
  });
  const gone = Object.keys(old).filter((name) => !Object.hasOwn(now, name));
  return {
    ...Object.fromEntries(differing),
    ...Object.fromEntries(gone.map((one) => [one, null])),
  };
}
