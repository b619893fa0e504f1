/**
 * ConnectionsPage: who is connected, by any protocol: who they are, from where, how much they send
 * and receive. Several can be closed at once.
 */
import { useState } from 'preact/hooks';
import { type Connection, clientNameOf } from '../../api/connection.ts';
import { bytes } from '../../format/bytes.ts';
import { count, NOTHING, plural } from '../../format/number.ts';
import { ago } from '../../format/time.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { SelectionBar } from '../../parts/selection-bar.tsx';
import type { Column } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';
import { useVhost } from '../../shell/vhost.ts';
import { ClientTabs } from './client-tabs.tsx';
import { CloseConnections } from './close-connections.tsx';
import { ConnectionState } from './connection-state.tsx';
import { withinVhost } from './within-vhost.ts';

const COLUMNS: readonly Column<Connection>[] = [
  {
    key: 'name',
    label: 'Client',
    sort: 'name',
    render: (connection) => (
      <a class="row-name" href={to`/connections/${connection.name}`} title={connection.name}>
        {clientNameOf(connection) ?? connection.name}
      </a>
    ),
  },
  {
    key: 'protocol',
    label: 'Protocol',
    sort: 'protocol',
    render: ({ protocol, ssl }) => (
      <span class="badges">
        <Badge tone="accent">{protocol ?? NOTHING}</Badge>
        {ssl && <Badge tone="good">TLS</Badge>}
      </span>
    ),
  },
  { key: 'user', label: 'User', sort: 'user', render: ({ user }) => user ?? NOTHING },
  {
    key: 'peer',
    label: 'From',
    sort: 'peer_host',
    wide: true,
    render: ({ peer_host: host, peer_port: port }) => (
      <span class="num">{host ? `${host}:${port}` : NOTHING}</span>
    ),
  },
  { key: 'vhost', label: 'Virtual host', sort: 'vhost', render: ({ vhost }) => vhost ?? NOTHING },
  {
    key: 'state',
    label: 'State',
    sort: 'state',
    render: (connection) => <ConnectionState connection={connection} />,
  },
  {
    key: 'channels',
    label: 'Channels',
    sort: 'channels',
    numeric: true,
    render: ({ channels }) => count(channels),
  },
  {
    key: 'in',
    label: 'From client',
    sort: 'recv_oct_details.rate',
    numeric: true,
    render: ({ recv_oct_details: details }) => `${bytes(details?.rate ?? 0)}/s`,
  },
  {
    key: 'out',
    label: 'To client',
    sort: 'send_oct_details.rate',
    numeric: true,
    render: ({ send_oct_details: details }) => `${bytes(details?.rate ?? 0)}/s`,
  },
  {
    key: 'since',
    label: 'Connected',
    sort: 'connected_at',
    numeric: true,
    optional: true,
    render: ({ connected_at: at }) => ago(at),
  },
  { key: 'node', label: 'Node', sort: 'node', optional: true, render: ({ node }) => node },
];

export default function ConnectionsPage() {
  const vhost = useVhost();
  const listing = useListing<Connection>(withinVhost('connections', vhost));
  const { columns, chooser } = useColumns('connections', COLUMNS);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [closing, setClosing] = useState(false);
  const chosen = listing.rows.filter(({ name }) => selected.has(name));
  return (
    <>
      <PageHead title="Connections" />
      <ClientTabs />
      <Panel flush>
        <FilterBar aside={chooser} listing={listing} noun="connections" />
        {chosen.length > 0 && (
          <SelectionBar
            onClear={() => setSelected(new Set())}
            text={plural(chosen.length, 'connection')}
          >
            <Button icon="close" kind="danger" onClick={() => setClosing(true)} small>
              Close
            </Button>
          </SelectionBar>
        )}
        <ListTable
          caption="Connections"
          columns={columns}
          empty={<NoConnections narrowed={listing.total > 0} />}
          keyOf={({ name }) => name}
          listing={listing}
          selection={{
            keys: selected,
            onChange: setSelected,
            nameOf: (connection) => clientNameOf(connection) ?? connection.name,
          }}
        />
      </Panel>
      {closing && (
        <CloseConnections
          connections={chosen}
          onClose={() => setClosing(false)}
          onDone={() => setSelected(new Set())}
        />
      )}
    </>
  );
}

function NoConnections({ narrowed }: { narrowed: boolean }) {
  if (narrowed) {
    return (
      <Empty icon="filter" title="No connection passes this filter">
        It looks at the name that the broker gives, which begins with the client's address.
      </Empty>
    );
  }
  return (
    <Empty icon="connections" title="Nobody is connected">
      Clients connect by AMQP on port 5672, MQTT on 1883 or STOMP on 61613; the Nodes page shows
      what this broker listens on. The playground publishes without any client.
    </Empty>
  );
}
