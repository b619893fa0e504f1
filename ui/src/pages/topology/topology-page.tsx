/**
 * TopologyPage: how exchanges, queues and clients of a virtual host hang together, as a map or as
 * a table; what is filtered, opened and chosen stands in the address.
 */
import { useEffect, useState } from 'preact/hooks';
import { at, withQuery } from '../../api/request.ts';
import { type MapNode, type Topology, topologyOfRabbit } from '../../api/topology.ts';
import { count, plural } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { beat } from '../../live/ticker.ts';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { SearchBox, useRested } from '../../parts/search-box.tsx';
import { Segments } from '../../parts/segments.tsx';
import { features } from '../../session/identity.ts';
import { useQuery } from '../../shell/location.tsx';
import { useOneVhost } from '../../shell/one-vhost.ts';
import { useLayout } from './layout.ts';
import { NodeDetails } from './node-details.tsx';
import { TopologyMap } from './topology-map.tsx';
import { TopologyTable } from './topology-table.tsx';
import '../../parts/filter-bar.css';
import '../../parts/panel.css';
import './topology.css';

export default function TopologyPage() {
  const [query, setQuery] = useQuery();
  const vhost = useOneVhost();
  const { find = '', open = '', view = 'map' } = query;
  const { data: topology, error, reload } = useTopology(vhost, find, open);
  const empty = topology !== undefined && topology.nodes.length === 0;
  return (
    <>
      <PageHead
        actions={
          <Segments
            label="Show as"
            onChange={(next) => setQuery({ view: next === 'map' ? '' : next })}
            options={[
              ['map', 'Map'],
              ['table', 'Table'],
            ]}
            value={view === 'table' ? 'table' : 'map'}
          />
        }
        title="Topology"
      >
        {topology && <Extent topology={topology} vhost={vhost} />}
      </PageHead>
      <section aria-label="Topology" class="panel topology">
        <div class="filter-bar">
          <FindBox onChange={(text) => setQuery({ find: text, node: '' })} value={find} />
          {open !== '' && (
            <Button icon="close" onClick={() => setQuery({ open: '', node: '' })} small>
              Close {plural(open.split(',').length, 'group')}
            </Button>
          )}
          <Legend />
        </div>
        {error && topology === undefined && <Problem error={error} onRetry={() => void reload()} />}
        {empty && <Nothing filtered={find !== ''} vhost={vhost} />}
        {topology === undefined && !error && <div class="map map-waiting skeleton" />}
        {!empty && topology && view === 'table' && (
          <TopologyTable topology={topology} vhost={vhost} />
        )}
        {!empty && topology && view !== 'table' && <MapFrame topology={topology} vhost={vhost} />}
      </section>
    </>
  );
}

/** The map, and beside it what there is to say about the chosen node. */
function MapFrame({ topology, vhost }: { topology: Topology; vhost: string }) {
  const [query, setQuery] = useQuery();
  const { open = '', node: chosenId = '' } = query;
  const layout = useLayout(topology);
  const chosen = topology.nodes.find(({ id }) => id === chosenId);
  const choose = (node: MapNode | null) => setQuery({ node: node?.id ?? '' });
  return (
    <div class="map-frame">
      {layout === null ? (
        <div class="map map-waiting skeleton" />
      ) : (
        <TopologyMap chosen={chosenId} layout={layout} onChoose={choose} topology={topology} />
      )}
      {chosen && (
        <NodeDetails
          node={chosen}
          onChoose={(id) => setQuery({ node: id })}
          onClose={() => choose(null)}
          onExpand={(id) => {
            setQuery({ open: [...open.split(','), id].filter(Boolean).join(), node: '' });
          }}
          onFilter={(text) => setQuery({ find: text, node: '' })}
          topology={topology}
          vhost={vhost}
        />
      )}
    </div>
  );
}

/** The broker's own map, or one that is put together from its lists. */
function useTopology(vhost: string, find: string, open: string) {
  const ours = features.value.has('topology');
  const path = vhost === '' ? null : at`_ui/topology/${vhost}`;
  const own = useResource<Topology>(
    ours && path !== null ? withQuery(path, { filter: find, expand: open }) : null,
  );
  const [other, setOther] = useState<{ data?: Topology; error?: Error }>({});
  const now = beat.value;
  useEffect(() => {
    if (ours || vhost === '') return;
    topologyOfRabbit(vhost, find).then(
      (data) => setOther({ data }),
      (error) => setOther((old) => ({ ...old, error })),
    );
  }, [ours, vhost, find, now]);
  return ours ? own : { ...other, reload: async () => {} };
}

function Extent({ topology, vhost }: { topology: Topology; vhost: string }) {
  const { nodes, total, collapsed } = topology;
  const all = `${plural(total.nodes, 'node')} and ${plural(total.edges, 'connection')} in ${vhost}`;
  if (!collapsed) return <span>{all}</span>;
  return (
    <span>
      {all}, shown as {count(nodes.length)}: names that begin alike are one
    </span>
  );
}

function FindBox({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useRested(value, onChange);
  return (
    <SearchBox
      label="Find exchanges, queues and clients"
      onChange={setText}
      placeholder="Find by name, with neighbours"
      value={text}
    />
  );
}

function Legend() {
  return (
    <ul aria-label="Legend" class="map-legend">
      <li class="legend-exchange">exchange</li>
      <li class="legend-queue">queue</li>
      <li class="legend-client">client</li>
      <li class="legend-flow">wider: more messages</li>
      <li class="legend-alternate">alternate</li>
      <li class="legend-dead">dead letters</li>
    </ul>
  );
}

function Nothing({ filtered, vhost }: { filtered: boolean; vhost: string }) {
  if (filtered) return <Empty icon="search" title="Nothing has such a name" />;
  return (
    <Empty icon="topology" title={`Nothing is connected in ${vhost} yet`}>
      Exchanges, queues and the clients that consume appear here as soon as somebody declares them.
    </Empty>
  );
}
