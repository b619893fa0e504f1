/**
 * ExchangePage: one exchange: where its messages go, what comes in, a form that publishes, and the
 * simulator that says where a message would go.
 */
import { useRoute } from 'preact-iso';
import { type Exchange, exchangePath, exchangeTitle } from '../../api/exchange.ts';
import { withQuery } from '../../api/request.ts';
import { rateOf, ratesOf, samplesOf } from '../../api/statistics.ts';
import { rate } from '../../format/number.ts';
import { overview } from '../../live/overview.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Chart, type Series } from '../../parts/chart.tsx';
import { Figures } from '../../parts/figures.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RangePicker, sampling, useRange } from '../../parts/range.tsx';
import { type Tab, TabPanel, Tabs, useTab } from '../../parts/tabs.tsx';
import { ExchangeFeatures } from '../exchanges/exchange-features.tsx';
import { DeleteExchange } from './delete-exchange.tsx';
import { ExchangeBindings } from './exchange-bindings.tsx';
import { PublishForm } from './publish-form.tsx';
import { RoutingSimulator } from './routing-simulator.tsx';

const PARENT = { label: 'Exchanges', href: '#/exchanges' };

const TABS: readonly Tab[] = [
  { key: 'bindings', label: 'Bindings' },
  { key: 'charts', label: 'Charts' },
  { key: 'publish', label: 'Publish' },
  { key: 'route', label: 'Where would it go?' },
  { key: 'danger', label: 'Danger zone' },
];

export default function ExchangePage() {
  const { params } = useRoute();
  const { vhost = '/', name: given = '' } = params;
  const name = given === 'amq.default' ? '' : given;
  const most = Math.max(600, ...(overview.value?.sample_retention_policies?.basic ?? []));
  const range = useRange(most);
  const path = withQuery(exchangePath(vhost, name), sampling(range, ['msg_rates']));
  const { data, error, reload } = useResource<Exchange>(path);
  const own = name !== '' && !name.startsWith('amq.');
  const tabs = own ? TABS : TABS.filter(({ key }) => key !== 'danger');
  const tab = useTab(tabs);
  if (data === undefined) {
    return (
      <>
        <PageHead parent={PARENT} title={exchangeTitle(name)} />
        {error && <Problem error={error} onRetry={() => void reload()} />}
      </>
    );
  }
  const badges = (
    <>
      <Badge tone="accent">{data.type}</Badge>
      <ExchangeFeatures exchange={data} />
    </>
  );
  return (
    <>
      <PageHead
        actions={tab === 'charts' && <RangePicker mostSeconds={most} />}
        badges={badges}
        parent={PARENT}
        title={exchangeTitle(name)}
      >
        in virtual host {vhost}
      </PageHead>
      {error && <Problem error={error} />}
      <Figures
        figures={[
          ['In', `${rate(rateOf(data.message_stats, 'publish_in') ?? 0)}/s`],
          ['Out', `${rate(rateOf(data.message_stats, 'publish_out') ?? 0)}/s`],
        ]}
      />
      <Tabs label="Views of the exchange" tabs={tabs} />
      <TabPanel tab={tab}>
        {tab === 'bindings' && <ExchangeBindings name={name} vhost={vhost} />}
        {tab === 'charts' && <Traffic exchange={data} />}
        {tab === 'publish' && <PublishForm exchange={name} vhost={vhost} />}
        {tab === 'route' && <RoutingSimulator exchange={name} vhost={vhost} />}
        {tab === 'danger' && <DeleteExchange exchange={data} />}
      </TabPanel>
    </>
  );
}

function Traffic({ exchange: { message_stats: stats } }: { exchange: Exchange }) {
  const series: Series[] = [
    { key: 'in', label: 'In', colour: 1, points: ratesOf(samplesOf(stats, 'publish_in')) },
    { key: 'out', label: 'Out', colour: 3, points: ratesOf(samplesOf(stats, 'publish_out')) },
  ];
  return (
    <Panel title="Messages per second">
      <Chart format={rate} label="Messages in and out over time" series={series} />
    </Panel>
  );
}
