/**
 * WebSocketServer: the HTTP side of a listener for WebSocket: reads one request per connection,
 * hands an upgrade to the endpoint, and answers everything else in a sentence. The management
 * port has an HTTP server of its own and calls the endpoint itself.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HTTP_HEADER_BYTES } from '../limits.ts';
import type { OpenConnection } from './connections.ts';
import type { Origin } from './origin.ts';
import type { WebSocketEndpoint } from './websocket-endpoint.ts';

/** What is known about a socket while its request is awaited. */
interface Arrival {
  readonly origin: Origin;
  readonly joined: (one: OpenConnection) => void;
  readonly left: (one: OpenConnection) => void;
}

export class WebSocketServer {
  private readonly endpoint: WebSocketEndpoint;
  private readonly http: Server;
  private readonly arrivals = new WeakMap<object, Arrival>();

  constructor(endpoint: WebSocketEndpoint) {
    this.endpoint = endpoint;
    // Time limits are the entrance's business.
    const options = { maxHeaderSize: HTTP_HEADER_BYTES, headersTimeout: 0, requestTimeout: 0 };
    this.http = createServer(options, (request, response) => this.refuse(request, response));
    this.http.on('upgrade', (request, socket, head) => {
      const arrival = this.arrivals.get(socket);
      if (arrival === undefined) socket.destroy();
      else endpoint.upgrade(request, socket as Socket, head, arrival.origin, arrival);
    });
  }

  /** Takes a socket that is not being read yet. */
  enter(socket: Socket, origin: Origin, joined: Arrival['joined'], left: Arrival['left']): void {
    this.arrivals.set(socket, { origin, joined, left });
    this.http.emit('connection', socket);
    socket.resume();
  }

  private refuse(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { name, paths } = this.endpoint;
    response.writeHead(426, {
      connection: 'close, upgrade',
      upgrade: 'websocket',
      'content-type': 'text/plain; charset=utf-8',
    });
    response.end(`This port speaks ${name} over WebSocket, at ${paths.join(' or ')}.\n`);
  }
}
