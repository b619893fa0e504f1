/**
 * PublishAcks: PUBACK and PUBREC for what one client publishes, once every queue has it safe, in
 * the order of the PUBLISH packets [MQTT-4.6.0-2], [MQTT-4.6.0-3]. Hot path: what is safe at once,
 * with nothing before it waiting, is answered at once and allocates nothing.
 */
import { Receipt, type ReceiptHolder } from '../../src/broker/receipt.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { writeAck } from './acks.ts';
import type { Version } from './packets.ts';
import { REASON } from './reason-codes.ts';

const PUBACK = 0x40;
const PUBREC = 0x50;
const QOS2 = 0x1_0000;

/** Of packets that are answered, for those that come next. */
const ROWS_KEPT = 1024;

/** What the acknowledgements need of their connection. */
export interface AckHost {
  readonly version: Version;
  readonly outbox: Outbox;
  readonly session: Session;
  /** A message of QoS 2 was refused: its identifier is free [MQTT 4.3.3]. */
  forgetReceived(id: number): void;
  /** A version without reason codes cannot say that a message was refused: it is disconnected. */
  refusedUnsaid(reason: number): void;
}

export class PublishAcks implements ReceiptHolder {
  private readonly host: AckHost;
  private lastSequence = 0;
  /** The sequence of the first row. */
  private firstSequence = 1;
  /** Rows `head` to `tail`: packets that are not answered: identifier, with a bit for QoS 2. */
  private readonly ids: number[] = [];
  /** Their reason codes, −1 while a message is not safe. */
  private readonly reasons: number[] = [];
  private head = 0;
  /** Rows behind it are of no meaning: shortening an array costs more than answering. */
  private tail = 0;
  /** What publish() said about the message in hand. */
  private reason: number = REASON.SUCCESS;
  private spare: Receipt | null = null;
  private ended = false;

  constructor(host: AckHost) {
    this.host = host;
  }

  /** Messages that wait for their acknowledgement. */
  get pending(): number {
    return this.tail - this.head;
  }

  /** The receipt of the next message; let go of it with published(). */
  next(id: number, qos: number): Receipt {
    const receipt = this.spare ?? new Receipt(this, 0);
    this.spare = null;
    this.ids[this.tail] = qos === 2 ? id | QOS2 : id;
    this.reasons[this.tail++] = -1;
    return receipt.reuse(++this.lastSequence);
  }

  /** The message has been handed to the engine, which said so much about it. */
  published(receipt: Receipt, reason: number): void {
    this.reason = reason;
    const sequence = receipt.sequence;
    if (receipt.release()) {
      this.spare = receipt;
      return;
    }
    // It waits for a store: what is known so far is kept below −1.
    this.reasons[this.head + sequence - this.firstSequence] = -2 - reason;
  }

  completed(sequence: number, accepted: boolean): void {
    if (this.ended) return;
    const row = this.head + sequence - this.firstSequence;
    const known = this.reasons[row] as number;
    const reason = known <= -2 ? -2 - known : this.reason;
    this.reasons[row] = accepted ? reason : REASON.QUOTA_EXCEEDED;
    if (row === this.head) this.flush();
  }

  /** Says PUBREC again, unless it is going to be said anyway. */
  repeat(id: number): void {
    for (let row = this.head; row < this.tail; row++) {
      if (this.ids[row] === (id | QOS2)) return;
    }
    writeAck(this.host.outbox, this.host.version, PUBREC, id, REASON.SUCCESS);
  }

  /** The connection is gone: what is not answered now never will be. */
  end(): void {
    this.ended = true;
  }

  private flush(): void {
    const { ids, reasons, tail } = this;
    let { head } = this;
    while (head < tail && (reasons[head] as number) >= 0) {
      this.answer(ids[head] as number, reasons[head] as number);
      head++;
    }
    this.firstSequence += head - this.head;
    this.head = head;
    if (head === tail || (head > ROWS_KEPT && head > tail / 2)) this.moveToFront();
  }

  private moveToFront(): void {
    const { ids, reasons, head } = this;
    this.head = 0;
    this.tail -= head;
    if (ids.length <= ROWS_KEPT) return;
    ids.splice(0, head);
    reasons.splice(0, head);
    ids.length = this.tail;
    reasons.length = this.tail;
  }

  private answer(row: number, reason: number): void {
    const { host } = this;
    const id = row & 0xffff;
    const refused = reason >= 0x80;
    if (row >= QOS2 && refused) host.forgetReceived(id);
    if (refused && reason !== REASON.NOT_AUTHORIZED && host.version < 5) {
      host.refusedUnsaid(reason);
      return;
    }
    if (!refused) host.session.traffic.confirm++;
    writeAck(host.outbox, host.version, row >= QOS2 ? PUBREC : PUBACK, id, reason);
  }
}
