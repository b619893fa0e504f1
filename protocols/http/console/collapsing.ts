/**
 * Collapsing: makes a graph of thousands of nodes one that can be looked at: nodes of a kind whose
 * names begin alike become one, by as few words of their names as it takes. A group that is opened
 * shows what is in it. Numbers are added up, so nothing that flows is lost.
 */
import { MAP_NODES_MAX } from '../../../src/limits-console.ts';
import { joined, type MapEdge, type MapGraph, type MapNode } from './topology-graph.ts';

/** Some nodes as one. */
export interface MapGroup extends MapNode {
  /** How many nodes it stands for. */
  readonly members: number;
}

/** What is left of it. */
export interface CollapsedGraph {
  readonly nodes: readonly (MapNode | MapGroup)[];
  readonly edges: readonly MapEdge[];
  /** How many there are before anything was left out or put together. */
  readonly total: { readonly nodes: number; readonly edges: number };
  readonly collapsed: boolean;
}

/** What somebody wants to see of a graph. */
export interface MapWish {
  /** A part of a name; the neighbours are shown, too. */
  readonly filter: string;
  /** Groups, by their ids, that are to be open. */
  readonly expanded: ReadonlySet<string>;
}

/** The most words of a name that are looked at. */
const WORDS_MAX = 4;
const GROUP_LEAST = 3;
const SEPARATED = /[^.\-_:/]*[.\-_:/]+/y;

/** Leaves out what is not wanted, and puts together what is too much. */
export function collapse(graph: MapGraph, wish: MapWish): CollapsedGraph {
  const total = { nodes: graph.nodes.length, edges: graph.edges.length };
  const wanted = wish.filter === '' ? graph : filtered(graph, wish.filter.toLowerCase());
  if (wanted.nodes.length <= MAP_NODES_MAX) return { ...wanted, total, collapsed: false };
  for (let words = WORDS_MAX; words >= 1; words--) {
    const groups = groupsOf(wanted.nodes, words, wish.expanded);
    if (new Set(groups.values()).size <= MAP_NODES_MAX || words === 1) {
      return { ...together(wanted, bounded(wanted.nodes, groups)), total, collapsed: true };
    }
  }
  return { ...wanted, total, collapsed: false };
}

function filtered({ nodes, edges }: MapGraph, text: string): MapGraph {
  const named = new Set(
    nodes.filter(({ name }) => name.toLowerCase().includes(text)).map(({ id }) => id),
  );
  const shown = new Set(named);
  for (const { from, to } of edges) {
    if (named.has(from)) shown.add(to);
    if (named.has(to)) shown.add(from);
  }
  return {
    nodes: nodes.filter(({ id }) => shown.has(id)),
    edges: edges.filter(({ from, to }) => shown.has(from) && shown.has(to)),
  };
}

/** Which group, or else itself, each node is shown as. */
function groupsOf(
  nodes: readonly MapNode[],
  words: number,
  expanded: ReadonlySet<string>,
): Map<string, string> {
  const idOf = ({ kind, name }: MapNode): string => `g:${kind}:${beginning(name, words)}`;
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(idOf(node), (counts.get(idOf(node)) ?? 0) + 1);
  const groups = new Map<string, string>();
  for (const node of nodes) {
    const id = idOf(node);
    const alone = (counts.get(id) ?? 0) < GROUP_LEAST || expanded.has(id);
    groups.set(node.id, alone ? node.id : id);
  }
  return groups;
}

/** The first words of a name with what separates them: `orders.` of `orders.new`. */
function beginning(name: string, words: number): string {
  let at = 0;
  SEPARATED.lastIndex = 0;
  for (let word = 0; word < words; word++) {
    SEPARATED.lastIndex = at;
    const found = SEPARATED.exec(name);
    if (found === null) break;
    at = SEPARATED.lastIndex;
  }
  return at === 0 ? name : name.slice(0, at);
}

/** Names that have nothing in common are too many as well: the busiest stay. */
function bounded(nodes: readonly MapNode[], groups: Map<string, string>): Map<string, string> {
  const weights = new Map<string, number>();
  const kinds = new Map<string, string>();
  for (const node of nodes) {
    const shown = groups.get(node.id) as string;
    const weight = node.rate_in + node.rate_out + (node.messages ?? 0) / 1e6;
    weights.set(shown, (weights.get(shown) ?? 0) + weight);
    kinds.set(shown, node.kind);
  }
  if (weights.size <= MAP_NODES_MAX) return groups;
  const order = [...weights].sort(([, a], [, b]) => b - a).map(([id]) => id);
  const kept = new Set(order.slice(0, MAP_NODES_MAX - 3));
  return new Map(
    [...groups].map(([id, shown]) => [id, kept.has(shown) ? shown : `g:${kinds.get(shown)}:`]),
  );
}

function together({ nodes, edges }: MapGraph, groups: ReadonlyMap<string, string>): MapGraph {
  const shown = new Map<string, MapNode | MapGroup>();
  for (const node of nodes) {
    const id = groups.get(node.id) as string;
    shown.set(id, id === node.id ? node : grown(shown.get(id) as MapGroup | undefined, id, node));
  }
  const joinedEdges = new Map<string, MapEdge>();
  for (const edge of edges) {
    const from = groups.get(edge.from) ?? edge.from;
    const to = groups.get(edge.to) ?? edge.to;
    const key = `${edge.kind}\0${from}\0${to}`;
    joinedEdges.set(key, joined(joinedEdges.get(key), { ...edge, from, to }));
  }
  return { nodes: [...shown.values()], edges: [...joinedEdges.values()] };
}

function grown(group: MapGroup | undefined, id: string, node: MapNode): MapGroup {
  const prefix = id.slice(id.indexOf(':', 2) + 1);
  return {
    id,
    kind: node.kind,
    name: `${prefix}…`,
    type: group === undefined || group.type === node.type ? node.type : 'several types',
    rate_in: (group?.rate_in ?? 0) + node.rate_in,
    rate_out: (group?.rate_out ?? 0) + node.rate_out,
    ...(node.messages !== undefined && { messages: (group?.messages ?? 0) + node.messages }),
    ...(node.consumers !== undefined && { consumers: (group?.consumers ?? 0) + node.consumers }),
    members: (group?.members ?? 0) + 1,
  };
}
