/**
 * Global metrics: what went through the broker by protocol and queue type, since it started, in
 * RabbitMQ's names. The counts are those of open channels plus what closed ones have left.
 */
import type { Broker } from '../../../src/broker/broker.ts';
import type { DeathReason } from '../../../src/broker/queue/dead-letter.ts';
import { DeathCounts, type DeliveryCounts, Traffic } from '../../../src/broker/traffic.ts';
import { MESSAGE_SIZE_BOUNDS } from '../../../src/limits.ts';
import { queuesOf } from '../statistics.ts';
import { type Exposition, labelText } from './exposition.ts';

/** Shown even before anybody speaks it, so that dashboards find a series. */
const ALWAYS = ['amqp091'];

const QUEUE_TYPES = ['classic', 'quorum'];

/** The very strings that RabbitMQ's dashboards ask for. */
const SIZE_BOUND_TEXTS = [
  ...['100.0', '1000.0', '10000.0', '100000.0', '1e+06', '1e+07', '5e+07', '1e+08'],
  '+Inf',
];

/** What one protocol did. */
class Protocol {
  readonly traffic = new Traffic();
  publishers = 0;
  consumers = 0;
}

function byProtocol(broker: Broker): Map<string, Protocol> {
  const all = new Map<string, Protocol>();
  const of = (name: string): Protocol => {
    const protocol = all.get(name) ?? new Protocol();
    all.set(name, protocol);
    return protocol;
  };
  for (const name of ALWAYS) of(name);
  for (const [name, past] of broker.totals.past) of(name).traffic.add(past);
  for (const session of broker.sessions) {
    const protocol = of(session.protocol);
    protocol.consumers += session.holding().consumers;
    for (const traffic of session.openTraffics()) {
      protocol.traffic.add(traffic);
      if (traffic.publish > 0) protocol.publishers++;
    }
  }
  return all;
}

type Published = readonly [name: string, help: string, value: (traffic: Traffic) => number];

const PUBLISHED: readonly Published[] = [
  ['received', 'Total number of messages received from publishers', ({ publish }) => publish],
  [
    'received_confirm',
    'Total number of messages received from publishers expecting confirmations',
    ({ publishConfirm }) => publishConfirm,
  ],
  ['confirmed', 'Total number of messages confirmed to publishers', ({ confirm }) => confirm],
  ['routed', 'Total number of messages routed to queues or streams', ({ routed }) => routed],
  [
    'unroutable_dropped',
    'Total number of messages published as non-mandatory into an exchange and dropped as ' +
      'unroutable',
    ({ unroutable, returnUnroutable }) => unroutable - returnUnroutable,
  ],
  [
    'unroutable_returned',
    'Total number of messages published as mandatory into an exchange and returned to the ' +
      'publisher as unroutable',
    ({ returnUnroutable }) => returnUnroutable,
  ],
];

type Delivered = readonly [name: string, help: string, value: (counts: DeliveryCounts) => number];

const DELIVERED: readonly Delivered[] = [
  [
    'delivered',
    'Total number of messages delivered to consumers',
    ({ deliver, deliverNoAck, get, getNoAck }) => deliver + deliverNoAck + get + getNoAck,
  ],
  [
    'delivered_consume_manual_ack',
    'Total number of messages delivered to consumers using basic.consume with manual ' +
      'acknowledgment',
    ({ deliver }) => deliver,
  ],
  [
    'delivered_consume_auto_ack',
    'Total number of messages delivered to consumers using basic.consume with automatic ' +
      'acknowledgment',
    ({ deliverNoAck }) => deliverNoAck,
  ],
  [
    'delivered_get_manual_ack',
    'Total number of messages delivered to consumers using basic.get with manual acknowledgment',
    ({ get }) => get,
  ],
  [
    'delivered_get_auto_ack',
    'Total number of messages delivered to consumers using basic.get with automatic acknowledgment',
    ({ getNoAck }) => getNoAck,
  ],
  [
    'get_empty',
    'Total number of times basic.get operations fetched no message',
    ({ getEmpty }) => getEmpty,
  ],
  [
    'redelivered',
    'Total number of messages redelivered to consumers',
    ({ redeliver }) => redeliver,
  ],
  ['acknowledged', 'Total number of messages acknowledged by consumers', ({ ack }) => ack],
];

