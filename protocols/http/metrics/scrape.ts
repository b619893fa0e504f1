/**
 * Scrape: the answer to one visit of Prometheus, as text in pieces: `/metrics` with sums over all
 * objects, `/metrics/per-object` with a line for each, `/metrics/detailed` with the families and
 * objects that the query chooses.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import { Traffic } from '../../../src/broker/traffic.ts';
import { badRequest } from '../answer.ts';
import { channelsOf, nameOf } from '../management/channel.ts';
import type { ManagementContext } from '../management/context.ts';
import { memoryBreakdown } from '../management/node.ts';
import { Exposition, labelText } from './exposition.ts';
import { writeGlobalMetrics } from './global-metrics.ts';
import { NODE_GROUPS, writeAlarms, writeIdentity, writeTotals } from './node-metrics.ts';
import {
  CHANNEL_FAMILIES,
  CONNECTION_FAMILIES,
  EXCHANGE_FAMILIES,
  type MeasuredChannel,
  type ObjectFamily,
  QUEUE_FAMILIES,
} from './object-metrics.ts';
import type { ProcessMetrics } from './process-metrics.ts';

/** Objects of one kind, each with its labels. */
interface Measured<T> {
  readonly families: readonly ObjectFamily<T>[];
  /** What is gone and still counts in sums of counters. */
  readonly past: readonly T[];
  objects(): Iterable<readonly [labels: string, object: T]>;
}

/** Which vhosts and queues a query is about. */
interface Choice {
  readonly vhosts: ReadonlySet<string> | null;
  readonly queue: RegExp | null;
}

const EVERYTHING: Choice = { vhosts: null, queue: null };

function queues(context: ManagementContext, choice: Choice): Measured<Queue> {
  return {
    families: QUEUE_FAMILIES,
    past: [],
    *objects() {
      for (const vhost of context.broker.vhosts.values()) {
        if (choice.vhosts?.has(vhost.name) === false) continue;
        for (const queue of vhost.topology.queues.values()) {
          if (choice.queue?.test(queue.name) === false) continue;
          yield [labelText({ vhost: vhost.name, queue: queue.name }), queue];
        }
      }
    },
  };
}

function exchanges(context: ManagementContext, choice: Choice): Measured<Exchange> {
  return {
    families: EXCHANGE_FAMILIES,
    past: [],
    *objects() {
      for (const vhost of context.broker.vhosts.values()) {
        if (choice.vhosts?.has(vhost.name) === false) continue;
        for (const exchange of vhost.topology.exchanges.values()) {
          yield [labelText({ vhost: vhost.name, exchange: exchange.name }), exchange];
        }
      }
    },
  };
}

function channels(context: ManagementContext, choice: Choice): Measured<MeasuredChannel> {
  const past = new Traffic();
  for (const traffic of context.broker.totals.past.values()) past.add(traffic);
  const gone = { name: '', traffic: past, deliveries: past.deliveries(), state: null };
  return {
    families: CHANNEL_FAMILIES,
    past: [gone],
    *objects() {
      for (const open of context.connections) {
        const description = open.describe();
        if (choice.vhosts?.has(description.vhost ?? '') === false) continue;
        for (const view of channelsOf({ open, description })) {
          const { traffic, channel: state } = view;
          const name = nameOf(view);
          const measured = { name, traffic, deliveries: traffic.deliveries(), state };
          yield [labelText({ channel: name }), measured];
        }
      }
    },
  };
}

function connections(context: ManagementContext, choice: Choice) {
  return {
    families: CONNECTION_FAMILIES,
    past: [],
    *objects() {
      for (const open of context.connections) {
        if (choice.vhosts?.has(open.describe().vhost ?? '') === false) continue;
        yield [labelText({ connection: open.name }), open] as const;
      }
    },
  };
}

