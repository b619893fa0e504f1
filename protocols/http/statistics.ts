/**
 * Statistics: the broker's counters as the management API shows them: a number, and beside it
 * `<name>_details` with its rate and, if somebody asks, its samples. One timer samples them
 * (src/rates.ts); without a management listener there is none.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Exchange } from '../../src/broker/exchange/exchange.ts';
import type { Queue } from '../../src/broker/queue/queue.ts';
import type { Traffic } from '../../src/broker/traffic.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import { SAMPLES_SHOWN_MAX } from '../../src/limits.ts';
import { type Level, type Range, Sampler } from '../../src/rates.ts';
import type { OpenConnection } from '../../src/server/connections.ts';
import { badRequest } from './answer.ts';
import { Counters, DETAILED, type Figures, GLOBAL } from './counters.ts';
import { FlowStatistics } from './flow-statistics.ts';
import type { Query } from './input.ts';
import {
  BROKER_SERIES,
  CONNECTION_SERIES,
  EXCHANGE_SERIES,
  QUEUE_SERIES,
  type Series,
  TRAFFIC_SERIES,
  VHOST_SERIES,
} from './series.ts';

/** Figures that are not sampled over time: their rate is not known. */
export function gauges(values: Readonly<Record<string, number>>): Figures {
  const figures: Figures = {};
  for (const [name, value] of Object.entries(values)) {
    figures[name] = value;
    figures[`${name}_details`] = { rate: 0 };
  }
  return figures;
}

/** What a query asks to look back on: `lengths_age=60&lengths_incr=5` and its kin, in seconds. */
export interface Ranges {
  readonly lengths: Range | null;
  readonly msgRates: Range | null;
  readonly dataRates: Range | null;
  readonly nodeStats: Range | null;
}

/** @throws ApiError for ages that are no numbers, or too many samples */
export function rangesOf(query: Query): Ranges {
  return {
    lengths: rangeOf(query, 'lengths'),
    msgRates: rangeOf(query, 'msg_rates'),
    dataRates: rangeOf(query, 'data_rates'),
    nodeStats: rangeOf(query, 'node_stats'),
  };
}

function rangeOf(query: Query, name: string): Range | null {
  const age = query[`${name}_age`];
  const increment = query[`${name}_incr`];
  if (age === undefined || increment === undefined) return null;
  const ageMs = Number(age) * 1000;
  const incrementMs = Number(increment) * 1000;
  const count = ageMs / incrementMs;
  if (!(ageMs >= 0 && incrementMs >= 1000 && count <= SAMPLES_SHOWN_MAX)) {
    throw badRequest(`Invalid range: ${name}_age ${age}, ${name}_incr ${increment}`);
  }
  return { ageMs, incrementMs };
}

/** What is sampled, and how often. */
export interface SamplingOptions {
  readonly intervalMs: number;
  /** Flows are counted all the time. */
  readonly detailed: boolean;
}

export class Statistics {
  readonly sampler: Sampler;
  readonly queues: Counters<Queue>;
  readonly exchanges: Counters<Exchange>;
  readonly channels: Counters<Traffic>;
  readonly connections: Counters<OpenConnection>;
  readonly vhosts: Counters<VHost>;
  readonly broker: Counters<Broker>;
  readonly flows: FlowStatistics;

  constructor(broker: Broker, connections: Iterable<OpenConnection>, options: SamplingOptions) {
    const { intervalMs, detailed } = options;
    const sampler = new Sampler(broker.clock, intervalMs);
    this.sampler = sampler;
    const watch = <T extends object>(
      series: Series<T>,
      levels: readonly Level[],
      objects: () => Iterable<T>,
    ): Counters<T> => {
      const read = (object: T, into: Float64Array): void => series.read(object, into);
      return new Counters(sampler, series, levels, {
        width: series.names.length,
        levels,
        objects,
        read,
      });
    };
    this.broker = watch(BROKER_SERIES, GLOBAL, () => [broker]);
    this.vhosts = watch(VHOST_SERIES, GLOBAL, () => broker.vhosts.values());
    this.queues = watch(QUEUE_SERIES, DETAILED, () => queuesOf(broker));
    this.exchanges = watch(EXCHANGE_SERIES, DETAILED, () => exchangesOf(broker));
    this.connections = watch(CONNECTION_SERIES, DETAILED, () => connections);
    this.channels = watch(TRAFFIC_SERIES, DETAILED, () => trafficsOf(broker));
    this.flows = new FlowStatistics(broker, sampler, detailed);
  }
}

/** Every queue of every vhost. */
export function* queuesOf(broker: Broker): Generator<Queue> {
  for (const vhost of broker.vhosts.values()) yield* vhost.topology.queues.values();
}

function* exchangesOf(broker: Broker): Generator<Exchange> {
  for (const vhost of broker.vhosts.values()) yield* vhost.topology.exchanges.values();
}

function* trafficsOf(broker: Broker): Generator<Traffic> {
  for (const vhost of broker.vhosts.values()) yield* vhost.traffics;
}
