/**
 * Receipts: the SEND frames that want to hear when their message is safe [STOMP 1.2, RECEIPT]. The
 * answer comes when every queue that the message reached has taken responsibility, not before; a
 * message that a queue or store refused is answered with an ERROR. Hot path: next, completed.
 */
import { Receipt, type ReceiptHolder } from '../../src/broker/receipt.ts';
import type { Traffic } from '../../src/broker/traffic.ts';

/** Sends what Receipts found out. */
export interface ReceiptWriter {
  writeReceipt(receipt: string): void;
  /** The message of the SEND with this receipt is not kept. */
  writeRejected(receipt: string): void;
}

export class Receipts implements ReceiptHolder {
  private readonly writer: ReceiptWriter;
  private readonly traffic: Traffic;
  private readonly waiting = new Map<number, string>();
  private lastSequence = 0;
  private whenNone: (() => void) | null = null;

  /** @param traffic where confirmed messages are counted */
  constructor(writer: ReceiptWriter, traffic: Traffic) {
    this.writer = writer;
    this.traffic = traffic;
  }

  /** The engine's receipt for a message, held once; the caller lets go of it after publishing. */
  next(receipt: string): Receipt {
    const sequence = ++this.lastSequence;
    this.waiting.set(sequence, receipt);
    return new Receipt(this, sequence);
  }

  completed(sequence: number, accepted: boolean): void {
    const receipt = this.waiting.get(sequence)!;
    this.waiting.delete(sequence);
    if (accepted) {
      this.traffic.confirm++;
      this.writer.writeReceipt(receipt);
    } else this.writer.writeRejected(receipt);
    if (this.waiting.size === 0) this.whenNone?.();
  }

  /** Resolves when no message waits any more. Nothing may be sent meanwhile. */
  settled(): Promise<void> {
    if (this.waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenNone = resolve;
    });
  }
}
