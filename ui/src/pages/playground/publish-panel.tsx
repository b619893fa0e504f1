/**
 * PublishPanel: fills in one message, publishes it by the chosen protocol, and says what the broker
 * answered.
 */
import { useState } from 'preact/hooks';
import { sayError } from '../../api/request.ts';
import { timeOfDay } from '../../format/time.ts';
import { Button } from '../../parts/button.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Segments } from '../../parts/segments.tsx';
import { type Protocol, publish } from './conversation.ts';
import { contentType, type Draft, payload, useDraft } from './draft.ts';

interface PublishPanelProps {
  readonly vhost: string;
  readonly extended: boolean;
}

/** What came of a publish. */
interface Outcome {
  readonly at: number;
  readonly good: boolean;
  readonly text: string;
}

const PROTOCOLS: readonly (readonly [Protocol, string])[] = [
  ['MQTT', 'MQTT'],
  ['STOMP', 'STOMP'],
  ['HTTP', 'HTTP'],
];

/** What the place is called, by protocol. */
const PLACE = {
  MQTT: ['Topic', 'Slashes become dots: AMQP consumers bind to amq.topic.'],
  STOMP: ['Destination', '/exchange/<name>/<key>, /queue/<name> or /topic/<key>'],
  HTTP: ['Exchange', 'Empty is the default exchange.'],
} as const;

export function PublishPanel({ vhost, extended }: PublishPanelProps) {
  const draft = useDraft(extended);
  const [qos, setQos] = useState<0 | 1>(1);
  const [retain, setRetain] = useState(false);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const { by, to, routingKey, set } = draft;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const what = { payload: payload.value, contentType: contentType.value, qos, retain };
    const message = { protocol: by, vhost, where: to, routingKey, ...what };
    try {
      setOutcome({ at: Date.now(), good: true, text: await publish(message, extended) });
    } catch (error) {
      setOutcome({ at: Date.now(), good: false, text: sayError(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title="Publish">
      <form class="form" onSubmit={submit}>
        {extended && (
          <Segments
            label="Publish by"
            onChange={(next) => set({ by: next, to: '' })}
            options={PROTOCOLS}
            value={by}
          />
        )}
        <Where draft={draft} />
        <Field label="Payload">
          <textarea
            onInput={(event) => {
              payload.value = event.currentTarget.value;
            }}
            rows={5}
            spellcheck={false}
            value={payload.value}
          />
        </Field>
        <div class="form-row">
          <Field label="Content type">
            <input
              onInput={(event) => {
                contentType.value = event.currentTarget.value;
              }}
              spellcheck={false}
              value={contentType.value}
            />
          </Field>
          {by === 'MQTT' && (
            <Wishes qos={qos} retain={retain} setQos={setQos} setRetain={setRetain} />
          )}
        </div>
        <div class="form-actions">
          <p aria-live="polite" class="playground-outcome">
            {outcome && <Said outcome={outcome} />}
          </p>
          <Button busy={busy} icon="playground" kind="primary" type="submit">
            Publish
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Where({ draft }: { draft: Draft }) {
  const { by, to, routingKey, set } = draft;
  const [label, hint] = PLACE[by];
  return (
    <div class="form-row">
      <Field hint={hint} label={label}>
        <input
          onInput={(event) => set({ to: event.currentTarget.value })}
          spellcheck={false}
          value={to}
        />
      </Field>
      {by === 'HTTP' && (
        <Field label="Routing key">
          <input
            onInput={(event) => set({ key: event.currentTarget.value })}
            spellcheck={false}
            value={routingKey}
          />
        </Field>
      )}
    </div>
  );
}

interface WishesProps {
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly setQos: (qos: 0 | 1) => void;
  readonly setRetain: (retain: boolean) => void;
}

/** What MQTT can ask for besides. */
function Wishes({ qos, retain, setQos, setRetain }: WishesProps) {
  return (
    <div class="playground-checks">
      <Check
        checked={qos === 1}
        label="Acknowledged (QoS 1)"
        onChange={(on) => setQos(on ? 1 : 0)}
      />
      <Check checked={retain} label="Retained" onChange={setRetain} />
    </div>
  );
}

function Said({ outcome }: { outcome: Outcome }) {
  const { at, good, text } = outcome;
  return (
    <>
      <Icon name={good ? 'check' : 'warning'} size={14} />
      <span>
        {timeOfDay(at)} {text}
      </span>
    </>
  );
}
