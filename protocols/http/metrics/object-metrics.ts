/**
 * Object metrics: what Prometheus is told of each queue, channel, connection and exchange, or of
 * all together: a table of families by RabbitMQ's names. A family belongs to a group, which
 * `/metrics/detailed?family=…` chooses by.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { ChannelDescription, DeliveryCounts, Traffic } from '../../../src/broker/traffic.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import { messagesOf } from '../series.ts';
import type { MetricType } from './exposition.ts';

/** One family over objects of one kind. */
export interface ObjectFamily<T> {
  readonly group: string;
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  value(object: T): number;
}

/** A channel as it is measured: deliveries of all queue types together. */
export interface MeasuredChannel {
  readonly name: string;
  readonly traffic: Traffic;
  readonly deliveries: DeliveryCounts;
  /** null for the sum of what is closed. */
  readonly state: ChannelDescription | null;
}

type Row<T> = readonly [name: string, help: string, value: (object: T) => number];

/** Counters end in `_total`, everything else is a gauge. */
function group<T>(name: string, rows: readonly Row<T>[]): ObjectFamily<T>[] {
  return rows.map(([family, help, value]) => {
    const type = family.endsWith('_total') ? 'counter' : 'gauge';
    return { group: name, name: family, type, help, value };
  });
}

const QUEUE_CONSUMERS: Row<Queue> = [
  'queue_consumers',
  'Consumers on a queue',
  ({ subscriptions }) => subscriptions.size,
];

export const QUEUE_FAMILIES: readonly ObjectFamily<Queue>[] = [
  ...group<Queue>('queue_coarse_metrics', [
    ['queue_messages_ready', 'Messages ready to be delivered to consumers', ({ size }) => size],
    [
      'queue_messages_unacked',
      'Messages delivered to consumers but not yet acknowledged',
      ({ unsettled }) => unsettled,
    ],
    ['queue_messages', 'Sum of ready and unacknowledged messages - total queue depth', messagesOf],
  ]),
  ...group<Queue>('queue_consumer_count', [QUEUE_CONSUMERS]),
  ...group<Queue>('queue_metrics', [
    QUEUE_CONSUMERS,
    [
      'queue_consumer_capacity',
      'Whether a message that comes would be taken at once',
      ({ subscriptions }) => (subscriptions.all.some((one) => !one.parked) ? 1 : 0),
    ],
    [
      'queue_messages_bytes',
      'Size in bytes of ready and unacknowledged messages',
      ({ backlog, unsettledBytes }) => backlog.bytes + unsettledBytes,
    ],
    [
      'queue_messages_ready_bytes',
      'Size in bytes of ready messages',
      ({ backlog }) => backlog.bytes,
    ],
    [
      'queue_messages_unacked_bytes',
      'Size in bytes of all unacknowledged messages',
      ({ unsettledBytes }) => unsettledBytes,
    ],
    [
      'queue_head_message_timestamp',
      'Timestamp of the first message in the queue, if any',
      ({ backlog }) => backlog.peek()?.properties.timestamp ?? 0,
    ],
  ]),
  ...group<Queue>('queue_exchange_metrics', [
    [
      'queue_messages_published_total',
      'Total number of messages published to queues',
      ({ published }) => published,
    ],
  ]),
  ...group<Queue>('queue_delivery_metrics', [
    [
      'queue_get_ack_total',
      'Total number of messages fetched from a queue with basic.get in manual acknowledgement mode',
      ({ counts }) => counts.get,
    ],
    [
      'queue_get_total',
      'Total number of messages fetched from a queue with basic.get in automatic ' +
        'acknowledgement mode',
      ({ counts }) => counts.getNoAck,
    ],
    [
      'queue_messages_delivered_ack_total',
      'Total number of messages delivered from a queue in manual acknowledgement mode',
      ({ counts }) => counts.deliver,
    ],
    [
      'queue_messages_delivered_total',
      'Total number of messages delivered from a queue in automatic acknowledgement mode',
      ({ counts }) => counts.deliverNoAck,
    ],
    [
      'queue_messages_redelivered_total',
      'Total number of messages redelivered from a queue to consumers',
      ({ counts }) => counts.redeliver,
    ],
    [
      'queue_messages_acked_total',
      'Total number of messages acknowledged by consumers on a queue',
      ({ counts }) => counts.ack,
    ],
    [
      'queue_get_empty_total',
      'Total number of times basic.get operations fetched no message on a queue',
      ({ counts }) => counts.getEmpty,
    ],
  ]),
];

