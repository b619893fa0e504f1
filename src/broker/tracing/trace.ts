/**
 * Trace: follows messages through the broker for somebody who watches: from their publisher through
 * exchanges and queues to their consumers, over every protocol. Keeps the latest of them in a ring
 * of bounded length and size; each change has a number, so that readers go on where they were. It
 * ends by itself when nobody reads. One per watcher; who makes and ends them is tracing.ts.
 */
import { TRACE_MESSAGES_MAX } from '../../limits-inspection.ts';
import { NO_REF, type Ref } from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Message } from '../message.ts';
import { partyOf } from '../party.ts';
import type { DeathReason } from '../queue/dead-letter.ts';
import type { Outcome, Queue } from '../queue/queue.ts';
import type { Subscription } from '../subscription.ts';
import type { Traffic } from '../traffic.ts';
import { TRACE_EXCHANGE } from './firehose.ts';
import type { TraceFilter } from './trace-filter.ts';
import { type Step, TracedMessage } from './traced-message.ts';
import type { Forwarding, Leaving, Tracer } from './tracer.ts';

/** How a trace is made. */
export interface TraceOptions {
  readonly id: string;
  readonly name: string;
  /** Whose it is. */
  readonly user: string;
  readonly filter: TraceFilter;
  /** Every so-many-th message. */
  readonly sample: number;
  readonly maxMessages: number;
  /** What they may take in memory, about. */
  readonly maxBytes: number;
  /** Bytes of payloads that are kept; 0 for none. */
  readonly payloadBytes: number;
  readonly idleTimeoutMs: number;
  readonly createdAtMs: number;
  now(): number;
}

/** Queues in which a message is found again when it comes back from the disk. */
const PLACES_MAX = 256;

const STEP_OF_OUTCOME = {
  ack: 'acked',
  requeue: 'requeued',
  release: 'requeued',
  reject: 'rejected',
} as const satisfies Record<Outcome, Step['name']>;

const STEP_OF_DEATH = {
  expired: 'expired',
  maxlen: 'dropped',
  rejected: 'rejected',
  delivery_limit: 'delivery_limit',
} as const satisfies Record<DeathReason, Step['name']>;

export class Trace {
  readonly options: TraceOptions;
  /** The last change. */
  seq = 0;
  /** Messages that it was about, and those that are not kept any more. */
  matched = 0;
  dropped = 0;
  bytes = 0;
  /** Who follows it, and when somebody last asked. */
  readers = 0;
  readAtMs: number;
  /** Why it is over; null while it goes on. */
  ended: string | null = null;
  /** Those that are kept, the one that changed last at the end. */
  private readonly ring = new Map<number, TracedMessage>();
  /** Those that are shown only if the right client gets them. */
  private readonly hidden = new Map<number, TracedMessage>();
  private readonly byMessage = new WeakMap<Message, TracedMessage>();
  /** Those that it has seen and does not follow. */
  private readonly ignored = new WeakSet<Message>();
  private readonly byPlace = new Map<string, TracedMessage>();
  private readonly listeners = new Set<() => void>();
  private lastId = 0;
  private sampled = 0;
  /** The last changes of those that were dropped latest. */
  private droppedSeqs: number[] = [];

  constructor(options: TraceOptions) {
    this.options = options;
    this.readAtMs = options.createdAtMs;
  }

  get size(): number {
    return this.ring.size;
  }

  /** The part of it that looks at one vhost. */
  tracerOf(vhost: string): Tracer {
    return new VhostTrace(this, vhost);
  }

  /** What has changed since, in order. */
  changesAfter(seq: number, limit: number): TracedMessage[] {
    if (seq >= this.seq) return [];
    const found: TracedMessage[] = [];
    for (const message of this.ring.values()) {
      if (message.seq <= seq) continue;
      found.push(message);
      if (found.length === limit) break;
    }
    return found;
  }

  /** How many were dropped that a reader at `seq` has not seen as they were in the end. */
  missedAfter(seq: number): number {
    const first = this.droppedSeqs.findIndex((dropped) => dropped > seq);
    return first < 0 ? 0 : this.droppedSeqs.length - first;
  }

  /** Calls back when something has changed, or it has ended. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  end(reason: string): void {
    if (this.ended !== null) return;
    this.ended = reason;
    for (const listener of [...this.listeners]) listener();
  }

  // -- for its parts --

  /** Begins to follow a message, if it is one of those; null if not. {@link admit} follows. */
  begin(vhost: string, message: Message, queues: readonly string[]): TracedMessage | null {
    const { filter, payloadBytes, sample } = this.options;
    if (message.exchange === TRACE_EXCHANGE || this.ended !== null) return null;
    const now = this.options.now();
    if (this.ignored.has(message)) return null;
    const wanted =
      filter.permits(vhost, message.exchange, queues) && filter.matches(message, queues, now);
    if (!wanted || this.sampled++ % sample !== 0) {
      this.ignored.add(message);
      return null;
    }
    const traced = new TracedMessage(++this.lastId, vhost, now, message, payloadBytes);
    this.follow(message, traced);
    return traced;
  }

