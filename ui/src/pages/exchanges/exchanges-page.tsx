/**
 * ExchangesPage: all exchanges, with how much is published to each and how much of it reaches a
 * queue.
 */
import { type Exchange, exchangeTitle } from '../../api/exchange.ts';
import { rateOf } from '../../api/statistics.ts';
import { rate } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Column } from '../../parts/table.tsx';
import { to, useQuery } from '../../shell/location.tsx';
import { useVhost, within } from '../../shell/vhost.ts';
import { AddExchange } from './add-exchange.tsx';
import { ExchangeFeatures } from './exchange-features.tsx';

const COLUMNS: readonly Column<Exchange>[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    render: ({ vhost, name }) => (
      <a class="row-name" href={to`/exchanges/${vhost}/${name || 'amq.default'}`}>
        {exchangeTitle(name)}
      </a>
    ),
  },
  { key: 'vhost', label: 'Virtual host', sort: 'vhost', render: ({ vhost }) => vhost },
  {
    key: 'type',
    label: 'Type',
    sort: 'type',
    render: ({ type }) => <Badge tone="accent">{type}</Badge>,
  },
  {
    key: 'features',
    label: 'Features',
    wide: true,
    render: (exchange) => <ExchangeFeatures exchange={exchange} />,
  },
  {
    key: 'in',
    label: 'In /s',
    title: 'Messages published to it, per second',
    sort: 'message_stats.publish_in_details.rate',
    numeric: true,
    render: ({ message_stats: stats }) => rate(rateOf(stats, 'publish_in') ?? 0),
  },
  {
    key: 'out',
    label: 'Out /s',
    title: 'Copies that it handed to queues, per second',
    sort: 'message_stats.publish_out_details.rate',
    numeric: true,
    render: ({ message_stats: stats }) => rate(rateOf(stats, 'publish_out') ?? 0),
  },
];

export default function ExchangesPage() {
  const vhost = useVhost();
  const [query, setQuery] = useQuery();
  const listing = useListing<Exchange>(within('exchanges', vhost));
  const { columns, chooser } = useColumns('exchanges', COLUMNS);
  const add = (
    <Button icon="plus" kind="primary" onClick={() => setQuery({ add: 'true' })}>
      Add exchange
    </Button>
  );
  return (
    <>
      <PageHead actions={add} title="Exchanges" />
      <Panel flush>
        <FilterBar aside={chooser} listing={listing} noun="exchanges" />
        <ListTable
          caption="Exchanges"
          columns={columns}
          empty={
            <Empty icon="filter" title="No exchange is called that">
              Publishers send to exchanges; bindings lead from there to queues.
            </Empty>
          }
          keyOf={({ vhost: where, name }) => JSON.stringify([where, name])}
          listing={listing}
        />
      </Panel>
      {query.add === 'true' && <AddExchange onClose={() => setQuery({ add: '' })} />}
    </>
  );
}
