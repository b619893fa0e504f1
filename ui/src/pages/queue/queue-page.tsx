/**
 * QueuePage: one queue: its figures, and tabs for what is in it, who takes from it, where its
 * messages come from, how it is set up, and how to end it.
 */
import { useRoute } from 'preact-iso';
import type { Overview } from '../../api/overview.ts';
import type { Queue } from '../../api/queue.ts';
import { ApiError, at, withQuery } from '../../api/request.ts';
import type { Statistics } from '../../api/statistics.ts';
import { count } from '../../format/number.ts';
import { overview } from '../../live/overview.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FlowCharts } from '../../parts/flow-charts.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RangePicker, sampling, useRange } from '../../parts/range.tsx';
import { type Tab, TabPanel, Tabs, useTab } from '../../parts/tabs.tsx';
import { PublishForm } from '../exchange/publish-form.tsx';
import { QueueFeatures } from '../queues/queue-features.tsx';
import { QueueState } from '../queues/queue-state.tsx';
import { Consumers } from './consumers.tsx';
import { Danger } from './danger.tsx';
import { MessageBrowser } from './message-browser.tsx';
import { QueueBindings } from './queue-bindings.tsx';
import { QueueFigures } from './queue-figures.tsx';
import { Settings } from './settings.tsx';
import './queue.css';

const PARENT = { label: 'Queues', href: '#/queues' };

export default function QueuePage() {
  const { params } = useRoute();
  const { vhost = '/', name = '' } = params;
  const most = retentionOf(overview.value);
  const range = useRange(most);
  const path = withQuery(at`queues/${vhost}/${name}`, sampling(range, ['lengths', 'msg_rates']));
  const { data, error, reload } = useResource<Queue>(path);
  const tabs: readonly Tab[] = [
    { key: 'charts', label: 'Charts' },
    { key: 'messages', label: 'Messages', count: data && count(data.messages) },
    { key: 'consumers', label: 'Consumers', count: data && count(data.consumers) },
    { key: 'bindings', label: 'Bindings' },
    { key: 'publish', label: 'Publish' },
    { key: 'settings', label: 'Settings' },
    { key: 'danger', label: 'Danger zone' },
  ];
  const tab = useTab(tabs);
  if (data === undefined) {
    return (
      <>
        <PageHead parent={PARENT} title={name} />
        {error && <Missing error={error} name={name} onRetry={() => void reload()} />}
      </>
    );
  }
  const badges = (
    <>
      <QueueFeatures queue={data} />
      <QueueState queue={data} />
    </>
  );
  return (
    <>
      <PageHead
        actions={tab === 'charts' && <RangePicker mostSeconds={most} />}
        badges={badges}
        parent={PARENT}
        title={name}
      >
        in virtual host {vhost}
      </PageHead>
      {error && <Problem error={error} />}
      <QueueFigures queue={data} />
      <Tabs label="Views of the queue" tabs={tabs} />
      <TabPanel tab={tab}>
        {tab === 'charts' && <FlowCharts depths={depthsOf(data)} rates={data.message_stats} />}
        {tab === 'messages' && <MessageBrowser name={name} vhost={vhost} />}
        {tab === 'consumers' && <Consumers queue={data} />}
        {tab === 'bindings' && <QueueBindings name={name} vhost={vhost} />}
        {tab === 'publish' && <PublishForm exchange="" routingKey={name} vhost={vhost} />}
        {tab === 'settings' && <Settings queue={data} />}
        {tab === 'danger' && <Danger queue={data} />}
      </TabPanel>
    </>
  );
}

/** The counters of a queue that are no message_stats. */
function depthsOf(queue: Queue): Statistics {
  return {
    messages_ready: queue.messages_ready,
    messages_ready_details: queue.messages_ready_details,
    messages_unacknowledged: queue.messages_unacknowledged,
    messages_unacknowledged_details: queue.messages_unacknowledged_details,
  };
}

/** How far back the broker keeps samples of single queues. */
function retentionOf(now: Overview | null): number {
  return Math.max(600, ...(now?.sample_retention_policies?.basic ?? []));
}

interface MissingProps {
  readonly name: string;
  readonly error: Error;
  readonly onRetry: () => void;
}

function Missing({ name, error, onRetry }: MissingProps) {
  if (!(error instanceof ApiError) || error.status !== 404) {
    return <Problem error={error} onRetry={onRetry} />;
  }
  return (
    <Empty
      action={<Button href="#/queues">All queues</Button>}
      icon="queues"
      title={`There is no queue ${name}`}
    >
      It was deleted, expired after not being used, or went with the connection that it was
      exclusive to.
    </Empty>
  );
}
