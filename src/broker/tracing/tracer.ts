/**
 * Tracer: is told what happens to every message of a vhost. A vhost has one only while somebody
 * wants to know: its sessions and subscriptions hold it too, and null otherwise. What is told is
 * told from inside a publish or a delivery: nothing may be published there, and nothing may throw.
 */
import type { Ref } from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Message } from '../message.ts';
import type { DeathReason } from '../queue/dead-letter.ts';
import type { Outcome, Queue } from '../queue/queue.ts';
import type { Subscription } from '../subscription.ts';
import type { Traffic } from '../traffic.ts';

/** A message on its way out of a queue. */
export interface Leaving {
  readonly message: Message;
  readonly queue: Queue;
  readonly ref: Ref;
}

/** Why a message goes on. */
export type Forwarding = 'dead_lettered' | 'moved' | 'delayed' | 'released';

/** See the head of this file. */
export interface Tracer {
  /** A message is about to be given to these queues. */
  routed(message: Message, queues: readonly Queue[]): void;
  /** It has been, and this is who published it; not told of what the broker itself publishes. */
  published(message: Message, copyKeys: readonly string[] | null, traffic: Traffic): void;
  /** It reached nobody and goes back to its publisher. */
  returned(message: Message): void;
  /** A store has it for these queues, under these refs: it may come back as another object. */
  kept(message: Message, queues: readonly Queue[], refs: readonly Ref[]): void;
  /** @param subscription null for one that was fetched */
  delivered(delivery: Delivery, traffic: Traffic, subscription: Subscription | null): void;
  /** Is about to end; its holder still has it. */
  settled(delivery: Delivery, outcome: Outcome): void;
  /** A queue has no room for it. */
  refused(message: Message, queue: Queue): void;
  /** A queue gave it up other than by a rejection. @param message null if it is not in memory */
  died(queue: Queue, message: Message | null, ref: Ref, reason: DeathReason): void;
  /** A message goes on as another: dead-lettered, moved, held for a delay, or released from it. */
  forwarded(from: Leaving, to: Message, targets: readonly Queue[], how: Forwarding): void;
  /** Nothing is told any more. */
  stop(): void;
}