  /** The first steps of a message are known. */
  admit(traced: TracedMessage): void {
    if (this.options.filter.byClient) this.hide(traced);
    else this.show(traced);
  }

  /** The message that is followed; undefined if it is not. */
  find(message: Message | null, queue: Queue, ref: Ref): TracedMessage | undefined {
    const traced = message === null ? undefined : this.byMessage.get(message);
    const found = traced ?? (ref === NO_REF ? undefined : this.byPlace.get(placeOf(queue, ref)));
    return found?.gone === true ? undefined : found;
  }

  /** The message that an object is, if it is followed. */
  traced(message: Message): TracedMessage | undefined {
    return this.byMessage.get(message);
  }

  /** A message goes on as another object; also one that is not followed. */
  continue(from: Message, queue: Queue, ref: Ref, to: Message): TracedMessage | undefined {
    const traced = this.find(from, queue, ref);
    if (traced === undefined) this.ignored.add(to);
    else this.follow(to, traced);
    this.leave(queue, ref);
    return traced;
  }

  /** A store calls a message that. */
  place(traced: TracedMessage, queue: Queue, ref: Ref): void {
    if (traced.gone || !traced.shown) return;
    const place = placeOf(queue, ref);
    traced.places.push(place);
    this.byPlace.set(place, traced);
    if (traced.places.length <= PLACES_MAX) return;
    this.byPlace.delete(traced.places.shift() as string);
  }

  /** A queue is done with it: the store may call another one that. */
  leave(queue: Queue, ref: Ref): void {
    if (ref !== NO_REF) this.byPlace.delete(placeOf(queue, ref));
  }

  /** It is one of those that are shown. */
  show(traced: TracedMessage): void {
    if (traced.shown || traced.gone) return;
    this.hidden.delete(traced.id);
    traced.shown = true;
    this.matched++;
    this.bytes += traced.bytes;
    this.changed(traced);
  }

  add(traced: TracedMessage, step: Step): void {
    const before = traced.bytes;
    traced.add(step);
    if (!traced.shown) return;
    this.bytes += traced.bytes - before;
    this.changed(traced);
  }

  changed(traced: TracedMessage): void {
    if (!traced.shown || traced.gone) return;
    traced.seq = ++this.seq;
    this.ring.delete(traced.id);
    this.ring.set(traced.id, traced);
    this.trim();
    for (const listener of this.listeners) listener();
  }

  private follow(message: Message, traced: TracedMessage): void {
    this.byMessage.set(message, traced);
    traced.becomes(message);
  }

  private hide(traced: TracedMessage): void {
    this.hidden.set(traced.id, traced);
    if (this.hidden.size <= TRACE_MESSAGES_MAX) return;
    for (const oldest of this.hidden.values()) {
      this.hidden.delete(oldest.id);
      this.forget(oldest);
      return;
    }
  }

  private trim(): void {
    const { maxMessages, maxBytes } = this.options;
    for (const [id, oldest] of this.ring) {
      if (this.ring.size <= maxMessages && this.bytes <= maxBytes) return;
      this.ring.delete(id);
      this.bytes -= oldest.bytes;
      this.dropped++;
      this.droppedSeqs.push(oldest.seq);
      if (this.droppedSeqs.length > 2 * TRACE_MESSAGES_MAX) {
        this.droppedSeqs = this.droppedSeqs.slice(TRACE_MESSAGES_MAX);
      }
      this.forget(oldest);
    }
  }

  /** Does not follow it any further, however long its queues have it. */
  private forget(traced: TracedMessage): void {
    traced.gone = true;
    for (const place of traced.places) {
      if (this.byPlace.get(place) === traced) this.byPlace.delete(place);
    }
    for (const object of traced.objects) {
      const message = object.deref();
      if (message === undefined) continue;
      this.byMessage.delete(message);
      this.ignored.add(message);
    }
  }
}

/** What a trace sees of one vhost. */
class VhostTrace implements Tracer {
  private readonly trace: Trace;
  private readonly vhost: string;
  /** Of the publish in progress. */
  private current: { readonly message: Message; readonly traced: TracedMessage } | null = null;

  constructor(trace: Trace, vhost: string) {
    this.trace = trace;
    this.vhost = vhost;
  }

