/**
 * RoutingSimulator: where a message would go from one exchange, and why; nothing is published.
 * What is asked stands in the address, so that an answer can be sent to a colleague. Only where
 * the broker can tell.
 */
import { useEffect, useState } from 'preact/hooks';
import { at, change } from '../../api/request.ts';
import type { RouteExplanation, RouteStep, Verdict } from '../../api/route.ts';
import { plural } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Field } from '../../parts/field.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Problem } from '../../parts/problem.tsx';
import { features } from '../../session/identity.ts';
import { to, useQuery } from '../../shell/location.tsx';
import './routing-simulator.css';

interface RoutingSimulatorProps {
  readonly vhost: string;
  readonly exchange: string;
}

export function RoutingSimulator({ vhost, exchange }: RoutingSimulatorProps) {
  if (!features.value.has('route')) {
    return (
      <Empty icon="topology" title="This broker does not explain its routes">
        The bindings of {exchange === '' ? 'the default exchange' : exchange} are on the first tab.
      </Empty>
    );
  }
  return <Simulator exchange={exchange} vhost={vhost} />;
}

function Simulator({ vhost, exchange }: RoutingSimulatorProps) {
  const [query, setQuery] = useQuery();
  const { key = '', headers = '' } = query;
  const [answer, setAnswer] = useState<RouteExplanation | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const ask = async (routingKey: string, given: string) => {
    const body = { exchange, routing_key: routingKey, headers: headersOf(given) ?? {} };
    setBusy(true);
    setError(null);
    try {
      const path = at`_ui/route/${vhost}`;
      setAnswer((await change<RouteExplanation>('POST', path, body)) ?? null);
    } catch (failure) {
      setAnswer(null);
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    if (query.key !== undefined || query.headers !== undefined) void ask(key, headers);
  }, []);
  return (
    <div class="simulator">
      <Question
        busy={busy}
        headers={headers}
        onAsk={(routingKey, given) => {
          setQuery({ key: routingKey, headers: given });
          void ask(routingKey, given);
        }}
        routingKey={key}
      />
      {error !== null && <Problem error={error} />}
      <div aria-live="polite">{answer && <Answer answer={answer} vhost={vhost} />}</div>
    </div>
  );
}

interface QuestionProps {
  readonly routingKey: string;
  /** JSON. */
  readonly headers: string;
  readonly busy: boolean;
  readonly onAsk: (routingKey: string, headers: string) => void;
}

function Question({ routingKey, headers, busy, onAsk }: QuestionProps) {
  const [text, setText] = useState(routingKey);
  const [typed, setTyped] = useState(headers);
  const wrong = headersOf(typed) === null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!wrong) onAsk(text, typed);
  };
  return (
    <form class="form" onSubmit={submit}>
      <div class="form-row">
        <Field hint="As a publisher would give it." label="Routing key">
          <input
            onInput={(event) => setText(event.currentTarget.value)}
            placeholder="order.eu.new"
            spellcheck={false}
            value={text}
          />
        </Field>
        <Field
          error={wrong ? 'Not a JSON object.' : undefined}
          hint="JSON, for headers exchanges, CC and x-delay."
          label="Headers"
        >
          <input
            onInput={(event) => setTyped(event.currentTarget.value)}
            placeholder='{"format": "pdf"}'
            spellcheck={false}
            value={typed}
          />
        </Field>
      </div>
      <div class="form-actions">
        <Button busy={busy} disabled={wrong} icon="topology" kind="primary" type="submit">
          Where would it go?
        </Button>
      </div>
    </form>
  );
}

/** null if it is no object. */
function headersOf(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function Answer({ answer, vhost }: { answer: RouteExplanation; vhost: string }) {
  const { routed, summary, queues, steps } = answer;
  return (
    <div class="simulator-answer">
      <p class={`simulator-summary ${routed ? 'tone-good' : 'tone-warn'}`}>
        <Icon name={routed ? 'check' : 'warning'} />
        <span>{summary}</span>
      </p>
      {queues.length > 0 && (
        <ul aria-label="Queues that it reaches" class="simulator-queues">
          {queues.map(({ name, type, messages, consumers, reach }) => (
            <li key={name}>
              <a href={to`/queues/${vhost}/${name}`}>{name}</a>
              <span class="muted">
                {type} · {plural(messages, 'message')} · {plural(consumers, 'consumer')}
              </span>
              {reach === 'perhaps' && <Badge tone="info">perhaps</Badge>}
            </li>
          ))}
        </ul>
      )}
      <h2>Why</h2>
      <ol class="simulator-steps">
        {steps.map((step) => (
          <Step key={`${step.via}${step.from}${step.exchange}`} step={step} vhost={vhost} />
        ))}
      </ol>
    </div>
  );
}

const VIA = {
  publish: () => 'published to',
  binding: (from: string) => `by a binding of ${from} to`,
  alternate: (from: string) => `as the alternate exchange of ${from}, to`,
};

function Step({ step, vhost }: { step: RouteStep; vhost: string }) {
  const { exchange, type, via, from, matched, missed, untold, note, internal } = step;
  const shown = exchange === '' ? 'amq.default' : exchange;
  return (
    <li>
      <p>
        <span class="muted">{VIA[via](from === '' ? 'the default exchange' : (from ?? ''))} </span>
        <a href={to`/exchanges/${vhost}/${shown}`}>
          {exchange === '' ? 'the default exchange' : exchange}
        </a>{' '}
        <Badge>{type}</Badge>
        {internal && via === 'publish' && (
          <Badge tone="warn">internal: clients cannot publish to it</Badge>
        )}
      </p>
      {note && <p class="simulator-note">{note}</p>}
      <ul class="simulator-verdicts">
        {matched.map((verdict) => (
          <Line key={keyOf(verdict)} verdict={verdict} />
        ))}
      </ul>
      {missed.length > 0 && (
        <details open={matched.length === 0}>
          <summary>
            {plural(missed.length + untold, 'binding')} {matched.length > 0 ? 'more ' : ''}
            that {missed.length + untold === 1 ? 'does' : 'do'} not take it
          </summary>
          <ul class="simulator-verdicts">
            {missed.map((verdict) => (
              <Line key={keyOf(verdict)} verdict={verdict} />
            ))}
            {untold > 0 && <li class="muted">and {untold} that are not listed</li>}
          </ul>
        </details>
      )}
    </li>
  );
}

function keyOf({ destination, destination_type, routing_key, arguments: args }: Verdict): string {
  return `${destination_type} ${destination} ${routing_key} ${JSON.stringify(args)}`;
}

function Line({ verdict }: { verdict: Verdict }) {
  const { destination, destination_type, reach, reason } = verdict;
  return (
    <li class={`verdict verdict-${reach}`}>
      <Icon name={reach === 'no' ? 'close' : 'check'} size={14} />
      <span>
        <strong>{destination ?? 'nowhere'}</strong>
        {destination_type === 'exchange' && <span class="muted"> (exchange)</span>}
        <span class="verdict-reason">{reason}</span>
      </span>
    </li>
  );
}
