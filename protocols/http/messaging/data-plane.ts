/**
 * DataPlane: messages over HTTP, under `/v1` on the port of the management API: the table of what
 * can be done, and the way of a request: who sends it, whether it may come now, its session, its
 * answer. What an operation does is in a file of its own; what is allowed the session knows.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decided } from '../../../src/auth/undecided.ts';
import type { User } from '../../../src/auth/user.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { plainAddress } from '../../../src/server/origin.ts';
import type { Shared } from '../../../src/server/shared.ts';
import type { Answer } from '../answer.ts';
import type { Logins } from '../login.ts';
import { webhookOperations } from '../webhooks/operations.ts';
import type { WebhookSenders } from '../webhooks/webhooks.ts';
import { events } from './events.ts';
import type { HttpPeer } from './http-peer.ts';
import { Intake } from './intake.ts';
import { NEW_MESSAGE } from './message-json.ts';
import { openApiOf } from './openapi.ts';
import { type Call, type Operation, routePath } from './operation.ts';
import { checkOrigin } from './origin-check.ts';
import { invalid, Problem, sendProblem } from './problem.ts';
import { publishing } from './publishing.ts';
import { receiving } from './receiving.ts';
import { Repeats } from './repeats.ts';
import { requesting } from './requesting.ts';
import { SessionPool } from './session-pool.ts';
import { isSocket, SocketEndpoint } from './socket/endpoint.ts';
import { socketOperation } from './socket/operation.ts';

/** What a listener says about its data plane. */
export interface DataPlaneOptions {
  /** What stands before `/v1`; '' for nothing. */
  readonly prefix: string;
  readonly maxMessageBytes: number;
  /** Origins that browsers may call from; `*` for any. */
  readonly corsOrigins: readonly string[];
}

export class DataPlane {
  private readonly broker: Broker;
  private readonly logins: Logins;
  private readonly pool: SessionPool;
  private readonly intake: Intake;
  private readonly repeats: Repeats;
  private readonly users = new WeakMap<FastifyRequest, User>();
  private readonly shared: Shared;
  private readonly webhooks: WebhookSenders;

  constructor(broker: Broker, logins: Logins, shared: Shared, webhooks: WebhookSenders) {
    this.broker = broker;
    this.logins = logins;
    this.shared = shared;
    this.webhooks = webhooks;
    this.pool = new SessionPool({ broker, connections: shared.connections });
    this.intake = new Intake(broker);
    this.repeats = new Repeats(broker.clock);
  }

  /** Ends every session: what is out goes back to its queue. */
  async stop(): Promise<void> {
    const reason = 'the broker stops';
    this.pool.stop(reason);
    const sockets = [...this.shared.connections].filter(isSocket);
    await Promise.all(sockets.map((one) => one.goodbye(reason)));
  }

  /**
   * Adds its paths to an HTTP server.
   * @returns what takes an upgrade to WebSocket there, or says that it is for somebody else
   */
  add(
    app: FastifyInstance,
    options: DataPlaneOptions,
  ): (request: IncomingMessage, socket: Socket, head: Buffer) => boolean {
    const { broker, logins, shared } = this;
    const { log } = broker;
    const operations = this.operations(options);
    const base = `${options.prefix}/v1`;
    const document = openApiOf(operations, base);
    app.register(
      async (v1) => {
        v1.setErrorHandler((error, _request, reply) => sendProblem(reply, error, log));
        v1.setNotFoundHandler((_request, reply) => {
          return sendProblem(reply, new Problem('NOT_FOUND', 'there is nothing at this path'), log);
        });
        v1.get('/openapi.json', (_request, reply) => reply.send(document));
        for (const one of operations) this.addRoute(v1, one, options);
        addOtherMethods(v1, operations);
      },
      { prefix: base },
    );
    const endpoint = new SocketEndpoint({ broker, logins, shared, base, ...options });
    return (request, socket, head) => endpoint.take(request, socket, head);
  }

