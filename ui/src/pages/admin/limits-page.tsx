/**
 * LimitsPage: who and what is limited, users and virtual hosts; whoever is not listed has no limit
 * of their own.
 */
import { useState } from 'preact/hooks';
import { count } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { isAdministrator } from '../../session/identity.ts';
import { to } from '../../shell/location.tsx';
import { AdminTabs } from './admin-tabs.tsx';
import { LimitsForm } from './limits-panel.tsx';

interface Limited {
  readonly user?: string;
  readonly vhost?: string;
  readonly value: Readonly<Record<string, number>>;
}

type Kind = 'user' | 'vhost';

const SAYS: Readonly<Record<Kind, readonly [title: string, empty: string, text: string]>> = {
  vhost: [
    'Virtual hosts',
    'No virtual host is limited',
    'A limit of connections or queues keeps one tenant from taking everything.',
  ],
  user: [
    'Users',
    'No user is limited',
    'A limit of connections or channels stops a client that opens more and more of them.',
  ],
};

export default function LimitsPage() {
  return (
    <>
      <PageHead title="Limits" />
      <AdminTabs />
      <Limits kind="vhost" />
      {isAdministrator.value && <Limits kind="user" />}
    </>
  );
}

function Limits({ kind }: { kind: Kind }) {
  const { data, error, reload } = useResource<readonly Limited[]>(`${kind}-limits`);
  const [editing, setEditing] = useState<Limited | null>(null);
  const [title, empty, text] = SAYS[kind];
  const rows = (data ?? []).filter(({ value }) => Object.keys(value).length > 0);
  const nameOf = (one: Limited) => one[kind] ?? '';
  return (
    <Panel
      aside={
        <Button href={`#/${kind}s`} small>{`Choose a ${title.toLowerCase().slice(0, -1)}`}</Button>
      }
      flush
      title={title}
    >
      <Table
        caption={`Limits of ${title.toLowerCase()}`}
        columns={columnsOf(kind, setEditing)}
        empty={
          !error && (
            <Empty icon="admin" title={empty}>
              {text}
            </Empty>
          )
        }
        keyOf={nameOf}
        loading={data === undefined && error === undefined}
        rows={rows}
      />
      {editing && (
        <LimitsForm
          kind={kind}
          limits={editing.value}
          name={nameOf(editing)}
          onChanged={() => void reload()}
          onClose={() => setEditing(null)}
        />
      )}
    </Panel>
  );
}

function columnsOf(kind: Kind, edit: (one: Limited) => void): readonly Column<Limited>[] {
  const nameOf = (one: Limited) => one[kind] ?? '';
  return [
    {
      key: 'name',
      label: 'Name',
      render: (one) => (
        <a
          class="row-name"
          href={kind === 'user' ? to`/users/${nameOf(one)}` : to`/vhosts/${nameOf(one)}`}
        >
          {nameOf(one)}
        </a>
      ),
    },
    {
      key: 'limits',
      label: 'At most',
      render: ({ value }) => (
        <span class="badges">
          {Object.entries(value).map(([key, most]) => (
            <Badge key={key}>
              {count(most)} {key.replace('max-', '')}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      key: 'actions',
      label: '',
      numeric: true,
      render: (one) =>
        isAdministrator.value && (
          <Button kind="plain" onClick={() => edit(one)} small>
            Change
          </Button>
        ),
    },
  ];
}
