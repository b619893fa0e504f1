/**
 * LimitsPanel: how much a user or a virtual host may have, limit by limit. An empty field takes the
 * limit away; 0 forbids.
 */
import { useState } from 'preact/hooks';
import { at, change } from '../../api/request.ts';
import { count } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { Panel } from '../../parts/panel.tsx';
import { TextField } from '../../parts/text-field.tsx';

const LIMITS = {
  user: [
    ['max-connections', 'Connections'],
    ['max-channels', 'Channels'],
  ],
  vhost: [
    ['max-connections', 'Connections'],
    ['max-queues', 'Queues'],
  ],
} as const;

interface LimitsPanelProps {
  readonly kind: 'user' | 'vhost';
  readonly name: string;
  readonly limits: Readonly<Record<string, number>>;
  /** Told when they have changed. */
  readonly onChanged?: () => void;
}

export function LimitsPanel({ kind, name, limits, onChanged }: LimitsPanelProps) {
  const [changing, setChanging] = useState(false);
  const facts = LIMITS[kind].map(([key, label]): Fact => {
    const value = limits[key];
    return [label, value === undefined || value < 0 ? 'no limit' : `at most ${count(value)}`];
  });
  return (
    <Panel
      aside={
        <Button onClick={() => setChanging(true)} small>
          Change limits
        </Button>
      }
      title="Limits"
    >
      <KeyValue facts={facts} />
      {changing && (
        <LimitsForm
          kind={kind}
          limits={limits}
          name={name}
          onChanged={onChanged}
          onClose={() => setChanging(false)}
        />
      )}
    </Panel>
  );
}

interface LimitsFormProps extends LimitsPanelProps {
  readonly onClose: () => void;
}

/** The same as a form, for the page with all limits. */
export function LimitsForm({ kind, name, limits, onChanged, onClose }: LimitsFormProps) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(
      LIMITS[kind].map(([key]) => [key, (limits[key] ?? -1) < 0 ? '' : String(limits[key])]),
    ),
  );
  const submit = async () => {
    for (const [key] of LIMITS[kind]) {
      const path = `${kind}-limits/${at`${name}/${key}`}`;
      const text = values[key] ?? '';
      if (text !== '') await change('PUT', path, { value: Number(text) });
      else if (limits[key] !== undefined) await change('DELETE', path);
    }
  };
  return (
    <FormDialog
      after={onChanged}
      done={`Limits of ${name} are set.`}
      onClose={onClose}
      onSubmit={submit}
      title={`Limits of ${name}`}
      verb="Save"
    >
      {LIMITS[kind].map(([key, label]) => (
        <TextField
          hint="Empty: no limit. 0: none at all"
          key={key}
          label={label}
          onChange={(value) => setValues({ ...values, [key]: value })}
          type="number"
          value={values[key] ?? ''}
        />
      ))}
    </FormDialog>
  );
}
