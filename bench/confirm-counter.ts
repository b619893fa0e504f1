/**
 * ConfirmCounter: how many publishes the broker has confirmed. Confirms are basic.ack frames of
 * 21 octets, but each may stand for many (`multiple`) and they may come out of order, so these
 * frames are read one by one. Hot path.
 */
import { explain } from './delivery-counter.ts';
import { ACK_BYTES, ACK_MULTIPLE, ACK_TAG_LOW, METHOD } from './frames.ts';

/** More than any window of unconfirmed publishes; a power of two. */
const RING = 1 << 16;

export class ConfirmCounter {
  /** Publishes confirmed, in whatever order. */
  count = 0;
  /** All tags up to this one are confirmed. */
  #floor = 0;
  /** Tags above the floor that are confirmed already, by `tag % RING`. */
  readonly #early = new Uint8Array(RING);
  readonly #split = Buffer.alloc(ACK_BYTES);
  #splitBytes = 0;

  /** @throws Error on any frame but basic.ack */
  receive(bytes: Buffer, length: number): void {
    let at = 0;
    if (this.#splitBytes > 0) {
      at = Math.min(ACK_BYTES - this.#splitBytes, length);
      bytes.copy(this.#split, this.#splitBytes, 0, at);
      this.#splitBytes += at;
      if (this.#splitBytes < ACK_BYTES) return;
      this.#confirm(this.#split, 0);
      this.#splitBytes = 0;
    }
    for (; at + ACK_BYTES <= length; at += ACK_BYTES) this.#confirm(bytes, at);
    bytes.copy(this.#split, 0, at, length);
    this.#splitBytes = length - at;
  }

  #confirm(bytes: Buffer, at: number): void {
    if (bytes.readUInt32BE(at + 7) !== METHOD.basicAck) {
      throw new Error(`not a confirm: ${explain(bytes.subarray(at))}`);
    }
    const tag = bytes.readUInt32BE(at + ACK_TAG_LOW);
    if (bytes[at + ACK_MULTIPLE] === 1) {
      while (this.#floor < tag) this.#advance();
    } else if (tag === this.#floor + 1) {
      this.#advance();
    } else {
      if (tag <= this.#floor || this.#early[tag % RING] === 1) {
        throw new Error(`publish ${tag} is confirmed twice`);
      }
      this.#early[tag % RING] = 1;
      this.count += 1;
    }
    while (this.#early[(this.#floor + 1) % RING] === 1) this.#advance();
  }

  /** Moves the floor over one tag, counting it unless it was counted early. */
  #advance(): void {
    this.#floor += 1;
    const slot = this.#floor % RING;
    if (this.#early[slot] === 1) this.#early[slot] = 0;
    else this.count += 1;
  }
}
