/**
 * ChannelsPage: the channels of AMQP connections and the sessions of all others: where publishing,
 * delivering and acknowledging happens.
 */
import type { Channel } from '../../api/connection.ts';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';
import { useVhost } from '../../shell/vhost.ts';
import { CHANNEL_COLUMNS } from './channel-columns.tsx';
import { ClientTabs } from './client-tabs.tsx';
import { withinVhost } from './within-vhost.ts';

export default function ChannelsPage() {
  const vhost = useVhost();
  const listing = useListing<Channel>(withinVhost('channels', vhost));
  const { columns, chooser } = useColumns('channels', CHANNEL_COLUMNS);
  return (
    <>
      <PageHead title="Channels" />
      <ClientTabs />
      <Panel flush>
        <FilterBar aside={chooser} listing={listing} noun="channels" />
        {listing.error && <Problem error={listing.error} onRetry={listing.reload} />}
        <Table
          caption="Channels"
          columns={columns}
          empty={
            !listing.error && (
              <Empty icon="connections" title="No channels">
                A client opens channels within its connection, one for each thread of work.
              </Empty>
            )
          }
          keyOf={({ name }) => name}
          loading={listing.loading}
          rows={listing.rows}
          sorting={listing.sorting}
        />
        <Pager listing={listing} />
      </Panel>
    </>
  );
}
