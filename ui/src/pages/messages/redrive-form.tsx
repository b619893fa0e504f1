/**
 * RedriveForm: which messages go, where to, and how fast. It only collects; what is asked of the
 * broker is `orderOf`, and redrive-dialog.tsx asks.
 */
import type { RedriveOrder } from '../../api/redrive.ts';
import { Check, Field } from '../../parts/field.tsx';

/** What is filled in. */
export interface RedriveWishes {
  readonly kind: 'redrive' | 'move';
  readonly to: 'back' | 'exchange' | 'queue' | 'other-exchange';
  readonly queue: string;
  readonly exchange: string;
  readonly key: string;
  readonly reason: string;
  readonly source: string;
  readonly text: string;
  readonly limit: string;
  readonly rate: string;
  readonly keep: boolean;
}

/** @param dead whether messages have somewhere to go back to */
export function emptyOrder(dead: boolean): RedriveWishes {
  const filter = { reason: '', source: '', text: '', limit: '', rate: '' };
  const target = { queue: '', exchange: '', key: '' };
  if (dead) return { kind: 'redrive', to: 'back', ...target, ...filter, keep: false };
  return { kind: 'move', to: 'queue', ...target, ...filter, keep: true };
}

/** The same as the broker is asked. */
export function orderOf(wishes: RedriveWishes): RedriveOrder {
  const { to, queue, exchange, key, reason, source, text, limit, rate, keep } = wishes;
  const elsewhere = to === 'queue' ? { queue } : { exchange, ...(key && { routing_key: key }) };
  const filter = {
    ...(reason && { reason }),
    ...(source && { source_queue: source }),
    ...(text && { text }),
  };
  return {
    to: to === 'back' ? 'queue' : to === 'exchange' ? 'exchange' : elsewhere,
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(Number(limit) > 0 && { limit: Number(limit) }),
    ...(Number(rate) > 0 && { rate: Number(rate) }),
    keep_death_headers: keep,
  };
}

const REASONS = [
  ['', 'any'],
  ['rejected', 'rejected'],
  ['expired', 'expired'],
  ['maxlen', 'queue was full'],
  ['delivery_limit', 'delivered too often'],
] as const;

interface RedriveFormProps {
  readonly wishes: RedriveWishes;
  readonly disabled: boolean;
  readonly onChange: (wishes: RedriveWishes) => void;
}

export function RedriveForm({ wishes, disabled, onChange }: RedriveFormProps) {
  const set = (change: Partial<RedriveWishes>) => onChange({ ...wishes, ...change });
  const { to, reason, source, text, limit, rate, keep } = wishes;
  return (
    <fieldset class="form redrive" disabled={disabled}>
      <legend class="sr">Which messages, and where to</legend>
      <Where set={set} wishes={wishes} />
      <div class="form-row">
        <Field label="Only those that died because">
          <select onChange={(event) => set({ reason: event.currentTarget.value })} value={reason}>
            {REASONS.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Only those from the queue">
          <input onInput={(event) => set({ source: event.currentTarget.value })} value={source} />
        </Field>
        <Field label="Only those that contain">
          <input onInput={(event) => set({ text: event.currentTarget.value })} value={text} />
        </Field>
      </div>
      <div class="form-row">
        <Field hint="Empty is all." label="At most">
          <input
            inputMode="numeric"
            onInput={(event) => set({ limit: event.currentTarget.value.replace(/\D/g, '') })}
            value={limit}
          />
        </Field>
        <Field hint="Empty is as fast as it goes." label="Messages a second">
          <input
            inputMode="numeric"
            onInput={(event) => set({ rate: event.currentTarget.value.replace(/\D/g, '') })}
            value={rate}
          />
        </Field>
      </div>
      {to !== 'back' || keep ? (
        <Check
          checked={keep}
          hint="x-death and its kin tell consumers where a message has been."
          label="Keep the headers about its deaths"
          onChange={(on) => set({ keep: on })}
        />
      ) : null}
    </fieldset>
  );
}

interface WhereProps {
  readonly wishes: RedriveWishes;
  readonly set: (change: Partial<RedriveWishes>) => void;
}

function Where({ wishes, set }: WhereProps) {
  const { to, queue, exchange, key } = wishes;
  const choose = (value: RedriveWishes['to']) => {
    const back = value === 'back' || value === 'exchange';
    set({ to: value, kind: back ? 'redrive' : 'move', keep: !back });
  };
  return (
    <div class="form-row">
      <Field label="Where to">
        <select
          onChange={(event) => choose(event.currentTarget.value as RedriveWishes['to'])}
          value={to}
        >
          <option value="back">back to the queue where each died first</option>
          <option value="exchange">published again to its first exchange</option>
          <option value="queue">into another queue</option>
          <option value="other-exchange">to another exchange</option>
        </select>
      </Field>
      {to === 'queue' && (
        <Field label="Into the queue">
          <input onInput={(event) => set({ queue: event.currentTarget.value })} value={queue} />
        </Field>
      )}
      {to === 'other-exchange' && (
        <>
          <Field label="To the exchange">
            <input
              onInput={(event) => set({ exchange: event.currentTarget.value })}
              value={exchange}
            />
          </Field>
          <Field hint="Empty: each keeps its own." label="With the routing key">
            <input onInput={(event) => set({ key: event.currentTarget.value })} value={key} />
          </Field>
        </>
      )}
    </div>
  );
}
