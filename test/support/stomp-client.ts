/**
 * StompClient: a STOMP client made of frames, for tests that say what no library would say. Cuts
 * what the broker sends into frames by itself, with no code of ours. Reconnects, acknowledges and
 * answers nothing on its own.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A frame of the broker. */
export interface Received {
  readonly command: string;
  /** Of repeated ones the first; without escapes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: Buffer;
  /** As it came, without the NUL and what follows. */
  readonly text: string;
}

export type Headers = Readonly<Record<string, string | number | boolean>>;

export interface StompLogin extends Headers {
  readonly login?: string;
}

/** Those that are connected, so that a test that fails does not leave one to the next. */
const connected = new Set<StompClient>();

/** A client's frame, with escapes as in 1.1 and 1.2 except in CONNECT. */
export function stompFrame(command: string, headers: Headers = {}, body: string | Buffer = '') {
  const escaped = (text: string) =>
    command === 'CONNECT'
      ? text
      : text.replace(/[\\:\r\n]/g, (c) => ({ '\\': '\\\\', ':': '\\c', '\r': '\\r' })[c] ?? '\\n');
  const lines = Object.entries(headers).map(([name, value]) => {
    return `${escaped(name)}:${escaped(String(value))}\n`;
  });
  const head = Buffer.from(`${command}\n${lines.join('')}\n`);
  return Buffer.concat([head, Buffer.from(body), Buffer.of(0)]);
}

export class StompClient {
  readonly socket: Socket;
  /** Resolves when the socket has closed. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** Line feeds between frames. */
  heartbeats = 0;
  private readonly frames: Received[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.receive(chunk));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        connected.delete(this);
        this.wake?.();
        resolve();
      });
    });
  }

  /** Frames that came and that nobody has asked for. */
  get unread(): number {
    return this.frames.length;
  }

  /** Connects and says nothing. */
  static async connect(port: number): Promise<StompClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    const client = new StompClient(socket);
    connected.add(client);
    await once(socket, 'connect');
    return client;
  }

  /** Logs in as guest, with STOMP 1.2 unless told otherwise. */
  static async login(port: number, headers: Headers = {}): Promise<StompClient> {
    const client = await StompClient.connect(port);
    const usual = { 'accept-version': '1.2', host: '/', login: 'guest', passcode: 'guest' };
    client.send('CONNECT', { ...usual, ...headers });
    await client.expect('CONNECTED');
    return client;
  }

  /** Closes by force whoever is still there. */
  static async destroyAll(): Promise<void> {
    await Promise.all([...connected].map((client) => client.destroy()));
  }

  send(command: string, headers: Headers = {}, body: string | Buffer = ''): void {
    this.socket.write(stompFrame(command, headers, body));
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The next frame. @throws Error if the socket closes instead */
  async next(): Promise<Received> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      if (this.isClosed) throw new Error('the broker closed the socket');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** The next frame, which has to be of this command. */
  async expect(command: string): Promise<Received> {
    const frame = await this.next();
    if (frame.command === command) return frame;
    throw new Error(`${command} expected, got ${frame.text}`);
  }

  /** Sends the frame and gets its receipt, with nothing in between. */
  async ask(command: string, headers: Headers = {}, body: string | Buffer = ''): Promise<void> {
    this.send(command, { ...headers, receipt: 'asked' }, body);
    const { headers: answer } = await this.expect('RECEIPT');
    if (answer['receipt-id'] !== 'asked') throw new Error(`a receipt of ${answer['receipt-id']}`);
  }

  /** Everything before has been dealt with, and nothing came of it. */
  async nothing(): Promise<void> {
    await this.ask('BEGIN', { transaction: 'nothing' });
    await this.ask('ABORT', { transaction: 'nothing' });
  }

  /** The ERROR that the broker closes the connection with: `message: body`. */
  async error(): Promise<string> {
    const { headers, body } = await this.expect('ERROR');
    await this.closed;
    return `${headers.message}: ${body}`;
  }

  /** The bodies of the next messages. */
  async bodies(count: number): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) bodies.push((await this.expect('MESSAGE')).body);
    return bodies;
  }

  /** Closes by force, as a client that dies does. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.rest, chunk]);
    for (;;) {
      while (bytes[0] === 10) {
        this.heartbeats++;
        bytes = bytes.subarray(1);
      }
      const headEnd = bytes.indexOf('\n\n');
      if (headEnd < 0) break;
      const length = /\ncontent-length:(\d+)/.exec(bytes.toString('utf8', 0, headEnd))?.[1];
      const from = headEnd + 2;
      const end = length === undefined ? bytes.indexOf(0, from) : from + Number(length);
      if (end < 0 || end >= bytes.length) break;
      if (bytes[end] !== 0) throw new Error('the broker sent a frame without a NUL');
      this.frames.push(frameOf(bytes, headEnd, end));
      // RabbitMQ's line feed after the frame is no heart-beat.
      bytes = bytes.subarray(bytes[end + 1] === 10 ? end + 2 : end + 1);
    }
    this.rest = Buffer.from(bytes);
    this.wake?.();
  }
}

function frameOf(bytes: Buffer, headEnd: number, end: number): Received {
  const [command, ...lines] = bytes.toString('utf8', 0, headEnd).split('\n') as [string];
  const headers: Record<string, string> = {};
  for (const line of lines as string[]) {
    const colon = line.indexOf(':');
    const name = unescaped(line.slice(0, colon));
    if (!Object.hasOwn(headers, name)) headers[name] = unescaped(line.slice(colon + 1));
  }
  const body = Buffer.from(bytes.subarray(headEnd + 2, end));
  const text = bytes.toString('utf8', 0, end);
  return { command, headers, body: body.toString(), bytes: body, text };
}

function unescaped(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: '\n', r: '\r', c: ':', '\\': '\\' };
  return text.replace(/\\(.)/g, (_all, char: string) => meanings[char] ?? `\\${char}`);
}
