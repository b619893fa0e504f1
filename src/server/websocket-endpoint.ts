/**
 * WebSocketEndpoint: where clients of one protocol connect by WebSocket [RFC 6455]: which paths
 * and subprotocols it takes, and the handshake; frames are the business of `ws`, bytes that of
 * websocket-client.ts. An HTTP server of any kind hands its 'upgrade' event to handleUpgrade().
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { SOCKET_END_GRACE_MS, WEBSOCKET_LOGIN_BYTES } from '../limits.ts';
import type { OpenConnection } from './connections.ts';
import { endsOf, type Origin, originOf } from './origin.ts';
import type { Protocol } from './protocol.ts';
import type { Shared } from './shared.ts';
import { tlsDetailsOf } from './tls-details.ts';
import { openWebSocketClient } from './websocket-client.ts';

/** What a protocol asks of WebSocket; a row of src/listeners.ts. */
export interface WebSocketRules {
  /** `/ws`. */
  readonly paths: readonly string[];
  /** In the order in which we prefer them. */
  readonly subprotocols: readonly string[];
  /** Is a client turned away that offers none of them [MQTT-6.0.0-3]? */
  readonly subprotocolRequired: boolean;
  /** Are text frames taken, and sent where the bytes are UTF-8? Otherwise all is binary. */
  readonly text: boolean;
  /** Is all that is sent binary, where text frames are taken? */
  readonly sendsBinary?: boolean;
  /** The pages that may connect, by their origins; `*` or none at all for any. */
  readonly origins?: readonly string[];
  /** Does the protocol want to see the name and password of the handshake? */
  readonly keepsLogin?: boolean;
  /** Bytes of the largest WebSocket message that a client who has logged in may send. */
  readonly messageBytes: number;
  /** A client that is silent for so long is closed; it is pinged when half of it is over. */
  readonly idleTimeoutMs: number;
}

/** Whoever wants to know what becomes of an upgrade. */
interface Told {
  joined(one: OpenConnection): void;
  left(one: OpenConnection): void;
}

const NOBODY: Told = { joined: () => {}, left: () => {} };

export class WebSocketEndpoint {
  readonly rules: WebSocketRules;
  readonly protocol: Protocol;
  private readonly shared: Shared;
  private readonly handshake: WebSocketServer;

  constructor(protocol: Protocol, rules: WebSocketRules, shared: Shared) {
    this.protocol = protocol;
    this.rules = rules;
    this.shared = shared;
    // @types/ws does not know closeTimeout yet.
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: WEBSOCKET_LOGIN_BYTES,
      // We answer pings ourselves: see websocket-client.ts.
      autoPong: false,
      closeTimeout: SOCKET_END_GRACE_MS,
      handleProtocols: (offered) => this.choose(offered) ?? false,
    };
    this.handshake = new WebSocketServer(options);
  }

  get name(): string {
    return this.protocol.name;
  }

  get paths(): readonly string[] {
    return this.rules.paths;
  }

  /** Is the request for this endpoint? */
  takes(request: IncomingMessage): boolean {
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    return this.rules.paths.includes(path);
  }

  /** The 'upgrade' event of any HTTP server: answers it, with an error if need be. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const stream = socket as Socket;
    this.upgrade(request, stream, head, originOf(endsOf(stream), tlsDetailsOf(stream)), NOBODY);
  }

  /** The same for a socket whose origin is known already. */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    origin: Origin,
    told: Told,
  ): void {
    if (!this.takes(request)) {
      refuse(socket, 404, `${this.name} is at ${this.paths.join(' or ')}.`);
      return;
    }
    this.accept(request, socket, head, origin, this.protocol, told);
  }

  /** The same when it is known that the request is for this endpoint, and who is to speak. */
  accept(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    origin: Origin,
    protocol: Protocol,
    told: Told = NOBODY,
  ): void {
    const offered = new Set((request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/));
    if (this.rules.subprotocolRequired && this.choose(offered) === null) {
      this.shared.log.info(
        `${this.name} connection ${origin.name}: refused, it offers no WebSocket subprotocol ` +
          `'${this.rules.subprotocols.join("' or '")}'`,
      );
      refuse(socket, 400, `The subprotocol has to be ${this.rules.subprotocols.join(' or ')}.`);
      return;
    }
    if (!this.welcomes(request.headers.origin)) {
      const who = `${this.name} connection ${origin.name}`;
      this.shared.log.info(`${who}: refused, pages of ${request.headers.origin} may not connect`);
      refuse(socket, 403, 'Pages of this origin may not connect: see allow_origins.');
      return;
    }
    this.handshake.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const { rules, shared } = this;
      const login = rules.keepsLogin ? (request.headers.authorization ?? null) : null;
      const arrival = { ws, socket, origin, login };
      told.joined(openWebSocketClient(arrival, protocol, rules, shared, told.left));
    });
  }

  /** Whoever is no page says no origin. */
  private welcomes(origin: string | undefined): boolean {
    const { origins = [] } = this.rules;
    if (origin === undefined || origins.length === 0) return true;
    return origins.includes('*') || origins.includes(origin);
  }

  private choose(offered: ReadonlySet<string>): string | null {
    return this.rules.subprotocols.find((name) => offered.has(name)) ?? null;
  }
}

/** Answers an upgrade that cannot be. */
function refuse(socket: Socket, status: number, sentence: string): void {
  const body = `${sentence}\n`;
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `\r\n${body}`,
    () => socket.destroy(),
  );
}
