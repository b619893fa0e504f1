/**
 * A WebSocket as promises: open or not, what comes, and why it ended. What is in the messages is
 * the business of the clients beside this file.
 */

/** An open one. */
export class OpenSocket {
  private readonly socket: WebSocket;
  /** What has come and nobody has taken yet. */
  private readonly early: (string | Uint8Array)[] = [];
  private take: ((data: string | Uint8Array) => void) | null = null;
  private lost: (reason: string) => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer);
      if (this.take === null) this.early.push(message);
      else this.take(message);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.lost(reason || (code === 1006 ? 'The connection broke.' : `Closed (${code}).`));
    });
  }

  /** @throws Error if the broker does not take it */
  static open(url: string, subprotocols: readonly string[]): Promise<OpenSocket> {
    const socket = new WebSocket(url, [...subprotocols]);
    const open = new OpenSocket(socket);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(open));
      socket.addEventListener('error', () => {
        reject(new Error('The broker takes no WebSocket here. Is a proxy in between?'));
      });
    });
  }

  /** Calls `take` with every message from now on, and `lost` in the end. */
  listen(take: (data: string | Uint8Array) => void, lost: (reason: string) => void): void {
    this.take = take;
    this.lost = lost;
    for (const message of this.early.splice(0)) take(message);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.socket.send(data);
  }

  close(): void {
    this.lost = () => {};
    this.take = () => {};
    this.socket.close();
  }
}

/** A promise with its ends outside, for answers that come later. */
export class Answer<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Nobody may be waiting when a connection ends.
    this.promise.catch(() => {});
  }
}
