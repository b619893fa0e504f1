/**
 * ChannelsPage: the channels of AMQP connections and the sessions of all others: where publishing,
 * delivering and acknowledging happens.
 */
import type { Channel } from '../../api/connection.ts';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
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
        <ListTable
          caption="Channels"
          columns={columns}
          empty={
            <Empty icon="connections" title="No channels">
              A client opens channels within its connection, one for each thread of work.
            </Empty>
          }
          keyOf={({ name }) => name}
          listing={listing}
        />
      </Panel>
    </>
  );
}
