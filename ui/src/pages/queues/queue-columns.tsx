/**
 * The columns of the list of queues. What is shown at first fits on a laptop; the rest is behind
 * the choice of columns.
 */
import type { Queue } from '../../api/queue.ts';
import { rateOf } from '../../api/statistics.ts';
import { bytes } from '../../format/bytes.ts';
import { count, NOTHING, percent, rate } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import type { Column } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';
import { QueueFeatures } from './queue-features.tsx';
import { QueueState } from './queue-state.tsx';
import { trailOf } from './trails.ts';

/** What the API is asked for: nothing that no column shows. */
export const QUEUE_FIELDS =
  'name,vhost,type,durable,auto_delete,exclusive,arguments,policy,operator_policy,state,' +
  'consumers,consumer_utilisation,messages,messages_ready,messages_unacknowledged,' +
  'messages_details.rate,message_bytes,memory,idle_since,node,effective_policy_definition,' +
  'message_stats.publish_details.rate,message_stats.deliver_get_details.rate,' +
  'message_stats.ack_details.rate,message_stats.redeliver_details.rate';

function flow(key: string, label: string, name: string, optional = false): Column<Queue> {
  return {
    key,
    label,
    sort: `message_stats.${name}_details.rate`,
    numeric: true,
    optional,
    title: `${label}, messages per second`,
    render: ({ message_stats: stats }) => rate(rateOf(stats, name) ?? 0),
  };
}

export const QUEUE_COLUMNS: readonly Column<Queue>[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    render: ({ vhost, name }) => (
      <a class="row-name" href={to`/queues/${vhost}/${name}`} title={name}>
        {name}
      </a>
    ),
  },
  { key: 'vhost', label: 'Virtual host', sort: 'vhost', render: ({ vhost }) => vhost },
  {
    key: 'features',
    label: 'Type and features',
    wide: true,
    sort: 'type',
    render: (queue) => <QueueFeatures queue={queue} />,
  },
  {
    key: 'state',
    label: 'State',
    sort: 'state',
    wide: true,
    render: (queue) => <QueueState queue={queue} />,
  },
  {
    key: 'trail',
    label: 'Trend',
    wide: true,
    title: 'All messages in the queue while this page is open',
    render: (queue) => (
      <div class="trail">
        <Sparkline slots={30} values={trailOf(queue)} />
      </div>
    ),
  },
  {
    key: 'ready',
    label: 'Ready',
    sort: 'messages_ready',
    numeric: true,
    render: ({ messages_ready: ready }) => count(ready),
  },
  {
    key: 'unacked',
    label: 'Unacked',
    sort: 'messages_unacknowledged',
    numeric: true,
    render: ({ messages_unacknowledged: unacked }) => count(unacked),
  },
  {
    key: 'total',
    label: 'Total',
    sort: 'messages',
    numeric: true,
    optional: true,
    render: ({ messages }) => count(messages),
  },
  flow('in', 'In /s', 'publish'),
  flow('out', 'Out /s', 'deliver_get'),
  flow('ack', 'Ack /s', 'ack', true),
  flow('redelivered', 'Redelivered /s', 'redeliver', true),
  {
    key: 'consumers',
    label: 'Consumers',
    sort: 'consumers',
    numeric: true,
    render: ({ consumers = 0, messages = 0 }) =>
      consumers === 0 && messages > 0 ? <Badge tone="warn">none</Badge> : count(consumers),
  },
  {
    key: 'utilisation',
    label: 'Capacity',
    sort: 'consumer_utilisation',
    numeric: true,
    optional: true,
    title: 'The share of time in which consumers could take messages at once',
    render: ({ consumer_utilisation: share }) =>
      typeof share === 'number' ? percent(share) : NOTHING,
  },
  {
    key: 'bytes',
    label: 'Bytes',
    sort: 'message_bytes',
    numeric: true,
    optional: true,
    render: ({ message_bytes: size }) => bytes(size),
  },
  {
    key: 'memory',
    label: 'Memory',
    sort: 'memory',
    numeric: true,
    optional: true,
    render: ({ memory }) => bytes(memory),
  },
  {
    key: 'policy',
    label: 'Policy',
    sort: 'policy',
    optional: true,
    render: ({ policy }) => policy ?? NOTHING,
  },
  { key: 'node', label: 'Node', sort: 'node', optional: true, render: ({ node }) => node },
];
