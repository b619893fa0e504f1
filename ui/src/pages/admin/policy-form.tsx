/**
 * PolicyForm: adds or changes a policy, and says how many queues and exchanges its pattern matches
 * before anything is saved.
 */
import { useEffect, useState } from 'preact/hooks';
import { asPage, type PageOf } from '../../api/page-of.ts';
import type { Policy, PolicyList } from '../../api/policy.ts';
import { at, change, read, withQuery } from '../../api/request.ts';
import { plural } from '../../format/number.ts';
import {
  type ArgumentRow,
  ArgumentsField,
  argumentsOf,
  rowsOf,
} from '../../parts/arguments-field.tsx';
import { Field } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { POLICY_KEYS } from '../../parts/known-arguments.ts';
import { TextField } from '../../parts/text-field.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';
import { vhost as chosenVhost } from '../../shell/vhost.ts';

interface PolicyFormProps {
  readonly list: PolicyList;
  readonly policy?: Policy;
  readonly onClose: () => void;
}

const APPLIES: Readonly<Record<PolicyList, readonly string[]>> = {
  policies: ['queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', 'all'],
  'operator-policies': ['queues', 'classic_queues', 'quorum_queues', 'streams'],
};

/** How long a typist may rest before the pattern is tried. */
const REST_MS = 300;

export function PolicyForm({ list, policy, onClose }: PolicyFormProps) {
  const [name, setName] = useState(policy?.name ?? '');
  const [vhost, setVhost] = useState(policy?.vhost ?? (chosenVhost.value || '/'));
  const [pattern, setPattern] = useState(policy?.pattern ?? '');
  const [applyTo, setApplyTo] = useState(policy?.['apply-to'] ?? 'queues');
  const [priority, setPriority] = useState(String(policy?.priority ?? 0));
  const [rows, setRows] = useState<readonly ArgumentRow[]>(() => rowsOf(policy?.definition ?? {}));
  const submit = () =>
    change('PUT', at`${list}/${vhost}/${name}`, {
      pattern,
      'apply-to': applyTo,
      priority: Number(priority),
      definition: argumentsOf(rows),
    });
  return (
    <FormDialog
      done={`${name} is in effect.`}
      onClose={onClose}
      onSubmit={submit}
      title={
        policy ? `Change ${policy.name}` : `Add a${list === 'policies' ? '' : 'n operator'} policy`
      }
      verb={policy ? 'Save' : 'Add'}
    >
      <div class="form-row">
        <TextField
          autofocus={policy === undefined}
          disabled={policy !== undefined}
          label="Name"
          onChange={setName}
          required
          value={name}
        />
        {policy === undefined && <VhostSelect onChange={setVhost} value={vhost} />}
      </div>
      <TextField
        hint={useMatches(vhost, pattern, applyTo)}
        label="Pattern"
        onChange={setPattern}
        placeholder="^orders\."
        required
        value={pattern}
      />
      <div class="form-row">
        <Field label="Applies to">
          <select onChange={(event) => setApplyTo(event.currentTarget.value)} value={applyTo}>
            {APPLIES[list].map((kind) => (
              <option key={kind} value={kind}>
                {kind.replace('_', ' ')}
              </option>
            ))}
          </select>
        </Field>
        <TextField
          hint="The highest that matches counts"
          label="Priority"
          onChange={setPriority}
          type="number"
          value={priority}
        />
      </div>
      <ArgumentsField known={POLICY_KEYS} label="Sets" onChange={setRows} rows={rows} />
    </FormDialog>
  );
}

/** How many names the pattern matches now, in words. */
function useMatches(vhost: string, pattern: string, applyTo: string): string {
  const [words, setWords] = useState('A regular expression of names');
  useEffect(() => {
    if (pattern === '') {
      setWords('A regular expression of names');
      return undefined;
    }
    const timer = setTimeout(() => {
      void matches(vhost, pattern, applyTo).then(setWords, () => {
        setWords('The broker does not understand this pattern');
      });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [vhost, pattern, applyTo]);
  return words;
}

async function matches(vhost: string, pattern: string, applyTo: string): Promise<string> {
  const query = { page: 1, page_size: 1, name: pattern, use_regex: true, columns: 'name' };
  const many = async (list: 'queues' | 'exchanges') => {
    const path = withQuery(at`${list}/${vhost}`, query);
    return asPage(await read<PageOf<unknown> | readonly unknown[]>(path)).filtered_count;
  };
  const words: string[] = [];
  if (applyTo !== 'exchanges') words.push(plural(await many('queues'), 'queue'));
  if (applyTo === 'exchanges' || applyTo === 'all') {
    words.push(plural(await many('exchanges'), 'exchange'));
  }
  const narrower = /^(classic|quorum|stream)/.test(applyTo) ? ', of any type' : '';
  return `Matches ${words.join(' and ')} now${narrower}`;
}
