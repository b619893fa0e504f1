/**
 * Traffic: what went through one channel of one session, as integers that only grow. Whoever
 * wants rates or totals reads them from outside (protocols/http); nothing here knows of time.
 * Hot path: counting is `++` on an object that the caller already holds, and nothing else.
 */
import { MESSAGE_SIZE_BOUNDS, QUEUES_COUNTED_MAX } from '../limits.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { FlowSource, Flows } from './flow.ts';
import type { Session } from './session.ts';

/** What became of messages that queues had: of one queue, and through one channel or all. */
export class DeliveryCounts {
  deliver = 0;
  deliverNoAck = 0;
  get = 0;
  getNoAck = 0;
  getEmpty = 0;
  redeliver = 0;
  ack = 0;

  add(other: DeliveryCounts): void {
    this.deliver += other.deliver;
    this.deliverNoAck += other.deliverNoAck;
    this.get += other.get;
    this.getNoAck += other.getNoAck;
    this.getEmpty += other.getEmpty;
    this.redeliver += other.redeliver;
    this.ack += other.ack;
  }
}

/** Why queues gave messages up. */
export class DeathCounts {
  expired = 0;
  maxlen = 0;
  rejected = 0;
  delivery_limit = 0;
}

/** What operators are shown of a channel besides its counts. */
export interface ChannelDescription {
  readonly confirm: boolean;
  readonly transactional: boolean;
  /** What each new consumer may hold, and what all together may; 0 is unlimited. */
  readonly prefetch: number;
  readonly globalPrefetch: number;
  readonly consumers: number;
  readonly unacknowledged: number;
  readonly unconfirmed: number;
  /** Published, and acked, in a transaction that is open. */
  readonly uncommitted: number;
  readonly acksUncommitted: number;
}

/** A channel of an adapter; asked when somebody looks. */
export interface ChannelView {
  readonly number: number;
  describe(): ChannelDescription;
}

/** What came from one queue through one channel; of all queues of that name that there were. */
interface FromQueue {
  readonly name: string;
  readonly type: string;
  readonly counts: DeliveryCounts;
}

export class Traffic implements FlowSource<Exchange> {
  /** Whose it is; null for sums. */
  readonly session: Session | null;
  /** null for adapters without channels. */
  readonly channel: ChannelView | null;
  publish = 0;
  /** Of those, the ones whose publisher waits for a confirm, and those that were confirmed. */
  publishConfirm = 0;
  confirm = 0;
  /** Queues that they reached, each counted. */
  routed = 0;
  /** Reached no queue; and of those, the ones handed back to their publisher. */
  unroutable = 0;
  returnUnroutable = 0;
  bodyBytes = 0;
  /** Messages by the size of their bodies, see MESSAGE_SIZE_BOUNDS; the last one has no bound. */
  readonly sizes = new Float64Array(MESSAGE_SIZE_BOUNDS.length + 1);
  /** What it published to which exchange, while somebody looks. */
  flows: Flows<Exchange> | null = null;
  /** What came from queues that are not told apart. */
  private byType: Map<string, DeliveryCounts> | null = null;
  private byQueue: Map<string, FromQueue> | null = null;

  constructor(session: Session | null = null, channel: ChannelView | null = null) {
    this.session = session;
    this.channel = channel;
  }

  /** Where deliveries from a queue are counted. */
  from({ name, type }: { readonly name: string; readonly type: string }): DeliveryCounts {
    this.byQueue ??= new Map();
    const key = `${type} ${name}`;
    const known = this.byQueue.get(key);
    if (known !== undefined) return known.counts;
    // Whoever goes through thousands of queues gets one count for all that are too many.
    if (this.byQueue.size >= QUEUES_COUNTED_MAX) return this.ofType(type);
    const counts = new DeliveryCounts();
    this.byQueue.set(key, { name, type, counts });
    return counts;
  }

  /** What came from a queue; undefined if nothing did. */
  fromQueue(name: string, type: string): DeliveryCounts | undefined {
    return this.byQueue?.get(`${type} ${name}`)?.counts;
  }

  /** The queues that anything came from, as far as they are told apart. */
  queues(): Iterable<FromQueue> {
    return this.byQueue?.values() ?? [];
  }

  /** Where deliveries from queues of a type are counted that are not told apart: in sums, all. */
  ofType(type: string): DeliveryCounts {
    this.byType ??= new Map();
    const known = this.byType.get(type);
    if (known !== undefined) return known;
    const counts = new DeliveryCounts();
    this.byType.set(type, counts);
    return counts;
  }

  /** Everything that came, by the type of its queue; a type may come up more than once. */
  eachType(take: (counts: DeliveryCounts, queueType: string) => void): void {
    if (this.byType !== null) for (const [type, counts] of this.byType) take(counts, type);
    if (this.byQueue === null) return;
    for (const { counts, type } of this.byQueue.values()) take(counts, type);
  }

  /** Deliveries from queues of all types together. */
  deliveries(): DeliveryCounts {
    const all = new DeliveryCounts();
    this.eachType((counts) => all.add(counts));
    return all;
  }

  /** Counts a message that was published. */
  published(bodyBytes: number, wantsConfirm: boolean, reached: number): void {
    this.publish++;
    this.routed += reached;
    this.bodyBytes += bodyBytes;
    (this.sizes[sizeClass(bodyBytes)] as number)++;
    if (wantsConfirm) this.publishConfirm++;
    if (reached === 0) this.unroutable++;
  }

  add(other: Traffic): void {
    this.publish += other.publish;
    this.publishConfirm += other.publishConfirm;
    this.confirm += other.confirm;
    this.routed += other.routed;
    this.unroutable += other.unroutable;
    this.returnUnroutable += other.returnUnroutable;
    this.bodyBytes += other.bodyBytes;
    for (let i = 0; i < this.sizes.length; i++) {
      this.sizes[i] = (this.sizes[i] as number) + (other.sizes[i] as number);
    }
    other.eachType((counts, type) => this.ofType(type).add(counts));
  }
}

function sizeClass(bytes: number): number {
  let index = 0;
  while (index < MESSAGE_SIZE_BOUNDS.length && bytes > (MESSAGE_SIZE_BOUNDS[index] as number)) {
    index++;
  }
  return index;
}
