/**
 * TopologyMap: the map itself: boxes and lines, wider where more flows. What is chosen stands out
 * with its neighbours. Where things are is layout.ts, what part of it is seen is viewport.ts.
 */
import { useMemo } from 'preact/hooks';
import type { MapEdge, MapNode, Topology } from '../../api/topology.ts';
import { rate as sayRate, short } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { edgeKey, type Layout, NODE_HEIGHT, NODE_WIDTH, type Point } from './layout.ts';
import { useViewport } from './viewport.ts';

interface TopologyMapProps {
  readonly topology: Topology;
  readonly layout: Layout;
  /** The id of the node that stands out; '' for none. */
  readonly chosen: string;
  readonly onChoose: (node: MapNode | null) => void;
}

export function TopologyMap({ topology, layout, chosen, onChoose }: TopologyMapProps) {
  const { view, box, dragging, zoom, fit } = useViewport(layout.width, layout.height);
  const near = useMemo(() => neighbours(topology, chosen), [topology, chosen]);
  const dims = (...ids: string[]) => chosen !== '' && !ids.every((id) => near.has(id));
  const { x, y, scale } = view;
  return (
    <div class="map">
      <div
        aria-label="Map: arrow keys move it, plus and minus zoom, Tab goes through its nodes"
        class={`map-box${dragging ? ' map-dragging' : ''}`}
        ref={box}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the map
        tabIndex={0}
      >
        {/* biome-ignore lint/a11y/noSvgWithoutTitle: a tooltip would be in the way */}
        <svg class="map-svg">
          <Arrowheads />
          <g transform={`translate(${x} ${y}) scale(${scale})`}>
            {topology.edges.map((edge) => (
              <Edge
                dim={chosen !== '' && edge.from !== chosen && edge.to !== chosen}
                edge={edge}
                key={edgeKey(edge)}
                points={layout.edges[edgeKey(edge)]}
              />
            ))}
            {topology.nodes.map((node) => (
              <Node
                chosen={node.id === chosen}
                dim={dims(node.id)}
                key={node.id}
                node={node}
                onChoose={onChoose}
                place={layout.nodes[node.id]}
              />
            ))}
            {topology.edges
              .filter(({ from, to }) => from === chosen || to === chosen)
              .map((edge) => (
                <EdgeLabel edge={edge} key={edgeKey(edge)} points={layout.edges[edgeKey(edge)]} />
              ))}
          </g>
        </svg>
      </div>
      <div class="map-buttons">
        <Button icon="plus" label="Zoom in" onClick={() => zoom(1.25)} small />
        <Button icon="minus" label="Zoom out" onClick={() => zoom(0.8)} small />
        <Button label="Fit the map into the window" onClick={fit} small>
          Fit
        </Button>
      </div>
    </div>
  );
}

/** A node and everything that it is connected with. */
function neighbours({ edges }: Topology, id: string): ReadonlySet<string> {
  const near = new Set([id]);
  for (const { from, to } of edges) {
    if (from === id) near.add(to);
    if (to === id) near.add(from);
  }
  return near;
}

const KINDS = ['binding', 'alternate', 'dead-letter', 'consumer'] as const;

function Arrowheads() {
  return (
    <defs>
      {KINDS.map((kind) => (
        <marker
          class={`map-head map-${kind}`}
          id={`head-${kind}`}
          key={kind}
          markerHeight="9"
          markerUnits="userSpaceOnUse"
          markerWidth="9"
          orient="auto"
          refX="8"
          refY="4.5"
          viewBox="0 0 9 9"
        >
          <path d="M0 0.8 8 4.5 0 8.2z" />
        </marker>
      ))}
    </defs>
  );
}

interface EdgeProps {
  readonly edge: MapEdge;
  readonly points: readonly Point[] | undefined;
  readonly dim: boolean;
}

function Edge({ edge, points, dim }: EdgeProps) {
  if (points === undefined || points.length < 2) return null;
  const { kind, rate } = edge;
  const classes = ['map-edge', `map-${kind}`, rate > 0 && 'map-flows', dim && 'map-dim'];
  return (
    <g class={classes.filter(Boolean).join(' ')}>
      <path
        d={wayOf(points)}
        marker-end={`url(#head-${kind})`}
        stroke-width={rate > 0 ? Math.min(8, 1.5 + 1.1 * Math.log10(1 + rate) * 1.6) : 1.25}
      />
    </g>
  );
}

