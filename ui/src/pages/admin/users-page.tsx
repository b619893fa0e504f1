/**
 * UsersPage: the broker's own users with their tags and where they may go. Users of other backends
 * (LDAP, HTTP, OAuth) are not in any list.
 */
import { useState } from 'preact/hooks';
import { type Permission, tagsOf, type User } from '../../api/access.ts';
import { change } from '../../api/request.ts';
import { plural } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { SelectionBar } from '../../parts/selection-bar.tsx';
import type { Column } from '../../parts/table.tsx';
import { to, useQuery } from '../../shell/location.tsx';
import { AdminTabs } from './admin-tabs.tsx';
import { UserForm } from './user-form.tsx';

function columnsOf(vhosts: ReadonlyMap<string, readonly string[]>): readonly Column<User>[] {
  return [
    {
      key: 'name',
      label: 'Name',
      sort: 'name',
      render: ({ name }) => (
        <a class="row-name" href={to`/users/${name}`}>
          {name}
        </a>
      ),
    },
    {
      key: 'tags',
      label: 'Tags',
      render: ({ tags }) => (
        <span class="badges">
          {tagsOf(tags).map((tag) => (
            <Badge key={tag} tone={tag === 'administrator' ? 'accent' : 'neutral'}>
              {tag}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      key: 'vhosts',
      label: 'May enter',
      render: ({ name }) => {
        const names = vhosts.get(name) ?? [];
        return names.length === 0 ? (
          <Badge tone="warn">no virtual host</Badge>
        ) : (
          <span title={names.join('\n')}>
            {names.slice(0, 3).join(', ')}
            {names.length > 3 && ` and ${names.length - 3} more`}
          </span>
        );
      },
    },
    {
      key: 'password',
      label: 'Password',
      render: ({ password_hash: hash }) =>
        hash === '' ? <Badge title="Cannot sign in with a password">none</Badge> : 'set',
    },
  ];
}

export default function UsersPage() {
  const [query, setQuery] = useQuery();
  const listing = useListing<User>('users');
  const permissions = useResource<readonly Permission[]>('permissions');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const chosen = listing.rows.filter(({ name }) => selected.has(name));
  const add = (
    <Button icon="plus" kind="primary" onClick={() => setQuery({ add: 'true' })}>
      Add user
    </Button>
  );
  return (
    <>
      <PageHead actions={add} title="Users" />
      <AdminTabs />
      <Panel flush>
        <FilterBar listing={listing} noun="users" />
        {chosen.length > 0 && (
          <SelectionBar onClear={() => setSelected(new Set())} text={plural(chosen.length, 'user')}>
            <Button icon="trash" kind="danger" onClick={() => removeAll(chosen)} small>
              Delete
            </Button>
          </SelectionBar>
        )}
        <ListTable
          caption="Users"
          columns={columnsOf(vhostsByUser(permissions.data ?? []))}
          empty={<Empty icon="user" title="No user is called that" />}
          keyOf={({ name }) => name}
          listing={listing}
          selection={{ keys: selected, onChange: setSelected, nameOf: ({ name }) => name }}
        />
      </Panel>
      {query.add === 'true' && <UserForm onClose={() => setQuery({ add: '' })} />}
    </>
  );
}

function vhostsByUser(permissions: readonly Permission[]): ReadonlyMap<string, readonly string[]> {
  const byUser = new Map<string, string[]>();
  for (const { user, vhost } of permissions) {
    byUser.set(user, [...(byUser.get(user) ?? []), vhost]);
  }
  return byUser;
}

function removeAll(users: readonly User[]): void {
  const names = users.map(({ name }) => name);
  const what = names.length === 1 ? (names[0] ?? '') : plural(names.length, 'user');
  confirm({
    title: `Delete ${what}`,
    body: `${names.join(', ')}: their permissions go too, and their connections are closed.`,
    verb: `Delete ${what}`,
    typed: what,
    done: `Deleted ${what}.`,
    action: () => change('POST', 'users/bulk-delete', { users: names }),
  });
}
