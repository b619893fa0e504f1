/**
 * TopologyTable: the same as the map in words: every node, what flows through it, and where that
 * goes. For screen readers, and for everybody who would rather read.
 */
import type { MapEdge, MapNode, Topology } from '../../api/topology.ts';
import { count, NOTHING, rate } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { useLocalListing } from '../../parts/listing.ts';
import { Pager } from '../../parts/pager.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { linkOf } from './node-details.tsx';

/** As a message meets them. */
const KIND_ORDER: readonly string[] = ['exchange', 'queue', 'client'];

const WORDS: Readonly<Record<MapEdge['kind'], string>> = {
  binding: '',
  alternate: 'what nothing takes',
  'dead-letter': 'dead letters',
  consumer: 'consumes',
};

const FIELDS: Readonly<Record<string, (node: MapNode) => string | number>> = {
  name: ({ name }) => name,
  kind: ({ kind, name }) => `${KIND_ORDER.indexOf(kind)} ${name}`,
  rate_in: (node) => node.rate_in,
  rate_out: (node) => node.rate_out,
  messages: ({ messages }) => messages ?? -1,
};

export function TopologyTable({ topology, vhost }: { topology: Topology; vhost: string }) {
  const names = new Map(topology.nodes.map(({ id, name }) => [id, name]));
  const leads = new Map<string, MapEdge[]>();
  for (const edge of topology.edges) leads.set(edge.from, [...(leads.get(edge.from) ?? []), edge]);
  const columns: readonly Column<MapNode>[] = [
    {
      key: 'name',
      label: 'Name',
      sort: 'name',
      render: (node) => {
        const link = linkOf(node, vhost);
        return link === null ? node.name : <a href={link}>{node.name}</a>;
      },
    },
    {
      key: 'kind',
      label: 'Kind',
      sort: 'kind',
      render: ({ kind, type, members }) => (
        <Badge>{members ? `${count(members)} ${kind}s` : `${type} ${kind}`}</Badge>
      ),
    },
    {
      key: 'in',
      label: 'In /s',
      sort: 'rate_in',
      numeric: true,
      render: (one) => rate(one.rate_in),
    },
    {
      key: 'out',
      label: 'Out /s',
      sort: 'rate_out',
      numeric: true,
      render: (one) => rate(one.rate_out),
    },
    {
      key: 'messages',
      label: 'Messages',
      sort: 'messages',
      numeric: true,
      render: ({ messages }) => count(messages),
    },
    {
      key: 'leads',
      label: 'Leads to',
      render: ({ id, kind }) =>
        kind === 'client' ? NOTHING : <Leads edges={leads.get(id) ?? []} names={names} />,
    },
  ];
  const listing = useLocalListing(topology.nodes, ({ name }) => name, FIELDS, 'kind');
  return (
    <>
      <Table
        caption="What is connected with what"
        columns={columns}
        keyOf={({ id }) => id}
        rows={listing.rows}
        sorting={listing.sorting}
      />
      <Pager listing={listing} />
    </>
  );
}

function Leads({
  edges,
  names,
}: {
  edges: readonly MapEdge[];
  names: ReadonlyMap<string, string>;
}) {
  if (edges.length === 0) return <span class="muted">nowhere</span>;
  const shown = edges.slice(0, 4).map((edge) => {
    const { kind, labels } = edge;
    const words = kind === 'binding' ? labels.filter(Boolean).join(', ') : WORDS[kind];
    return `${names.get(edge.to) ?? edge.to}${words === '' ? '' : ` (${words})`}`;
  });
  const more = edges.length > 4 ? ` and ${edges.length - 4} more` : '';
  return <span class="map-leads">{shown.join(' · ') + more}</span>;
}
