/**
 * Listeners: where a node can be reached, by which protocol, and
 * which web applications it serves.
 */
import type { ListenerInfo, Overview } from '../../api/overview.ts';
import { overview } from '../../live/overview.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';

const COLUMNS: readonly Column<ListenerInfo>[] = [
  {
    key: 'protocol',
    label: 'Protocol',
    render: ({ protocol }) => (
      <span class="badges">
        <Badge tone="accent">{protocol}</Badge>
        {/ssl|https|tls/.test(protocol) && <Badge tone="good">TLS</Badge>}
      </span>
    ),
  },
  {
    key: 'address',
    label: 'Address',
    render: ({ ip_address: address }) => (
      <span class="num">{address === '::' ? 'all interfaces' : address}</span>
    ),
  },
  { key: 'port', label: 'Port', numeric: true, render: ({ port }) => port },
];

export function Listeners({ node }: { node: string }) {
  // The stream brings the overview, too, but perhaps not yet.
  const { data } = useResource<Overview>(overview.value === null ? 'overview' : null, true);
  const listeners = (overview.value ?? data)?.listeners?.filter((one) => one.node === node);
  return (
    <Panel flush title="Ports">
      <Table
        caption="Listeners"
        columns={COLUMNS}
        empty={
          <Empty icon="nodes" title="Not shown to you">
            Listeners are shown to users with the tag monitoring or administrator.
          </Empty>
        }
        keyOf={({ protocol, ip_address: address, port }) => `${protocol} ${address} ${port}`}
        rows={listeners ?? []}
      />
    </Panel>
  );
}
