/**
 * NodesPage: the nodes of the cluster. A broker of one node has nothing to choose from: its page is
 * shown at once.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { bytes } from '../../format/bytes.ts';
import { duration } from '../../format/time.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';
import { NodeView } from './node-view.tsx';

const COLUMNS: readonly Column<NodeInfo>[] = [
  {
    key: 'name',
    label: 'Name',
    render: ({ name }) => (
      <a class="row-name" href={to`/nodes/${name}`}>
        {name}
      </a>
    ),
  },
  {
    key: 'state',
    label: 'State',
    render: ({ running }) => (
      <Badge dot tone={running === false ? 'bad' : 'good'}>
        {running === false ? 'down' : 'running'}
      </Badge>
    ),
  },
  { key: 'uptime', label: 'Up', numeric: true, render: ({ uptime }) => duration(uptime) },
  { key: 'memory', label: 'Memory', numeric: true, render: ({ mem_used: used }) => bytes(used) },
  { key: 'disk', label: 'Disk free', numeric: true, render: ({ disk_free: free }) => bytes(free) },
];

export default function NodesPage() {
  const { data, error, loading, reload } = useResource<readonly NodeInfo[]>('nodes');
  const [only] = data ?? [];
  if (only !== undefined && data?.length === 1) return <NodeView node={only} />;
  return (
    <>
      <PageHead title="Nodes" />
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <Panel flush>
        <Table
          caption="Nodes"
          columns={COLUMNS}
          keyOf={({ name }) => name}
          loading={loading}
          rows={data ?? []}
        />
      </Panel>
    </>
  );
}
