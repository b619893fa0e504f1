/**
 * Receipt: the promise to tell a publisher what became of one message. The adapter holds it for
 * the time of the publish, and so does each store that has to write the message; when the last
 * one lets go, the adapter is told. Hot path: a receipt that only the adapter ever held can be
 * used for the next message, so that confirming transient messages allocates nothing.
 */
import type { Settled } from '../storage/message-store.ts';

/** Where a receipt reports: an adapter's list of unconfirmed messages. */
export interface ReceiptHolder {
  /** Called once per message. `accepted` is false if any queue or store refused it. */
  completed(sequence: number, accepted: boolean): void;
}

export class Receipt implements Settled {
  /** The adapter's own number for the message, e.g. AMQP's publish sequence number. */
  sequence: number;
  private readonly holder: ReceiptHolder;
  private holds = 1;
  private accepted = true;

  constructor(holder: ReceiptHolder, sequence: number) {
    this.holder = holder;
    this.sequence = sequence;
  }

  /** One more party has to let go before the publisher is told. */
  hold(): void {
    this.holds++;
  }

  /** A queue would not take the message; the publisher will be told so. */
  refuse(): void {
    this.accepted = false;
  }

  /** Lets go. Returns true when this was the last hold, so that the receipt may be used again. */
  release(): boolean {
    if (--this.holds > 0) return false;
    const accepted = this.accepted;
    this.accepted = true;
    this.holder.completed(this.sequence, accepted);
    return true;
  }

  /** Ready for another message; only after release() returned true. */
  reuse(sequence: number): this {
    this.sequence = sequence;
    this.holds = 1;
    return this;
  }

  settled(error: Error | null): void {
    if (error !== null) this.accepted = false;
    this.release();
  }
}
