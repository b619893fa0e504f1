/**
 * The columns of consumers, in their own list and on the
 * pages of queues and channels.
 */
import type { Consumer } from '../../api/queue.ts';
import { count, NOTHING } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/table.tsx';
import { to } from '../../shell/location.tsx';

export const CONSUMER_COLUMNS: readonly Column<Consumer>[] = [
  {
    key: 'tag',
    label: 'Consumer tag',
    sort: 'consumer_tag',
    render: ({ consumer_tag: tag }) => (
      <span class="row-name mono" title={tag}>
        {tag}
      </span>
    ),
  },
  {
    key: 'queue',
    label: 'Queue',
    sort: 'queue.name',
    render: ({ queue: { vhost, name } }) => (
      <a class="row-name" href={to`/queues/${vhost}/${name}`}>
        {name}
      </a>
    ),
  },
  {
    key: 'connection',
    label: 'Connection',
    render: ({ channel_details: channel }) =>
      channel?.connection_name ? (
        <a href={to`/connections/${channel.connection_name}`}>{channel.connection_name}</a>
      ) : (
        NOTHING
      ),
  },
  {
    key: 'user',
    label: 'User',
    render: ({ channel_details: channel }) => channel?.user ?? NOTHING,
  },
  {
    key: 'activity',
    label: 'Activity',
    render: ({ active = true, activity_status: status = 'up' }) => (
      <Badge dot tone={active ? 'good' : 'neutral'}>
        {status === 'up' ? 'active' : status.replaceAll('_', ' ')}
      </Badge>
    ),
  },
  {
    key: 'ack',
    label: 'Acknowledges',
    sort: 'ack_required',
    render: ({ ack_required: required }) => (required ? 'by hand' : 'at once'),
  },
  {
    key: 'prefetch',
    label: 'Prefetch',
    sort: 'prefetch_count',
    numeric: true,
    title: 'How many unacknowledged messages it may hold; 0 is any number',
    render: ({ prefetch_count: prefetch }) => (prefetch === 0 ? 'unlimited' : count(prefetch)),
  },
  {
    key: 'exclusive',
    label: 'Exclusive',
    optional: true,
    render: ({ exclusive }) => (exclusive ? 'yes' : 'no'),
  },
];
