/**
 * Acker: settles what a consumer has received, from pre-encoded basic.ack frames of which only
 * the tag is patched: one frame for every hundred deliveries, or one for each. All acks that a
 * chunk calls for leave in one write. Hot path.
 */
import type { Connection } from './connection.ts';
import { ACK_BYTES, ACK_TAG_LOW, ackFrame } from './frames.ts';

const FRAMES_PER_WRITE = 1024;

export class Acker {
  readonly #connection: Connection;
  readonly #every: number;
  readonly #template: Buffer;
  #acked: number;

  /**
   * @param every deliveries per basic.ack, 1 …; more than one means `multiple`
   * @param acked the last delivery tag that is acknowledged already
   */
  constructor(connection: Connection, every: number, acked: number) {
    this.#acked = acked;
    this.#connection = connection;
    this.#every = every;
    const frames = Array.from({ length: FRAMES_PER_WRITE }, () => ackFrame(0, every > 1));
    this.#template = Buffer.concat(frames);
  }

  /** Acknowledges up to `count`, in full batches only. */
  advance(count: number): void {
    let due = Math.floor((count - this.#acked) / this.#every);
    while (due > 0) {
      const frames = Math.min(due, FRAMES_PER_WRITE);
      // A copy: the socket may keep it after this returns.
      const bytes = Buffer.from(this.#template.subarray(0, frames * ACK_BYTES));
      for (let at = ACK_TAG_LOW; at < bytes.length; at += ACK_BYTES) {
        this.#acked += this.#every;
        bytes.writeUInt32BE(this.#acked, at);
      }
      this.#connection.write(bytes);
      due -= frames;
    }
  }

  /** Acknowledges the rest, at the end. */
  finish(count: number): void {
    this.advance(count);
    if (count === this.#acked) return;
    this.#acked = count;
    this.#connection.write(ackFrame(count, true));
  }
}
