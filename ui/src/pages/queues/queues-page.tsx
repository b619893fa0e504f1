/**
 * QueuesPage: all queues and streams: the broker filters, sorts and pages, so that ten thousand are
 * as quick as ten; several can be purged or deleted at once.
 */
import { useState } from 'preact/hooks';
import type { Queue } from '../../api/queue.ts';
import { plural } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { useColumns } from '../../parts/columns.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Chip, FilterBar } from '../../parts/filter-bar.tsx';
import { ListTable } from '../../parts/list-table.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { SelectionBar } from '../../parts/selection-bar.tsx';
import { useQuery } from '../../shell/location.tsx';
import { useVhost } from '../../shell/vhost.ts';
import { AddQueue } from './add-queue.tsx';
import { purge, remove } from './queue-actions.ts';
import { QUEUE_COLUMNS } from './queue-columns.tsx';
import { QUEUE_FILTERS } from './queue-filters.ts';
import { useQueues } from './queue-listing.ts';
import './queues.css';

function keyOf({ vhost, name }: Queue): string {
  return JSON.stringify([vhost, name]);
}

export default function QueuesPage() {
  const vhost = useVhost();
  const [query, setQuery] = useQuery();
  const chips = new Set((query.only ?? '').split(',').filter(Boolean));
  const listing = useQueues(vhost, chips);
  const { columns, chooser } = useColumns('queues', QUEUE_COLUMNS);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  // A column that says the same in every row only takes room.
  const severalVhosts = listing.rows.some((queue) => queue.vhost !== listing.rows[0]?.vhost);
  const chosen = listing.rows.filter((queue) => selected.has(keyOf(queue)));
  const toggle = (key: string, on: boolean) => {
    if (on) chips.add(key);
    else chips.delete(key);
    setQuery({ only: [...chips].join(','), page: '' });
  };
  const unselect = () => setSelected(new Set());
  const adding = query.add === 'true';
  const add = (
    <Button icon="plus" kind="primary" onClick={() => setQuery({ add: 'true' })}>
      Add queue
    </Button>
  );
  return (
    <>
      <PageHead actions={add} title="Queues and streams" />
      <Panel flush>
        <FilterBar aside={chooser} listing={listing} noun="queues">
          {QUEUE_FILTERS.map(({ key, label, title }) => (
            <Chip
              key={key}
              label={label}
              on={chips.has(key)}
              onToggle={(on) => toggle(key, on)}
              title={title}
            />
          ))}
        </FilterBar>
        {chosen.length > 0 && (
          <SelectionBar onClear={unselect} text={plural(chosen.length, 'queue')}>
            <Button icon="trash" kind="danger" onClick={() => purge(chosen, unselect)} small>
              Purge
            </Button>
            <Button icon="close" kind="danger" onClick={() => remove(chosen, unselect)} small>
              Delete
            </Button>
          </SelectionBar>
        )}
        <ListTable
          caption="Queues and streams"
          columns={severalVhosts ? columns : columns.filter(({ key }) => key !== 'vhost')}
          empty={<NoQueues add={add} narrowed={listing.total > 0} />}
          keyOf={keyOf}
          listing={listing}
          selection={{ keys: selected, onChange: setSelected, nameOf: ({ name }) => name }}
        />
      </Panel>
      {adding && <AddQueue onClose={() => setQuery({ add: '' })} />}
    </>
  );
}

function NoQueues({ narrowed, add }: { narrowed: boolean; add: preact.JSX.Element }) {
  if (narrowed) {
    return (
      <Empty icon="filter" title="No queue passes this filter">
        Take a chip off, or clear the filter. Patterns are regular expressions when .* is on.
      </Empty>
    );
  }
  return (
    <Empty action={add} icon="queues" title="No queues yet">
      A queue keeps messages until a consumer has dealt with them. Clients usually declare theirs
      when they start; subscriptions of MQTT and STOMP appear here too.
    </Empty>
  );
}
