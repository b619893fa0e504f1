/**
 * VhostsPage: the virtual hosts: worlds of their own in one
 * broker, with how much waits in each.
 */
import { tagsOf, type Vhost } from '../../api/access.ts';
import { withQuery } from '../../api/request.ts';
import { count, NOTHING } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { useLocalListing } from '../../parts/listing.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Column } from '../../parts/table.tsx';
import { isAdministrator } from '../../session/identity.ts';
import { to, useQuery } from '../../shell/location.tsx';
import { AdminTabs } from './admin-tabs.tsx';
import { VhostForm } from './vhost-form.tsx';

const COLUMNS: readonly Column<Vhost>[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    render: ({ name }) => (
      <a class="row-name" href={to`/vhosts/${name}`}>
        {name}
      </a>
    ),
  },
  {
    key: 'description',
    label: 'Description',
    wide: true,
    render: ({ description }) => <span class="muted">{description || NOTHING}</span>,
  },
  {
    key: 'tags',
    label: 'Tags',
    wide: true,
    render: ({ tags, tracing, protected_from_deletion: kept }) => (
      <span class="badges">
        {tagsOf(tags).map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
        {tracing && <Badge tone="warn">tracing</Badge>}
        {kept && <Badge tone="info">protected</Badge>}
      </span>
    ),
  },
  {
    key: 'type',
    label: 'Default queue type',
    render: ({ default_queue_type: type }) =>
      type && type !== 'undefined' ? type.replace('rabbit_', '').replace('_queue', '') : 'classic',
  },
  {
    key: 'ready',
    label: 'Ready',
    sort: 'messages_ready',
    numeric: true,
    render: ({ messages_ready: ready }) => count(ready ?? 0),
  },
  {
    key: 'unacked',
    label: 'Unacked',
    sort: 'messages_unacknowledged',
    numeric: true,
    render: ({ messages_unacknowledged: unacked }) => count(unacked ?? 0),
  },
];

/** The whole list, because RabbitMQ 4.0 fails to cut it into pages. */
const columns =
  'name,description,tags,default_queue_type,tracing,protected_from_deletion,' +
  'messages_ready,messages_unacknowledged';

const FIELDS: Readonly<Record<string, (vhost: Vhost) => string | number>> = {
  name: ({ name }) => name,
  messages_ready: ({ messages_ready: ready = 0 }) => ready,
  messages_unacknowledged: ({ messages_unacknowledged: unacked = 0 }) => unacked,
};

export default function VhostsPage() {
  const [query, setQuery] = useQuery();
  const vhosts = useResource<readonly Vhost[]>(withQuery('vhosts', { columns }));
  const listing = useLocalListing(vhosts.data, ({ name }) => name, FIELDS, 'name', vhosts);
  return (
    <>
      <PageHead
        actions={
          isAdministrator.value && (
            <Button icon="plus" kind="primary" onClick={() => setQuery({ add: 'true' })}>
              Add virtual host
            </Button>
          )
        }
        title="Virtual hosts"
      />
      <AdminTabs />
      <Panel flush>
        <FilterBar listing={listing} noun="virtual hosts" />
        <ListTable
          caption="Virtual hosts"
          columns={COLUMNS}
          empty={
            <Empty icon="admin" title="No virtual host that you may see">
              An administrator can let your user in: Users, Permissions.
            </Empty>
          }
          keyOf={({ name }) => name}
          listing={listing}
        />
      </Panel>
      {query.add === 'true' && <VhostForm onClose={() => setQuery({ add: '' })} />}
    </>
  );
}
