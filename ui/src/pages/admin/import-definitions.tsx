/**
 * ImportDefinitions: reads a definitions file in the page, compares it with what the broker has,
 * and imports it once somebody has seen that. Nothing that exists is deleted by an import.
 */
import { useState } from 'preact/hooks';
import { at, change, read, sayError } from '../../api/request.ts';
import { count, plural } from '../../format/number.ts';
import { refresh } from '../../live/ticker.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { FormError } from '../../parts/form-error.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { toast } from '../../parts/toast.tsx';
import { type Comparison, compareDefinitions, type Definitions } from './compare-definitions.ts';

const COLUMNS: readonly Column<Comparison>[] = [
  { key: 'kind', label: 'Kind', render: ({ kind }) => kind.replaceAll('_', ' ') },
  { key: 'file', label: 'In the file', numeric: true, render: ({ total }) => count(total) },
  { key: 'new', label: 'New', numeric: true, render: ({ added }) => count(added.length) },
  {
    key: 'changed',
    label: 'Changed',
    numeric: true,
    render: ({ changed }) => count(changed.length),
  },
  {
    key: 'names',
    label: 'Which',
    wide: true,
    render: ({ added, changed }) => {
      const names = [...added, ...changed];
      return (
        <span class="muted" title={names.join('\n')}>
          {names.slice(0, 4).join(', ')}
          {names.length > 4 && ` and ${names.length - 4} more`}
        </span>
      );
    },
  },
];

interface Preview {
  readonly name: string;
  readonly definitions: Definitions;
  readonly comparison: readonly Comparison[];
}

/** @param vhost '' for the whole broker */
export function ImportDefinitions({ vhost }: { vhost: string }) {
  const path = vhost === '' ? 'definitions' : at`definitions/${vhost}`;
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const choose = async (file: File | undefined) => {
    setPreview(null);
    setFailure('');
    if (file === undefined) return;
    try {
      const definitions = JSON.parse(await file.text()) as Definitions;
      const comparison = compareDefinitions(definitions, await read<Definitions>(path));
      setPreview({ name: file.name, definitions, comparison });
    } catch (error) {
      setFailure(`${file.name} is no definitions file: ${sayError(error)}`);
    }
  };
  const run = async () => {
    if (preview === null) return;
    setBusy(true);
    try {
      await change('POST', path, preview.definitions);
      toast(`Imported ${preview.name}.`);
      setPreview(null);
      refresh();
    } catch (error) {
      setFailure(sayError(error));
    } finally {
      setBusy(false);
    }
  };
  const differences = preview?.comparison.reduce(
    (sum, { added, changed }) => sum + added.length + changed.length,
    0,
  );
  return (
    <Panel title="Import">
      <div class="form">
        <Field hint="A file that Warren or RabbitMQ exported" label="Definitions file">
          <input
            accept=".json,application/json"
            onChange={(event) => void choose(event.currentTarget.files?.[0])}
            type="file"
          />
        </Field>
        <FormError text={failure} />
        {preview && (
          <>
            <Differences preview={preview} />
            <div class="btn-row">
              <Button busy={busy} icon="upload" kind="primary" onClick={() => void run()}>
                {differences === 0
                  ? 'Import anyway'
                  : `Import ${plural(differences ?? 0, 'change')}`}
              </Button>
            </div>
          </>
        )}
      </div>
    </Panel>
  );
}

function Differences({ preview }: { preview: Preview }) {
  return (
    <>
      <Table
        caption={`What ${preview.name} would do`}
        columns={COLUMNS}
        empty={<p>The file has no definitions.</p>}
        keyOf={({ kind }) => kind}
        rows={preview.comparison}
      />
      <p class="muted">
        Nothing is deleted. Queues and exchanges that exist with other settings stay as they are, or
        refuse the import.
      </p>
    </>
  );
}
