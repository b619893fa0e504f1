/**
 * Entrance: what a connection passes before it reaches its adapter, as far as the listener asks
 * for it, from the outside in: PROXY header, TLS, WebSocket. Whoever is not through in time is
 * turned away here, so that nobody holds a place without speaking.
 */
import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';
import { endsOf, type Origin, originOf } from './origin.ts';
import type { Ends, Protocol } from './protocol.ts';
import { readProxyHeader } from './proxy-header.ts';
import type { Shared } from './shared.ts';
import { openSocketClient } from './socket-client.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { TlsServer } from './tls-server.ts';
import { WebSocketEndpoint, type WebSocketRules } from './websocket-endpoint.ts';
import { WebSocketServer } from './websocket-server.ts';

export interface EntranceOptions {
  /** How long all this may take, for ever if not given. */
  readonly handshakeTimeoutMs?: number;
  /** Every connection begins with a PROXY header. */
  readonly proxyProtocol?: boolean;
  /** Connections are encrypted. */
  readonly tls?: TlsIdentity;
  /** Clients come over WebSocket. */
  readonly webSocket?: WebSocketRules;
}

/** Called with a client that is through, and when it has gone. */
type Told = (one: OpenConnection) => void;

export class Entrance {
  private readonly protocol: Protocol;
  private readonly shared: Shared;
  private readonly timeoutMs: number;
  private readonly proxied: boolean;
  private readonly tls: TlsServer | null = null;
  private readonly webSocket: WebSocketServer | null = null;
  private readonly joined: Told;
  private readonly left: Told;
  /** Those that are not through yet, with their deadline. */
  private readonly entering = new Map<Socket, NodeJS.Timeout | null>();

  constructor(
    protocol: Protocol,
    options: EntranceOptions,
    shared: Shared,
    joined: Told,
    left: Told,
  ) {
    this.protocol = protocol;
    this.shared = shared;
    this.joined = joined;
    this.left = left;
    this.timeoutMs = options.handshakeTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.proxied = options.proxyProtocol === true;
    if (options.tls !== undefined) {
      this.tls = new TlsServer(options.tls, protocol.name, shared.log);
    }
    if (options.webSocket !== undefined) {
      const endpoint = new WebSocketEndpoint(protocol, options.webSocket, shared);
      this.webSocket = new WebSocketServer(endpoint);
    }
  }

  /** Is there anything to pass before the adapter? */
  static needed({ proxyProtocol, tls, webSocket }: EntranceOptions): boolean {
    return proxyProtocol === true || tls !== undefined || webSocket !== undefined;
  }

  /** Takes an accepted socket that is not being read yet. */
  enter(socket: Socket): void {
    const { timeoutMs } = this;
    const ends = endsOf(socket);
    const late = (): void => this.refuse(socket, ends, 'it took too long to connect');
    this.shared.entering++;
    this.entering.set(socket, Number.isFinite(timeoutMs) ? setTimeout(late, timeoutMs) : null);
    socket.on('error', (error) => this.shared.log.debug(`${this.protocol.name}: ${error.message}`));
    socket.once('close', () => this.through(socket));
    if (!this.proxied) {
      this.identified(socket, ends, null);
      return;
    }
    readProxyHeader(
      socket,
      (header, rest) => this.identified(socket, header.ends ?? ends, rest),
      (why) => this.refuse(socket, ends, why),
    );
  }

  /** Turns away everybody who is not through. */
  stop(): void {
    for (const socket of this.entering.keys()) socket.destroy();
  }

  /** @param read bytes that were taken from the socket already */
  private identified(socket: Socket, ends: Ends, read: Buffer | null): void {
    const { tls, webSocket } = this;
    if (tls === null && webSocket === null) {
      this.open(socket, socket, originOf(ends, null), read);
      return;
    }
    if (read !== null && read.length > 0) socket.unshift(read);
    if (tls === null) {
      this.secured(socket, socket, originOf(ends, null));
      return;
    }
    tls.enter(socket, ends, (encrypted, origin) => this.secured(socket, encrypted, origin));
  }

  /** @param accepted the socket that was accepted, which `socket` may wrap */
  private secured(accepted: Socket, socket: Socket, origin: Origin): void {
    if (this.webSocket === null) {
      this.open(accepted, socket, origin, null);
      return;
    }
    const joined: Told = (one) => {
      this.through(accepted);
      this.joined(one);
    };
    this.webSocket.enter(socket, origin, joined, this.left);
  }

  private open(accepted: Socket, socket: Socket, origin: Origin, read: Buffer | null): void {
    const { protocol, shared, left } = this;
    this.through(accepted);
    this.joined(openSocketClient(socket, origin, protocol, shared, read, left));
  }

  private refuse(socket: Socket, ends: Ends, why: string): void {
    const { name } = originOf(ends, null);
    this.shared.log.info(`${this.protocol.name} connection ${name}: refused: ${why}`);
    socket.destroy();
  }

  private through(socket: Socket): void {
    clearTimeout(this.entering.get(socket) ?? undefined);
    if (this.entering.delete(socket)) this.shared.entering--;
  }
}
