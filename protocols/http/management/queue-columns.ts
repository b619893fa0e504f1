/**
 * QueueColumns: how the management API describes a queue, field by field in RabbitMQ's names.
 * What only an Erlang process has (reductions, garbage_collection) is left out; what is counted
 * by the engine is under the name that tools know.
 */
import { effectiveDefinition } from '../../../src/broker/effective.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { fieldsToJson } from '../field-json.ts';
import type { Columns } from '../listing.ts';
import type { Call } from '../routing.ts';
import { messagesOf, QUEUE_LENGTHS_AT, QUEUE_STATS_AT } from '../series.ts';
import { type Ranges, rangesOf } from '../statistics.ts';
import { consumersOfQueue } from './consumer.ts';
import type { ManagementContext } from './context.ts';
import { FlowColumns } from './flow.ts';

/** A queue and where it is. */
export interface QueueView {
  readonly queue: Queue;
  readonly vhost: string;
}

/** Bytes that a waiting message costs besides its body, about; see ARCHITECTURE.md. */
const ROW_BYTES = 40;
const QUEUE_BYTES = 2_000;

export class QueueColumns {
  private readonly context: ManagementContext;
  private readonly call: Call;
  private readonly ranges: Ranges;

  constructor(context: ManagementContext, call: Call) {
    this.context = context;
    this.call = call;
    this.ranges = rangesOf(call.query);
  }

  /** For `/api/queues`: with `disable_stats=true` only what a queue is, and on demand its size. */
  forLists(): Columns<QueueView> {
    const { query } = this.call;
    if (query.disable_stats !== 'true' && !this.context.statsDisabled) {
      return { ...this.identity(), ...this.numbers(), ...this.state() };
    }
    const totals = query.enable_queue_totals === 'true';
    return totals ? { ...this.identity(), ...this.totals() } : this.identity();
  }

  forOne(vhost: VHost): Columns<QueueView> {
    const flows = new FlowColumns(this.context, this.call);
    return {
      ...this.forLists(),
      consumer_details: ({ queue }) => consumersOfQueue(this.context, queue, vhost.name),
      incoming: ({ queue }) => flows.intoQueue(queue, vhost),
      deliveries: ({ queue }) => flows.outOfQueue(queue, vhost),
    };
  }

  /** The figures are many: sorting by one looks at that one. */
  sortKey([head, ...rest]: readonly string[]): ((view: QueueView) => unknown) | null {
    if (head !== 'message_stats') return null;
    return this.context.statistics.queues.sortKey(rest, ({ queue }: QueueView) => queue);
  }

  private identity(): Columns<QueueView> {
    const { node } = this.context;
    return {
      arguments: ({ queue }) => fieldsToJson(queue.arguments),
      auto_delete: ({ queue }) => queue.autoDelete,
      durable: ({ queue }) => queue.durable,
      exclusive: ({ queue }) => queue.owner !== null,
      name: ({ queue }) => queue.name,
      node: () => node,
      state: () => 'running',
      type: ({ queue }) => queue.type,
      user_who_performed_action: ({ queue }) => queue.declaredBy ?? undefined,
      ...this.members(),
      vhost: ({ vhost }) => vhost,
    };
  }

  /** Of quorum queues: on one node, that node. */
  private members(): Columns<QueueView> {
    const { node } = this.context;
    const ofQuorum =
      (value: unknown) =>
      ({ queue }: QueueView) =>
        queue.type === 'quorum' ? value : undefined;
    return {
      leader: ofQuorum(node),
      members: ofQuorum([node]),
      online: ofQuorum([node]),
      // There is one log for all queues.
      open_files: ofQuorum({ [node]: 0 }),
      single_active_consumer_ctag: ({ queue }) =>
        queue.type === 'quorum' ? (queue.subscriptions.active?.tag ?? null) : undefined,
      messages_delayed: ({ queue }) => (queue.type === 'quorum' ? queue.delayed : undefined),
      messages_dlx: ({ queue }) => (queue.type === 'quorum' ? queue.lettersUnderway : undefined),
    };
  }

  private totals(): Columns<QueueView> {
    return {
      messages: ({ queue }) => messagesOf(queue),
      messages_ready: ({ queue }) => queue.size,
      messages_unacknowledged: ({ queue }) => queue.unsettled,
    };
  }

  private numbers(): Columns<QueueView> {
    const { queues } = this.context.statistics;
    const { lengths, msgRates } = this.ranges;
    const details = (column: number) => (view: QueueView) =>
      queues.details(view.queue, QUEUE_LENGTHS_AT + column, lengths);
    return {
      ...this.totals(),
      messages_details: details(0),
      messages_ready_details: details(1),
      messages_unacknowledged_details: details(2),
      message_stats: ({ queue }) => queues.stats(queue, msgRates, QUEUE_STATS_AT),
      message_bytes: ({ queue }) => queue.backlog.bytes + queue.unsettledBytes,
      message_bytes_ready: ({ queue }) => queue.backlog.bytes,
      message_bytes_unacknowledged: ({ queue }) => queue.unsettledBytes,
      memory: ({ queue }) => memoryOf(queue),
    };
  }

  private state(): Columns<QueueView> {
    const { queues } = this.context.statistics;
    const idleSince = (queue: Queue): string | undefined => {
      const sinceMs = queues.idleSinceMs(queue);
      return sinceMs === null ? undefined : timestampOf(sinceMs);
    };
    return {
      policy: ({ queue }) => queue.governing.policy?.name ?? null,
      operator_policy: ({ queue }) => queue.governing.operatorPolicy?.name ?? null,
      effective_policy_definition: ({ queue }) =>
        fieldsToJson(effectiveDefinition(queue.governing)),
      consumers: ({ queue }) => queue.subscriptions.size,
      consumer_capacity: ({ queue }) => capacityOf(queue),
      consumer_utilisation: ({ queue }) => capacityOf(queue),
      exclusive_consumer_tag: ({ queue }) =>
        queue.subscriptions.all.find((one) => one.exclusive)?.tag ?? null,
      single_active_consumer_tag: ({ queue }) => queue.subscriptions.active?.tag ?? null,
      head_message_timestamp: ({ queue }) => queue.backlog.peek()?.properties.timestamp ?? null,
      idle_since: ({ queue }) => idleSince(queue),
      backing_queue_status: ({ queue }) => ({
        mode: 'default',
        version: 2,
        len: queue.size,
        avg_ingress_rate: queues.rate(queue, 'publish'),
        avg_egress_rate: queues.rate(queue, 'deliver_get'),
        avg_ack_ingress_rate: queues.rate(queue, 'deliver'),
        avg_ack_egress_rate: queues.rate(queue, 'ack'),
      }),
    };
  }
}

/** What it takes in memory, about: bodies that only the store has do not count. */
function memoryOf(queue: Queue): number {
  const { paging, bytes } = queue.backlog;
  const resident = paging === null ? bytes : Math.min(bytes, paging.residentBytes);
  return QUEUE_BYTES + ROW_BYTES * (queue.size + queue.unsettled) + resident + queue.unsettledBytes;
}

/** 1 if a message that comes now would be taken at once, 0 if not. */
function capacityOf(queue: Queue): number {
  return queue.subscriptions.all.some((one) => !one.parked) ? 1 : 0;
}

/** As RabbitMQ 4 writes it: `2026-11-22T11:06:25.000+00:00`. */
function timestampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '+00:00');
}
