/**
 * Vhosts in the management API: what is said about them, how much is in them, and their limits.
 * What makes a vhost valid is decided by the engine's administration.
 */
import type { VhostWish } from '../../../src/broker/administration/vhost-administration.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { type Answer, NO_CONTENT, notFound, put } from '../answer.ts';
import {
  booleanOr,
  integerOr,
  isObject,
  type JsonObject,
  requireKeys,
  tagsOf,
  textOr,
} from '../input.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import { QUEUE_STATS_AT } from '../series.ts';
import { rangesOf } from '../statistics.ts';
import type { ManagementContext } from './context.ts';

function administrationOf(context: ManagementContext, call: Call) {
  return context.broker.administration(call.viewer.user.name);
}

/** What is said about a vhost, as definitions have it too. */
export const VHOST_COLUMNS: Columns<VHost> = {
  name: ({ name }) => name,
  description: ({ metadata }) => metadata.description,
  tags: ({ metadata }) => metadata.tags,
  default_queue_type: ({ metadata }) => metadata.defaultQueueType ?? 'classic',
  metadata: ({ metadata }) => ({
    description: metadata.description,
    tags: metadata.tags,
    ...(metadata.defaultQueueType !== null && { default_queue_type: metadata.defaultQueueType }),
  }),
};

function columnsOf(context: ManagementContext, call: Call): Columns<VHost> {
  const { vhosts } = context.statistics;
  const { lengths, msgRates } = rangesOf(call.query);
  const state = { [context.node]: 'running' };
  const columns: Columns<VHost> = {
    ...VHOST_COLUMNS,
    tracing: ({ metadata }) => metadata.tracing,
    protected_from_deletion: ({ metadata }) => metadata.protectedFromDeletion,
    cluster_state: () => state,
  };
  if (context.statsDisabled || call.query.disable_stats === 'true') return columns;
  const lengthOf = (name: string) => (vhost: VHost) =>
    vhosts.figures(vhost, lengths, 0, QUEUE_STATS_AT)[name];
  const names = ['messages', 'messages_ready', 'messages_unacknowledged'];
  const all = names.flatMap((name) => [name, `${name}_details`]);
  return {
    ...columns,
    ...Object.fromEntries(all.map((name) => [name, lengthOf(name)])),
    message_stats: (vhost) => vhosts.stats(vhost, msgRates, QUEUE_STATS_AT),
  };
}

function list(context: ManagementContext, call: Call): Listing<VHost> {
  const seen = [...context.broker.vhosts.values()].filter(({ name }) =>
    call.viewer.seesVhost(name),
  );
  return new Listing(seen, columnsOf(context, call), ({ name }) => name);
}

function find(context: ManagementContext, call: Call): VHost {
  const vhost = context.broker.vhosts.get(call.params.name as string);
  if (vhost === undefined) throw notFound();
  return vhost;
}

function show(context: ManagementContext, call: Call): unknown {
  const vhost = find(context, call);
  call.viewer.check('visible', vhost.name);
  return describeOne(vhost, columnsOf(context, call), call);
}

/** What a definition or a request wants a vhost to be; RabbitMQ has two places for most of it. */
export function vhostWish(body: JsonObject): VhostWish {
  const all = { ...(isObject(body.metadata) ? body.metadata : {}), ...body };
  const has = (key: string): boolean => Object.hasOwn(all, key) && all[key] !== null;
  const type = textOr(all, 'default_queue_type', textOr(all, 'defaultqueuetype', ''));
  return {
    ...(has('description') && { description: textOr(all, 'description', '') }),
    ...(has('tags') && { tags: tagsOf(all.tags) }),
    // RabbitMQ 3.x shows `undefined` for none, and takes it back.
    ...(type !== '' && type !== 'undefined' && { defaultQueueType: type }),
    ...(has('tracing') && { tracing: booleanOr(all, 'tracing', false) }),
    ...(has('protected_from_deletion') && {
      protectedFromDeletion: booleanOr(all, 'protected_from_deletion', false),
    }),
  };
}

async function change(context: ManagementContext, call: Call): Promise<Answer> {
  const { vhosts } = administrationOf(context, call);
  return put(!(await vhosts.put(call.params.name as string, vhostWish(objectOf(call)))));
}

async function remove(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  await administrationOf(context, call).vhosts.delete(name);
  return NO_CONTENT;
}

async function protect(context: ManagementContext, call: Call, on: boolean): Promise<Answer> {
  const { name } = find(context, call);
  await administrationOf(context, call).vhosts.put(name, { protectedFromDeletion: on });
  return NO_CONTENT;
}

function limitsOf(vhosts: Iterable<VHost>): Record<string, unknown>[] {
  return [...vhosts]
    .filter(({ limits }) => Object.keys(limits).length > 0)
    .map(({ name, limits }) => ({ vhost: name, value: limits }));
}

async function setLimit(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  const body = objectOf(call);
  requireKeys(body, ['value']);
  const limits = { [call.params.limit as string]: integerOr(body, 'value', 0, -1) };
  await administrationOf(context, call).parameters.setLimits(name, limits);
  return NO_CONTENT;
}

async function clearLimit(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  const { parameters } = administrationOf(context, call);
  await parameters.clearLimit(name, call.params.limit as string);
  return NO_CONTENT;
}

/** Vhosts and their limits; their permissions are permission.ts. */
export function vhostResources(context: ManagementContext): Resource[] {
  const access = 'administrator';
  return [
    { path: '/api/vhosts', access: 'management', get: (call) => list(context, call) },
    {
      path: '/api/vhosts/:name',
      access: 'management',
      changeAccess: access,
      get: (call) => show(context, call),
      put: (call) => change(context, call),
      delete: (call) => remove(context, call),
    },
    {
      path: '/api/vhosts/:name/deletion/protection',
      access,
      post: (call) => protect(context, call, true),
      delete: (call) => protect(context, call, false),
    },
    {
      path: '/api/vhosts/:name/start/:node',
      access,
      // A vhost that is there runs.
      post: (call) => {
        find(context, call);
        return NO_CONTENT;
      },
    },
    {
      path: '/api/vhost-limits',
      access: 'management',
      get: ({ viewer }) =>
        limitsOf([...context.broker.vhosts.values()].filter(({ name }) => viewer.seesVhost(name))),
    },
    {
      path: '/api/vhost-limits/:name',
      access: 'management',
      get: (call) => {
        const vhost = find(context, call);
        call.viewer.check('visible', vhost.name);
        return limitsOf([vhost]);
      },
    },
    {
      path: '/api/vhost-limits/:name/:limit',
      access,
      put: (call) => setLimit(context, call),
      delete: (call) => clearLimit(context, call),
    },
  ];
}
