/**
 * Flows in the management API: `incoming` and `outgoing` of exchanges, `incoming` and `deliveries`
 * of queues, `publishes` and `deliveries` of channels. Whoever asks for them makes the broker count
 * them: see flow-statistics.ts.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Traffic } from '../../../src/broker/traffic.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { Call } from '../routing.ts';
import { rangesOf } from '../statistics.ts';
import { channelDetails, connectionsBySession } from './consumer.ts';
import type { ManagementContext } from './context.ts';

/** One of the lists: an end, and what went there or came from there. */
type Rows = Record<string, unknown>[];

export class FlowColumns {
  private readonly context: ManagementContext;
  private readonly call: Call;
  private sessions: ReadonlyMap<Session, OpenConnection> | null = null;

  constructor(context: ManagementContext, call: Call) {
    this.context = context;
    this.call = call;
    context.statistics.flows.look();
  }

  /** Which channels publish to an exchange. */
  intoExchange(exchange: Exchange, vhost: VHost): Rows {
    return [...vhost.traffics].flatMap((traffic) =>
      this.channelRow(traffic, this.flowStats(traffic.flows?.to(exchange))),
    );
  }

  /** Which queues an exchange leads to. */
  outOfExchange(exchange: Exchange, vhost: VHost): Rows {
    return [...(exchange.flows ?? [])].map(([queue, flow]) => {
      return { queue: named(queue, vhost), stats: this.flowStats(flow) };
    });
  }

  /** Which exchanges lead to a queue. */
  intoQueue(queue: Queue, vhost: VHost): Rows {
    const rows: Rows = [];
    for (const exchange of vhost.topology.exchanges.values()) {
      const stats = this.flowStats(exchange.flows?.to(queue));
      if (stats !== undefined) rows.push({ exchange: named(exchange, vhost), stats });
    }
    return rows;
  }

  /** Which channels get what is in a queue. */
  outOfQueue(queue: Queue, vhost: VHost): Rows {
    const { deliveries } = this.context.statistics.flows;
    const { msgRates } = rangesOf(this.call.query);
    return [...vhost.traffics].flatMap((traffic) => {
      const counts = traffic.fromQueue(queue.name, queue.type);
      return this.channelRow(traffic, counts && deliveries.stats(counts, msgRates));
    });
  }

  /** Which exchanges a channel publishes to. */
  intoChannel({ flows }: Traffic, vhost: VHost): Rows {
    return [...(flows ?? [])].map(([exchange, flow]) => {
      return { exchange: named(exchange, vhost), stats: this.flowStats(flow) };
    });
  }

  /** Which queues a channel gets something from. */
  outOfChannel(traffic: Traffic, vhost: VHost): Rows {
    const { deliveries } = this.context.statistics.flows;
    const { msgRates } = rangesOf(this.call.query);
    const there = [...traffic.queues()].filter(
      ({ name, type }) => vhost.topology.queues.get(name)?.type === type,
    );
    return there.flatMap(({ name, counts }) => {
      const stats = deliveries.stats(counts, msgRates);
      return stats === undefined ? [] : [{ queue: { name, vhost: vhost.name }, stats }];
    });
  }

  private flowStats(flow: { publish: number } | undefined): unknown {
    if (flow === undefined) return undefined;
    return this.context.statistics.flows.flows.figures(flow, rangesOf(this.call.query).msgRates);
  }

  /** None for who is no connection: the broker itself. */
  private channelRow(traffic: Traffic, stats: unknown): Rows {
    if (stats === undefined || traffic.session === null) return [];
    this.sessions ??= connectionsBySession(this.context);
    if (!this.sessions.has(traffic.session)) return [];
    const details = channelDetails(this.context.node, traffic, this.sessions);
    return [{ channel_details: details, stats }];
  }
}

function named({ name }: { readonly name: string }, vhost: VHost): Record<string, string> {
  return { name, vhost: vhost.name };
}