export const CHANNEL_FAMILIES: readonly ObjectFamily<MeasuredChannel>[] = [
  ...group<MeasuredChannel>('channel_metrics', [
    ['channel_consumers', 'Consumers on a channel', ({ state }) => state?.consumers ?? 0],
    [
      'channel_messages_unacked',
      'Delivered but not yet acknowledged messages',
      ({ state }) => state?.unacknowledged ?? 0,
    ],
    [
      'channel_messages_unconfirmed',
      'Published but not yet confirmed messages',
      ({ state }) => state?.unconfirmed ?? 0,
    ],
    [
      'channel_messages_uncommitted',
      'Messages received in a transaction but not yet committed',
      ({ state }) => state?.uncommitted ?? 0,
    ],
    [
      'channel_acks_uncommitted',
      'Message acknowledgements in a transaction not yet committed',
      ({ state }) => state?.acksUncommitted ?? 0,
    ],
    ['consumer_prefetch', 'Limit of unacknowledged messages for each consumer', prefetchOf],
    [
      'channel_prefetch',
      'Total limit of unacknowledged messages for all consumers on a channel',
      ({ state }) => state?.globalPrefetch ?? 0,
    ],
  ]),
  ...group<MeasuredChannel>('channel_exchange_metrics', [
    [
      'channel_messages_published_total',
      'Total number of messages published into an exchange on a channel',
      ({ traffic }) => traffic.publish,
    ],
    [
      'channel_messages_confirmed_total',
      'Total number of messages published into an exchange and confirmed on the channel',
      ({ traffic }) => traffic.confirm,
    ],
    [
      'channel_messages_unroutable_returned_total',
      'Total number of messages published as mandatory into an exchange and returned to the ' +
        'publisher as unroutable',
      ({ traffic }) => traffic.returnUnroutable,
    ],
    [
      'channel_messages_unroutable_dropped_total',
      'Total number of messages published as non-mandatory into an exchange and dropped as ' +
        'unroutable',
      ({ traffic }) => traffic.unroutable - traffic.returnUnroutable,
    ],
  ]),
  ...group<MeasuredChannel>('channel_queue_metrics', [
    [
      'channel_get_ack_total',
      'Total number of messages fetched with basic.get in manual acknowledgement mode',
      ({ deliveries }) => deliveries.get,
    ],
    [
      'channel_get_total',
      'Total number of messages fetched with basic.get in automatic acknowledgement mode',
      ({ deliveries }) => deliveries.getNoAck,
    ],
    [
      'channel_messages_delivered_ack_total',
      'Total number of messages delivered to consumers in manual acknowledgement mode',
      ({ deliveries }) => deliveries.deliver,
    ],
    [
      'channel_messages_delivered_total',
      'Total number of messages delivered to consumers in automatic acknowledgement mode',
      ({ deliveries }) => deliveries.deliverNoAck,
    ],
    [
      'channel_messages_redelivered_total',
      'Total number of messages redelivered to consumers',
      ({ deliveries }) => deliveries.redeliver,
    ],
    [
      'channel_messages_acked_total',
      'Total number of messages acknowledged by consumers',
      ({ deliveries }) => deliveries.ack,
    ],
    [
      'channel_get_empty_total',
      'Total number of times basic.get operations fetched no message',
      ({ deliveries }) => deliveries.getEmpty,
    ],
  ]),
];

function prefetchOf({ state }: MeasuredChannel): number {
  return state?.prefetch ?? 0;
}

export const CONNECTION_FAMILIES: readonly ObjectFamily<OpenConnection>[] = [
  ...group<OpenConnection>('connection_coarse_metrics', [
    [
      'connection_incoming_bytes_total',
      'Total number of bytes received on a connection',
      ({ client }) => client.readBytes,
    ],
    [
      'connection_outgoing_bytes_total',
      'Total number of bytes sent on a connection',
      ({ client }) => client.outbox.bytes,
    ],
  ]),
  ...group<OpenConnection>('connection_metrics', [
    [
      'connection_incoming_packets_total',
      'Total number of packets received on a connection',
      ({ client }) => client.reads,
    ],
    [
      'connection_outgoing_packets_total',
      'Total number of packets sent on a connection',
      ({ client }) => client.outbox.writes,
    ],
    [
      'connection_pending_packets',
      'Whether bytes wait to be sent on a connection',
      ({ client }) => (client.outbox.pending > 0 ? 1 : 0),
    ],
    [
      'connection_channels',
      'Channels on a connection',
      (connection) => connection.describe().channels ?? 1,
    ],
  ]),
];

export const EXCHANGE_FAMILIES: readonly ObjectFamily<Exchange>[] = group<Exchange>(
  'exchange_metrics',
  [
    [
      'exchange_messages_published_total',
      'Total number of messages published into an exchange',
      ({ publishedIn }) => publishedIn,
    ],
  ],
);
