/**
 * Connection: one raw AMQP socket of the load generator, with channel 1 open. It has two modes:
 * asking (call() sends a method and parses the answer) and counting (takeOver() hands every chunk
 * to a counter that does not parse). All sockets of a process read into one buffer, so handlers
 * must be done with a chunk when they return.
 */
import net from 'node:net';
import {
  CHANNEL,
  describeFrame,
  EMPTY_TABLE,
  type Frame,
  frameAt,
  long,
  longstr,
  METHOD,
  methodFrame,
  methodOf,
  octet,
  PROTOCOL_HEADER,
  serverProperties,
  short,
  shortstr,
} from './frames.ts';

/** Consumes `bytes[0 … length)`, synchronously. */
export type ChunkHandler = (bytes: Buffer, length: number) => void;

const READ_BUFFER_BYTES = 256 * 1024;
const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
const CALL_TIMEOUT_MS = 20_000;
const FRAME_MAX = 131_072;

interface Waiting {
  accepts(frame: Frame): boolean;
  resolve(frame: Frame): void;
  reject(reason: Error): void;
}

export class Connection {
  /** The texts of connection.start: product, version, platform … */
  server: ReadonlyMap<string, string> = new Map();
  readonly #socket: net.Socket;
  #onChunk: ChunkHandler;
  #onFailure: (reason: Error) => void = () => {};
  #unparsed: Buffer = Buffer.alloc(0);
  #waiting: Waiting | null = null;
  #failure: Error | null = null;

  private constructor(port: number) {
    this.#onChunk = this.#parse;
    this.#socket = net.connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number) => {
          this.#onChunk(readBuffer, length);
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.fail(error));
    this.#socket.on('close', () => this.fail(new Error('the broker closed the socket')));
  }

  /** @throws Error when the broker refuses, hangs up, or does not answer in 20 s */
  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port);
    try {
      await connection.#handshake();
    } catch (error) {
      connection.#socket.destroy();
      throw error;
    }
    return connection;
  }

  async #handshake(): Promise<void> {
    const start = await this.call(PROTOCOL_HEADER, METHOD.connectionStart);
    this.server = serverProperties(start.payload);
    const login = longstr('\x00guest\x00guest');
    const tune = await this.call(
      methodFrame(
        0,
        METHOD.connectionStartOk,
        EMPTY_TABLE,
        shortstr('PLAIN'),
        login,
        shortstr('en_US'),
      ),
      METHOD.connectionTune,
    );
    const channelMax = short(tune.payload.readUInt16BE(4));
    // No heartbeats: they would be the only frames that the counters do not expect.
    this.write(methodFrame(0, METHOD.connectionTuneOk, channelMax, long(FRAME_MAX), short(0)));
    await this.call(
      methodFrame(0, METHOD.connectionOpen, shortstr('/'), shortstr(''), octet(0)),
      METHOD.connectionOpenOk,
    );
    await this.call(methodFrame(CHANNEL, METHOD.channelOpen, shortstr('')), METHOD.channelOpenOk);
  }

  /** Sends one method and waits for the answer named; anything else is a failure. */
  call(request: Buffer, answer: number): Promise<Frame> {
    const answered = this.next((frame) => methodOf(frame) === answer);
    this.write(request);
    return answered;
  }

  /** The next frame, which must be one that `accepts` agrees with. */
  next(accepts: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const timer = setTimeout(
        () => this.fail(new Error('the broker does not answer')),
        CALL_TIMEOUT_MS,
      );
      this.#waiting = {
        accepts,
        resolve: (frame) => {
          clearTimeout(timer);
          resolve(frame);
        },
        reject: (reason) => {
          clearTimeout(timer);
          reject(reason);
        },
      };
      this.#parse(readBuffer, 0);
    });
  }

  /** From now on every chunk goes to `handler`, until handBack(). */
  takeOver(handler: ChunkHandler, onFailure: (reason: Error) => void): void {
    if (this.#unparsed.length > 0) throw new Error('bytes are left over from the set-up');
    this.#onChunk = handler;
    this.#onFailure = onFailure;
  }

  /** Back to parsing every frame; the counter must have stopped at a frame's end. */
  handBack(): void {
    this.#onChunk = this.#parse;
    this.#onFailure = () => {};
  }

  /** `bytes` must not change until they are written. */
  write(bytes: Buffer, written?: () => void): void {
    this.#socket.write(bytes, written);
  }

  /** Octets that the kernel has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.writableLength;
  }

  /** The polite way out: a broker that is merely disconnected logs a warning each time. */
  async close(): Promise<void> {
    if (this.#failure === null) {
      await this.call(
        methodFrame(0, METHOD.connectionClose, short(200), shortstr('bye'), short(0), short(0)),
        METHOD.connectionCloseOk,
      );
    }
    this.#failure ??= new Error('closed');
    this.#socket.destroy();
  }

  fail(reason: Error): void {
    if (this.#failure !== null) return;
    this.#failure = reason;
    this.#waiting?.reject(reason);
    this.#waiting = null;
    this.#onFailure(reason);
    this.#socket.destroy();
  }

  #parse(bytes: Buffer, length: number): void {
    this.#unparsed = Buffer.concat([this.#unparsed, bytes.subarray(0, length)]);
    try {
      while (this.#waiting !== null) {
        const frame = frameAt(this.#unparsed, 0);
        if (frame === null) return;
        this.#unparsed = this.#unparsed.subarray(frame.end);
        const waiting = this.#waiting;
        if (!waiting.accepts(frame)) throw new Error(`the broker sent ${describeFrame(frame)}`);
        this.#waiting = null;
        waiting.resolve(frame);
      }
    } catch (error) {
      this.fail(error as Error);
    }
  }
}
