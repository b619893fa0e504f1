/**
 * TracerGroup: several tracers of one vhost as one: the firehose, and every trace that wants it.
 * Made by tracing.ts.
 */
import type { Ref } from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Message } from '../message.ts';
import type { DeathReason } from '../queue/dead-letter.ts';
import type { Outcome, Queue } from '../queue/queue.ts';
import type { Subscription } from '../subscription.ts';
import type { Traffic } from '../traffic.ts';
import type { Forwarding, Leaving, Tracer } from './tracer.ts';

export class TracerGroup implements Tracer {
  private readonly all: readonly Tracer[];

  constructor(all: readonly Tracer[]) {
    this.all = all;
  }

  routed(message: Message, queues: readonly Queue[]): void {
    for (const one of this.all) one.routed(message, queues);
  }

  published(message: Message, copyKeys: readonly string[] | null, traffic: Traffic): void {
    for (const one of this.all) one.published(message, copyKeys, traffic);
  }

  returned(message: Message): void {
    for (const one of this.all) one.returned(message);
  }

  kept(message: Message, queues: readonly Queue[], refs: readonly Ref[]): void {
    for (const one of this.all) one.kept(message, queues, refs);
  }

  delivered(delivery: Delivery, traffic: Traffic, subscription: Subscription | null): void {
    for (const one of this.all) one.delivered(delivery, traffic, subscription);
  }

  settled(delivery: Delivery, outcome: Outcome): void {
    for (const one of this.all) one.settled(delivery, outcome);
  }

  refused(message: Message, queue: Queue): void {
    for (const one of this.all) one.refused(message, queue);
  }

  died(queue: Queue, message: Message | null, ref: Ref, reason: DeathReason): void {
    for (const one of this.all) one.died(queue, message, ref, reason);
  }

  forwarded(from: Leaving, to: Message, targets: readonly Queue[], how: Forwarding): void {
    for (const one of this.all) one.forwarded(from, to, targets, how);
  }

  /** Each is stopped by whoever made it. */
  stop(): void {}
}
