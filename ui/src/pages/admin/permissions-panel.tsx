/**
 * PermissionsPanel: what a user may do in each virtual host, or all users in one. Three patterns:
 * what may be declared and deleted, published to, and consumed from.
 */
import { useState } from 'preact/hooks';
import type { Permission } from '../../api/access.ts';
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';
import { PermissionForm } from './permission-form.tsx';

interface PermissionsPanelProps {
  /** One of the two is given, the other is a column. */
  readonly user?: string;
  readonly vhost?: string;
}

export function PermissionsPanel({ user, vhost }: PermissionsPanelProps) {
  const path =
    user === undefined ? at`vhosts/${vhost ?? ''}/permissions` : at`users/${user}/permissions`;
  const { data, error } = useResource<readonly Permission[]>(path);
  const [editing, setEditing] = useState<Partial<Permission> | null>(null);
  const add = (
    <Button icon="plus" onClick={() => setEditing({ user, vhost })} small>
      Add permission
    </Button>
  );
  return (
    <Panel aside={add} flush title="Permissions">
      <Table
        caption="Permissions"
        columns={[otherEnd(user === undefined), ...PATTERNS, actions(setEditing)]}
        empty={
          !error && (
            <Empty icon="lock" title="No permissions">
              {user === undefined
                ? 'Nobody may enter this virtual host.'
                : 'This user may not enter any virtual host: every connection is refused.'}
            </Empty>
          )
        }
        keyOf={(one) => JSON.stringify([one.user, one.vhost])}
        loading={data === undefined && error === undefined}
        rows={data ?? []}
      />
      {editing && <PermissionForm onClose={() => setEditing(null)} permission={editing} />}
    </Panel>
  );
}

function otherEnd(users: boolean): Column<Permission> {
  return {
    key: 'end',
    label: users ? 'User' : 'Virtual host',
    render: ({ user, vhost }) =>
      users ? (
        <a class="row-name" href={to`/users/${user}`}>
          {user}
        </a>
      ) : (
        <a class="row-name" href={to`/vhosts/${vhost}`}>
          {vhost}
        </a>
      ),
  };
}

const PATTERNS: readonly Column<Permission>[] = [
  {
    key: 'configure',
    label: 'Configure',
    title: 'Names of what may be declared and deleted',
    render: ({ configure }) => <Pattern text={configure} />,
  },
  {
    key: 'write',
    label: 'Write',
    title: 'Names of what may be published to or bound',
    render: ({ write }) => <Pattern text={write} />,
  },
  {
    key: 'read',
    label: 'Read',
    title: 'Names of what may be consumed from',
    render: ({ read }) => <Pattern text={read} />,
  },
];

/** A pattern of names; the two that mean all and nothing are said in words. */
export function Pattern({ text }: { text: string }) {
  if (text === '' || text === '^$') return <span class="muted">nothing</span>;
  return <code title={text === '.*' ? 'everything' : undefined}>{text}</code>;
}

function actions(edit: (permission: Permission) => void): Column<Permission> {
  return {
    key: 'actions',
    label: '',
    numeric: true,
    render: (one) => (
      <>
        <Button kind="plain" onClick={() => edit(one)} small>
          Change
        </Button>
        <Button icon="trash" kind="plain" label="Take away" onClick={() => revoke(one)} small />
      </>
    ),
  };
}

function revoke({ user, vhost }: Permission): void {
  confirm({
    title: `Lock ${user} out of ${vhost}`,
    body: `${user} may no longer enter ${vhost}; connections that are open lose their rights.`,
    verb: 'Take away',
    done: `${user} may no longer enter ${vhost}.`,
    action: () => change('DELETE', at`permissions/${vhost}/${user}`),
  });
}
