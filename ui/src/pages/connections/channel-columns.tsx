/**
 * The columns of channels, in their own list and on
 * the page of a connection.
 */
import type { Channel } from '../../api/connection.ts';
import { rateOf } from '../../api/statistics.ts';
import { count, rate } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';

function flow(key: string, label: string, name: string): Column<Channel> {
  return {
    key,
    label,
    sort: `message_stats.${name}_details.rate`,
    numeric: true,
    render: ({ message_stats: stats }) => rate(rateOf(stats, name) ?? 0),
  };
}

export const CHANNEL_COLUMNS: readonly Column<Channel>[] = [
  {
    key: 'name',
    label: 'Channel',
    sort: 'name',
    render: ({ name }) => (
      <a class="row-name num" href={to`/channels/${name}`} title={name}>
        {name}
      </a>
    ),
  },
  { key: 'user', label: 'User', sort: 'user', render: ({ user }) => user },
  { key: 'vhost', label: 'Virtual host', sort: 'vhost', render: ({ vhost }) => vhost },
  {
    key: 'mode',
    label: 'Mode',
    wide: true,
    render: ({ confirm, transactional }) => (
      <span class="badges">
        {confirm && <Badge title="Publishes are confirmed">confirms</Badge>}
        {transactional && <Badge title="Publishes and acks in transactions">tx</Badge>}
      </span>
    ),
  },
  {
    key: 'state',
    label: 'State',
    sort: 'state',
    render: ({ state = 'running' }) => (
      <Badge dot tone={state === 'flow' ? 'warn' : 'good'}>
        {state}
      </Badge>
    ),
  },
  {
    key: 'prefetch',
    label: 'Prefetch',
    sort: 'prefetch_count',
    numeric: true,
    render: ({ prefetch_count: prefetch = 0 }) => (prefetch === 0 ? 'unlimited' : count(prefetch)),
  },
  {
    key: 'unacked',
    label: 'Unacked',
    sort: 'messages_unacknowledged',
    numeric: true,
    render: ({ messages_unacknowledged: unacked }) => count(unacked),
  },
  {
    key: 'consumers',
    label: 'Consumers',
    sort: 'consumer_count',
    numeric: true,
    render: ({ consumer_count: consumers }) => count(consumers),
  },
  flow('publish', 'Publish /s', 'publish'),
  flow('deliver', 'Deliver /s', 'deliver_get'),
  flow('ack', 'Ack /s', 'ack'),
];