/** What goes along an edge, above it, and how much of it, below. */
function EdgeLabel({ edge, points }: Omit<EdgeProps, 'dim'>) {
  if (points === undefined || points.length < 2) return null;
  const { labels, count, rate, kind } = edge;
  const [before, after] = points.slice(points.length / 2 - 1) as [Point, Point];
  const middle = { x: (before.x + after.x) / 2, y: (before.y + after.y) / 2 };
  const first = kind === 'binding' ? cut(labels[0] ?? '', 18) : '';
  const word = {
    binding: first,
    consumer: '',
    alternate: 'alternate',
    'dead-letter': 'dead letters',
  };
  const more = kind === 'binding' && count > 1 ? ` +${count - 1}` : '';
  return (
    <g class="map-label" text-anchor="middle">
      <text x={middle.x} y={middle.y - 8}>
        {word[kind] + more}
      </text>
      <text x={middle.x} y={middle.y + 17}>
        {rate > 0 ? `${sayRate(rate)}/s` : ''}
      </text>
    </g>
  );
}

/** A curve through the points of the layout. */
function wayOf(points: readonly Point[]): string {
  const [first, ...rest] = points as [Point, ...Point[]];
  let way = `M${first.x} ${first.y}`;
  let last = first;
  for (const point of rest) {
    const half = (point.x - last.x) / 2;
    way += `C${last.x + half} ${last.y} ${point.x - half} ${point.y} ${point.x} ${point.y}`;
    last = point;
  }
  return way;
}

interface NodeProps {
  readonly node: MapNode;
  readonly place: Point | undefined;
  readonly chosen: boolean;
  readonly dim: boolean;
  readonly onChoose: (node: MapNode | null) => void;
}

function Node({ node, place, chosen, dim, onChoose }: NodeProps) {
  if (place === undefined) return null;
  const { kind, members } = node;
  const height = NODE_HEIGHT[kind];
  const classes = ['map-node', `map-${kind}`, members && 'map-group', dim && 'map-dim'];
  const choose = () => onChoose(chosen ? null : node);
  return (
    <g
      aria-pressed={chosen}
      class={classes.filter(Boolean).join(' ')}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        choose();
      }}
      role="button"
      // Attributes of SVG mind their case.
      tabindex={0}
      transform={`translate(${place.x - NODE_WIDTH / 2} ${place.y - height / 2})`}
    >
      <title>{sayNode(node)}</title>
      {members && <rect class="map-shadow" height={height} rx="9" width={NODE_WIDTH} x="4" y="4" />}
      <rect
        class="map-face"
        height={height}
        rx={kind === 'client' ? height / 2 : 8}
        width={NODE_WIDTH}
      />
      {kind === 'exchange' && <rect class="map-edge-mark" height={height} rx="2" width="4" />}
      <text class="map-name" x="16" y={height / 2 - 3}>
        {cut(node.name, 21)}
      </text>
      <text class="map-facts" x="16" y={height / 2 + 13}>
        {factsOf(node)}
      </text>
    </g>
  );
}

function factsOf({ kind, type, rate_in, rate_out, messages, consumers, members }: MapNode): string {
  const many = members ? `${short(members)} · ` : '';
  if (kind === 'exchange') return `${many}${type} · ${sayRate(rate_in)}/s`;
  if (kind === 'client') return `${many}${type} · ${sayRate(rate_in)}/s`;
  const out = consumers === 0 ? 'no consumer' : `${sayRate(rate_out)}/s`;
  return `${many}${short(messages ?? 0)} msg · ${out}`;
}

/** All there is to say about a node, for those who do not see it. */
export function sayNode(node: MapNode): string {
  const { kind, name, type, messages, members } = node;
  const what = members ? `${members} ${kind === 'queue' ? 'queues' : `${kind}s`}` : `${kind}`;
  const has = messages === undefined ? '' : `, ${messages} messages`;
  const flows = `${sayRate(node.rate_in)} in and ${sayRate(node.rate_out)} out a second`;
  return `${what} ${name}, ${type}${has}, ${flows}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
