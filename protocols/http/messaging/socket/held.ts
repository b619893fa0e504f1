/**
 * Held: the messages that one socket has to acknowledge, by their tokens, and how much they take.
 * The session gives them back when it closes.
 */
import type { Delivery } from '../../../../src/broker/delivery.ts';
import type { Outcome } from '../../../../src/broker/queue/queue.ts';
import type { Session } from '../../../../src/broker/session.ts';
import { HTTP_LEASED_BYTES } from '../../../../src/limits.ts';

export class Held {
  private readonly deliveries = new Map<string, Delivery>();
  private bytes = 0;
  private lastToken = 0;

  /** Nothing more may be taken for the moment. */
  get full(): boolean {
    return this.bytes >= HTTP_LEASED_BYTES;
  }

  /** Returns the token. */
  add(delivery: Delivery): string {
    const token = (++this.lastToken).toString(36);
    this.deliveries.set(token, delivery);
    this.bytes += delivery.message.bodyBytes;
    return token;
  }

  /** Returns the tokens that there is nothing under (any more). */
  settle(session: Session, tokens: readonly string[], outcome: Outcome): string[] {
    return tokens.filter((token) => {
      const delivery = this.deliveries.get(token);
      if (delivery === undefined) return true;
      this.deliveries.delete(token);
      this.bytes -= delivery.message.bodyBytes;
      // Its queue may have taken it back meanwhile: it was held for too long.
      const ours = delivery.holder !== null && delivery.tally?.withdrawn !== true;
      if (ours) session.settle(delivery, outcome);
      return !ours;
    });
  }
}
