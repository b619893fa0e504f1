/**
 * ChannelPage: one channel: what it publishes and gets
 * each second, and its consumers.
 */
import { useRoute } from 'preact-iso';
import type { Channel } from '../../api/connection.ts';
import { at, withQuery } from '../../api/request.ts';
import { ratesOf, samplesOf } from '../../api/statistics.ts';
import { count, rate } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Chart } from '../../parts/chart.tsx';
import { Empty } from '../../parts/empty.tsx';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RangePicker, sampling, useRange } from '../../parts/range.tsx';
import { Table } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';
import { CONSUMER_COLUMNS } from '../connections/consumer-columns.tsx';

const PARENT = { label: 'Channels', href: '#/channels' };
const MOST_SECONDS = 600;

const RATES = [
  ['publish', 'Publish', 1],
  ['confirm', 'Confirm', 6],
  ['deliver_get', 'Deliver', 3],
  ['ack', 'Ack', 5],
  ['redeliver', 'Redeliver', 2],
  ['return_unroutable', 'Returned', 4],
] as const;

export default function ChannelPage() {
  const { params } = useRoute();
  const { name = '' } = params;
  const range = useRange(MOST_SECONDS);
  const path = withQuery(at`channels/${name}`, sampling(range, ['msg_rates']));
  const { data, error, reload } = useResource<Channel>(path);
  const head = (
    <PageHead
      actions={<RangePicker mostSeconds={MOST_SECONDS} />}
      badges={data?.confirm && <Badge>confirms</Badge>}
      parent={PARENT}
      title={name}
    />
  );
  if (data === undefined) {
    return (
      <>
        {head}
        {error && <Problem error={error} onRetry={() => void reload()} />}
      </>
    );
  }
  const stats = data.message_stats;
  const series = RATES.filter(([key]) => stats?.[key] !== undefined).map(
    ([key, label, colour]) => ({ key, label, colour, points: ratesOf(samplesOf(stats, key)) }),
  );
  return (
    <>
      {head}
      {error && <Problem error={error} />}
      <Panel title="Messages per second">
        <Chart format={rate} label="Messages per second over time" series={series} />
      </Panel>
      <Panel title="State">
        <KeyValue facts={factsOf(data)} />
      </Panel>
      <Panel flush title="Consumers">
        <Table
          caption="Consumers"
          columns={CONSUMER_COLUMNS.filter(({ key }) => key !== 'connection' && key !== 'user')}
          empty={
            <Empty icon="queues" title="It consumes nothing">
              This channel only publishes, or fetches messages one by one.
            </Empty>
          }
          keyOf={({ consumer_tag: tag }) => tag}
          rows={data.consumer_details ?? []}
        />
      </Panel>
    </>
  );
}

function factsOf(channel: Channel): readonly Fact[] {
  const connection = channel.connection_details?.name;
  return [
    ['Connection', connection && <a href={to`/connections/${connection}`}>{connection}</a>],
    ['User', channel.user],
    ['Virtual host', channel.vhost],
    ['Prefetch of new consumers', channel.prefetch_count],
    ['Prefetch of the channel', channel.global_prefetch_count],
    ['Unacknowledged', count(channel.messages_unacknowledged)],
    ['Unconfirmed', count(channel.messages_unconfirmed)],
    ['Uncommitted', count(channel.messages_uncommitted)],
  ];
}