  routed(message: Message, queues: readonly Queue[]): void {
    this.current = null;
    if (this.trace.traced(message) !== undefined) return;
    const names = queues.filter(({ rules }) => !rules.holds).map(({ name }) => name);
    const traced = this.trace.begin(this.vhost, message, names);
    if (traced === null) return;
    this.current = { message, traced };
    const { atMs } = traced;
    traced.add({ name: 'published', atMs });
    if (queues.length === 0) traced.add({ name: 'unroutable', atMs });
    else if (names.length > 0) traced.add({ name: 'routed', atMs, queues: names });
    this.trace.admit(traced);
  }

  published(message: Message, copyKeys: readonly string[] | null, traffic: Traffic): void {
    const { current } = this;
    this.current = null;
    if (current === null || current.message !== message) return;
    const { traced } = current;
    traced.publisher = partyOf(traffic);
    if (copyKeys !== null) traced.routingKeys = [message.routingKey, ...copyKeys];
    const { filter } = this.trace.options;
    if (filter.byClient && filter.matchesClient(traced.publisher)) this.trace.show(traced);
    this.trace.changed(traced);
  }

  returned(message: Message): void {
    const traced = this.trace.traced(message);
    if (traced === undefined) return;
    this.trace.add(traced, { name: 'returned', atMs: this.trace.options.now() });
  }

  kept(message: Message, queues: readonly Queue[], refs: readonly Ref[]): void {
    for (const [index, queue] of queues.entries()) {
      const traced = this.trace.find(message, queue, NO_REF);
      if (traced !== undefined) this.trace.place(traced, queue, refs[index] as Ref);
    }
  }

  delivered(delivery: Delivery, traffic: Traffic, subscription: Subscription | null): void {
    const { kept, queue, ref, redelivered, holder } = delivery;
    const traced = this.trace.find(kept, queue, ref) ?? this.late(kept, queue);
    if (traced === null) return;
    const to = { ...partyOf(traffic), consumerTag: subscription?.tag ?? null };
    const { filter } = this.trace.options;
    if (!traced.shown && filter.matchesClient(to)) this.trace.show(traced);
    const autoAck = subscription === null ? holder === null : subscription.noAck;
    const atMs = this.trace.options.now();
    this.trace.add(traced, {
      name: 'delivered',
      atMs,
      queue: queue.name,
      to,
      redelivered,
      autoAck,
    });
    if (autoAck) this.trace.leave(queue, ref);
  }

  settled({ kept, queue, ref }: Delivery, outcome: Outcome): void {
    const traced = this.trace.find(kept, queue, ref);
    if (traced === undefined) return;
    const name = STEP_OF_OUTCOME[outcome];
    const atMs = this.trace.options.now();
    const last = traced.lastDelivery(queue.name);
    const given =
      last === undefined ? {} : { heldMs: atMs - last.atMs, ...(last.to && { to: last.to }) };
    this.trace.add(traced, { name, atMs, queue: queue.name, ...given });
    if (outcome === 'ack') this.trace.leave(queue, ref);
  }

  refused(message: Message, queue: Queue): void {
    this.step(message, queue, NO_REF, 'refused');
  }

  died(queue: Queue, message: Message | null, ref: Ref, reason: DeathReason): void {
    // The end of a delay is no death.
    if (!queue.rules.holds) this.step(message, queue, ref, STEP_OF_DEATH[reason]);
  }

  forwarded(from: Leaving, to: Message, targets: readonly Queue[], name: Forwarding): void {
    const { message, queue, ref } = from;
    const traced = this.trace.continue(message, queue, ref, to);
    if (traced === undefined) return;
    const atMs = this.trace.options.now();
    if (name === 'delayed') {
      traced.heldBack(true);
      this.trace.add(traced, { name: 'delayed', atMs, exchange: message.exchange });
      return;
    }
    const queues = targets.map(({ name }) => name);
    traced.heldBack(false);
    // What waits for its delay is in a queue that nobody knows.
    const where = name === 'released' ? {} : { queue: queue.name };
    this.trace.add(traced, { name, atMs, ...where, exchange: to.exchange, queues });
  }

  stop(): void {}

  private step(message: Message | null, queue: Queue, ref: Ref, name: Step['name']): void {
    const traced = this.trace.find(message, queue, ref);
    if (traced === undefined) return;
    this.trace.add(traced, { name, atMs: this.trace.options.now(), queue: queue.name });
  }

  /** It was in the queue before anybody looked, or the broker itself sent it. */
  private late(message: Message, queue: Queue): TracedMessage | null {
    const traced = this.trace.begin(this.vhost, message, [queue.name]);
    if (traced === null) return null;
    traced.reached([queue.name]);
    this.trace.admit(traced);
    return traced;
  }
}

function placeOf({ id }: Queue, ref: Ref): string {
  return `${id} ${ref}`;
}
