/**
 * Management: RabbitMQ's HTTP API as one listener: the table of resources, who is logged in, and
 * the pages around them. Each resource is a file in management/; the rules that all share are
 * routing.ts.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { plainAddress } from '../../src/server/origin.ts';
import { ApiError } from './answer.ts';
import { extensionResources } from './console/extensions.ts';
import type { Logins } from './login.ts';
import { authAttemptResources } from './management/auth-attempt.ts';
import { bindingResources } from './management/binding.ts';
import { channelResources } from './management/channel.ts';
import { connectionResources } from './management/connection.ts';
import { consumerResources } from './management/consumer.ts';
import type { ManagementContext } from './management/context.ts';
import { definitionResources } from './management/definition.ts';
import { exchangeResources } from './management/exchange.ts';
import { featureResources } from './management/feature.ts';
import { healthResources } from './management/health.ts';
import { messageResources } from './management/message.ts';
import { nodeResources } from './management/node.ts';
import { overviewResources } from './management/overview.ts';
import { parameterResources } from './management/parameter.ts';
import { peekResources } from './management/peek.ts';
import { permissionResources } from './management/permission.ts';
import { policyResources } from './management/policy.ts';
import { queueResources } from './management/queue.ts';
import { redriveResources } from './management/redrive.ts';
import { traceResources } from './management/trace.ts';
import { userResources } from './management/user.ts';
import { vhostResources } from './management/vhost.ts';
import { addResource, type Resource, type RoutingContext, sendError } from './routing.ts';
import { Viewer } from './viewer.ts';
import { webhookResources } from './webhooks/resources.ts';

/** Every resource of the API. */
export function resources(context: ManagementContext): Resource[] {
  return [
    ...overviewResources(context),
    ...nodeResources(context),
    ...exchangeResources(context),
    ...queueResources(context),
    ...bindingResources(context),
    ...messageResources(context),
    ...peekResources(context),
    ...traceResources(context),
    ...redriveResources(context),
    ...connectionResources(context),
    ...channelResources(context),
    ...consumerResources(context),
    ...healthResources(context),
    ...userResources(context),
    ...vhostResources(context),
    ...permissionResources(context),
    ...parameterResources(context),
    ...definitionResources(context),
    ...policyResources(context),
    ...featureResources(),
    ...authAttemptResources(context),
    ...webhookResources(context),
    ...extensionResources(context),
  ];
}

/**
 * Adds the API to an HTTP server.
 * @param prefix what stands before `/api`; '' for nothing
 * @param viewerOf who sends a request
 * @returns what it consists of, for those who answer the same in another way
 */
export function addManagement(
  app: FastifyInstance,
  prefix: string,
  context: ManagementContext,
  viewerOf: (request: FastifyRequest) => Promise<Viewer>,
): { readonly all: readonly Resource[]; readonly routing: RoutingContext } {
  const { broker } = context;
  const all = resources(context);
  const routing = {
    log: broker.log,
    hasVhost: (name: string) => broker.vhosts.has(name),
    viewerOf,
  };
  for (const resource of all) addResource(app, prefix, resource, routing);
  app.get(`${prefix}/api`, (_request, reply) => reply.redirect(`${prefix}/api/index.html`, 301));
  app.get(`${prefix}/api/index.html`, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(indexPage(all)),
  );
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new ApiError(404, 'Object Not Found', 'Not Found'), broker.log),
  );
  return { all, routing };
}

/** Who sends a request over the network, by name and password. */
export function byLogin(logins: Logins): (request: FastifyRequest) => Promise<Viewer> {
  return async (request) => {
    const { authorization } = request.headers;
    const viewer = new Viewer(await logins.userOf(authorization, plainAddress(request.ip)));
    await viewer.learn(logins.broker.vhosts.keys());
    return viewer;
  };
}

function indexPage(all: readonly Resource[]): string {
  const rows = all.map((resource) => {
    const { path, get, put, post, delete: remove } = resource;
    const methods = [get && 'GET', put && 'PUT', post && 'POST', remove && 'DELETE'];
    const shown = path.replace(/\(\^\[qe\]\$\)/, '');
    return `<tr><td>${methods.filter(Boolean).join(' ')}</td><td>${shown}</td></tr>`;
  });
  return (
    '<!doctype html><meta charset="utf-8"><title>HTTP API</title><h1>HTTP API</h1>' +
    "<p>RabbitMQ's management API: JSON in and out, names in paths percent-encoded.</p>" +
    `<table>${rows.join('')}</table>\n`
  );
}
