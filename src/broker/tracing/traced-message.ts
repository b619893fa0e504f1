/**
 * TracedMessage: one message as a trace has followed it: who published it, which queues it reached,
 * and what became of it there, as a list of steps. Bounded: of a message that is delivered again
 * and again the later steps are counted only.
 */
import { TRACE_STEPS_MAX } from '../../limits-inspection.ts';
import type { Field, Fields } from '../field.ts';
import type { Message } from '../message.ts';
import type { Party } from '../party.ts';
import type { Properties } from '../properties.ts';

/** What can happen to a message. */
export type StepName =
  | 'published'
  | 'routed'
  | 'unroutable'
  | 'returned'
  | 'refused'
  | 'delayed'
  | 'released'
  | 'delivered'
  | 'acked'
  | 'requeued'
  | 'rejected'
  | 'expired'
  | 'dropped'
  | 'delivery_limit'
  | 'dead_lettered'
  | 'moved';

/** Something that happened to a message. */
export interface Step {
  readonly name: StepName;
  readonly atMs: number;
  readonly queue?: string;
  readonly to?: Party & { readonly consumerTag: string | null };
  readonly redelivered?: boolean;
  /** It counts as acknowledged with the delivery. */
  readonly autoAck?: boolean;
  /** How long it was out. */
  readonly heldMs?: number;
  readonly exchange?: string;
  readonly queues?: readonly string[];
}

/** Where a message stands in one queue. */
export type Standing =
  | 'ready'
  | 'delivered'
  | 'acked'
  | 'rejected'
  | 'expired'
  | 'dropped'
  | 'refused'
  | 'dead_lettered'
  | 'moved'
  | 'delayed';

/** What a message weighs besides payload and headers; what a step does, and a queue reached. */
const MESSAGE_BYTES = 700;
const STEP_BYTES = 120;
const QUEUE_BYTES = 64;

/** Objects that a message has been: those before have left every queue long ago. */
const OBJECTS_MAX = 8;

/** No queue is called that. */
const HELD_BACK = '';

const STANDING_AFTER: Readonly<Partial<Record<StepName, Standing>>> = {
  refused: 'refused',
  delivered: 'delivered',
  acked: 'acked',
  requeued: 'ready',
  rejected: 'rejected',
  expired: 'expired',
  dropped: 'dropped',
  delivery_limit: 'rejected',
  dead_lettered: 'dead_lettered',
  moved: 'moved',
};

export class TracedMessage {
  readonly id: number;
  readonly vhost: string;
  readonly atMs: number;
  readonly exchange: string;
  readonly properties: Properties;
  readonly payloadBytes: number;
  /** The beginning of it, as far as it was asked for. */
  readonly payload: Buffer | null;
  routingKeys: readonly string[];
  publisher: Party | null = null;
  /** The last change of the trace that was one of this message. */
  seq = 0;
  readonly steps: Step[] = [];
  /** Steps beyond those that are kept. */
  moreSteps = 0;
  /** What it takes in memory, about. */
  bytes: number;
  /** Is it among those that are shown? Some only are if the right client gets them. */
  shown = false;
  /** The trace has let go of it. */
  gone = false;
  /** In each queue that it has reached. */
  readonly standings = new Map<string, Standing>();
  /** What a store calls it, for when it comes back from there. */
  readonly places: string[] = [];
  /** The objects that it was; the queues have them. */
  readonly objects: WeakRef<Message>[] = [];

  constructor(id: number, vhost: string, atMs: number, message: Message, payloadBytes: number) {
    const { exchange, routingKey, properties, body } = message;
    this.id = id;
    this.vhost = vhost;
    this.atMs = atMs;
    this.exchange = exchange;
    this.routingKeys = [routingKey];
    this.properties = properties;
    this.payloadBytes = body.length;
    this.payload = payloadBytes === 0 ? null : Buffer.from(body.subarray(0, payloadBytes));
    const headers = properties.hasHeaders ? sizeOf(properties.headers as Fields) : 0;
    this.bytes = MESSAGE_BYTES + routingKey.length + (this.payload?.length ?? 0) + headers;
  }

  /** Where it stands in all queues together. */
  get state(): Standing | 'unroutable' | 'mixed' {
    const states = new Set(this.standings.values());
    // Where it went on from does not count any more, unless it went nowhere.
    if (states.size > 1) states.delete('dead_lettered');
    if (states.size > 1) states.delete('moved');
    const [only] = states;
    if (only === undefined) return 'unroutable';
    return states.size === 1 ? only : 'mixed';
  }

  /** @returns whether it is kept */
  add(step: Step): boolean {
    const { queue, queues, name } = step;
    const standing = step.autoAck === true ? 'acked' : STANDING_AFTER[name];
    if (queue !== undefined && standing !== undefined) this.standings.set(queue, standing);
    // It may be back in the very queue that it has left.
    if (queues !== undefined) this.reached(queues);
    if (this.steps.length >= TRACE_STEPS_MAX) {
      this.moreSteps++;
      return false;
    }
    this.steps.push(step);
    this.bytes += STEP_BYTES;
    return true;
  }

  /** An exchange holds it back, or does so no longer. */
  heldBack(held: boolean): void {
    if (held) this.standings.set(HELD_BACK, 'delayed');
    else this.standings.delete(HELD_BACK);
  }

  /** It is another object from now on. */
  becomes(message: Message): void {
    this.objects.push(new WeakRef(message));
    if (this.objects.length > OBJECTS_MAX) this.objects.shift();
  }

  /** It waits in these queues from now on. */
  reached(queues: readonly string[]): void {
    for (const queue of queues) this.standings.set(queue, 'ready');
    this.bytes += QUEUE_BYTES * queues.length;
  }

  /** When it was last delivered from a queue, to whom; undefined if it never was. */
  lastDelivery(queue: string): Step | undefined {
    return this.steps.findLast((step) => step.name === 'delivered' && step.queue === queue);
  }
}

function sizeOf(field: Field): number {
  if (typeof field === 'string') return 16 + field.length;
  if (Buffer.isBuffer(field)) return 16 + field.length;
  if (Array.isArray(field)) return field.reduce((sum: number, item) => sum + sizeOf(item), 16);
  if (!(field instanceof Map)) return 16;
  let sum = 16;
  for (const [name, value] of field as Fields) sum += 32 + name.length + sizeOf(value);
  return sum;
}
