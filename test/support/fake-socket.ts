/**
 * FakeSocket: as much of a net.Socket as an outbox uses. Takes everything at once, or nothing
 * while it is `blocked`; bytes are looked at when the test asks for them, as the kernel would.
 */
import type { Socket } from 'node:net';

interface Write {
  readonly bytes: Uint8Array;
  readonly done: (() => void) | undefined;
}

export class FakeSocket {
  /** Writes wait, as if the peer did not read. */
  blocked = false;
  destroyed = false;
  /** Calls of write(). */
  writes = 0;
  private readonly waiting: Write[] = [];
  private readonly taken: Buffer[] = [];
  private readonly onDrain: (() => void)[] = [];

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  get writableLength(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  on(event: string, listener: () => void): void {
    if (event === 'drain') this.onDrain.push(listener);
  }

  cork(): void {}

  uncork(): void {}

  write(bytes: Uint8Array, done?: () => void): boolean {
    this.writes++;
    this.waiting.push({ bytes, done });
    if (!this.blocked) this.take();
    return !this.blocked;
  }

  /** The peer reads all there is. */
  drain(): void {
    this.blocked = false;
    this.take();
    for (const listener of this.onDrain) listener();
  }

  /** Everything that was written, whether it has been taken or still waits. */
  bytes(): Buffer {
    return Buffer.concat([...this.taken, ...this.waiting.map(({ bytes }) => bytes)]);
  }

  private take(): void {
    for (const { bytes, done } of this.waiting.splice(0)) {
      this.taken.push(Buffer.from(bytes));
      // Later, as a socket does it.
      if (done !== undefined) process.nextTick(done);
    }
  }
}
