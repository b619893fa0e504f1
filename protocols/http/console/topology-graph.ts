/**
 * TopologyGraph: the exchanges, queues and clients of one virtual host as nodes, and what leads
 * from one to another as edges, with how much goes along. How it is made small enough to be looked
 * at is collapsing.ts; how it is drawn is the console's business.
 */
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { ManagementContext } from '../management/context.ts';
import { messagesOf } from '../series.ts';
import { Slices } from '../slices.ts';
import type { Statistics } from '../statistics.ts';
import type { Viewer } from '../viewer.ts';

/** An exchange, a queue, or a client that consumes. */
export interface MapNode {
  /** `x:orders`, `q:orders.new`, `c:17`. */
  readonly id: string;
  readonly kind: 'exchange' | 'queue' | 'client';
  readonly name: string;
  /** Of the exchange or queue; the protocol of a client. */
  readonly type: string;
  /** Messages a second that come and go. */
  readonly rate_in: number;
  readonly rate_out: number;
  readonly messages?: number;
  readonly consumers?: number;
  /** The name of the connection, for who wants to see it. */
  readonly connection?: string;
}

/** What leads from one to another; several of a kind are one. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'binding' | 'alternate' | 'dead-letter' | 'consumer';
  /** Routing keys of bindings, consumer tags; some of them. */
  readonly labels: readonly string[];
  /** How many there are. */
  readonly count: number;
  /** Messages a second, as far as it can be told: bindings themselves count nothing. */
  readonly rate: number;
}

/** All of a virtual host. */
export interface MapGraph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

const LABELS_MAX = 5;

/** Makes the graph of a vhost, in turns. */
export async function graphOf(
  context: ManagementContext,
  vhost: VHost,
  viewer: Viewer,
): Promise<MapGraph> {
  return new GraphMaker(context, vhost, viewer).make();
}

class GraphMaker {
  private readonly statistics: Statistics;
  private readonly vhost: VHost;
  private readonly viewer: Viewer;
  private readonly clients: ReadonlyMap<Session, OpenConnection>;
  private readonly nodes = new Map<string, MapNode>();
  private readonly edges = new Map<string, MapEdge>();

  constructor(context: ManagementContext, vhost: VHost, viewer: Viewer) {
    this.statistics = context.statistics;
    this.vhost = vhost;
    this.viewer = viewer;
    this.clients = clientsIn(context, vhost.name);
  }

  async make(): Promise<MapGraph> {
    const slices = new Slices();
    for (const name of this.vhost.topology.exchanges.keys()) {
      this.addExchange(name);
      if (slices.over()) await slices.rest();
    }
    for (const queue of this.vhost.topology.queues.values()) {
      this.addQueue(queue);
      if (slices.over()) await slices.rest();
    }
    const edges = [...this.edges.values()].filter(
      ({ from, to }) => this.nodes.has(from) && this.nodes.has(to),
    );
    return { nodes: [...this.nodes.values()], edges };
  }

  /** Those that every vhost has from the start are shown if they are used. */
  private addExchange(name: string): void {
    const { exchanges } = this.vhost.topology;
    const exchange = exchanges.get(name);
    if (exchange === undefined || name === '') return;
    const { type, bindings, publishedIn, alternate } = exchange;
    const inbound = [...this.vhost.topology.inboundOf(exchange)];
    const used = bindings.size > 0 || publishedIn > 0 || inbound.length > 0;
    if (name.startsWith('amq.') && !used) return;
    const figures = this.statistics.exchanges;
    this.nodes.set(`x:${name}`, {
      id: `x:${name}`,
      kind: 'exchange',
      name,
      type,
      rate_in: figures.rate(exchange, 'publish_in'),
      rate_out: figures.rate(exchange, 'publish_out'),
    });
    if (alternate !== null) this.addEdge(`x:${name}`, `x:${alternate}`, 'alternate', '', 0);
    for (const [binding, source] of inbound) {
      this.addEdge(`x:${source.name}`, `x:${name}`, 'binding', binding.routingKey, 0);
    }
  }

  private addQueue(queue: Queue): void {
    const { name, type, subscriptions, settings } = queue;
    const figures = this.statistics.queues;
    const id = `q:${name}`;
    const comes = figures.rate(queue, 'publish');
    const goes = figures.rate(queue, 'deliver_get');
    this.nodes.set(id, {
      id,
      kind: 'queue',
      name,
      type,
      rate_in: comes,
      rate_out: goes,
      messages: messagesOf(queue),
      consumers: subscriptions.size,
    });
    this.addBindings(queue, comes);
    const { deadLetterExchange: target } = settings;
    if (target === '') {
      this.addEdge(id, `q:${settings.deadLetterRoutingKey ?? name}`, 'dead-letter', '', 0);
    } else if (target !== null) {
      const label = settings.deadLetterRoutingKey ?? '';
      this.addEdge(id, `x:${target}`, 'dead-letter', label, 0);
    }
    for (const { traffic, tag } of subscriptions.all) {
      const open = traffic.session === null ? undefined : this.clients.get(traffic.session);
      if (open !== undefined) this.addClient(open, id, tag, goes / subscriptions.size);
    }
  }

  /** What a queue gets is shared out among the exchanges that lead to it by what they send on. */
  private addBindings(queue: Queue, comes: number): void {
    const inbound = [...this.vhost.topology.inboundOf(queue)];
    const weights = new Map(inbound.map(([, from]) => [from, 0]));
    let sum = 0;
    for (const exchange of weights.keys()) {
      const sends = this.statistics.exchanges.rate(exchange, 'publish_out');
      weights.set(exchange, sends);
      sum += sends;
    }
    const counts = new Map<string, number>();
    for (const [, { name }] of inbound) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [{ routingKey }, exchange] of inbound) {
      const share = sum === 0 ? 0 : (weights.get(exchange) ?? 0) / sum;
      const rate = (comes * share) / (counts.get(exchange.name) ?? 1);
      this.addEdge(`x:${exchange.name}`, `q:${queue.name}`, 'binding', routingKey, rate);
    }
  }

  private addClient(open: OpenConnection, queueId: string, tag: string, rate: number): void {
    const { user, protocol, givenName, clientId } = open.describe();
    if (!this.viewer.seesUser(user)) return;
    const id = `c:${open.id}`;
    const known = this.nodes.get(id);
    this.nodes.set(id, {
      id,
      kind: 'client',
      name: givenName || clientId || `${user}@${open.client.remoteAddress}`,
      type: protocol,
      rate_in: (known?.rate_in ?? 0) + rate,
      rate_out: 0,
      connection: open.name,
    });
    this.addEdge(queueId, id, 'consumer', tag, rate);
  }

  private addEdge(
    from: string,
    to: string,
    kind: MapEdge['kind'],
    label: string,
    rate: number,
  ): void {
    const key = `${kind}\0${from}\0${to}`;
    const known = this.edges.get(key);
    this.edges.set(key, joined(known, { from, to, kind, labels: [label], count: 1, rate }));
  }
}

/** Two edges that have become one. */
export function joined(known: MapEdge | undefined, more: MapEdge): MapEdge {
  if (known === undefined) return more;
  const labels = [...new Set([...known.labels, ...more.labels])].slice(0, LABELS_MAX);
  return { ...known, labels, count: known.count + more.count, rate: known.rate + more.rate };
}

function clientsIn({ connections }: ManagementContext, vhost: string) {
  const bySession = new Map<Session, OpenConnection>();
  for (const open of connections) {
    const { session, vhost: where } = open.describe();
    if (where === vhost && session) bySession.set(session, open);
  }
  return bySession;
}
