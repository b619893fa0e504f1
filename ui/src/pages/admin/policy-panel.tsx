/**
 * PolicyPanel: the policies, or the operator policies, with
 * what each sets and for whom.
 */
import { useState } from 'preact/hooks';
import type { Policy, PolicyList } from '../../api/policy.ts';
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { useLocalListing } from '../../parts/listing.ts';
import { Pager } from '../../parts/pager.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { isAdministrator, isPolicymaker } from '../../session/identity.ts';
import { useQuery } from '../../shell/location.tsx';
import { within } from '../../shell/vhost.ts';
import { PolicyForm } from './policy-form.tsx';

const WORDS = {
  policies: {
    title: 'Policies',
    one: 'policy',
    empty: 'No policies',
    text:
      'A policy sets limits, time to live, dead-lettering or an alternate exchange for ' +
      'everything whose name matches its pattern. It can be changed at any time.',
  },
  'operator-policies': {
    title: 'Operator policies',
    one: 'operator policy',
    empty: 'No operator policies',
    text:
      'An operator policy is a limit that nobody gets around: where it and a policy or an ' +
      'argument set the same thing, the smaller value counts.',
  },
} as const;

const FIELDS: Readonly<Record<string, (policy: Policy) => string | number>> = {
  name: ({ name }) => name,
  vhost: ({ vhost }) => vhost,
  priority: ({ priority }) => priority,
  pattern: ({ pattern }) => pattern,
};

export function PolicyPanel({ list, vhost }: { list: PolicyList; vhost: string }) {
  const { data, error } = useResource<readonly Policy[]>(within(list, vhost));
  const textOf = ({ name, pattern }: Policy) => `${name} ${pattern}`;
  const listing = useLocalListing(data, textOf, FIELDS, 'name', { error });
  const [query, setQuery] = useQuery();
  const [editing, setEditing] = useState<Policy | null>(null);
  const words = WORDS[list];
  const mayChange = list === 'policies' ? isPolicymaker.value : isAdministrator.value;
  const adding = query.add === (list === 'policies' ? 'true' : 'operator') && mayChange;
  const close = () => {
    setEditing(null);
    if (query.add) setQuery({ add: '' });
  };
  const add = mayChange && (
    <Button
      icon="plus"
      onClick={() => setQuery({ add: list === 'policies' ? 'true' : 'operator' })}
      small
    >
      Add {words.one}
    </Button>
  );
  return (
    <Panel aside={add} flush title={words.title}>
      {listing.total > 10 && <FilterBar listing={listing} noun={words.title.toLowerCase()} />}
      <Table
        caption={words.title}
        columns={mayChange ? [...COLUMNS, actions(list, setEditing)] : COLUMNS}
        empty={
          !error && (
            <Empty icon="admin" title={words.empty}>
              {words.text}
            </Empty>
          )
        }
        keyOf={(one) => JSON.stringify([one.vhost, one.name])}
        loading={listing.loading}
        rows={listing.rows}
        sorting={listing.sorting}
      />
      <Pager listing={listing} />
      {(editing || adding) && (
        <PolicyForm list={list} onClose={close} policy={editing ?? undefined} />
      )}
    </Panel>
  );
}

const COLUMNS: readonly Column<Policy>[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    render: ({ name }) => <span class="row-name">{name}</span>,
  },
  { key: 'vhost', label: 'Virtual host', sort: 'vhost', render: ({ vhost }) => vhost },
  {
    key: 'pattern',
    label: 'Pattern',
    sort: 'pattern',
    render: ({ pattern }) => <code>{pattern}</code>,
  },
  {
    key: 'apply',
    label: 'Applies to',
    wide: true,
    render: (policy) => policy['apply-to'].replace('_', ' '),
  },
  {
    key: 'definition',
    label: 'Sets',
    render: ({ definition }) => (
      <span class="badges">
        {Object.entries(definition).map(([key, value]) => (
          <Badge key={key}>
            {key} = {typeof value === 'string' ? value : JSON.stringify(value)}
          </Badge>
        ))}
      </span>
    ),
  },
  {
    key: 'priority',
    label: 'Priority',
    sort: 'priority',
    numeric: true,
    render: ({ priority }) => priority,
  },
];

function actions(list: PolicyList, edit: (policy: Policy) => void): Column<Policy> {
  return {
    key: 'actions',
    label: '',
    numeric: true,
    render: (policy) => (
      <>
        <Button kind="plain" onClick={() => edit(policy)} small>
          Change
        </Button>
        <Button
          icon="trash"
          kind="plain"
          label={`Delete ${policy.name}`}
          onClick={() => remove(list, policy)}
          small
        />
      </>
    ),
  };
}

function remove(list: PolicyList, { vhost, name, pattern }: Policy): void {
  confirm({
    title: `Delete ${name}`,
    body: `What matches ${pattern} gets the next policy that fits it, or none, at once.`,
    verb: `Delete ${name}`,
    done: `Deleted ${name}.`,
    action: () => change('DELETE', at`${list}/${vhost}/${name}`),
  });
}
