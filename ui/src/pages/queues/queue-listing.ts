/**
 * useQueues: the rows of the list of queues: pages made by the broker, or, with chips on, the whole
 * list narrowed here.
 */
import { useEffect, useMemo } from 'preact/hooks';
import { asPage, type PageOf } from '../../api/page-of.ts';
import type { Queue } from '../../api/queue.ts';
import { withQuery } from '../../api/request.ts';
import { rateOf } from '../../api/statistics.ts';
import { useResource } from '../../live/resource.ts';
import { beat } from '../../live/ticker.ts';
import { type Listing, useListing, useLocalListing } from '../../parts/listing.ts';
import { within } from '../../shell/vhost.ts';
import { QUEUE_COLUMNS, QUEUE_FIELDS } from './queue-columns.tsx';
import { passesAll } from './queue-filters.ts';
import { begin, remember } from './trails.ts';

/** The whole list is large: it is read every so many beats. */
const EVERY = 5;

const FIELDS: Readonly<Record<string, (queue: Queue) => string | number>> = Object.fromEntries(
  QUEUE_COLUMNS.flatMap(({ sort }) => (sort === undefined ? [] : [[sort, fieldOf(sort)]])),
);

function fieldOf(path: string): (queue: Queue) => string | number {
  const [, name] = /^message_stats\.(\w+)_details\.rate$/.exec(path) ?? [];
  if (name !== undefined) return ({ message_stats: stats }) => rateOf(stats, name) ?? 0;
  return (queue) => {
    const value = queue[path as keyof Queue];
    return typeof value === 'number' ? value : String(value ?? '');
  };
}

/** The same page of the list, with samples instead of figures. */
function pastPath(path: string | null): string | null {
  if (path === null) return null;
  const [list = '', search] = path.split('?');
  const query = Object.fromEntries(new URLSearchParams(search));
  const samples = { columns: 'name,vhost,messages_details', lengths_age: 150, lengths_incr: 5 };
  return withQuery(list, { ...query, ...samples });
}

/** @param chips the keys of the chips that are on */
export function useQueues(vhost: string, chips: ReadonlySet<string>): Listing<Queue> {
  const list = within('queues', vhost);
  const whole = chips.size > 0;
  const paged = useListing<Queue>(whole ? null : list, 'name', false, { columns: QUEUE_FIELDS });
  const past = useResource<PageOf<Queue> | readonly Queue[]>(pastPath(paged.path), true);
  useEffect(() => {
    if (past.data) begin(asPage(past.data).items);
  }, [past.data]);
  const { data, error, reload } = useResource<readonly Queue[]>(
    whole ? withQuery(list, { columns: QUEUE_FIELDS }) : null,
    true,
  );
  useEffect(() => {
    if (!whole) return undefined;
    return beat.subscribe((now) => {
      if (now % EVERY === 0) void reload();
    });
  }, [whole, reload]);
  const narrowed = useMemo(
    () => (whole ? data?.filter((queue) => passesAll(queue, chips)) : undefined),
    [data, whole, [...chips].join()],
  );
  const local = useLocalListing(narrowed, ({ name }) => name, FIELDS, 'name', { error, reload });
  const shown = whole ? { ...local, total: data?.length ?? 0 } : paged;
  useMemo(() => remember(shown.rows), [shown.rows]);
  return shown;
}
