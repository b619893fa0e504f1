/**
 * Console: serves the pages that people see at `/` of the management listener: one page that
 * finds its way behind the `#` (as RabbitMQ's does, so old links work), and its assets. It says
 * to browsers what these pages may do, which is little. Knows nothing of what is on them: they
 * talk to the API like everybody else.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ConsoleFile, ConsoleFiles } from './console-files.ts';

/** What a listener says about its console. */
export interface ConsoleOptions {
  /** What stands before it; '' for nothing. */
  readonly prefix: string;
  /** Where pages may call besides the broker itself: who signs people in. */
  readonly connectOrigins: readonly string[];
  /** An operator's own Content-Security-Policy, instead of ours. */
  readonly contentPolicy?: string | null;
  readonly files?: ConsoleFiles;
}

/** The names in this folder contain a hash of what is in the file. */
const ASSETS = 'assets/';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Files beside the page, whose names stay the same. */
const BESIDE_IT = '^[\\w-]+\\.(?:css|ico|png|svg|txt|webmanifest)$';

const NOT_BUILT =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Warren</title>' +
  '<h1>The console has not been built</h1><p>The broker runs, and its ' +
  '<a href="api/index.html">HTTP API</a> answers. <code>npm start</code> builds the console; ' +
  'so does <code>node scripts/setup.cjs</code>. The packages on npm have it inside.</p>\n';

/** `host:port` as a browser sends it; anything else is not put into a header. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i;

/** Adds the pages to an HTTP server. Every other path stays what it is. */
export function addConsole(app: FastifyInstance, options: ConsoleOptions): void {
  const { prefix, files = new ConsoleFiles() } = options;
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const [path = '', query] = (request.raw.url ?? '').split('?', 2);
    // What the page refers to is relative to its folder.
    if (!path.endsWith('/') && !path.endsWith('/index.html')) {
      return reply.redirect(`${prefix}/${query === undefined ? '' : `?${query}`}`, 301);
    }
    protect(request, reply, options);
    const index = await files.get('index.html');
    reply.header('cache-control', 'no-cache');
    if (index !== null) return send(request, reply, index);
    return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
  };
  const file = async (
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
  ): Promise<unknown> => {
    const found = await files.get(name);
    if (found === null) return reply.callNotFound();
    protect(request, reply, options);
    reply.header('cache-control', name.startsWith(ASSETS) ? FOR_EVER : 'no-cache');
    return send(request, reply, found);
  };
  const method: ('GET' | 'HEAD')[] = ['GET', 'HEAD'];
  app.route({ method, url: `${prefix}/`, handler: page });
  app.route({ method, url: `${prefix}/index.html`, handler: page });
  app.route({
    method,
    url: `${prefix}/${ASSETS}*`,
    handler: (request, reply) => {
      return file(request, reply, `${ASSETS}${(request.params as { '*': string })['*']}`);
    },
  });
  app.route({
    method,
    url: `${prefix}/:file(${BESIDE_IT})`,
    handler: (request, reply) => file(request, reply, (request.params as { file: string }).file),
  });
}

/** What a browser may do with what we send: nothing that comes from anywhere else. */
function protect(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { connectOrigins, contentPolicy = null }: ConsoleOptions,
): void {
  const host = HOST.test(headers.host ?? '') ? headers.host : null;
  // Browsers do not agree on whether 'self' covers WebSockets.
  const sockets = host === null ? [] : [`ws://${host}`, `wss://${host}`];
  const policy = [
    "default-src 'self'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...sockets, ...connectOrigins].join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  reply.headers({
    'content-security-policy': contentPolicy ?? policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): unknown {
  const { headers } = request;
  reply.headers({ etag: file.etag, vary: 'accept-encoding' }).type(file.type);
  if (headers['if-none-match'] === file.etag) return reply.code(304).send();
  const accepted = String(headers['accept-encoding'] ?? '');
  const choices = [
    ['br', file.br],
    ['gzip', file.gzip],
  ] as const;
  for (const [encoding, bytes] of choices) {
    if (bytes === null || !new RegExp(`\\b${encoding}\\b(?!;q=0(?![.\\d]*[1-9]))`).test(accepted)) {
      continue;
    }
    return reply.header('content-encoding', encoding).send(bytes);
  }
  return reply.send(file.plain);
}
