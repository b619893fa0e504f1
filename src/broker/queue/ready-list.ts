/**
 * ReadyList: the messages of one queue and priority level that wait for a consumer, in order.
 * Every message has a position for life; a requeued one goes back into its very slot, and one
 * that expires in the middle leaves its slot empty. Rows of typed arrays in chunks of 128, so a
 * waiting message costs about 20 bytes besides itself, and nothing is allocated per message.
 * The message itself may be absent (null): its store has it. Hot path.
 */
import { assert } from '../../assert.ts';
import type { Ref } from '../../storage/message-store.ts';
import type { Message } from '../message.ts';

const CHUNK = 128;

const PRESENT = 0x8000_0000;
const REDELIVERED = 0x4000_0000;
const COUNT_MASK = 0x0fff_ffff;

/** 128 consecutive positions. */
class Chunk {
  base = 0;
  /** How many rows are present, and the first that may be. */
  size = 0;
  first = 0;
  /** null while none of the messages is here. */
  messages: (Message | null)[] | null = null;
  /** null while none of them expires. */
  expiries: Float64Array | null = null;
  readonly refs = new Float64Array(CHUNK);
  /** Flags, and behind all of them the lengths of the bodies. */
  readonly words = new Uint32Array(2 * CHUNK);
}

/** A row of the list, looked at in place: valid until the list changes. */
export class ReadyList {
  size = 0;
  /** The position that the next new message gets. */
  private tail = 0;
  /** Ascending by base; none is empty except perhaps the one that `tail` points into. */
  private readonly chunks: Chunk[] = [];
  private spare: Chunk | null = null;

  /** Appends a new message. Returns its position. */
  push(
    message: Message | null,
    ref: Ref,
    bodyBytes: number,
    expiresAtMs: number,
    deliveryCount: number,
    redelivered: boolean,
  ): number {
    const position = this.tail++;
    this.write(position, message, ref, bodyBytes, expiresAtMs, deliveryCount, redelivered);
    return position;
  }

  /** A position for a message that does not wait at all, so that a requeue knows its place. */
  skip(): number {
    return this.tail++;
  }

  /** Puts a message back where it was. */
  putBack(
    position: number,
    message: Message,
    ref: Ref,
    expiresAtMs: number,
    deliveryCount: number,
  ): void {
    const bytes = message.bodyBytes;
    this.write(position, message, ref, bytes, expiresAtMs, deliveryCount, true);
  }

  /** The position of the oldest message, −1 if there is none. */
  head(): number {
    if (this.size === 0) return -1;
    let chunk = this.chunks[0] as Chunk;
    while (chunk.size === 0) {
      this.recycle(0);
      chunk = this.chunks[0] as Chunk;
    }
    let slot = chunk.first;
    while (((chunk.words[slot] as number) & PRESENT) === 0) slot++;
    chunk.first = slot;
    return chunk.base + slot;
  }

  has(position: number): boolean {
    const chunk = this.find(position);
    return chunk !== null && ((chunk.words[position - chunk.base] as number) & PRESENT) !== 0;
  }

  messageAt(position: number): Message | null {
    const chunk = this.at(position);
    return chunk.messages === null
      ? null
      : (chunk.messages[position - chunk.base] as Message | null);
  }

  /** Fills in a message that was read back. */
  setMessage(position: number, message: Message): void {
    const chunk = this.at(position);
    chunk.messages ??= new Array(CHUNK).fill(null);
    chunk.messages[position - chunk.base] = message;
  }

  refAt(position: number): Ref {
    const chunk = this.at(position);
    return chunk.refs[position - chunk.base] as number;
  }

  bodyBytesAt(position: number): number {
    const chunk = this.at(position);
    return chunk.words[CHUNK + position - chunk.base] as number;
  }

  expiresAtMsAt(position: number): number {
    const chunk = this.at(position);
    return chunk.expiries === null ? 0 : (chunk.expiries[position - chunk.base] as number);
  }

  deliveryCountAt(position: number): number {
    const chunk = this.at(position);
    return (chunk.words[position - chunk.base] as number) & COUNT_MASK;
  }

  redeliveredAt(position: number): boolean {
    const chunk = this.at(position);
    return ((chunk.words[position - chunk.base] as number) & REDELIVERED) !== 0;
  }

  remove(position: number): void {
    const index = this.indexOf(position);
    const chunk = this.chunks[index] as Chunk;
    const slot = position - chunk.base;
    chunk.words[slot] = 0;
    if (chunk.messages !== null) chunk.messages[slot] = null;
    chunk.size--;
    this.size--;
    if (chunk.size === 0 && this.tail >= chunk.base + CHUNK) this.recycle(index);
  }

