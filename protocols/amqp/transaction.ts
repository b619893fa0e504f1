/**
 * Transaction: what a channel in tx mode has published and settled since the last commit
 * [AMQP 1.9]. Publishes are checked at once but routed at commit; settled deliveries leave the
 * unacked list at once, and return there on rollback.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Message } from '../../src/broker/message.ts';
import type { Outcome } from '../../src/broker/queue/queue.ts';

/** A message that waits for the commit. */
export interface PendingPublish {
  readonly message: Message;
  readonly mandatory: boolean;
}

/** A settled delivery that waits for the commit, with its tag should it be rolled back. */
export interface PendingSettle {
  readonly tag: number;
  readonly delivery: Delivery;
  readonly outcome: Outcome;
}

export class Transaction {
  publishes: PendingPublish[] = [];
  settles: PendingSettle[] = [];

  clear(): void {
    this.publishes = [];
    this.settles = [];
  }
}
