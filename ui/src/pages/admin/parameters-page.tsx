/**
 * ParametersPage: the runtime parameters of virtual hosts (shovels, federation upstreams …) and the
 * global ones. Values are JSON, and each component checks its own.
 */
import { useState } from 'preact/hooks';
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Field } from '../../parts/field.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';
import { AdminTabs } from './admin-tabs.tsx';

/** Without component and vhost, it is a global one. */
interface Parameter {
  readonly component?: string;
  readonly vhost?: string;
  readonly name: string;
  readonly value: unknown;
}

function pathOf({ component, vhost, name }: Parameter): string {
  if (component === undefined) return at`global-parameters/${name}`;
  return at`parameters/${component}/${vhost ?? '/'}/${name}`;
}

const VALUE: Column<Parameter> = {
  key: 'value',
  label: 'Value',
  render: ({ value }) => <code class="wrap">{JSON.stringify(value)}</code>,
};

const NAME: Column<Parameter> = {
  key: 'name',
  label: 'Name',
  render: ({ name }) => <span class="row-name">{name}</span>,
};

const OWN: readonly Column<Parameter>[] = [
  { key: 'component', label: 'Component', render: ({ component }) => component },
  { key: 'vhost', label: 'Virtual host', render: ({ vhost }) => vhost },
];

export default function ParametersPage() {
  return (
    <>
      <PageHead title="Parameters" />
      <AdminTabs />
      <Parameters global={false} />
      <Parameters global />
    </>
  );
}

function Parameters({ global }: { global: boolean }) {
  const { data, error, reload } = useResource<readonly Parameter[]>(
    global ? 'global-parameters' : 'parameters',
  );
  const [editing, setEditing] = useState<Partial<Parameter> | null>(null);
  const title = global ? 'Global' : 'Of virtual hosts';
  const actions: Column<Parameter> = {
    key: 'actions',
    label: '',
    numeric: true,
    render: (one) => (
      <>
        <Button kind="plain" onClick={() => setEditing(one)} small>
          Change
        </Button>
        <Button icon="trash" kind="plain" label="Delete" onClick={() => remove(one)} small />
      </>
    ),
  };
  return (
    <Panel
      aside={
        <Button icon="plus" onClick={() => setEditing({})} small>
          Add parameter
        </Button>
      }
      flush
      title={title}
    >
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <Table
        caption={`Parameters: ${title}`}
        columns={[NAME, ...(global ? [] : OWN), VALUE, actions]}
        empty={
          !error && (
            <Empty icon="admin" title="No parameters">
              {global
                ? 'Settings of the whole cluster, such as its name.'
                : 'Shovels and federation upstreams are defined by parameters.'}
            </Empty>
          )
        }
        keyOf={pathOf}
        loading={data === undefined && error === undefined}
        rows={data ?? []}
      />
      {editing && (
        <ParameterForm global={global} onClose={() => setEditing(null)} parameter={editing} />
      )}
    </Panel>
  );
}

interface ParameterFormProps {
  readonly global: boolean;
  readonly parameter: Partial<Parameter>;
  readonly onClose: () => void;
}

function ParameterForm({ global, parameter, onClose }: ParameterFormProps) {
  const [name, setName] = useState(parameter.name ?? '');
  const [component, setComponent] = useState(parameter.component ?? '');
  const [vhost, setVhost] = useState(parameter.vhost ?? '/');
  const [text, setText] = useState(JSON.stringify(parameter.value ?? {}, null, 2));
  const submit = async () => {
    const value: unknown = JSON.parse(text);
    const whole = global ? { name, value } : { component, vhost, name, value };
    await change('PUT', pathOf(whole), whole);
  };
  return (
    <FormDialog
      done={`Set ${name}.`}
      onClose={onClose}
      onSubmit={submit}
      title={parameter.name ? `Change ${parameter.name}` : 'Add a parameter'}
      verb="Save"
    >
      <TextField
        disabled={parameter.name !== undefined}
        label="Name"
        onChange={setName}
        required
        value={name}
      />
      {!global && parameter.name === undefined && (
        <div class="form-row">
          <TextField
            label="Component"
            onChange={setComponent}
            placeholder="shovel"
            required
            value={component}
          />
          <VhostSelect onChange={setVhost} value={vhost} />
        </div>
      )}
      <Field hint="JSON" label="Value">
        <textarea onInput={(event) => setText(event.currentTarget.value)} rows={8} value={text} />
      </Field>
    </FormDialog>
  );
}

function remove(one: Parameter): void {
  confirm({
    title: `Delete ${one.name}`,
    body: `The ${one.component ?? 'global'} parameter ${one.name} is taken out of effect at once.`,
    verb: `Delete ${one.name}`,
    done: `Deleted ${one.name}.`,
    action: () => change('DELETE', pathOf(one)),
  });
}
