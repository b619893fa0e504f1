/**
 * TraceFilterForm: which messages are traced. It stands in the address, and counts when it is
 * applied, because a filter belongs to a trace from its beginning.
 */
import { useState } from 'preact/hooks';
import type { TraceFilter } from '../../api/trace.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { type Query, useQuery } from '../../shell/location.tsx';

const TEXTS = [
  ['exchange', 'Exchange', 'orders, amq.*'],
  ['queue', 'Queue', 'orders.*'],
  ['key', 'Routing key', 'order.#'],
  ['client', 'Client or user', 'sensor-1'],
  ['text', 'Contains', 'customer-17'],
] as const;

const PROTOCOLS = [
  ['', 'any protocol'],
  ['amqp', 'AMQP'],
  ['mqtt', 'MQTT'],
  ['stomp', 'STOMP'],
  ['http', 'HTTP'],
] as const;

const SAMPLES = [1, 10, 100, 1000] as const;

/** @param vhost '' for all */
export function filterOf(query: Query, vhost: string): TraceFilter {
  const { exchange, queue, key, client, text, protocol, sample } = query;
  return {
    ...(vhost && { vhost }),
    ...(exchange && { exchange }),
    ...(queue && { queue }),
    ...(key && { routing_key: key }),
    ...(client && { connection: client }),
    ...(text && { text }),
    ...(protocol && { protocol }),
    ...(Number(sample) > 1 && { sample: Number(sample) }),
  };
}

export function TraceFilterForm({ onApply }: { onApply: (query: Query) => void }) {
  const [query, setQuery] = useQuery();
  const [typed, setTyped] = useState<Query>({});
  const wanted = (name: string) => typed[name] ?? query[name] ?? '';
  const type = (name: string, value: string) => setTyped({ ...typed, [name]: value });
  const apply = (event: Event) => {
    event.preventDefault();
    setQuery({ ...typed, msg: '' });
    onApply({ ...query, ...typed });
  };
  return (
    <form class="trace-filter" onSubmit={apply}>
      {TEXTS.map(([name, label, example]) => (
        <Field key={name} label={label}>
          <input
            onInput={(event) => type(name, event.currentTarget.value)}
            placeholder={example}
            spellcheck={false}
            value={wanted(name)}
          />
        </Field>
      ))}
      <Field label="Protocol">
        <select
          onChange={(event) => type('protocol', event.currentTarget.value)}
          value={wanted('protocol')}
        >
          {PROTOCOLS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <Field label="How many">
        <select
          onChange={(event) => type('sample', event.currentTarget.value)}
          value={wanted('sample') || '1'}
        >
          {SAMPLES.map((every) => (
            <option key={every} value={every}>
              {every === 1 ? 'all of them' : `one of ${every}`}
            </option>
          ))}
        </select>
      </Field>
      <Button icon="filter" type="submit">
        Apply
      </Button>
    </form>
  );
}
