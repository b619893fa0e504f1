/**
 * HttpListener: one port that speaks HTTP, with fastify behind it: limits on what a client may
 * send and how slowly, compression, CORS. What is answered is added by those who make one:
 * management.ts, metrics/. It does not know users or resources.
 */
import type { Server } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  COMPRESSED_FROM_BYTES,
  HTTP_CHECK_INTERVAL_MS,
  HTTP_HEADERS_TIMEOUT_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_TIMEOUT_MS,
  NAME_SEGMENT_MAX,
} from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import type { TlsIdentity } from '../../src/server/tls-identity.ts';
import { sendError } from './routing.ts';

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;|$)/;

const compress = promisify(gzip);

/** What a person is told who watches the broker start. */
const TITLES: Readonly<Record<string, string>> = {
  http: 'HTTP API',
  https: 'HTTP API over TLS',
  'http/prometheus': 'Prometheus metrics',
  'https/prometheus': 'Prometheus metrics over TLS',
};

/** Where and how a listener listens. */
export interface HttpAddress {
  /** null is every interface. */
  readonly host: string | null;
  /** 0 picks a free one. */
  readonly port: number;
}

/** What all requests to a listener are held to. */
export interface HttpOptions {
  /** As RabbitMQ's API calls it: `http`, `http/prometheus`. */
  readonly protocol: string;
  readonly log: Log;
  readonly maxBodyBytes: number;
  /** Origins that browsers may call from; `*` for any. */
  readonly corsOrigins: readonly string[];
  readonly corsMaxAge: number;
  /** The certificate that it shows; without it, it speaks HTTP in plain. */
  readonly tls?: TlsIdentity | null;
}

export class HttpListener {
  readonly app: FastifyInstance;
  readonly options: HttpOptions;

  constructor(options: HttpOptions) {
    this.options = options;
    const { tls = null } = options;
    const patience = {
      headersTimeout: HTTP_HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS,
    };
    // The type of an instance depends on whether there is this option; nobody here cares.
    const https = tls === null ? {} : ({ https: { ...tls.context, ...patience } } as object);
    this.app = Fastify({
      ...https,
      logger: false,
      bodyLimit: options.maxBodyBytes,
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: NAME_SEGMENT_MAX },
      requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
      keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
      forceCloseConnections: true,
      http: patience,
      exposeHeadRoutes: false,
      // What nobody knows is refused, not taken out without a word.
      ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
      frameworkErrors: (error, _request, reply) => sendError(reply, error, options.log),
    });
    const { app } = this;
    tls?.attach(app.server as unknown as Server);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    // A content type that is none is no reason to refuse what could be read.
    app.addHook('onRequest', async ({ raw: { headers } }) => {
      const type = headers['content-type'];
      if (type !== undefined && !MEDIA_TYPE.test(type)) headers['content-type'] = 'text/plain';
    });
    app.setErrorHandler((error, _request, reply) => sendError(reply, error, options.log));
    app.addHook('onSend', async (request, reply, payload) => compressed(request, reply, payload));
    if (options.corsOrigins.length > 0) {
      app.addHook('onRequest', async (request, reply) => this.allowOrigin(request, reply));
    }
  }

  /** The port that clients connect to; after start(). */
  get port(): number {
    return this.bound()?.port ?? 0;
  }

  get host(): string {
    return this.bound()?.address ?? '';
  }

  /** `HTTP API listening on [::]:15672` */
  toString(): string {
    const shown = this.host.includes(':') ? `[${this.host}]` : this.host;
    const { protocol } = this.options;
    return `${TITLES[protocol] ?? protocol} listening on ${shown}:${this.port}`;
  }

  /** @throws Error if the port cannot be had */
  async start({ host, port }: HttpAddress): Promise<void> {
    try {
      await this.listen(host ?? '::', port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') {
        const name = this.options.protocol;
        throw new Error(`port ${port} for ${name} is taken: is another broker running on it?`);
      }
      if (host !== null || code !== 'EAFNOSUPPORT') throw error;
      await this.listen('0.0.0.0', port);
    }
  }

  /** Listens on a socket in the file system, made with these bits taken away. */
  async startLocal(path: string, umask: number): Promise<void> {
    await this.app.ready();
    const { server } = this.app;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The socket is made before listen() returns: nobody gets in between it and a chmod.
      const before = process.umask(umask);
      server.listen(path, resolve);
      process.umask(before);
    });
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  private async listen(host: string, port: number): Promise<void> {
    await this.app.listen({ host, port });
  }

  private bound(): { address: string; port: number } | null {
    const address = this.app.server.address();
    return typeof address === 'object' ? address : null;
  }

  private allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
    const { origin } = request.headers;
    const { corsOrigins, corsMaxAge } = this.options;
    if (origin === undefined) return;
    if (!corsOrigins.includes('*') && !corsOrigins.includes(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-allow-credentials', 'true');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'HEAD, GET, POST, PUT, DELETE, OPTIONS');
    const asked = request.headers['access-control-request-headers'];
    if (asked !== undefined) reply.header('access-control-allow-headers', asked);
    reply.header('access-control-max-age', String(corsMaxAge));
  }
}

async function compressed(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const whole = typeof payload === 'string' || Buffer.isBuffer(payload);
  if (!whole || payload.length < COMPRESSED_FROM_BYTES) return payload;
  if (reply.hasHeader('content-encoding')) return payload;
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return payload;
  const bytes = await compress(payload);
  reply.header('content-encoding', 'gzip');
  reply.removeHeader('content-length');
  return bytes;
}
