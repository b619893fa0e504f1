/**
 * SocketEndpoint: where clients open WebSockets under `/v1`: who they are if the handshake says
 * so, and whether their page may. The 'upgrade' event of an HTTP server leads here; errors are
 * answered as everywhere under `/v1`, before there is a socket.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { User } from '../../../../src/auth/user.ts';
import type { Broker } from '../../../../src/broker/broker.ts';
import { HTTP_BATCH_OVERHEAD_BYTES, HTTP_SOCKET_IDLE_MS } from '../../../../src/limits.ts';
import type { OpenConnection } from '../../../../src/server/connections.ts';
import { endsOf, originOf } from '../../../../src/server/origin.ts';
import type { Client, Connection } from '../../../../src/server/protocol.ts';
import type { Shared } from '../../../../src/server/shared.ts';
import { tlsDetailsOf } from '../../../../src/server/tls-details.ts';
import { WebSocketEndpoint } from '../../../../src/server/websocket-endpoint.ts';
import type { Logins } from '../../login.ts';
import { checkOrigin } from '../origin-check.ts';
import { Problem, problemBody, problemOf } from '../problem.ts';
import { SocketConnection } from './connection.ts';
import { HTTP_SOCKET_PROTOCOL } from './operation.ts';

/** What the data plane hands in. */
export interface SocketEndpointOptions {
  readonly broker: Broker;
  readonly logins: Logins;
  readonly shared: Shared;
  /** What stands before `/vhosts`: `/v1`. */
  readonly base: string;
  readonly maxMessageBytes: number;
  readonly corsOrigins: readonly string[];
}

const PROTOCOL = 'HTTP WebSocket';

/** Is it one of these? */
export function isSocket({ protocol }: OpenConnection): boolean {
  return protocol === PROTOCOL;
}

export class SocketEndpoint {
  private readonly options: SocketEndpointOptions;
  private readonly endpoint: WebSocketEndpoint;

  constructor(options: SocketEndpointOptions) {
    this.options = options;
    // base64 takes a third more.
    const messageBytes = Math.ceil(options.maxMessageBytes * 1.4) + HTTP_BATCH_OVERHEAD_BYTES;
    const rules = {
      paths: [],
      subprotocols: [HTTP_SOCKET_PROTOCOL],
      subprotocolRequired: false,
      text: true,
      messageBytes,
      idleTimeoutMs: HTTP_SOCKET_IDLE_MS,
    };
    const nobody = {
      name: PROTOCOL,
      connect: () => {
        throw new Error('no path leads here');
      },
    };
    this.endpoint = new WebSocketEndpoint(nobody, rules, options.shared);
  }

  /** Takes an upgrade, or says that it is for somebody else. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): boolean {
    const vhost = this.vhostIn(request.url ?? '');
    if (vhost === null) return false;
    socket.on('error', () => {}); // 'close' follows
    this.enter(request, socket, head, vhost).catch((error: unknown) => this.refuse(socket, error));
    return true;
  }

  private vhostIn(url: string): string | null {
    const { base } = this.options;
    const path = url.replace(/[?#].*$/s, '').replace(/\/$/, '');
    if (!path.startsWith(`${base}/vhosts/`) || !path.endsWith('/socket')) return null;
    const segment = path.slice(`${base}/vhosts/`.length, -'/socket'.length);
    if (segment === '' || segment.includes('/')) return null;
    try {
      return decodeURIComponent(segment);
    } catch {
      return null;
    }
  }

  private async enter(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    vhost: string,
  ): Promise<void> {
    const { broker, logins, shared, corsOrigins } = this.options;
    const { authorization, host, origin: page } = request.headers;
    checkOrigin(page, host, corsOrigins);
    if (!shared.hasRoom()) throw new Problem('UNAVAILABLE', 'there are too many connections');
    const origin = originOf(endsOf(socket), tlsDetailsOf(socket));
    let user: User | null = null;
    if (authorization !== undefined) {
      user = await logins.userOf(authorization, origin.remoteAddress);
      if (!broker.vhosts.has(vhost)) throw new Problem('NOT_FOUND', `vhost ${vhost} not found`);
    }
    if (socket.destroyed) return;
    const mechanism = authorization?.split(' ', 1)[0] ?? '';
    const options = { broker, logins, vhost, user, mechanism };
    const connect = (client: Client): Connection => new SocketConnection(client, options);
    this.endpoint.accept(request, socket, head, origin, { name: PROTOCOL, connect });
  }

  private refuse(socket: Socket, error: unknown): void {
    let problem = problemOf(error);
    if (problem === null) {
      const shown = error instanceof Error ? error.stack : String(error);
      this.options.broker.log.error(`HTTP: internal error: ${shown}`);
      problem = new Problem('INTERNAL_ERROR', 'internal error, see the log');
    }
    const { title } = problemBody(problem);
    const body = Buffer.from(JSON.stringify(problemBody(problem)));
    const head = [
      `HTTP/1.1 ${problem.status} ${title}`,
      'connection: close',
      'content-type: application/problem+json',
      `content-length: ${body.length}`,
      ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () => {
      socket.destroy();
    });
  }
}
