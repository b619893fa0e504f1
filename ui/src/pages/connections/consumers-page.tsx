/**
 * ConsumersPage: who takes from which
 * queue, by any protocol.
 */
import type { Consumer } from '../../api/queue.ts';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { useVhost, within } from '../../shell/vhost.ts';
import { ClientTabs } from './client-tabs.tsx';
import { CONSUMER_COLUMNS } from './consumer-columns.tsx';

export default function ConsumersPage() {
  const vhost = useVhost();
  const listing = useListing<Consumer>(within('consumers', vhost), 'queue.name');
  const { columns, chooser } = useColumns('consumers', CONSUMER_COLUMNS);
  return (
    <>
      <PageHead title="Consumers" />
      <ClientTabs />
      <Panel flush>
        <FilterBar aside={chooser} listing={listing} noun="consumers" />
        <ListTable
          caption="Consumers"
          columns={columns}
          empty={
            <Empty icon="connections" title="No consumers">
              Nobody takes messages from any queue. They wait until somebody does.
            </Empty>
          }
          keyOf={({ consumer_tag: tag, channel_details: channel, queue }) =>
            JSON.stringify([channel?.name, tag, queue])
          }
          listing={listing}
        />
      </Panel>
    </>
  );
}
