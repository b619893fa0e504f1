/**
 * MessageViewer: the right side of the browser: everything about one message, its payload, and
 * what can be done with it. Looking changes nothing; replaying copies, editing replaces.
 */
import { useState } from 'preact/hooks';
import { type Death, type PeekedMessage, payloadOf, peekOne } from '../../api/peek.ts';
import { bytes } from '../../format/bytes.ts';
import { dateTime, duration } from '../../format/time.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/code.tsx';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { Payload } from '../../parts/payload.tsx';
import { attempt, toast } from '../../parts/toast.tsx';
import { identity } from '../../session/identity.ts';
import { to } from '../../shell/location.tsx';
import { asCurl, asJson } from './copy-as.ts';
import { EditDialog } from './edit-dialog.tsx';
import { ReplayDialog } from './replay-dialog.tsx';

interface MessageViewerProps {
  readonly vhost: string;
  readonly queue: string;
  readonly message: PeekedMessage;
  /** Something has changed about the queue. */
  readonly onChange: () => void;
}

/** How much of a payload is fetched at once, if somebody wants more of it. */
const MORE_BYTES = 1024 * 1024;

export function MessageViewer({ vhost, queue, message, onChange }: MessageViewerProps) {
  const [more, setMore] = useState<PeekedMessage | null>(null);
  const [dialog, setDialog] = useState<'replay' | 'edit' | null>(null);
  const shown = more?.id === message.id ? more : message;
  const { id, payload = '', payload_encoding = 'string', payload_truncated } = shown;
  const loadMore = async () => {
    try {
      setMore(await peekOne(vhost, queue, id, MORE_BYTES));
    } catch {
      toast('It has left the queue meanwhile.', 'bad');
      onChange();
    }
  };
  const close = () => setDialog(null);
  return (
    <article aria-label={`Message ${id}`} class="message-viewer">
      <div class="btn-row">
        <Button icon="playground" kind="primary" onClick={() => setDialog('replay')} small>
          Replay…
        </Button>
        {message.state === 'ready' && (
          <Button onClick={() => setDialog('edit')} small>
            Edit…
          </Button>
        )}
        <Button icon="download" onClick={() => void download(vhost, queue, message)} small>
          Payload
        </Button>
        <span class="message-copy">
          <CopyButton label="Copy as JSON" text={asJson(shown)} /> JSON
        </span>
        <span class="message-copy">
          <CopyButton
            label="Copy as a curl command"
            text={asCurl(shown, vhost, identity.value?.name ?? '')}
          />{' '}
          curl
        </span>
      </div>
      <Payload encoding={payload_encoding} payload={payload} wholeBytes={shown.payload_bytes} />
      {payload_truncated && (
        <Button onClick={() => void loadMore()} small>
          Show {shown.payload_bytes > MORE_BYTES ? `the first ${bytes(MORE_BYTES)}` : 'all of it'}
        </Button>
      )}
      {shown.deaths.length > 0 && <Deaths deaths={shown.deaths} vhost={vhost} />}
      <KeyValue facts={factsOf(shown)} />
      <Headers headers={shown.properties.headers ?? {}} />
      {dialog === 'replay' && (
        <ReplayDialog
          message={shown}
          onClose={close}
          onDone={onChange}
          queue={queue}
          vhost={vhost}
        />
      )}
      {dialog === 'edit' && (
        <EditDialog message={shown} onClose={close} onDone={onChange} queue={queue} vhost={vhost} />
      )}
    </article>
  );
}

async function download(vhost: string, queue: string, { id }: PeekedMessage): Promise<void> {
  await attempt('The payload is in your downloads.', async () => {
    const url = URL.createObjectURL(await payloadOf(vhost, queue, id));
    const link = document.createElement('a');
    link.href = url;
    link.download = id;
    link.click();
    URL.revokeObjectURL(url);
  });
}

function factsOf(message: PeekedMessage): readonly Fact[] {
  const { exchange, routing_key, properties, held_by, arrived_at, age_ms, deaths: _ } = message;
  const { headers: _headers, ...named } = properties;
  const facts: Fact[] = [
    ['Exchange', exchange === '' ? '(default)' : exchange],
    [
      'Routing key',
      <span class="mono" key="key">
        {routing_key}
      </span>,
    ],
    [
      'Arrived',
      arrived_at === null ? undefined : `${dateTime(arrived_at)}, ${duration(age_ms)} ago`,
    ],
    ['Expires in', message.ttl_left_ms === null ? undefined : duration(message.ttl_left_ms)],
    ['Retried at', message.due_at === undefined ? undefined : dateTime(message.due_at)],
    ['Deliveries', message.delivery_count > 0 ? String(message.delivery_count) : undefined],
  ];
  if (held_by !== null) {
    const { client, user, connection, channel, consumer_tag, for_ms } = held_by;
    facts.push([
      'Held by',
      <span key="held">
        <a href={to`/connections/${connection}`}>{client || user}</a>, channel {channel},{' '}
        {consumer_tag ?? 'by a get'}
        {for_ms !== null && `, for ${duration(for_ms)}`}
      </span>,
    ]);
  }
  for (const [name, value] of Object.entries(named)) {
    facts.push([name.replaceAll('_', ' '), shownProperty(name, value)]);
  }
  return facts;
}

function shownProperty(name: string, value: unknown): string {
  if (name === 'delivery_mode') return value === 2 ? '2, persistent' : `${value}, transient`;
  if (name === 'timestamp') return dateTime(Number(value) * 1000);
  return String(value);
}

function Headers({ headers }: { headers: Readonly<Record<string, unknown>> }) {
  // Those about its deaths are told in words above.
  const names = Object.keys(headers).filter((name) => !/^x-(first-|last-)?death/.test(name));
  if (names.length === 0) return null;
  return (
    <section>
      <h2>Headers</h2>
      <KeyValue
        facts={names.map((name) => [
          name,
          <span class="mono" key={name}>
            {JSON.stringify(headers[name])}
          </span>,
        ])}
      />
    </section>
  );
}

/** The latest first, as the broker keeps them. */
function Deaths({ deaths, vhost }: { deaths: readonly Death[]; vhost: string }) {
  return (
    <section>
      <h2>Why it died</h2>
      <ol class="message-deaths">
        {deaths.map(({ queue, reason, count, at, exchange, routing_keys }) => (
          <li key={`${queue} ${reason}`}>
            <Badge tone="bad">{reason.replace('_', ' ')}</Badge> in{' '}
            <a href={to`/queues/${vhost}/${queue}`}>{queue}</a>
            {count > 1 && `, ${count} times`}
            {at !== null && <span class="muted">, {dateTime(at)}</span>}
            <span class="muted message-origin">
              published to {exchange === '' ? 'the default exchange' : exchange} with{' '}
              {routing_keys.join(', ') || 'no key'}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
