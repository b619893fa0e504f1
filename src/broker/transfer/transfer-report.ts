/**
 * TransferReport: what a job has done, or would do: counts, where messages went, and some examples.
 * Bounded, however many messages and destinations there are.
 */
import { TRANSFER_DESTINATIONS_MAX, TRANSFER_SAMPLES_MAX } from '../../limits-inspection.ts';
import { messageId, type Sighting } from '../inspection/sighting.ts';
import type { Message } from '../message.ts';
import type { Queue } from '../queue/queue.ts';
import { originOf } from './origin.ts';
import type { Destination } from './placement.ts';

/** How many messages go to one destination, or cannot. */
export interface DestinationCount extends Destination {
  count: number;
  /** Why they cannot go; null if they can. */
  readonly problem: string | null;
}

/** One message as an example. */
export interface Sample {
  readonly id: string;
  readonly reason: string | null;
  readonly from: string | null;
  /** null if the message does not say. */
  readonly to: Destination | null;
  readonly problem: string | null;
}

export class TransferReport {
  /** Ready when it began. */
  readonly total: number;
  scanned = 0;
  matched = 0;
  /** Sent, or in a dry run those that would be. */
  going = 0;
  moved = 0;
  skipped = 0;
  /** Matched, and had left when it was their turn. */
  left = 0;
  failed = 0;
  readonly samples: Sample[] = [];
  private readonly queue: Queue;
  private readonly counts = new Map<string, DestinationCount>();
  private problems = 0;

  constructor(queue: Queue, total: number) {
    this.queue = queue;
    this.total = total;
  }

  get destinations(): Iterable<DestinationCount> {
    return this.counts.values();
  }

  /** One is on its way. */
  sent(row: Sighting, original: Message, to: Destination): void {
    this.count(to, null);
    this.sample(row, original, to, null);
  }

  /** One would go. */
  would(row: Sighting, original: Message, to: Destination): void {
    this.going++;
    this.sent(row, original, to);
  }

  /** One matches, and cannot go. */
  obstructed(row: Sighting, original: Message, to: Destination | null, problem: string): void {
    this.skipped++;
    if (to !== null) this.count(to, problem);
    this.sample(row, original, to, problem);
  }

  /** One that was asked for is not ready. */
  missing(id: string, problem: string): void {
    this.skipped++;
    if (this.problems++ >= TRANSFER_SAMPLES_MAX) return;
    this.samples.push({ id, reason: null, from: null, to: null, problem });
  }

  private count(to: Destination, problem: string | null): void {
    const key = JSON.stringify([to.queue, to.exchange, to.routingKey, problem]);
    const known = this.counts.get(key);
    if (known !== undefined) known.count++;
    else if (this.counts.size < TRANSFER_DESTINATIONS_MAX) {
      this.counts.set(key, { ...to, count: 1, problem });
    }
  }

  private sample(
    row: Sighting,
    original: Message,
    to: Destination | null,
    problem: string | null,
  ): void {
    if (problem === null) {
      if (this.samples.length - this.problems >= TRANSFER_SAMPLES_MAX) return;
    } else if (this.problems++ >= TRANSFER_SAMPLES_MAX) return;
    const origin = originOf(original);
    const id = messageId(this.queue.epoch, row);
    const [reason, from] = [origin?.reason ?? null, origin?.queue ?? null];
    this.samples.push({ id, reason, from, to, problem });
  }
}
