/**
 * PublishForm: publishes one message to an exchange, with the properties that people use, and says
 * whether it reached a queue.
 */
import { useState } from 'preact/hooks';
import { exchangePath } from '../../api/exchange.ts';
import { change, sayError } from '../../api/request.ts';
import { refresh } from '../../live/ticker.ts';
import { type ArgumentRow, ArgumentsField, argumentsOf } from '../../parts/arguments-field.tsx';
import { Button } from '../../parts/button.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { FormError } from '../../parts/form-error.tsx';
import { MESSAGE_PROPERTIES } from '../../parts/known-arguments.ts';
import { Panel } from '../../parts/panel.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { toast } from '../../parts/toast.tsx';

interface PublishFormProps {
  readonly vhost: string;
  readonly exchange: string;
  /** The routing key at first. */
  readonly routingKey?: string;
}

interface Answer {
  readonly routed: boolean;
}

const NO_ROWS: readonly ArgumentRow[] = [];

export function PublishForm({ vhost, exchange, routingKey = '' }: PublishFormProps) {
  const [key, setKey] = useState(routingKey);
  const [payload, setPayload] = useState('');
  const [base64, setBase64] = useState(false);
  const [persistent, setPersistent] = useState(true);
  const [headers, setHeaders] = useState(NO_ROWS);
  const [properties, setProperties] = useState(NO_ROWS);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const path = `${exchangePath(vhost, exchange)}/publish`;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    try {
      const answer = await change<Answer>('POST', path, {
        routing_key: key,
        payload,
        payload_encoding: base64 ? 'base64' : 'string',
        properties: propertiesOf(properties, headers, persistent),
      });
      if (answer?.routed) toast('Published: it reached at least one queue.');
      else setFailure('Published, but no binding matches: it reached no queue and is gone.');
      refresh();
    } catch (error) {
      setFailure(sayError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel>
      <form class="form" onSubmit={submit}>
        <TextField
          hint={exchange === '' ? 'The name of the queue' : undefined}
          label="Routing key"
          onChange={setKey}
          value={key}
        />
        <Field label="Payload">
          <textarea
            onInput={(event) => setPayload(event.currentTarget.value)}
            rows={6}
            spellcheck={false}
            value={payload}
          />
        </Field>
        <Choices
          base64={base64}
          onBase64={setBase64}
          onPersistent={setPersistent}
          persistent={persistent}
        />
        <ArgumentsField known={[]} label="Headers" onChange={setHeaders} rows={headers} />
        <ArgumentsField
          known={MESSAGE_PROPERTIES}
          label="Properties"
          onChange={setProperties}
          rows={properties}
        />
        <FormError text={failure} />
        <div class="form-actions">
          <Button busy={busy} icon="playground" kind="primary" type="submit">
            Publish
          </Button>
        </div>
      </form>
    </Panel>
  );
}

interface ChoicesProps {
  readonly base64: boolean;
  readonly onBase64: (base64: boolean) => void;
  readonly persistent: boolean;
  readonly onPersistent: (persistent: boolean) => void;
}

function Choices({ base64, onBase64, persistent, onPersistent }: ChoicesProps) {
  return (
    <div>
      <Check checked={base64} label="The payload is base64" onChange={onBase64} />
      <Check
        checked={persistent}
        hint="survives a restart in a durable queue"
        label="Persistent"
        onChange={onPersistent}
      />
    </div>
  );
}

/** Numbers where AMQP has numbers; all else is a text, `expiration` too. */
function propertiesOf(
  rows: readonly ArgumentRow[],
  headers: readonly ArgumentRow[],
  persistent: boolean,
): Record<string, unknown> {
  const numbers = ['priority', 'timestamp'];
  const given = rows
    .filter(({ name }) => name !== '')
    .map(({ name, value }) => [name, numbers.includes(name) ? Number(value) : value]);
  const properties = Object.fromEntries(given) as Record<string, unknown>;
  return { ...properties, delivery_mode: persistent ? 2 : 1, headers: argumentsOf(headers) };
}