/** Writes all of them. */
export function writeGlobalMetrics(broker: Broker, out: Exposition): void {
  const protocols = byProtocol(broker);
  writeGauges(protocols, out);
  for (const [name, help, value] of PUBLISHED) {
    out.family(`global_messages_${name}_total`, 'counter', help);
    for (const [protocol, { traffic }] of protocols) {
      out.sample(labelText({ protocol }), value(traffic));
    }
  }
  for (const [name, help, value] of DELIVERED) {
    out.family(`global_messages_${name}_total`, 'counter', help);
    for (const [protocol, { traffic }] of protocols) {
      for (const type of QUEUE_TYPES) {
        const labels = labelText({ protocol, queue_type: `rabbit_${type}_queue` });
        out.sample(labels, value(traffic.ofType(type)));
      }
    }
  }
  writeSizes(protocols, out);
  writeDeaths(broker, out);
}

function writeGauges(protocols: ReadonlyMap<string, Protocol>, out: Exposition): void {
  out.family('global_publishers', 'gauge', 'Current number of publishers');
  for (const [protocol, { publishers }] of protocols) {
    out.sample(labelText({ protocol }), publishers);
  }
  out.family('global_consumers', 'gauge', 'Current number of consumers');
  for (const [protocol, { consumers }] of protocols) {
    out.sample(labelText({ protocol }), consumers);
  }
}

function writeSizes(protocols: ReadonlyMap<string, Protocol>, out: Exposition): void {
  out.family('message_size_bytes', 'histogram', 'Size of messages received from publishers');
  for (const [protocol, { traffic }] of protocols) {
    let count = 0;
    for (let i = 0; i <= MESSAGE_SIZE_BOUNDS.length; i++) {
      count += traffic.sizes[i] as number;
      const le = SIZE_BOUND_TEXTS[i] as string;
      out.sample(labelText({ protocol, le }), count, '_bucket');
    }
    out.sample(labelText({ protocol }), count, '_count');
    out.sample(labelText({ protocol }), traffic.bodyBytes, '_sum');
  }
}

const DEATHS: readonly (readonly [DeathReason, string])[] = [
  ['expired', 'message TTL exceeded'],
  ['maxlen', 'overflow drop-head or reject-publish-dlx'],
  ['rejected', 'basic.reject or basic.nack'],
  ['delivery_limit', 'delivery-limit exceeded'],
];

function writeDeaths(broker: Broker, out: Exposition): void {
  const all = new Map<string, DeathCounts>();
  for (const type of QUEUE_TYPES) {
    for (const strategy of ['at_most_once', 'disabled']) {
      all.set(`${type} ${strategy}`, new DeathCounts());
    }
  }
  for (const [key, deaths] of broker.totals.deaths) addDeaths(all, key, deaths);
  for (const { type, settings, deaths } of queuesOf(broker)) {
    const strategy = settings.deadLetterExchange === null ? 'disabled' : 'at_most_once';
    addDeaths(all, `${type} ${strategy}`, deaths);
  }
  for (const [reason, why] of DEATHS) {
    const help = `Total number of messages dead-lettered due to ${why}`;
    out.family(`global_messages_dead_lettered_${reason}_total`, 'counter', help);
    for (const [key, deaths] of all) {
      const [type = '', strategy = ''] = key.split(' ');
      const labels = { queue_type: `rabbit_${type}_queue`, dead_letter_strategy: strategy };
      out.sample(labelText(labels), deaths[reason]);
    }
  }
}

function addDeaths(all: Map<string, DeathCounts>, key: string, deaths: DeathCounts): void {
  const sum = all.get(key) ?? new DeathCounts();
  all.set(key, sum);
  for (const [reason] of DEATHS) sum[reason] += deaths[reason];
}
