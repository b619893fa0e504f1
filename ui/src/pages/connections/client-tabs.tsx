/**
 * ClientTabs: the three lists of who is there: connections, their channels, and consumers. Each is
 * a page of its own, with RabbitMQ's address.
 */
import { useLocation } from 'preact-iso';
import { count } from '../../format/number.ts';
import { overview } from '../../live/overview.ts';
import '../../parts/tabs.css';

const LISTS = [
  ['/connections', 'Connections', 'connections'],
  ['/channels', 'Channels', 'channels'],
  ['/consumers', 'Consumers', 'consumers'],
] as const;

export function ClientTabs() {
  const { path } = useLocation();
  const totals = overview.value?.object_totals;
  return (
    <nav aria-label="Lists" class="tabs">
      {LISTS.map(([href, label, key]) => (
        <a
          aria-current={path === href ? 'page' : undefined}
          class="tab"
          href={`#${href}`}
          key={key}
        >
          {label}
          {totals && <span class="tab-count num">{count(totals[key])}</span>}
        </a>
      ))}
    </nav>
  );
}
