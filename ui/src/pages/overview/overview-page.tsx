/**
 * OverviewPage: how the broker is, in one look: six figures, two charts, what needs attention, the
 * nodes, and who is connected by which protocol.
 */
import type { Overview } from '../../api/overview.ts';
import { withQuery } from '../../api/request.ts';
import { overview } from '../../live/overview.ts';
import { useResource } from '../../live/resource.ts';
import { FlowCharts } from '../../parts/flow-charts.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { RangePicker, sampling, useRange } from '../../parts/range.tsx';
import { isMonitor } from '../../session/identity.ts';
import { AttentionList } from './attention-list.tsx';
import { Nodes } from './nodes.tsx';
import { Protocols } from './protocols.tsx';
import { Tiles } from './tiles.tsx';
import './overview.css';

export default function OverviewPage() {
  const range = useRange();
  const path = withQuery('overview', sampling(range, ['lengths', 'msg_rates']));
  const { data } = useResource<Overview>(path);
  const now = overview.value;
  return (
    <>
      <PageHead actions={<RangePicker />} title="Overview">
        {now ? `${now.cluster_name} · ${versionOf(now)}` : ' '}
      </PageHead>
      <Tiles sampled={data} />
      <FlowCharts depths={data?.queue_totals} rates={data?.message_stats} />
      <div class="overview-row">
        <div class="overview-column">
          <AttentionList />
          <Protocols />
        </div>
        {isMonitor.value && <Nodes />}
      </div>
    </>
  );
}

function versionOf({
  product_name: name,
  product_version: own,
  rabbitmq_version: rabbit,
}: Overview) {
  if (name === undefined || name === 'RabbitMQ') return `RabbitMQ ${rabbit ?? ''}`;
  return `${name} ${own ?? ''}, as RabbitMQ ${rabbit ?? ''}`;
}
