/**
 * Confirms: publisher confirms of one channel (RabbitMQ's extension, class confirm). Numbers
 * messages from 1, collects what became of them, and answers once per turn with as few frames as
 * can be: one ack for everything up to the last message without a gap, single ones beyond it.
 * Hot path: transient messages are settled in order and allocate nothing.
 */
import { Receipt, type ReceiptHolder } from '../../src/broker/receipt.ts';
import { Traffic } from '../../src/broker/traffic.ts';

/** Sends what Confirms found out. */
export interface ConfirmWriter {
  /** flush() wants to be called before this turn of the event loop ends. */
  confirmsWaiting(): void;
  writeConfirm(method: 'basic.ack' | 'basic.nack', tag: number, multiple: boolean): void;
}

export class Confirms implements ReceiptHolder {
  /** Messages whose publisher has no answer yet. */
  unconfirmed = 0;
  private readonly writer: ConfirmWriter;
  private readonly traffic: Traffic;
  private lastSequence = 0;
  /** Every message up to here is settled one way or the other. */
  private settledUpTo = 0;
  /** The last accepted message up to there, and the last one that has been acked so. */
  private acceptedUpTo = 0;
  private ackedUpTo = 0;
  /** Settled beyond a gap; true if it still has to be acked. */
  private readonly ahead = new Map<number, boolean>();
  /** Accepted beyond a gap since the last flush. */
  private toAck: number[] = [];
  private toNack: number[] = [];
  private waiting = false;
  private spare: Receipt | null = null;

  /** @param traffic where confirmed messages are counted */
  constructor(writer: ConfirmWriter, traffic: Traffic = new Traffic()) {
    this.writer = writer;
    this.traffic = traffic;
  }

  /** The receipt of the next message, held once; let go of it with release(). */
  next(): Receipt {
    const receipt = this.spare ?? new Receipt(this, 0);
    this.spare = null;
    this.unconfirmed++;
    return receipt.reuse(++this.lastSequence);
  }

  release(receipt: Receipt): void {
    if (receipt.release()) this.spare = receipt;
  }

  completed(sequence: number, accepted: boolean): void {
    this.unconfirmed--;
    if (accepted) this.traffic.confirm++;
    else this.toNack.push(sequence);
    if (sequence === this.settledUpTo + 1) this.settleInOrder(sequence, accepted);
    else this.settleAhead(sequence, accepted);
    if (this.waiting) return;
    this.waiting = true;
    this.writer.confirmsWaiting();
  }

  /** Sends everything that is known. */
  flush(): void {
    this.waiting = false;
    for (const sequence of this.toNack) this.writer.writeConfirm('basic.nack', sequence, false);
    if (this.toNack.length > 0) this.toNack = [];
    if (this.acceptedUpTo > this.ackedUpTo) {
      const multiple = this.acceptedUpTo > this.ackedUpTo + 1;
      this.writer.writeConfirm('basic.ack', this.acceptedUpTo, multiple);
    }
    // Those in between were refused, and that has been said.
    this.ackedUpTo = this.settledUpTo;
    if (this.toAck.length > 0) this.flushAhead();
  }

  private settleAhead(sequence: number, accepted: boolean): void {
    this.ahead.set(sequence, accepted);
    if (accepted) this.toAck.push(sequence);
  }

  /** Acks one by one what is still beyond a gap; the rest has been acked together. */
  private flushAhead(): void {
    for (const sequence of this.toAck) {
      if (this.ahead.get(sequence) !== true) continue;
      this.writer.writeConfirm('basic.ack', sequence, false);
      this.ahead.set(sequence, false);
    }
    this.toAck = [];
  }

  private settleInOrder(sequence: number, accepted: boolean): void {
    let last = sequence;
    if (accepted) this.acceptedUpTo = last;
    while (this.ahead.size > 0) {
      const ack = this.ahead.get(last + 1);
      if (ack === undefined) break;
      this.ahead.delete(++last);
      if (ack) this.acceptedUpTo = last;
    }
    this.settledUpTo = last;
  }
}
