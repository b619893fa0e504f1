/**
 * FeatureFlagsPage: what the cluster can do since which version, and the button that turns the rest
 * on. A flag can never be turned off again.
 */
import { at, change } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { useLocalListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { isAdministrator } from '../../session/identity.ts';
import { AdminTabs } from './admin-tabs.tsx';

interface FeatureFlag {
  readonly name: string;
  readonly state: string;
  readonly desc?: string;
  readonly stability?: string;
  readonly provided_by?: string;
}

const COLUMNS: readonly Column<FeatureFlag>[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    render: ({ name }) => <span class="row-name">{name}</span>,
  },
  {
    key: 'state',
    label: 'State',
    sort: 'state',
    render: ({ state }) => (
      <Badge dot tone={state === 'enabled' ? 'good' : 'neutral'}>
        {state}
      </Badge>
    ),
  },
  { key: 'stability', label: 'Stability', render: ({ stability }) => stability },
  { key: 'desc', label: 'What it does', render: ({ desc }) => <div class="wrap">{desc}</div> },
  {
    key: 'actions',
    label: '',
    numeric: true,
    render: (flag) =>
      flag.state === 'disabled' &&
      isAdministrator.value && (
        <Button onClick={() => enable(flag)} small>
          Enable
        </Button>
      ),
  },
];

const FIELDS: Readonly<Record<string, (flag: FeatureFlag) => string>> = {
  name: ({ name }) => name,
  state: ({ state }) => state,
};

export default function FeatureFlagsPage() {
  const { data, error } = useResource<readonly FeatureFlag[]>('feature-flags');
  const listing = useLocalListing(data, ({ name, desc }) => `${name} ${desc}`, FIELDS, 'name', {
    error,
  });
  return (
    <>
      <PageHead title="Feature flags" />
      <AdminTabs />
      <Panel flush>
        <FilterBar listing={listing} noun="feature flags" />
        <Table
          caption="Feature flags"
          columns={COLUMNS}
          empty={
            !error && (
              <Empty icon="filter" title="No feature flag">
                What all nodes of a cluster know how to do has a flag here.
              </Empty>
            )
          }
          keyOf={({ name }) => name}
          loading={listing.loading}
          rows={listing.rows}
          sorting={listing.sorting}
        />
      </Panel>
    </>
  );
}

function enable({ name, desc }: FeatureFlag): void {
  confirm({
    title: `Enable ${name}`,
    body: `${desc ?? ''} It cannot be turned off again, and older nodes cannot join any more.`,
    verb: 'Enable',
    done: `Enabled ${name}.`,
    action: () => change('PUT', at`feature-flags/${name}/enable`, { name }),
  });
}
