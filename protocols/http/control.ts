/**
 * Control: what commands on the broker's own machine may ask for, over a socket that only the
 * broker's user can open: the management API without a password, and a few things more. Nothing
 * of this is on a network port.
 */
import { existsSync, unlinkSync } from 'node:fs';
import { ALL_RIGHTS, User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { forgetAnswers } from '../../src/broker/login-renewal.ts';
import { Answer, ApiError, badRequest, NO_CONTENT } from './answer.ts';
import { HttpListener } from './http-listener.ts';
import { textOr } from './input.ts';
import type { ManagementContext } from './management/context.ts';
import { addManagement } from './management.ts';
import { addResource, type Call, objectOf, type Resource } from './routing.ts';
import { Viewer } from './viewer.ts';

/** What RabbitMQ's own tools call themselves. */
const ACTOR = 'rmq-cli';

/** Only its owner may open it. */
const SOCKET_UMASK = 0o177;

export interface ControlOptions {
  readonly path: string;
  readonly maxBodyBytes: number;
  /** Ends the broker. */
  stop(): void;
  /** Ends the broker and leaves its process; null for one that is part of another program. */
  readonly stopApp: (() => void) | null;
  /** Takes no new clients, and takes them again. */
  suspend(): void;
  resume(): Promise<void>;
  /** Changes when publishers are held back: a part of what there is, or an amount of bytes. */
  setLimit(resource: 'memory' | 'disk', limit: ResourceLimit): void;
}

/** A part of the memory, or an amount. */
export type ResourceLimit = { readonly relative: number } | { readonly absoluteBytes: number };

/** @throws ApiError if the body names no limit */
function limitIn(call: Call): ResourceLimit {
  const { relative, absolute } = objectOf(call);
  if (typeof relative === 'number' && relative >= 0) return { relative };
  if (typeof absolute === 'number' && absolute >= 0) return { absoluteBytes: absolute };
  throw badRequest('relative or absolute must be a number of at least 0');
}

/** An administrator who may enter every vhost that there is now. */
export function operatorOf(broker: Broker): User {
  const operator = new User(ACTOR, ['administrator']);
  for (const vhost of broker.vhosts.keys()) operator.permissionsIn(vhost).change(ALL_RIGHTS);
  return operator;
}

/** RabbitMQ's node can stop its application and start it again: see src/broker-node.ts. */
function appResources({ stopApp }: ControlOptions): Resource[] {
  const access = 'administrator';
  return [
    {
      path: '/control/app/stop',
      access,
      post: () => {
        if (stopApp === null) throw badRequest('the broker is part of another program');
        setImmediate(stopApp);
        return NO_CONTENT;
      },
    },
    // It runs already.
    { path: '/control/app/start', access, post: () => NO_CONTENT },
    {
      path: '/control/app/reset',
      access,
      post: () => {
        throw new ApiError(400, 'running', 'the broker has to be stopped: rabbitmqctl stop_app');
      },
    },
  ];
}

function controlResources(context: ManagementContext, options: ControlOptions): Resource[] {
  const { broker } = context;
  return [
    { path: '/control/ping', access: 'anybody', get: () => ({ status: 'ok', running: true }) },
    ...appResources(options),
    {
      path: '/control/stop',
      access: 'administrator',
      post: () => {
        // The answer goes out first.
        setImmediate(() => options.stop());
        return NO_CONTENT;
      },
    },
    {
      path: '/control/listeners',
      access: 'administrator',
      put: async () => {
        await options.resume();
        return NO_CONTENT;
      },
      delete: () => {
        options.suspend();
        return NO_CONTENT;
      },
    },
    {
      path: '/control/limits/:resource(^memory|disk$)',
      access: 'administrator',
      put: (call) => {
        options.setLimit(call.params.resource as 'memory' | 'disk', limitIn(call));
        return NO_CONTENT;
      },
    },
    {
      path: '/control/configuration',
      access: 'administrator',
      get: () => context.configuration(),
    },
    {
      path: '/control/login-answers',
      access: 'administrator',
      delete: () => {
        forgetAnswers(broker);
        return NO_CONTENT;
      },
    },
    {
      path: '/control/login',
      access: 'administrator',
      post: async (call) => {
        const body = objectOf(call);
        const login = {
          protocol: 'http',
          username: textOr(body, 'username', ''),
          password: textOr(body, 'password', ''),
          peer: { remoteAddress: '127.0.0.1', loopback: true },
        };
        const verdict = await broker.authenticate(login);
        return new Answer(typeof verdict === 'string' ? 401 : 200, { status: 'ok' });
      },
    },
  ];
}

/** Listens on the socket; one that a dead broker has left is replaced. */
export async function startControl(
  context: ManagementContext,
  options: ControlOptions,
): Promise<HttpListener> {
  const { broker } = context;
  const { path, maxBodyBytes } = options;
  const limits = { maxBodyBytes, corsOrigins: [], corsMaxAge: 0, log: broker.log };
  const listener = new HttpListener({ ...limits, protocol: 'control' });
  const viewerOf = async (): Promise<Viewer> => new Viewer(operatorOf(broker));
  addManagement(listener.app, '', context, viewerOf);
  const hasVhost = (name: string): boolean => broker.vhosts.has(name);
  for (const resource of controlResources(context, options)) {
    addResource(listener.app, '', resource, { log: broker.log, hasVhost, viewerOf });
  }
  if (existsSync(path)) unlinkSync(path);
  await listener.startLocal(path, SOCKET_UMASK);
  return listener;
}
