/**
 * ClientTabs: the three lists of who is there: connections, their channels, and consumers. Each is
 * a page of its own, with RabbitMQ's address.
 */
import { count } from '../../format/number.ts';
import { overview } from '../../live/overview.ts';
import { PageTabs } from '../../parts/page-tabs.tsx';

export function ClientTabs() {
  const totals = overview.value?.object_totals;
  return (
    <PageTabs
      label="Lists of clients"
      tabs={[
        { path: '/connections', label: 'Connections', count: totals && count(totals.connections) },
        { path: '/channels', label: 'Channels', count: totals && count(totals.channels) },
        { path: '/consumers', label: 'Consumers', count: totals && count(totals.consumers) },
      ]}
    />
  );
}
