/**
 * Configuration: the settings in effect, wherever they come from: file, environment or default.
 * Brokers that do not tell (RabbitMQ before 4.3) have their files named instead.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { useResource } from '../../live/resource.ts';
import { CopyButton } from '../../parts/code.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { useLocalListing } from '../../parts/listing.ts';
import { Pager } from '../../parts/pager.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';

type Setting = readonly [key: string, value: unknown];

const COLUMNS: readonly Column<Setting>[] = [
  { key: 'key', label: 'Setting', sort: 'name', render: ([key]) => <code>{key}</code> },
  {
    key: 'value',
    label: 'Value',
    render: ([, value]) => <code class="wrap">{say(value)}</code>,
  },
  {
    key: 'copy',
    label: '',
    numeric: true,
    render: ([key, value]) => <CopyButton label={`Copy ${key}`} text={`${key} = ${say(value)}`} />,
  },
];

const FIELDS = { name: ([key]: Setting) => key };

export function Configuration({ node }: { node: NodeInfo }) {
  const { data, error } = useResource<Readonly<Record<string, unknown>>>('config/effective', true);
  const settings = data && Object.entries(data);
  const listing = useLocalListing(settings, ([key]) => key, FIELDS, 'name', { error });
  if (error) {
    return (
      <Empty icon="admin" title="This broker does not tell its settings">
        They are in {node.config_files?.join(', ') || 'its configuration file'}.
      </Empty>
    );
  }
  return (
    <Panel flush title="Settings in effect">
      <FilterBar listing={listing} noun="settings" />
      <Table
        caption="Settings in effect"
        columns={COLUMNS}
        empty={
          <Empty icon="filter" title="No setting is called that">
            Names are those of rabbitmq.conf.
          </Empty>
        }
        keyOf={([key]) => key}
        loading={listing.loading}
        rows={listing.rows}
        sorting={listing.sorting}
      />
      <Pager listing={listing} />
    </Panel>
  );
}

function say(value: unknown): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
