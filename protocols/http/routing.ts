/**
 * Routing: the management API's resources as fastify routes, with what holds for every one of
 * them [management-api.md §1.1]: login and rights, JSON whatever the content type says, HEAD
 * beside GET, OPTIONS, 405 with `allow`, errors as `{"error", "reason"}`. What a resource does is
 * management/<resource>.ts.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { User } from '../../src/auth/user.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Log } from '../../src/log.ts';
import { Answer, ApiError, apiErrorOf, badRequest, notFound } from './answer.ts';
import { isObject, type JsonObject, type Query } from './input.ts';
import { describe, Listing, render } from './listing.ts';
import { type Access, Viewer } from './viewer.ts';

/** One request as a resource sees it. */
export interface Call {
  readonly viewer: Viewer;
  /** The decoded segments of the path by their names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Parsed JSON; undefined if the body was empty. */
  readonly body: unknown;
  /** The same as it came. */
  readonly raw: Buffer | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Bytes with headers of their own. */
export class RawAnswer {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;

  constructor(bytes: Buffer, headers: Readonly<Record<string, string>>) {
    this.bytes = bytes;
    this.headers = headers;
  }
}

/** Takes the answer over, and sends it bit by bit. */
export class StreamAnswer {
  readonly start: (reply: FastifyReply) => void;

  constructor(start: (reply: FastifyReply) => void) {
    this.start = start;
  }
}

/** Gives back a value (200), a Listing, an Answer, or undefined for 404. */
export type Handler = (call: Call) => unknown;

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** A path of the API and what it answers. */
export interface Resource {
  /** In fastify's words: `/api/queues/:vhost/:name`. */
  readonly path: string;
  /** Who may read; and who may change, if that is somebody else. */
  readonly access: Access;
  readonly changeAccess?: Access;
  readonly get?: Handler;
  readonly put?: Handler;
  readonly post?: Handler;
  readonly delete?: Handler;
}

/** What every route needs. */
export interface RoutingContext {
  readonly log: Log;
  hasVhost(name: string): boolean;
  viewerOf(request: FastifyRequest): Promise<Viewer>;
}

/** Whoever has not logged in. */
const NOBODY = new Viewer(new User('', []));

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE'];

/** The headers of every answer of the API. */
export const API_HEADERS = {
  'cache-control': 'no-cache',
  vary: 'accept, accept-encoding, origin',
};

/** Makes the routes of one resource. */
export function addResource(
  app: FastifyInstance,
  prefix: string,
  resource: Resource,
  context: RoutingContext,
): void {
  const url = `${prefix}${resource.path}`;
  const handlers = { GET: resource.get, PUT: resource.put, POST: resource.post };
  const all: Readonly<Record<Method, Handler | undefined>> = {
    ...handlers,
    DELETE: resource.delete,
  };
  const present = METHODS.filter((method) => all[method] !== undefined);
  const allow = [...(resource.get ? ['HEAD'] : []), ...present, 'OPTIONS'].join(', ');
  for (const method of present) {
    const handler = all[method] as Handler;
    const access = method === 'GET' ? resource.access : resource.changeAccess;
    const answer = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
      respond(request, reply, handler, access ?? resource.access, context);
    app.route({ method: method === 'GET' ? ['GET', 'HEAD'] : method, url, handler: answer });
  }
  app.route({
    method: 'OPTIONS',
    url,
    handler: (_request, reply) => reply.headers({ ...API_HEADERS, allow }).send(),
  });
  const absent: string[] = METHODS.filter((method) => all[method] === undefined);
  if (!resource.get) absent.push('HEAD');
  app.route({
    method: [...absent, 'PATCH'] as Method[],
    url,
    handler: (_request, reply) =>
      reply
        .code(405)
        .headers({ ...API_HEADERS, allow })
        .send(),
  });
}

async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  handler: Handler,
  access: Access,
  context: RoutingContext,
): Promise<unknown> {
  reply.headers(API_HEADERS);
  try {
    const viewer = access === 'public' ? NOBODY : await context.viewerOf(request);
    const params = request.params as Record<string, string>;
    checkCall(viewer, access, params, context);
    const { headers } = request;
    const raw = request.body as Buffer | undefined;
    const body = parsedBody(raw, headers['content-type'] ?? '');
    const query = queryOf(request);
    const result = await handler({ viewer, params, query, body, raw, headers });
    return await send(reply, result, query);
  } catch (error) {
    return sendError(reply, error, context.log);
  }
}

