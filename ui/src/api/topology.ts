/**
 * The topology of one virtual host: nodes, and what leads from one to another. The broker's own map
 * if it has one (`_ui/topology`), else put together from what RabbitMQ's API lists.
 */
import { at, read } from './request.ts';
import { rateOf } from './statistics.ts';

export type NodeKind = 'exchange' | 'queue' | 'client';
export type EdgeKind = 'binding' | 'alternate' | 'dead-letter' | 'consumer';

/** An exchange, a queue, a client that consumes, or several whose names begin alike. */
export interface MapNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  readonly type: string;
  readonly rate_in: number;
  readonly rate_out: number;
  readonly messages?: number;
  readonly consumers?: number;
  readonly connection?: string;
  /** How many it stands for. */
  readonly members?: number;
}

/** What leads from one to another; several of a kind are one. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly labels: readonly string[];
  readonly count: number;
  readonly rate: number;
}

/** What is shown, and of how much. */
export interface Topology {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly total: { readonly nodes: number; readonly edges: number };
  readonly collapsed: boolean;
}

/** What RabbitMQ says of each. */
interface Listed {
  readonly name: string;
  readonly type: string;
  readonly messages?: number;
  readonly consumers?: number;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly message_stats?: Parameters<typeof rateOf>[0];
}

interface ListedBinding {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
}

/** Queues and exchanges of a RabbitMQ that are asked for. */
const LISTED = 100;

/** @throws ApiError */
export async function topologyOfRabbit(vhost: string, filter: string): Promise<Topology> {
  const page = `page=1&page_size=${LISTED}&name=${encodeURIComponent(filter)}`;
  const [exchanges, queues, bindings] = await Promise.all([
    read<{ items: readonly Listed[]; total_count: number }>(`${at`exchanges/${vhost}`}?${page}`),
    read<{ items: readonly Listed[]; total_count: number }>(`${at`queues/${vhost}`}?${page}`),
    read<readonly ListedBinding[]>(at`bindings/${vhost}`),
  ]);
  const bound = bindings.filter(({ source }) => source !== '');
  const used = new Set(bound.flatMap((one) => [`x:${one.source}`, idOf(one)]));
  const nodes: MapNode[] = [];
  for (const { name, type, message_stats } of exchanges.items) {
    const system = name === '' || (name.startsWith('amq.') && !used.has(`x:${name}`));
    if (system) continue;
    const rate_in = rateOf(message_stats, 'publish_in') ?? 0;
    const rate_out = rateOf(message_stats, 'publish_out') ?? 0;
    nodes.push({ id: `x:${name}`, kind: 'exchange', name, type, rate_in, rate_out });
  }
  for (const { name, type, messages = 0, consumers = 0, message_stats } of queues.items) {
    const rate_in = rateOf(message_stats, 'publish') ?? 0;
    const rate_out = rateOf(message_stats, 'deliver_get') ?? 0;
    const figures = { rate_in, rate_out, messages, consumers };
    nodes.push({ id: `q:${name}`, kind: 'queue', name, type, ...figures });
  }
  const shown = new Set(nodes.map(({ id }) => id));
  const edges = [...joined(bound), ...sidings(exchanges.items, queues.items)];
  return {
    nodes,
    edges: edges.filter(({ from, to }) => shown.has(from) && shown.has(to)),
    total: { nodes: exchanges.total_count + queues.total_count, edges: bound.length },
    collapsed: false,
  };
}

function idOf({ destination, destination_type: kind }: ListedBinding): string {
  return `${kind === 'queue' ? 'q' : 'x'}:${destination}`;
}

/** Bindings from one to another are one edge. */
function joined(bindings: readonly ListedBinding[]): MapEdge[] {
  const edges = new Map<string, MapEdge>();
  for (const binding of bindings) {
    const [from, to] = [`x:${binding.source}`, idOf(binding)];
    const known = edges.get(`${from}\0${to}`);
    const labels = [...(known?.labels ?? []), binding.routing_key].slice(0, 5);
    const count = (known?.count ?? 0) + 1;
    edges.set(`${from}\0${to}`, { from, to, kind: 'binding', labels, count, rate: 0 });
  }
  return [...edges.values()];
}

/** Where messages go that nothing takes, or that queues give up. */
function sidings(exchanges: readonly Listed[], queues: readonly Listed[]): MapEdge[] {
  const edges: MapEdge[] = [];
  const add = (from: string, target: unknown, kind: EdgeKind) => {
    if (typeof target !== 'string' || target === '') return;
    edges.push({ from, to: `x:${target}`, kind, labels: [], count: 1, rate: 0 });
  };
  for (const { name, arguments: args } of exchanges) {
    add(`x:${name}`, args?.['alternate-exchange'], 'alternate');
  }
  for (const { name, arguments: args } of queues) {
    add(`q:${name}`, args?.['x-dead-letter-exchange'], 'dead-letter');
  }
  return edges;
}
