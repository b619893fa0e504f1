/**
 * Series: which counters are sampled of each kind of object, under RabbitMQ's names, and how they
 * are read. The samples themselves are src/rates.ts; how they are shown is statistics.ts.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Exchange } from '../../src/broker/exchange/exchange.ts';
import type { Flow } from '../../src/broker/flow.ts';
import type { Queue } from '../../src/broker/queue/queue.ts';
import type { DeliveryCounts, Traffic } from '../../src/broker/traffic.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import type { OpenConnection } from '../../src/server/connections.ts';

/** The names of some counters, and how their values are read from an object. */
export interface Series<T> {
  readonly names: readonly string[];
  read(object: T, into: Float64Array): void;
}

const LENGTHS = ['messages', 'messages_ready', 'messages_unacknowledged'] as const;

const DELIVERIES = [
  'deliver_get',
  'deliver',
  'deliver_no_ack',
  'get',
  'get_no_ack',
  'get_empty',
  'redeliver',
  'ack',
] as const;

const PUBLISHES = ['publish', 'confirm', 'return_unroutable', 'drop_unroutable'] as const;

/** Where the parts of a row begin. */
export const QUEUE_LENGTHS_AT = 0;
export const QUEUE_STATS_AT = LENGTHS.length;

/** Everything in a queue: ready, out, and what waits for its delay or for its dead letter. */
export function messagesOf(queue: Queue): number {
  return queue.size + queue.unsettled + queue.delayed + queue.lettersUnderway;
}

export const QUEUE_SERIES: Series<Queue> = {
  names: [...LENGTHS, 'publish', ...DELIVERIES],
  read(queue, into) {
    into[0] = messagesOf(queue);
    into[1] = queue.size;
    into[2] = queue.unsettled;
    into[3] = queue.published;
    addDeliveries(queue.counts, into, 4);
  },
};

export const EXCHANGE_SERIES: Series<Exchange> = {
  names: ['publish_in', 'publish_out'],
  read(exchange, into) {
    into[0] = exchange.publishedIn;
    into[1] = exchange.publishedOut;
  },
};

export const TRAFFIC_SERIES: Series<Traffic> = {
  names: [...PUBLISHES, ...DELIVERIES],
  read(traffic, into) {
    addTraffic(traffic, into, 0);
  },
};

/** Of one queue through one channel. */
export const DELIVERY_SERIES: Series<DeliveryCounts> = {
  names: DELIVERIES,
  read: (counts, into) => addDeliveries(counts, into, 0),
};

/** From one object to another. */
export const FLOW_SERIES: Series<Flow> = {
  names: ['publish'],
  read({ publish }, into) {
    into[0] = publish;
  },
};

/** Lengths, then the traffic of a vhost, open channels and closed ones. */
export const VHOST_SERIES: Series<VHost> = {
  names: [...LENGTHS, ...TRAFFIC_SERIES.names],
  read(vhost, into) {
    addLengths(vhost, into);
    addTraffic(vhost.pastTraffic, into, LENGTHS.length);
    for (const traffic of vhost.traffics) addTraffic(traffic, into, LENGTHS.length);
  },
};

export const CONNECTION_SERIES: Series<OpenConnection> = {
  names: ['recv_oct', 'send_oct', 'recv_cnt', 'send_cnt'],
  read({ client }, into) {
    into[0] = client.readBytes;
    into[1] = client.outbox.bytes;
    into[2] = client.reads;
    into[3] = client.outbox.writes;
  },
};

const CHURN = [
  'connection_created',
  'connection_closed',
  'channel_created',
  'channel_closed',
  'queue_declared',
  'queue_created',
  'queue_deleted',
] as const;

export const CHURN_AT = VHOST_SERIES.names.length;

export const DISK_AT = CHURN_AT + CHURN.length;

/** The whole broker: as a vhost's, then churn, then what its store has written. */
export const BROKER_SERIES: Series<Broker> = {
  names: [...VHOST_SERIES.names, ...CHURN, 'disk_writes'],
  read(broker, into) {
    for (const past of broker.totals.past.values()) addTraffic(past, into, LENGTHS.length);
    for (const vhost of broker.vhosts.values()) {
      addLengths(vhost, into);
      for (const traffic of vhost.traffics) addTraffic(traffic, into, LENGTHS.length);
    }
    const { churn } = broker.totals;
    into[CHURN_AT] = churn.connectionCreated;
    into[CHURN_AT + 1] = churn.connectionClosed;
    into[CHURN_AT + 2] = churn.channelCreated;
    into[CHURN_AT + 3] = churn.channelClosed;
    into[CHURN_AT + 4] = churn.queueDeclared;
    into[CHURN_AT + 5] = churn.queueCreated;
    into[CHURN_AT + 6] = churn.queueDeleted;
    into[DISK_AT] = broker.store.stats().disk?.writtenMessages ?? 0;
  },
};

function addLengths(vhost: VHost, into: Float64Array): void {
  for (const queue of vhost.topology.queues.values()) {
    add(into, 0, messagesOf(queue));
    add(into, 1, queue.size);
    add(into, 2, queue.unsettled);
  }
}

function addTraffic(traffic: Traffic, into: Float64Array, at: number): void {
  add(into, at, traffic.publish);
  add(into, at + 1, traffic.confirm);
  add(into, at + 2, traffic.returnUnroutable);
  add(into, at + 3, traffic.unroutable - traffic.returnUnroutable);
  traffic.eachType((counts) => addDeliveries(counts, into, at + PUBLISHES.length));
}

function addDeliveries(counts: DeliveryCounts, into: Float64Array, at: number): void {
  const { deliver, deliverNoAck, get, getNoAck } = counts;
  add(into, at, deliver + deliverNoAck + get + getNoAck);
  add(into, at + 1, deliver);
  add(into, at + 2, deliverNoAck);
  add(into, at + 3, get);
  add(into, at + 4, getNoAck);
  add(into, at + 5, counts.getEmpty);
  add(into, at + 6, counts.redeliver);
  add(into, at + 7, counts.ack);
}

function add(into: Float64Array, index: number, value: number): void {
  into[index] = (into[index] as number) + value;
}
