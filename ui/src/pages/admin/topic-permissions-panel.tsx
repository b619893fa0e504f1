/**
 * TopicPermissionsPanel: which routing keys a user may use with topic exchanges. Without any, the
 * permissions of the exchange alone count.
 */
import { useState } from 'preact/hooks';
import type { TopicPermission } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VhostSelect } from '../../parts/vhost-select.tsx';
import { Pattern } from './permissions-panel.tsx';

const COLUMNS: readonly Column<TopicPermission>[] = [
  { key: 'vhost', label: 'Virtual host', render: ({ vhost }) => vhost },
  { key: 'exchange', label: 'Exchange', render: ({ exchange }) => exchange || '(default)' },
  { key: 'write', label: 'Publish with', render: ({ write }) => <Pattern text={write} /> },
  { key: 'read', label: 'Bind with', render: ({ read }) => <Pattern text={read} /> },
  {
    key: 'actions',
    label: '',
    numeric: true,
    render: (one) => (
      <Button icon="trash" kind="plain" label="Take away" onClick={() => revoke(one)} small />
    ),
  },
];

export function TopicPermissionsPanel({ user }: { user: string }) {
  const { data, error } = useResource<readonly TopicPermission[]>(
    at`users/${user}/topic-permissions`,
  );
  const [adding, setAdding] = useState(false);
  const add = (
    <Button icon="plus" onClick={() => setAdding(true)} small>
      Add topic permission
    </Button>
  );
  return (
    <Panel aside={add} flush={(data?.length ?? 0) > 0} title="Topic permissions">
      <Table
        caption="Topic permissions"
        columns={COLUMNS}
        empty={
          !error && (
            <p class="muted">
              All routing keys are allowed where the exchange is. Narrow it here, for example for
              MQTT clients: <code>{'^sensors\\.{client_id}\\.'}</code>
            </p>
          )
        }
        keyOf={(one) => JSON.stringify([one.vhost, one.exchange])}
        loading={data === undefined && error === undefined}
        rows={data ?? []}
      />
      {adding && <TopicPermissionForm onClose={() => setAdding(false)} user={user} />}
    </Panel>
  );
}

function TopicPermissionForm({ user, onClose }: { user: string; onClose: () => void }) {
  const [vhost, setVhost] = useState('/');
  const [exchange, setExchange] = useState('amq.topic');
  const [write, setWrite] = useState('.*');
  const [read, setRead] = useState('.*');
  const body = { exchange, write, read };
  return (
    <FormDialog
      done={`Set for ${exchange}.`}
      onClose={onClose}
      onSubmit={() => change('PUT', at`topic-permissions/${vhost}/${user}`, body)}
      title="Topic permission"
      verb="Save"
    >
      <VhostSelect onChange={setVhost} value={vhost} />
      <TextField label="Exchange" onChange={setExchange} required value={exchange} />
      <TextField
        hint="Routing keys that may be published with"
        label="Write"
        onChange={setWrite}
        value={write}
      />
      <TextField
        hint="Routing keys that may be bound with"
        label="Read"
        onChange={setRead}
        value={read}
      />
      <p class="muted">
        <code>{'{username}'}</code>, <code>{'{vhost}'}</code> and <code>{'{client_id}'}</code> stand
        for the client's own.
      </p>
    </FormDialog>
  );
}

/** The older API knows no exchange in the path: all topic permissions in the virtual host go. */
function revoke({ user, vhost, exchange }: TopicPermission): void {
  confirm({
    title: `Free the routing keys of ${exchange}`,
    body: `${user} may use all routing keys of ${exchange} in ${vhost} again.`,
    verb: 'Take away',
    done: 'The topic permission is gone.',
    action: async () => {
      const path = at`topic-permissions/${vhost}/${user}`;
      try {
        await change('DELETE', `${path}/${at`${exchange}`}`);
      } catch {
        await change('DELETE', path);
      }
    },
  });
}
