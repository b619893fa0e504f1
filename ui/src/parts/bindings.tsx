/**
 * Bindings: routes in a table, each with a way to take it away. Seen from a queue it shows their
 * sources, seen from an exchange their destinations.
 */
import type { Binding } from '../api/queue.ts';
import { at, change } from '../api/request.ts';
import { to } from '../shell/location.tsx';
import { Badge } from './badge.tsx';
import { Button } from './button.tsx';
import { confirm } from './confirm.tsx';
import { FilterBar } from './filter-bar.tsx';
import { useLocalListing } from './listing.ts';
import { Pager } from './pager.tsx';
import { type Column, Table } from './table.tsx';

interface BindingsProps {
  readonly bindings: readonly Binding[] | undefined;
  readonly error?: Error;
  /** Which end is shown. */
  readonly shows: 'source' | 'destination';
  readonly empty: preact.ComponentChildren;
}

const FIELDS: Readonly<Record<string, (binding: Binding) => string>> = {
  source: ({ source }) => source,
  destination: ({ destination }) => destination,
  routing_key: ({ routing_key: key }) => key,
};

export function Bindings({ bindings, error, shows, empty }: BindingsProps) {
  const textOf = (one: Binding) => `${one[shows]} ${one.routing_key} ${argumentsText(one)}`;
  const listing = useLocalListing(bindings, textOf, FIELDS, shows, { error });
  return (
    <>
      {listing.total > 10 && <FilterBar listing={listing} noun="bindings" />}
      <Table
        caption="Bindings"
        columns={columnsOf(shows)}
        empty={empty}
        keyOf={keyOf}
        loading={listing.loading}
        rows={listing.rows}
        sorting={listing.sorting}
      />
      <Pager listing={listing} />
    </>
  );
}

function keyOf(one: Binding): string {
  const { source, destination, destination_type: type, properties_key: key } = one;
  return JSON.stringify([source, type, destination, key]);
}

function argumentsText({ arguments: args }: Binding): string {
  return Object.keys(args).length === 0 ? '' : JSON.stringify(args);
}

function columnsOf(shows: 'source' | 'destination'): readonly Column<Binding>[] {
  return [
    {
      key: shows,
      label: shows === 'source' ? 'From exchange' : 'To',
      sort: shows,
      render: (one) => (shows === 'source' ? <Source binding={one} /> : <Target binding={one} />),
    },
    {
      key: 'key',
      label: 'Routing key',
      sort: 'routing_key',
      render: ({ routing_key: key }) =>
        key === '' ? <span class="muted">empty</span> : <code>{key}</code>,
    },
    {
      key: 'arguments',
      label: 'Arguments',
      render: (one) => <code class="wrap">{argumentsText(one)}</code>,
    },
    {
      key: 'remove',
      label: '',
      numeric: true,
      // Every queue has its binding to the default exchange; it cannot be taken away.
      render: (one) =>
        one.source !== '' && (
          <Button icon="trash" kind="plain" label="Unbind" onClick={() => unbind(one)} small />
        ),
    },
  ];
}

function Source({ binding: { vhost, source } }: { binding: Binding }) {
  return (
    <a class="row-name" href={to`/exchanges/${vhost}/${source || 'amq.default'}`}>
      {source || '(default exchange)'}
    </a>
  );
}

function Target({ binding: { vhost, destination, destination_type: type } }: { binding: Binding }) {
  const queue = type === 'queue';
  return (
    <>
      <a
        class="row-name"
        href={queue ? to`/queues/${vhost}/${destination}` : to`/exchanges/${vhost}/${destination}`}
      >
        {destination}
      </a>{' '}
      <Badge>{type}</Badge>
    </>
  );
}

function unbind(one: Binding): void {
  const { vhost, source, destination, destination_type: type, properties_key: key } = one;
  const kind = type === 'queue' ? 'q' : 'e';
  confirm({
    title: 'Remove the binding',
    body: `Messages from ${source} with “${one.routing_key}” no longer reach ${destination}.`,
    verb: 'Unbind',
    done: 'The binding is gone.',
    action: () => change('DELETE', at`bindings/${vhost}/e/${source}/${kind}/${destination}/${key}`),
  });
}
