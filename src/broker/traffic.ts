/**
 * Traffic: what went through one channel of one session, as integers that only grow. Whoever
 * wants rates or totals reads them from outside (protocols/http); nothing here knows of time.
 * Hot path: counting is `++` on an object that the caller already holds, and nothing else.
 */
import { MESSAGE_SIZE_BOUNDS } from '../limits.ts';
import type { Session } from './session.ts';

/** What became of messages that queues had: of one queue, or of one type through one channel. */
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

export class Traffic {
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
  private readonly byType = new Map<string, DeliveryCounts>();

  constructor(session: Session | null = null, channel: ChannelView | null = null) {
    this.session = session;
    this.channel = channel;
  }

  /** Where deliveries from queues of that type are counted. */
  from(queueType: string): DeliveryCounts {
    const known = this.byType.get(queueType);
    if (known !== undefined) return known;
    const counts = new DeliveryCounts();
    this.byType.set(queueType, counts);
    return counts;
  }

  /** Each queue type that anything came from. */
  types(): Iterable<[queueType: string, counts: DeliveryCounts]> {
    return this.byType;
  }

  /** Deliveries from queues of all types together. */
  deliveries(): DeliveryCounts {
    const all = new DeliveryCounts();
    for (const counts of this.byType.values()) all.add(counts);
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
    for (const [type, counts] of other.types()) this.from(type).add(counts);
  }
}

function sizeClass(bytes: number): number {
  let index = 0;
  while (index < MESSAGE_SIZE_BOUNDS.length && bytes > (MESSAGE_SIZE_BOUNDS[index] as number)) {
    index++;
  }
  return index;
}