/** May the viewer ask that? @throws ApiError 401, or 404 for a vhost that does not exist */
export function checkCall(
  viewer: Viewer,
  access: Access,
  params: Readonly<Record<string, string>>,
  context: Pick<RoutingContext, 'hasVhost'>,
): void {
  const vhost = params.vhost ?? null;
  if (vhost !== null && !context.hasVhost(vhost)) {
    viewer.check('management', null);
    throw notFound();
  }
  viewer.check(access, vhost);
}

/** JSON, whatever the content type says, but for forms with files. */
function parsedBody(raw: Buffer | undefined, contentType: string): unknown {
  if (raw === undefined || raw.length === 0) return undefined;
  if (contentType.startsWith('multipart/')) return undefined;
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw badRequest('not_json');
  }
}

function queryOf(request: FastifyRequest): Query {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    query[name] = String(Array.isArray(value) ? value.at(-1) : value);
  }
  return query;
}

async function send(reply: FastifyReply, result: unknown, query: Query): Promise<unknown> {
  if (result === undefined) throw notFound();
  if (result instanceof Answer) return sendAnswer(reply, result);
  if (result instanceof StreamAnswer) {
    result.start(reply);
    return reply;
  }
  if (result instanceof RawAnswer) return reply.headers(result.headers).send(result.bytes);
  reply.header('content-type', 'application/json');
  if (!(result instanceof Listing)) return reply.send(Buffer.from(JSON.stringify(result)));
  return sendPieces(reply, render(result, query));
}

/** Sends text in pieces. The first ones decide: an error before them is an ordinary answer. */
export async function sendPieces(
  reply: FastifyReply,
  pieces: AsyncGenerator<string>,
): Promise<unknown> {
  const first = await pieces.next();
  const second = await pieces.next();
  if (second.done === true) return reply.send(Buffer.from(first.value ?? ''));
  return reply.send(Readable.from(chained([first.value as string, second.value], pieces)));
}

async function* chained(
  first: readonly string[],
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  yield* first;
  yield* rest;
}

/** One thing, described as the query wants it. */
export function describeOne<T>(
  item: T,
  columns: Readonly<Record<string, (item: T) => unknown>>,
  call: Call,
): unknown {
  return describe(item, columns, call.query);
}

function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): unknown {
  reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  reply.header('content-type', 'application/json');
  return reply.send(Buffer.from(JSON.stringify(body)));
}

/** Answers an error; what is nobody's fault but ours is logged, and not shown. */
export function sendError(reply: FastifyReply, error: unknown, log: Log): unknown {
  if (error instanceof Answer) return sendAnswer(reply, error);
  if (error instanceof BrokerError) return sendError(reply, apiErrorOf(error), log);
  if (error instanceof ApiError) {
    const { status, error: name, reason } = error;
    const challenge = name === 'not_authorized';
    const realm = challenge ? { 'www-authenticate': 'Basic realm="RabbitMQ Management"' } : {};
    return sendAnswer(reply, new Answer(status, { error: name, reason }, realm));
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const reason = statusCode === 413 ? 'request body is too large' : 'malformed request';
    return sendAnswer(reply, new Answer(statusCode, { error: 'bad_request', reason }));
  }
  const shown = error instanceof Error ? error.stack : String(error);
  log.error(`HTTP: internal error: ${shown}`);
  const body = { error: 'internal_error', reason: 'internal error, see the log' };
  return sendAnswer(reply, new Answer(500, body));
}

/** The body as an object. @throws ApiError if it is none; an empty body counts as `{}` */
export function objectOf({ body }: Call): JsonObject {
  if (body === undefined) return {};
  if (isObject(body)) return body;
  throw badRequest('body is not a JSON object');
}
