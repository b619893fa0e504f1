/**
 * TraceList: a row for each message that came, the latest first: who, where to, and what became of
 * it. Choosing one opens its timeline.
 */
import type { TracedMessage, TraceParty } from '../../api/trace.ts';
import { bytes } from '../../format/bytes.ts';
import { duration, timeOfDay } from '../../format/time.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';

interface TraceListProps {
  readonly messages: readonly TracedMessage[];
  readonly chosen: string;
  readonly onChoose: (id: number) => void;
}

/** What a state means. */
const TONES: Readonly<Record<string, Tone>> = {
  acked: 'good',
  delivered: 'info',
  ready: 'neutral',
  unroutable: 'bad',
  rejected: 'bad',
  dropped: 'bad',
  expired: 'warn',
  dead_lettered: 'warn',
};

export function TraceList({ messages, chosen, onChoose }: TraceListProps) {
  return (
    <div class="table-scroll">
      <table class="table trace-table">
        <caption class="sr">Messages, the latest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">From</th>
            <th scope="col">Exchange and key</th>
            <th scope="col">Queues</th>
            <th scope="col">To</th>
            <th scope="col">State</th>
            <th class="cell-num" scope="col">
              Took
            </th>
            <th class="cell-num" scope="col">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {messages.map((message) => (
            <Row
              key={message.id}
              message={message}
              onChoose={onChoose}
              selected={String(message.id) === chosen}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly message: TracedMessage;
  readonly selected: boolean;
  readonly onChoose: (id: number) => void;
}

function Row({ message, selected, onChoose }: RowProps) {
  const { id, at, exchange, routing_keys, queues, published_by, state, events } = message;
  const takers = [...new Map(events.flatMap(({ to }) => (to ? [[nameOf(to), to]] : []))).values()];
  return (
    <tr aria-selected={selected}>
      <td class="num">
        <button
          aria-label={`${timeOfDay(at)} ${message.text}`}
          class="trace-time"
          onClick={() => onChoose(id)}
          type="button"
        >
          {timeOfDay(at)}
        </button>
      </td>
      <td>
        <Party party={published_by} />
      </td>
      <td class="trace-key">
        <strong>{exchange === '' ? '(default)' : exchange}</strong>{' '}
        <span class="muted">{routing_keys.join(', ')}</span>
      </td>
      <td class="trace-key">{queues.length === 0 ? '–' : queues.join(', ')}</td>
      <td>
        {takers.slice(0, 2).map((one) => (
          <Party key={nameOf(one as TraceParty)} party={one as TraceParty} />
        ))}
        {takers.length > 2 && <span class="muted"> +{takers.length - 2}</span>}
      </td>
      <td>
        <Badge tone={TONES[state] ?? 'neutral'}>{state.replace('_', ' ')}</Badge>
      </td>
      <td class="cell-num">{duration(events.at(-1)?.after_ms)}</td>
      <td class="cell-num">{bytes(message.payload_bytes)}</td>
    </tr>
  );
}

/** What a client is called. */
export function nameOf({ client, user, connection }: TraceParty): string {
  return client || `${user}@${connection.split(':')[0]}`;
}

const PROTOCOLS: readonly (readonly [string, string])[] = [
  ['amqp', 'AMQP'],
  ['mqtt', 'MQTT'],
  ['stomp', 'STOMP'],
  ['http', 'HTTP'],
];

/** `amqp091` and its kin as people say it. */
export function protocolOf({ protocol }: TraceParty): string {
  return PROTOCOLS.find(([prefix]) => protocol.startsWith(prefix))?.[1] ?? protocol;
}

/** A client with what it speaks. */
export function Party({ party }: { party: TraceParty | null }) {
  if (party === null) return <span class="muted">broker</span>;
  const protocol = protocolOf(party);
  return (
    <span class="trace-party">
      <span class={`trace-protocol trace-${protocol.toLowerCase()}`}>{protocol}</span>
      {nameOf(party)}
    </span>
  );
}
