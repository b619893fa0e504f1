/**
 * BodyMemory: memory for bodies that is used again. A body of some KiB is an ArrayBuffer of its
 * own, and V8 collects the whole heap for every 64 MiB of them: at 16 KiB that was half of what a
 * message cost. So adapters that copy bodies in take the memory here, and a message gives it back
 * when the last who holds it lets go (message.ts says who those are). Whoever does not tell that it
 * has finished costs a collection, no more: memory that nobody gives back is garbage like any
 * other. Hot path.
 */
import {
  BODY_MEMORY_KEPT_BYTES,
  LEAST_REUSED_BODY_BYTES,
  MOST_REUSED_BODY_BYTES,
} from '../limits-memory.ts';

/** Memory comes in multiples of this. */
const STEP_BYTES = 1024;

const SCRUBBED = 0xdd;

/** Memory for one body. */
export class BodyMemory {
  readonly bytes: Buffer;
  readonly pool: BodyPool;
  /** How many hold the message that has it. */
  holds = 0;

  constructor(bytes: Buffer, pool: BodyPool) {
    this.bytes = bytes;
    this.pool = pool;
  }

  /** The part that a body of so many bytes takes. */
  part(bytes: number): Buffer {
    return bytes === this.bytes.length ? this.bytes : this.bytes.subarray(0, bytes);
  }
}

/** Memory that no message has. One pool serves all connections. */
export class BodyPool {
  /** For tests: is what comes back overwritten, so that nobody who reads it still goes unseen? */
  static scrubs = false;
  /** Bytes that wait to be used again. */
  keptBytes = 0;
  /** By size, in steps; the one given back last is taken first: it is in the processor's cache. */
  private readonly free: BodyMemory[][] = [];

  constructor() {
    for (let size = 0; size <= MOST_REUSED_BODY_BYTES; size += STEP_BYTES) this.free.push([]);
  }

  /** Memory for a body of so many bytes; null if such bodies are not worth it. */
  take(bytes: number): BodyMemory | null {
    if (bytes < LEAST_REUSED_BODY_BYTES || bytes > MOST_REUSED_BODY_BYTES) return null;
    const steps = Math.ceil(bytes / STEP_BYTES);
    const memory = (this.free[steps] as BodyMemory[]).pop();
    if (memory === undefined) {
      return new BodyMemory(Buffer.allocUnsafeSlow(steps * STEP_BYTES), this);
    }
    this.keptBytes -= memory.bytes.length;
    return memory;
  }

  /** Nobody reads the memory any more. */
  give(memory: BodyMemory): void {
    const { bytes } = memory;
    if (BodyPool.scrubs) bytes.fill(SCRUBBED);
    if (this.keptBytes + bytes.length > BODY_MEMORY_KEPT_BYTES) return;
    memory.holds = 0;
    this.keptBytes += bytes.length;
    (this.free[bytes.length / STEP_BYTES] as BodyMemory[]).push(memory);
  }
}