/** The families of one kind, with a line for each object. */
async function* each<T>(
  { families, objects }: Measured<T>,
  groups: ReadonlySet<string> | null,
  out: Exposition,
): AsyncGenerator<string> {
  const written = new Set<string>();
  for (const family of families) {
    if (groups?.has(family.group) === false || written.has(family.name)) continue;
    written.add(family.name);
    out.family(family.name, family.type, family.help);
    for (const [labels, object] of objects()) {
      out.sample(labels, family.value(object));
      const piece = out.piece();
      if (piece === null) continue;
      yield piece;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** The families of one kind, with one line for all objects together. */
async function sums<T>({ families, past, objects }: Measured<T>, out: Exposition): Promise<void> {
  const values = families.map(({ value }) => past.reduce((sum, object) => sum + value(object), 0));
  let count = 0;
  for (const [, object] of objects()) {
    for (let i = 0; i < families.length; i++) {
      values[i] = (values[i] as number) + (families[i] as ObjectFamily<T>).value(object);
    }
    if (++count % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const written = new Set<string>();
  for (let i = 0; i < families.length; i++) {
    const { name, type, help } = families[i] as ObjectFamily<T>;
    if (written.has(name)) continue;
    written.add(name);
    out.family(name, type, help);
    out.sample('', values[i] as number);
  }
}

/** `/metrics`, or with `perObject` `/metrics/per-object`. */
export async function* scrapeAll(
  context: ManagementContext,
  process: ProcessMetrics,
  perObject: boolean,
): AsyncGenerator<string> {
  const out = new Exposition('rabbitmq_');
  writeIdentity(context, perObject ? 'per-object' : 'aggregated', out);
  for (const write of Object.values(NODE_GROUPS)) write(context, out);
  writeTotals(context, out);
  writeAlarms(context, out);
  writeGlobalMetrics(context.broker, out);
  if (perObject) {
    yield* each(queues(context, EVERYTHING), null, out);
    yield* each(exchanges(context, EVERYTHING), null, out);
    yield* each(channels(context, EVERYTHING), null, out);
    yield* each(connections(context, EVERYTHING), null, out);
  } else {
    await sums(queues(context, EVERYTHING), out);
    await sums(exchanges(context, EVERYTHING), out);
    await sums(channels(context, EVERYTHING), out);
    await sums(connections(context, EVERYTHING), out);
  }
  process.write(out);
  yield out.rest();
}

/** `/metrics/detailed?family=…&vhost=…&queue=…`; without a family only who the broker is. */
export async function* scrapeDetailed(
  context: ManagementContext,
  query: URLSearchParams,
): AsyncGenerator<string> {
  const groups = new Set(query.getAll('family'));
  const choice = choiceOf(query);
  const out = new Exposition('rabbitmq_detailed_');
  writeIdentity(context, 'detailed', out);
  for (const [name, write] of Object.entries(NODE_GROUPS))
    if (groups.has(name)) write(context, out);
  writeCluster(context, groups, choice, out);
  yield* each(queues(context, choice), groups, out);
  yield* each(exchanges(context, choice), groups, out);
  yield* each(channels(context, choice), groups, out);
  yield* each(connections(context, choice), groups, out);
  yield out.rest();
}

/** `/metrics/memory-breakdown` */
export function scrapeMemory(context: ManagementContext): string {
  const out = new Exposition('rabbitmq_memory_');
  writeIdentity(context, 'memory-breakdown', out);
  for (const [name, bytes] of Object.entries(memoryBreakdown(context))) {
    if (typeof bytes !== 'number') continue;
    out.family(`${name}_bytes`, 'gauge', `Memory of ${name.replaceAll('_', ' ')} in bytes`);
    out.sample('', bytes);
  }
  return out.rest();
}

/** @throws ApiError if the pattern is none */
function choiceOf(query: URLSearchParams): Choice {
  const vhosts = query.getAll('vhost');
  const pattern = query.get('queue');
  try {
    return {
      vhosts: vhosts.length === 0 ? null : new Set(vhosts),
      queue: pattern === null ? null : new RegExp(pattern),
    };
  } catch {
    throw badRequest('queue is not a regular expression');
  }
}

/** What has the value 1 and is of interest for its labels. */
function writeCluster(
  context: ManagementContext,
  groups: ReadonlySet<string>,
  choice: Choice,
  out: Exposition,
): void {
  const vhosts = [...context.broker.vhosts.values()].filter(
    ({ name }) => choice.vhosts?.has(name) !== false,
  );
  const prefix = 'rabbitmq_cluster_';
  if (groups.has('vhost_status')) {
    out.family('vhost_status', 'gauge', 'Whether a given vhost is running', prefix);
    for (const { name } of vhosts) out.sample(labelText({ vhost: name }), 1);
  }
  const eachExchange = (write: (labels: string, exchange: Exchange) => void): void => {
    for (const { name: vhost, topology } of vhosts) {
      for (const exchange of topology.exchanges.values()) {
        const { name, type } = exchange;
        write(labelText({ vhost, exchange: name, type }), exchange);
      }
    }
  };
  if (groups.has('exchange_names')) {
    out.family(
      'exchange_name',
      'gauge',
      'Enumerates exchanges without any additional info',
      prefix,
    );
    eachExchange((labels) => out.sample(labels, 1));
  }
  if (groups.has('exchange_bindings')) {
    out.family('exchange_bindings', 'gauge', 'Number of bindings for an exchange', prefix);
    eachExchange((labels, { bindings }) => out.sample(labels, bindings.size));
  }
}
