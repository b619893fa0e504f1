/**
 * WebSocket clients: connections whose bytes travel in WebSocket messages. Where messages begin
 * and end means nothing; what an outbox sends at once is one message, because a frame of its own
 * per packet costs five times as much (protocol-libraries.md §5). Hot path: message, write.
 */
import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { OUTBOX_HIGH_WATER_BYTES } from '../limits.ts';
import type { OpenConnection } from './connections.ts';
import type { Origin } from './origin.ts';
import { Outbox, type Sink } from './outbox.ts';
import type { Client, Connection, Protocol } from './protocol.ts';
import type { Shared } from './shared.ts';
import type { WebSocketRules } from './websocket-endpoint.ts';

const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;

/** A WebSocket that has just been opened. */
export interface WebSocketArrival {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly origin: Origin;
  /** The `Authorization` header of its handshake, if the protocol wants it. */
  readonly login: string | null;
}

/**
 * Makes a client of a WebSocket.
 * @param gone called when it has closed
 */
export function openWebSocketClient(
  arrival: WebSocketArrival,
  protocol: Protocol,
  rules: WebSocketRules,
  shared: Shared,
  gone: (one: OpenConnection) => void,
): OpenConnection {
  const { ws, socket, origin } = arrival;
  let joined: Connection | null = null;
  const drained = (): void => joined?.drained();
  const outbox = new Outbox(new WebSocketSink(ws, socket, rules), shared.slabs, drained);
  const client = new WebSocketClient(arrival, outbox, rules.idleTimeoutMs);
  const connection = protocol.connect(client);
  const one = shared.connections.add(protocol.name, client, connection);
  joined = connection;
  // Who has logged in by the handshake is no stranger.
  let limited = connection.describe === undefined || !raiseLimit(ws, one, rules.messageBytes);
  ws.on('message', (data: RawData, isBinary: boolean) => {
    if (ws.readyState !== ws.OPEN) return;
    const bytes = data as Buffer;
    client.reads++;
    client.readBytes += bytes.length;
    client.heard = true;
    if (!isBinary && !rules.text) {
      ws.close(UNSUPPORTED_DATA, 'binary frames only');
      return;
    }
    connection.receive(bytes, 0, bytes.length);
    if (limited) limited = !raiseLimit(ws, one, rules.messageBytes);
  });
  ws.on('ping', (data: Buffer) => {
    client.heard = true;
    // A peer that pings and does not read would have us collect pongs.
    if (ws.bufferedAmount < OUTBOX_HIGH_WATER_BYTES) ws.pong(data);
  });
  ws.on('pong', () => {
    client.heard = true;
  });
  ws.on('error', (error: NodeJS.ErrnoException) => {
    const level = error.code?.startsWith('WS_') ? 'info' : 'debug';
    shared.log[level](`${protocol.name} connection ${origin.name}: WebSocket: ${error.message}`);
  });
  ws.on('close', () => {
    client.stopPinging();
    shared.connections.remove(one);
    gone(one);
  });
  return one;
}

/** Strangers may send small messages only: one is held in memory until it is complete. */
function raiseLimit(ws: WebSocket, one: OpenConnection, messageBytes: number): boolean {
  if (one.connection.describe !== undefined && one.describe().user === null) return false;
  const { _receiver: receiver } = ws as unknown as { _receiver?: { _maxPayload: number } };
  if (receiver !== undefined) receiver._maxPayload = messageBytes;
  return true;
}

class WebSocketClient implements Client {
  readonly name: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly loopback: boolean;
  readonly tls: Client['tls'];
  readonly subprotocol: string;
  readonly authorization: string | null;
  readonly outbox: Outbox;
  readBytes = 0;
  reads = 0;
  /** Has anything come since we looked last? */
  heard = true;
  private readonly ws: WebSocket;
  private readonly pings: NodeJS.Timeout | null = null;

  constructor({ ws, origin, login }: WebSocketArrival, outbox: Outbox, idleTimeoutMs: number) {
    this.authorization = login;
    this.name = origin.name;
    this.remoteAddress = origin.remoteAddress;
    this.remotePort = origin.remotePort;
    this.localAddress = origin.localAddress;
    this.localPort = origin.localPort;
    this.loopback = origin.loopback;
    this.tls = origin.tls;
    this.subprotocol = ws.protocol;
    this.outbox = outbox;
    this.ws = ws;
    if (!Number.isFinite(idleTimeoutMs)) return;
    this.pings = setInterval(() => this.look(), idleTimeoutMs / 2).unref();
  }

  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.heard = true;
    this.ws.resume();
  }

  end(): void {
    this.outbox.end();
    this.ws.close(NORMAL_CLOSURE);
    // Only who reads sees the answer.
    this.ws.resume();
  }

  destroy(): void {
    this.ws.terminate();
  }

  stopPinging(): void {
    if (this.pings !== null) clearInterval(this.pings);
  }

  /** Proxies drop connections that are silent, and peers vanish without a word. */
  private look(): void {
    const { ws } = this;
    // We do not read, or the peer does not: whether it lives is for others to find out.
    if (ws.isPaused || ws.bufferedAmount > 0 || ws.readyState !== ws.OPEN) return;
    if (this.heard) {
      this.heard = false;
      ws.ping();
    } else {
      ws.terminate();
    }
  }
}

/** What an outbox writes to. */
class WebSocketSink implements Sink {
  private readonly ws: WebSocket;
  private readonly socket: Socket;
  private readonly text: boolean;
  private readonly sendsText: boolean;
  /** Pieces of one message, for protocols whose clients want whole frames in a message. */
  private corked: Uint8Array[] | null = null;

  constructor(ws: WebSocket, socket: Socket, { text, sendsBinary = false }: WebSocketRules) {
    this.ws = ws;
    this.socket = socket;
    this.text = text;
    this.sendsText = text && !sendsBinary;
  }

  get writableLength(): number {
    return this.ws.bufferedAmount;
  }

  get destroyed(): boolean {
    return this.ws.readyState !== this.ws.OPEN;
  }

  /** Where Outbox.moved() looks for what the kernel has not taken. */
  get _handle(): unknown {
    return (this.socket as unknown as { _handle: unknown })._handle;
  }

  write(bytes: Uint8Array, done?: () => void): boolean {
    if (this.corked !== null) {
      this.corked.push(Uint8Array.prototype.slice.call(bytes));
      if (done !== undefined) process.nextTick(done);
      return true;
    }
    this.ws.send(bytes, { binary: !(this.sendsText && isUtf8(bytes)) }, done);
    return this.ws.bufferedAmount === 0;
  }

  cork(): void {
    if (this.text) this.corked ??= [];
    else this.socket.cork();
  }

  uncork(): void {
    if (!this.text) {
      this.socket.uncork();
      return;
    }
    const pieces = this.corked;
    this.corked = null;
    if (pieces !== null && pieces.length > 0) this.write(Buffer.concat(pieces));
  }

  on(event: 'drain', listener: () => void): void {
    this.socket.on(event, listener);
  }
}
