/**
 * SubscribePanel: a subscription of the page's own, and what came by it, newest first. So many are
 * kept; what comes faster than it can be shown is counted.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { sayError } from '../../api/request.ts';
import { count } from '../../format/number.ts';
import { timeOfDay } from '../../format/time.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Field } from '../../parts/field.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Segments } from '../../parts/segments.tsx';
import { type Client, connect, type Protocol, type Received } from './conversation.ts';
import { useDraft } from './draft.ts';

interface SubscribePanelProps {
  readonly vhost: string;
  readonly extended: boolean;
}

interface Shown extends Received {
  readonly number: number;
  readonly at: number;
}

/** Messages that the page keeps, and how often it draws. */
const KEPT = 100;
const DRAW_MS = 150;

const PROTOCOLS: readonly (readonly [Protocol, string])[] = [
  ['MQTT', 'MQTT'],
  ['STOMP', 'STOMP'],
  ['HTTP', 'HTTP'],
];

const PLACE = {
  MQTT: ['Topic filter', '+ is any word, # any number of them.'],
  STOMP: ['Destination', '/exchange/<name>/<key> shows what AMQP publishes, and takes nothing.'],
  HTTP: ['Queue', 'What is shown is consumed: other consumers do not get it.'],
} as const;

export function SubscribePanel({ vhost, extended }: SubscribePanelProps) {
  const { via, from, set } = useDraft(extended);
  const { state, failure, start, stop, shown, total, clear } = useSubscription(via, from, vhost);
  if (!extended) return <NotHere />;
  const [label, hint] = PLACE[via];
  return (
    <Panel
      aside={state === 'on' && <Badge dot tone="good">{`subscribed by ${via}`}</Badge>}
      title="Subscribe"
    >
      <form class="form" onSubmit={start}>
        <Segments
          label="Subscribe by"
          onChange={(next) => {
            stop();
            set({ via: next, from: '' });
          }}
          options={PROTOCOLS}
          value={via}
        />
        <Field error={failure || undefined} hint={hint} label={label}>
          <input
            disabled={state !== 'off'}
            onInput={(event) => set({ from: event.currentTarget.value })}
            required
            spellcheck={false}
            value={from}
          />
        </Field>
        <div class="form-actions">
          <span class="muted num playground-count">
            {total > 0 && `${count(total)} received`}
            {total > KEPT && `, the last ${KEPT} are here`}
          </span>
          {total > 0 && <Button onClick={clear}>Clear</Button>}
          {/* Without keys they would be one button, and its click would submit the form again. */}
          {state === 'on' ? (
            <Button icon="pause" key="stop" onClick={stop}>
              Unsubscribe
            </Button>
          ) : (
            <Button busy={state === 'connecting'} key="start" kind="primary" type="submit">
              Subscribe
            </Button>
          )}
        </div>
      </form>
      <Inbox messages={shown} waits={state === 'on'} />
    </Panel>
  );
}

/** The subscription of the page: there is one at a time. */
function useSubscription(via: Protocol, from: string, vhost: string) {
  const [state, setState] = useState<'off' | 'connecting' | 'on'>('off');
  const [failure, setFailure] = useState('');
  const client = useRef<Client | null>(null);
  const { shown, total, take, clear } = useInbox();
  const stop = () => {
    client.current?.close();
    client.current = null;
    setState('off');
  };
  useEffect(() => stop, []);
  const start = async (event: Event) => {
    event.preventDefault();
    stop();
    setState('connecting');
    setFailure('');
    const lost = (reason: string) => {
      setFailure(reason);
      stop();
    };
    try {
      client.current = await connect(via, vhost, lost);
      await client.current.subscribe(from, take);
      setState('on');
    } catch (error) {
      lost(sayError(error));
    }
  };
  return { state, failure, start, stop, shown, total, clear };
}

/** What has come, drawn now and then however fast it comes. */
function useInbox() {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const [total, setTotal] = useState(0);
  const arrived = useRef<Shown[]>([]);
  const number = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const draw = () => {
    timer.current = null;
    const fresh = arrived.current.splice(0).reverse();
    setTotal(number.current);
    setShown((old) => [...fresh, ...old].slice(0, KEPT));
  };
  const take = (message: Received) => {
    number.current++;
    arrived.current.push({ ...message, number: number.current, at: Date.now() });
    if (arrived.current.length > KEPT) arrived.current.shift();
    timer.current ??= setTimeout(draw, DRAW_MS);
  };
  const clear = () => {
    number.current = 0;
    arrived.current = [];
    setTotal(0);
    setShown([]);
  };
  return { shown, total, take, clear };
}

function Inbox({ messages, waits }: { messages: readonly Shown[]; waits: boolean }) {
  if (messages.length === 0) {
    return (
      <p class="playground-waits muted">
        {waits ? 'Nothing has come yet.' : 'What comes is shown here.'}
      </p>
    );
  }
  return (
    <ol aria-label="Received messages" class="inbox">
      {messages.map((message) => (
        <li key={message.number}>
          <details>
            <summary>
              <span class="num muted">{timeOfDay(message.at)}</span>
              <strong>{message.where}</strong>
              <span class="mono inbox-payload">{textOf(message.payload).slice(0, 200)}</span>
            </summary>
            <pre class="inbox-whole">{textOf(message.payload)}</pre>
            <dl class="inbox-facts">
              {Object.entries(message.facts).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        </li>
      ))}
    </ol>
  );
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return [...bytes.subarray(0, 256)].map((one) => one.toString(16).padStart(2, '0')).join(' ');
  }
}

function NotHere() {
  return (
    <Panel title="Subscribe">
      <Empty icon="playground" title="This broker takes no WebSockets here">
        Publish over HTTP at the left, and get messages from a queue's page.
      </Empty>
    </Panel>
  );
}