  /** The first position from `position` on that has a message, −1 if there is none. */
  next(position: number): number {
    const { chunks } = this;
    for (let index = this.search(position); index < chunks.length; index++) {
      const chunk = chunks[index] as Chunk;
      for (let slot = Math.max(chunk.first, position - chunk.base, 0); slot < CHUNK; slot++) {
        if (((chunk.words[slot] as number) & PRESENT) !== 0) return chunk.base + slot;
      }
    }
    return -1;
  }

  /** The position of the message that has `count` before it, −1 if there are not so many. */
  nth(count: number): number {
    let left = count;
    for (const chunk of this.chunks) {
      if (left >= chunk.size) {
        left -= chunk.size;
        continue;
      }
      let position = this.next(chunk.base);
      for (; left > 0; left--) position = this.next(position + 1);
      return position;
    }
    return -1;
  }

  /** How many messages are before a position. */
  rank(position: number): number {
    let count = 0;
    for (const chunk of this.chunks) {
      if (chunk.base + CHUNK <= position) {
        count += chunk.size;
        continue;
      }
      for (let slot = chunk.first; slot < CHUNK && chunk.base + slot < position; slot++) {
        if (((chunk.words[slot] as number) & PRESENT) !== 0) count++;
      }
      break;
    }
    return count;
  }

  /** Where the next new message will be: everything that waits now is before it. */
  get end(): number {
    return this.tail;
  }

  /** Every position, oldest first. The list must not change meanwhile. */
  *positions(): Generator<number> {
    for (const chunk of this.chunks) {
      for (let slot = chunk.first; slot < CHUNK; slot++) {
        if (((chunk.words[slot] as number) & PRESENT) !== 0) yield chunk.base + slot;
      }
    }
  }

  private write(
    position: number,
    message: Message | null,
    ref: Ref,
    bodyBytes: number,
    expiresAtMs: number,
    deliveryCount: number,
    redelivered: boolean,
  ): void {
    const chunk = this.ensure(position);
    const slot = position - chunk.base;
    assert((chunk.words[slot] as number) === 0, 'two messages at one position');
    if (message !== null) {
      chunk.messages ??= new Array(CHUNK).fill(null);
      chunk.messages[slot] = message;
    }
    chunk.refs[slot] = ref;
    chunk.words[CHUNK + slot] = bodyBytes;
    if (expiresAtMs !== 0) chunk.expiries ??= new Float64Array(CHUNK);
    if (chunk.expiries !== null) chunk.expiries[slot] = expiresAtMs;
    chunk.words[slot] = PRESENT | (redelivered ? REDELIVERED : 0) | (deliveryCount & COUNT_MASK);
    if (slot < chunk.first) chunk.first = slot;
    chunk.size++;
    this.size++;
  }

  /** The chunk of a position, made if it is not there. */
  private ensure(position: number): Chunk {
    const { chunks } = this;
    const last = chunks.length - 1;
    if (last >= 0) {
      const newest = chunks[last] as Chunk;
      if (position >= newest.base && position < newest.base + CHUNK) return newest;
      // The one that `tail` pointed into, and skip() has left: it would stay for ever.
      if (newest.size === 0) this.recycle(last);
    }
    const index = this.search(position);
    const found = chunks[index];
    if (found !== undefined && found.base <= position) return found;
    const chunk = this.spare ?? new Chunk();
    this.spare = null;
    chunk.base = position - (position % CHUNK);
    chunk.first = CHUNK - 1;
    chunks.splice(index, 0, chunk);
    return chunk;
  }

  private find(position: number): Chunk | null {
    const chunk = this.chunks[this.search(position)];
    return chunk !== undefined && chunk.base <= position ? chunk : null;
  }

  private at(position: number): Chunk {
    return this.chunks[this.indexOf(position)] as Chunk;
  }

  private indexOf(position: number): number {
    const index = this.search(position);
    const chunk = this.chunks[index];
    assert(chunk !== undefined && chunk.base <= position, 'no message at that position');
    return index;
  }

  /** The index of the first chunk that ends after `position`. The head's chunk is found at once. */
  private search(position: number): number {
    const { chunks } = this;
    let low = 0;
    let high = chunks.length;
    if (high === 0 || position < (chunks[0] as Chunk).base + CHUNK) return 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((chunks[middle] as Chunk).base + CHUNK <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private recycle(index: number): void {
    this.spare = this.chunks[index] as Chunk;
    if (index === 0) this.chunks.shift();
    else this.chunks.splice(index, 1);
  }
}
