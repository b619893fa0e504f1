/**
 * HttpConnection: one keep-alive connection that sends requests made beforehand and waits for each
 * answer, with as little work as can be, so that a broker is measured and not the client. Knows
 * answers with a content-length and event streams; nothing else.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

export class HttpConnection {
  private readonly socket: Socket;
  private waiting: ((body: Buffer) => void) | null = null;
  private fail: (error: Error) => void = () => {};
  private pieces: Buffer[] = [];
  private bytes = 0;
  private wanted = -1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('close', () => this.fail(new Error('the broker closed the connection')));
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpConnection(socket);
  }

  /** The body of the answer. @throws Error unless it is one of 2xx */
  send(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting = resolve;
      this.fail = reject;
      this.socket.write(request);
    });
  }

  /** Sends a request whose answer does not end. @param heard is given what comes */
  stream(request: Buffer, heard: (chunk: Buffer) => void): void {
    this.socket.removeAllListeners('data');
    this.socket.on('data', heard);
    this.socket.write(request);
  }

  close(): void {
    this.fail = () => {};
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.pieces.push(chunk);
    this.bytes += chunk.length;
    if (this.wanted < 0) this.readHead();
    if (this.wanted < 0 || this.bytes < this.wanted) return;
    const all = Buffer.concat(this.pieces);
    const body = all.subarray(all.indexOf(HEAD_END) + HEAD_END.length);
    this.pieces = [];
    this.bytes = 0;
    this.wanted = -1;
    const { waiting } = this;
    this.waiting = null;
    this.fail = () => {};
    waiting?.(body);
  }

  private readHead(): void {
    const all = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
    const end = all.indexOf(HEAD_END);
    if (end < 0) return;
    const head = all.toString('latin1', 0, end);
    if (!/^HTTP\/1\.1 2/.test(head)) {
      this.fail(new Error(all.toString('latin1').slice(0, 500)));
      return;
    }
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    this.wanted = end + HEAD_END.length + length;
  }
}

/** The bytes of a request of guest. */
export function requestBytes(method: string, path: string, body: string | Buffer = ''): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Basic ${Buffer.from('guest:guest').toString('base64')}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
}