  private operations({ maxMessageBytes }: DataPlaneOptions): Operation[] {
    const { intake, repeats } = this;
    const check = ({ request }: Call, value: unknown): string | null => {
      const validate = request.compileValidationSchema(NEW_MESSAGE);
      if (validate(value)) return null;
      const [first] = validate.errors ?? [];
      return `${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim();
    };
    const publish = { intake, repeats, maxMessageBytes, check };
    return [
      ...publishing(publish),
      requesting(publish),
      ...receiving(),
      events(),
      socketOperation(),
      ...webhookOperations(this.webhooks),
    ];
  }

  private addRoute(v1: FastifyInstance, one: Operation, options: DataPlaneOptions): void {
    const { json, query } = one;
    v1.route({
      method: one.method,
      url: routePath(one),
      bodyLimit: one.maxBodyBytes,
      schema: { ...(query && { querystring: query }), ...(json && { body: json }) },
      onRequest: (request, reply) => this.admit(request, reply, one, options),
      preValidation: async (request) => {
        if (json !== undefined) request.body = jsonOf(request.body as Buffer | undefined);
      },
      handler: (request, reply) => this.respond(request, reply, one),
    });
  }

  /** Looks who it is, and whether there is room, before the body is read. @throws Problem */
  private async admit(
    request: FastifyRequest,
    reply: FastifyReply,
    one: Operation,
    { corsOrigins }: DataPlaneOptions,
  ): Promise<void> {
    const { headers } = request;
    checkOrigin(headers.origin, headers.host, corsOrigins);
    const address = plainAddress(request.ip);
    this.users.set(request, await this.logins.userOf(headers.authorization, address));
    if (!one.publishes) return;
    const announced = Number(headers['content-length'] ?? one.maxBodyBytes);
    const bytes = Math.min(announced, one.maxBodyBytes);
    this.intake.admit(bytes);
    let held = true;
    const release = (): void => {
      if (held) this.intake.release(bytes);
      held = false;
    };
    // Whatever becomes of the request, one of them comes.
    reply.raw.once('close', release);
    if (reply.raw.destroyed) release();
  }

  private async respond(
    request: FastifyRequest,
    reply: FastifyReply,
    one: Operation,
  ): Promise<unknown> {
    const user = this.users.get(request) as User;
    const params = request.params as Record<string, string>;
    const { query, body = Buffer.alloc(0), raw } = request;
    const vhost = params.vhost as string;
    const shared = await decided(() => this.pool.acquire(user, vhost, raw.socket));
    try {
      shared.peer.asks(raw.socket, Number(request.headers['content-length'] ?? 0));
      const answer = await one.handle({ shared, params, query, body, request, reply });
      return answer === undefined ? reply : send(reply, answer, shared.peer);
    } finally {
      shared.release();
    }
  }
}

/** JSON, whatever the content type says; nothing is an empty object. @throws Problem */
function jsonOf(raw: Buffer | undefined): unknown {
  if (raw === undefined || raw.length === 0) return {};
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw invalid('the body is not JSON');
  }
}

function send(reply: FastifyReply, answer: Answer, peer: HttpPeer): unknown {
  const { status, headers, body } = answer;
  reply.code(status).header('cache-control', 'no-store');
  if (body === undefined) return reply.headers(headers).send();
  if (!Buffer.isBuffer(body)) reply.header('content-type', 'application/json');
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  peer.gets(bytes.length);
  return reply.headers(headers).send(bytes);
}

/** OPTIONS for browsers that ask first, and 405 for the rest. */
function addOtherMethods(v1: FastifyInstance, operations: readonly Operation[]): void {
  for (const path of new Set(operations.map(routePath))) {
    const there = operations.filter((one) => routePath(one) === path).map(({ method }) => method);
    const allow = [...there, 'OPTIONS'].join(', ');
    v1.options(path, (_request, reply) => reply.code(204).header('allow', allow).send());
    v1.route({
      method: (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter(
        (method) => !there.some((one) => one === method),
      ),
      url: path,
      handler: () => {
        throw new Problem('METHOD_NOT_ALLOWED', `there is ${allow} here`, { allow });
      },
    });
  }
}
