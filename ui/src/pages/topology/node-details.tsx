/**
 * NodeDetails: what is known of the node that stands out, what leads to it and where it leads, and
 * what can be done from here: see its page, or only its part of the map.
 */
import type { MapEdge, MapNode, Topology } from '../../api/topology.ts';
import { count, rate } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { KeyValue } from '../../parts/key-value.tsx';
import { to } from '../../shell/location.tsx';

/** The page about a node; null if there is none. */
export function linkOf({ kind, name, members, connection }: MapNode, vhost: string): string | null {
  if (members !== undefined) return null;
  if (kind === 'queue') return to`/queues/${vhost}/${name}`;
  if (kind === 'exchange') return to`/exchanges/${vhost}/${name}`;
  return connection === undefined ? null : to`/connections/${connection}`;
}

interface NodeDetailsProps {
  readonly node: MapNode;
  readonly topology: Topology;
  readonly vhost: string;
  readonly onClose: () => void;
  readonly onFilter: (text: string) => void;
  readonly onExpand: (id: string) => void;
  readonly onChoose: (id: string) => void;
}

export function NodeDetails(props: NodeDetailsProps) {
  const { node, topology, vhost, onClose, onFilter, onExpand, onChoose } = props;
  const { kind, type, members, messages, consumers } = node;
  const link = linkOf(node, vhost);
  const incoming = topology.edges.filter((edge) => edge.to === node.id);
  const outgoing = topology.edges.filter((edge) => edge.from === node.id);
  return (
    <aside aria-label={`About ${node.name}`} class="map-details">
      <header>
        <Badge>{members ? `${count(members)} ${kind}s` : kind}</Badge>
        <Button icon="close" kind="plain" label="Close" onClick={onClose} small />
      </header>
      <h2>{node.name}</h2>
      <KeyValue
        facts={[
          ['Type', type],
          ['In', `${rate(node.rate_in)}/s`],
          ['Out', kind === 'client' ? undefined : `${rate(node.rate_out)}/s`],
          ['Messages', messages === undefined ? undefined : count(messages)],
          ['Consumers', consumers === undefined ? undefined : count(consumers)],
        ]}
      />
      <div class="btn-row">
        {link && (
          <Button href={link} kind="primary" small>
            Open
          </Button>
        )}
        {members !== undefined && (
          <Button kind="primary" onClick={() => onExpand(node.id)} small>
            Show all {count(members)}
          </Button>
        )}
        <Button icon="filter" onClick={() => onFilter(node.name.replace(/…$/, ''))} small>
          Only this
        </Button>
      </div>
      <Ways
        edges={incoming}
        end="from"
        onChoose={onChoose}
        title="Comes from"
        topology={topology}
      />
      <Ways edges={outgoing} end="to" onChoose={onChoose} title="Leads to" topology={topology} />
    </aside>
  );
}

interface WaysProps {
  readonly title: string;
  readonly edges: readonly MapEdge[];
  readonly end: 'from' | 'to';
  readonly topology: Topology;
  readonly onChoose: (id: string) => void;
}

const WAYS_SHOWN = 30;

function Ways({ title, edges, end, topology, onChoose }: WaysProps) {
  if (edges.length === 0) return null;
  const names = new Map(topology.nodes.map(({ id, name }) => [id, name]));
  return (
    <section>
      <h3>{title}</h3>
      <ul class="map-ways">
        {edges.slice(0, WAYS_SHOWN).map((edge) => (
          <li key={`${edge.kind}${edge[end]}`}>
            <button class="link" onClick={() => onChoose(edge[end])} type="button">
              {names.get(edge[end]) ?? edge[end]}
            </button>
            <span class="muted">{wordsOf(edge)}</span>
          </li>
        ))}
        {edges.length > WAYS_SHOWN && <li class="muted">and {edges.length - WAYS_SHOWN} more</li>}
      </ul>
    </section>
  );
}

function wordsOf({ kind, labels, count: many, rate: flows }: MapEdge): string {
  const keys = labels.filter((one) => one !== '').join(', ');
  const what = {
    binding: keys === '' ? 'every key' : keys,
    consumer: many > 1 ? `${many} consumers` : 'consumer',
    alternate: 'what nothing takes',
    'dead-letter': 'dead letters',
  }[kind];
  const more =
    kind === 'binding' && many > labels.length ? ` and ${many - labels.length} more` : '';
  return `${what}${more}${flows > 0 ? `, ${rate(flows)}/s` : ''}`;
}
