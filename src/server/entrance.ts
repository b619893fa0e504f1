/**
 * Entrance: what a connection passes before it reaches its adapter, as far as the listener asks
 * for it: the WebSocket handshake. Whoever is not through in time is turned away here, so that
 * nobody holds a place without speaking.
 */
import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';
import { endsOf, type Origin, originOf } from './origin.ts';
import type { Protocol } from './protocol.ts';
import type { Shared } from './shared.ts';
import { openSocketClient } from './socket-client.ts';
import { WebSocketEndpoint, type WebSocketRules } from './websocket-endpoint.ts';
import { WebSocketServer } from './websocket-server.ts';

export interface EntranceOptions {
  /** How long all this may take, for ever if not given. */
  readonly handshakeTimeoutMs?: number;
  /** Clients come over WebSocket. */
  readonly webSocket?: WebSocketRules;
}

/** Called with a client that is through, and when it has gone. */
type Told = (one: OpenConnection) => void;

export class Entrance {
  private readonly protocol: Protocol;
  private readonly shared: Shared;
  private readonly timeoutMs: number;
  private readonly webSocket: WebSocketServer | null = null;
  /** Those that are not through yet, with their deadline. */
  private readonly entering = new Map<Socket, NodeJS.Timeout | null>();

  constructor(protocol: Protocol, options: EntranceOptions, shared: Shared) {
    this.protocol = protocol;
    this.shared = shared;
    this.timeoutMs = options.handshakeTimeoutMs ?? Number.POSITIVE_INFINITY;
    if (options.webSocket !== undefined) {
      const endpoint = new WebSocketEndpoint(protocol, options.webSocket, shared);
      this.webSocket = new WebSocketServer(endpoint);
    }
  }

  /** Is there anything to pass before the adapter? */
  static needed(options: EntranceOptions): boolean {
    return options.webSocket !== undefined;
  }

  /** Takes an accepted socket that is not being read yet. */
  enter(socket: Socket, joined: Told, left: Told): void {
    const { shared, timeoutMs } = this;
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => this.late(socket), timeoutMs)
      : null;
    this.entering.set(socket, timer);
    socket.on('error', (error) => shared.log.debug(`${this.protocol.name}: ${error.message}`));
    socket.once('close', () => this.through(socket));
    this.hand(
      socket,
      originOf(endsOf(socket), null),
      (one) => {
        this.through(socket);
        joined(one);
      },
      left,
    );
  }

  /** Turns away everybody who is not through. */
  stop(): void {
    for (const socket of this.entering.keys()) socket.destroy();
  }

  private hand(socket: Socket, origin: Origin, joined: Told, left: Told): void {
    if (this.webSocket !== null) this.webSocket.enter(socket, origin, joined, left);
    else joined(openSocketClient(socket, origin, this.protocol, this.shared, null, left));
  }

  private late(socket: Socket): void {
    const { name } = originOf(endsOf(socket), null);
    this.shared.log.info(`${this.protocol.name} connection ${name}: handshake timed out`);
    socket.destroy();
  }

  private through(socket: Socket): void {
    clearTimeout(this.entering.get(socket) ?? undefined);
    this.entering.delete(socket);
  }
}
