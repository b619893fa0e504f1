/**
 * The worker of layout.ts: gets boxes and what connects them, answers with places. The only part
 * of the console that loads dagre.
 */
import { Graph, layout } from '@dagrejs/dagre';
import type { Layout, Point } from './layout.ts';

/** Boxes, and what connects them. */
export interface LayoutQuestion {
  readonly nodes: readonly {
    readonly id: string;
    readonly kind: string;
    readonly width: number;
    readonly height: number;
  }[];
  readonly edges: readonly {
    readonly key: string;
    readonly from: string;
    readonly to: string;
    readonly kind: string;
  }[];
}

/** Where they go. */
export type LayoutAnswer = Layout;

const MARGIN = 24;

/** Nodes that are not there. */
const BEFORE = '(before)';

/** Lines that are shorter need no points between their ends. */
const SHORT = 160;

function layOut({ nodes, edges }: LayoutQuestion): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 18,
    ranksep: 96,
    edgesep: 10,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  // Queues that nothing leads to stand among the queues, not among the exchanges.
  const reached = new Set(edges.filter(({ kind }) => kind === 'binding').map(({ to }) => to));
  const alone = nodes.filter(({ id, kind }) => kind === 'queue' && !reached.has(id));
  for (const { id } of alone) {
    graph.setNode(BEFORE + id, { width: 1, height: 1 });
    graph.setEdge(BEFORE + id, id, { weight: 4 }, BEFORE);
  }
  for (const { key, from, to, kind } of edges) {
    // What leads back should not pull a queue to the left of its exchange.
    const weight = kind === 'binding' || kind === 'consumer' ? 4 : 1;
    graph.setEdge(from, to, { weight }, key);
  }
  layout(graph);
  const places: Record<string, Point> = {};
  for (const { id } of nodes) {
    const { x = 0, y = 0 } = graph.node(id) as Partial<Point>;
    places[id] = { x, y };
  }
  const ways: Record<string, readonly Point[]> = {};
  for (const { key, from, to } of edges) {
    const { points = [] } = graph.edge({ v: from, w: to, name: key }) as { points?: Point[] };
    const inner = points.slice(1, -1).map(({ x, y }) => ({ x, y }));
    ways[key] = between(places, graph, from, to, inner);
  }
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { nodes: places, edges: ways, width, height };
}

/** Lines leave in the middle of the right side and arrive in the middle of the left. */
function between(
  places: Readonly<Record<string, Point>>,
  graph: Graph,
  from: string,
  to: string,
  inner: readonly Point[],
): Point[] {
  const [start, end] = [places[from], places[to]];
  if (start === undefined || end === undefined) return [];
  const half = (id: string): number => (graph.node(id) as { width: number }).width / 2;
  const leaves = { x: start.x + half(from), y: start.y };
  const arrives = { x: end.x - half(to), y: end.y };
  const length = arrives.x - leaves.x;
  if (length > 0) return length < SHORT ? [leaves, arrives] : [leaves, ...inner, arrives];
  // Backwards: out at the right, around, and in at the left.
  const below = Math.max(start.y, end.y) + 44;
  return [leaves, { x: (leaves.x + arrives.x) / 2, y: below }, arrives];
}

self.onmessage = ({ data }: MessageEvent<LayoutQuestion>) => {
  self.postMessage(layOut(data) satisfies LayoutAnswer);
};
