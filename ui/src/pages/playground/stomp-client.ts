/**
 * StompClient: as much of STOMP 1.2 as a page needs to publish and subscribe, over WebSocket. It
 * asks for a receipt of whatever it sends, so that nothing is claimed that is not so.
 */
import type { Client, Outgoing, Received } from './conversation.ts';
import { Answer, OpenSocket } from './web-socket.ts';

interface Frame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const HEADERS_NOT_SHOWN: readonly string[] = ['subscription', 'content-length', 'ack'];

export class StompClient implements Client {
  private readonly socket: OpenSocket;
  private readonly connected = new Answer<void>();
  private readonly receipts = new Map<string, Answer<void>>();
  private take: (message: Received) => void = () => {};
  private lastId = 0;
  private rest = new Uint8Array();

  private constructor(socket: OpenSocket, lost: (reason: string) => void) {
    this.socket = socket;
    const ended = (reason: string) => {
      this.fail(new Error(reason));
      lost(reason);
    };
    socket.listen((data) => {
      this.push(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    }, ended);
  }

  /** @throws Error if the login is refused */
  static async connect(
    url: string,
    vhost: string,
    { username, password }: { readonly username: string; readonly password: string },
    lost: (reason: string) => void,
  ): Promise<StompClient> {
    const socket = await OpenSocket.open(url, ['v12.stomp']);
    const client = new StompClient(socket, lost);
    const login = { login: username, passcode: password };
    const headers = { 'accept-version': '1.2', host: vhost, ...login, 'heart-beat': '0,0' };
    // CONNECT is the one frame whose headers are not escaped.
    socket.send(frameOf('CONNECT', headers, '', (value) => value));
    await client.connected.promise;
    return client;
  }

  async subscribe(where: string, take: (message: Received) => void): Promise<void> {
    this.take = take;
    const id = String(++this.lastId);
    await this.ask('SUBSCRIBE', { id, destination: where, ack: 'auto' });
  }

  async publish({ where, payload, contentType }: Outgoing): Promise<string> {
    const headers: Record<string, string> = { destination: where };
    if (contentType !== '') headers['content-type'] = contentType;
    await this.ask('SEND', headers, payload);
    return 'The broker sent a receipt: it has the message.';
  }

  close(): void {
    this.socket.send(frameOf('DISCONNECT', {}));
    this.socket.close();
  }

  /** Sends a frame and waits for its receipt. */
  private ask(command: string, headers: Record<string, string>, body = ''): Promise<void> {
    const receipt = `r${++this.lastId}`;
    const answer = new Answer<void>();
    this.receipts.set(receipt, answer);
    this.socket.send(frameOf(command, { ...headers, receipt }, body));
    return answer.promise;
  }

  private fail(error: Error): void {
    this.connected.reject(error);
    for (const answer of this.receipts.values()) answer.reject(error);
    this.receipts.clear();
  }

  private push(bytes: Uint8Array): void {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    let at = 0;
    for (;;) {
      while (all[at] === 10 || all[at] === 13) at++;
      const end = endOf(all, at);
      if (end === null) break;
      this.receive(frameIn(all.subarray(at, end)));
      at = end + 1;
    }
    this.rest = all.slice(at);
  }

  private receive({ command, headers, body }: Frame): void {
    if (command === 'CONNECTED') this.connected.resolve();
    else if (command === 'ERROR') {
      const details = new TextDecoder().decode(body).trim();
      this.fail(new Error([headers.message, details].filter(Boolean).join(': ')));
    } else if (command === 'RECEIPT') {
      this.receipts.get(headers['receipt-id'] ?? '')?.resolve();
      this.receipts.delete(headers['receipt-id'] ?? '');
    } else if (command === 'MESSAGE') {
      const { destination = '', ...others } = headers;
      const shown = Object.entries(others).filter(([name]) => !HEADERS_NOT_SHOWN.includes(name));
      this.take({ where: destination, payload: body.slice(), facts: Object.fromEntries(shown) });
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\r': '\\r',
  '\n': '\\n',
  ':': '\\c',
};

function escaped(value: string): string {
  return value.replace(/[\\\r\n:]/g, (one) => ESCAPES[one] ?? one);
}

function plain(value: string): string {
  const back: Readonly<Record<string, string>> = {
    '\\\\': '\\',
    '\\r': '\r',
    '\\n': '\n',
    '\\c': ':',
  };
  return value.replace(/\\[\\rnc]/g, (one) => back[one] ?? one);
}

function frameOf(
  command: string,
  headers: Readonly<Record<string, string>>,
  body = '',
  write = escaped,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${write(name)}:${write(value)}`);
  const length = body === '' ? [] : [`content-length:${new TextEncoder().encode(body).length}`];
  return `${[command, ...lines, ...length].join('\n')}\n\n${body}\0`;
}

/** Where the NUL of the frame is that begins there; null if it has not come yet. */
function endOf(bytes: Uint8Array, at: number): number | null {
  const head = headEnd(bytes, at);
  if (head === null) return null;
  const text = new TextDecoder().decode(bytes.subarray(at, head));
  const length = /^content-length:(\d+)\r?$/m.exec(text)?.[1];
  if (length !== undefined) {
    const end = head + Number(length);
    return end < bytes.length ? end : null;
  }
  const end = bytes.indexOf(0, head);
  return end < 0 ? null : end;
}

/** Behind the empty line. */
function headEnd(bytes: Uint8Array, at: number): number | null {
  for (let i = at; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    if (bytes[i + 1] === 10) return i + 2;
    if (bytes[i + 1] === 13 && bytes[i + 2] === 10) return i + 3;
  }
  return null;
}

function frameIn(bytes: Uint8Array): Frame {
  const head = headEnd(bytes, 0) ?? bytes.length;
  const [command = '', ...lines] = new TextDecoder().decode(bytes.subarray(0, head)).split(/\r?\n/);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = plain(line.slice(0, colon));
    // The first one counts [STOMP 1.2, repeated headers].
    headers[name] ??= plain(line.slice(colon + 1));
  }
  return { command, headers, body: bytes.subarray(head) };
}
