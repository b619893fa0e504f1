/**
 * ConsoleProxy: the built console in front of somebody else's API: files from dist/ui, `/api` from
 * a RabbitMQ, with the policy that our broker sends. What the console does not find there, it has
 * to do without.
 */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { ConsoleFiles } from '../../protocols/http/console/console-files.ts';

const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";

export class ConsoleProxy {
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server) {
    const { port } = server.address() as { port: number };
    this.url = `http://127.0.0.1:${port}/`;
    this.server = server;
  }

  /** @param apiPort where the API is on this machine */
  static async start(apiPort: number): Promise<ConsoleProxy> {
    const files = new ConsoleFiles();
    const server = createServer((asked, answer) => {
      const { url = '/', method, headers } = asked;
      if (url.startsWith('/api/')) {
        const passed = { host: '127.0.0.1', port: apiPort, path: url, method, headers };
        const other = request(passed, (reply) => {
          answer.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(answer);
        });
        other.on('error', () => answer.writeHead(502).end());
        asked.pipe(other);
        return;
      }
      const [name = ''] = url.slice(1).split('?', 1);
      void files.get(name === '' ? 'index.html' : name).then((file) => {
        if (file === null) return answer.writeHead(404).end();
        const head = { 'content-type': file.type, 'content-security-policy': POLICY };
        return answer.writeHead(200, head).end(file.plain);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ConsoleProxy(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
