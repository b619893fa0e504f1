/** A target of webhooks: an HTTP server that keeps what it gets and answers as a test wants. */

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came. */
export interface Hit {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Not answered yet, if the test answers itself. */
  readonly response: ServerResponse;
}

export class TargetServer {
  readonly hits: Hit[] = [];
  /** What a request is answered with; does nothing to leave it to the test. */
  answer: (hit: Hit) => void = ({ response }) => response.writeHead(204).end();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', headers } = request;
        const hit = { path, headers, body: Buffer.concat(chunks), response };
        this.hits.push(hit);
        this.answer(hit);
      });
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(): Promise<TargetServer> {
    const target = new TargetServer();
    target.server.listen(0, '127.0.0.1');
    await once(target.server, 'listening');
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.sockets.size;
  }

  get bodies(): string[] {
    return this.hits.map(({ body }) => body.toString());
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
