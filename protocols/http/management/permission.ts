/**
 * Permissions in the management API: what users may do in vhosts, and with which routing keys of
 * topic exchanges.
 */
import { type Answer, badRequest, NO_CONTENT, notFound, put } from '../answer.ts';
import { requireKeys, textOr } from '../input.ts';
import { type Listing, plainListing } from '../listing.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import type { ManagementContext } from './context.ts';

type Filter = Readonly<{ user?: string; vhost?: string }>;

/** The user and the vhost in the path: `place`, because RabbitMQ answers 400 if it is missing. */
function placeOf(call: Call): { user: string; vhost: string } {
  return { user: call.params.user as string, vhost: call.params.place as string };
}

/** @throws ApiError for a body that is about a user or vhost that is not there */
function checkPlace(context: ManagementContext, call: Call): void {
  const { user, vhost } = placeOf(call);
  const { users, vhosts } = context.broker;
  if (users.get(user) === undefined || !vhosts.has(vhost)) {
    throw badRequest('vhost_or_user_not_found');
  }
}

function administrationOf(context: ManagementContext, call: Call) {
  return context.broker.administration(call.viewer.user.name);
}

function list(context: ManagementContext, call: Call, filter: Filter): Listing {
  return plainListing(
    administrationOf(context, call)
      .permissions.list(filter)
      .map(({ user, vhost, configure, write, read }) => ({ user, vhost, configure, write, read })),
  );
}

function show(context: ManagementContext, call: Call): unknown {
  const { user, vhost } = placeOf(call);
  const record = administrationOf(context, call).permissions.get(user, vhost);
  if (record === null) throw notFound();
  const { configure, write, read } = record;
  return { user, vhost, configure, write, read };
}

async function grant(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  requireKeys(body, ['configure', 'write', 'read']);
  checkPlace(context, call);
  const { user, vhost } = placeOf(call);
  const isNew = await administrationOf(context, call).permissions.put(user, vhost, {
    configure: textOr(body, 'configure', ''),
    write: textOr(body, 'write', ''),
    read: textOr(body, 'read', ''),
  });
  return put(!isNew);
}

async function revoke(context: ManagementContext, call: Call): Promise<Answer> {
  show(context, call);
  const { user, vhost } = placeOf(call);
  await administrationOf(context, call).permissions.delete(user, vhost);
  return NO_CONTENT;
}

function listTopics(context: ManagementContext, call: Call, filter: Filter): Listing {
  return plainListing(
    administrationOf(context, call)
      .topicPermissions.list(filter)
      .map(({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read })),
  );
}

/** A user's topic permissions in a vhost: a list, 404 if it is empty. */
function showTopics(context: ManagementContext, call: Call): Listing {
  const listing = listTopics(context, call, placeOf(call));
  if (listing.items.length === 0) throw notFound();
  return listing;
}

async function grantTopics(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  requireKeys(body, ['exchange', 'write', 'read']);
  checkPlace(context, call);
  const { user, vhost } = placeOf(call);
  const exchange = textOr(body, 'exchange', '');
  const patterns = { write: textOr(body, 'write', ''), read: textOr(body, 'read', '') };
  const { topicPermissions } = administrationOf(context, call);
  const isNew = await topicPermissions.put(user, vhost, exchange, patterns);
  return put(!isNew);
}

async function revokeTopics(context: ManagementContext, call: Call): Promise<Answer> {
  showTopics(context, call);
  const { user, vhost } = placeOf(call);
  const { topicPermissions } = administrationOf(context, call);
  await topicPermissions.delete(user, vhost, call.params.exchange);
  return NO_CONTENT;
}

/** Both kinds: all, those of a user, those of a vhost, and single ones. */
export function permissionResources(context: ManagementContext): Resource[] {
  const access = 'administrator';
  const ofUser = (call: Call): Filter => {
    const { user } = call.params;
    if (context.broker.users.get(user as string) === undefined) throw notFound();
    return { user: user as string };
  };
  const ofVhost = (call: Call): Filter => ({ vhost: call.params.vhost as string });
  const topicPlace = '/api/topic-permissions/:place/:user';
  return [
    { path: '/api/permissions', access, get: (call) => list(context, call, {}) },
    {
      path: '/api/users/:user/permissions',
      access,
      get: (call) => list(context, call, ofUser(call)),
    },
    {
      path: '/api/vhosts/:vhost/permissions',
      access,
      get: (call) => list(context, call, ofVhost(call)),
    },
    {
      path: '/api/permissions/:place/:user',
      access,
      get: (call) => show(context, call),
      put: (call) => grant(context, call),
      delete: (call) => revoke(context, call),
    },
    { path: '/api/topic-permissions', access, get: (call) => listTopics(context, call, {}) },
    {
      path: '/api/users/:user/topic-permissions',
      access,
      get: (call) => listTopics(context, call, ofUser(call)),
    },
    {
      path: '/api/vhosts/:vhost/topic-permissions',
      access,
      get: (call) => listTopics(context, call, ofVhost(call)),
    },
    {
      path: topicPlace,
      access,
      get: (call) => showTopics(context, call),
      put: (call) => grantTopics(context, call),
      delete: (call) => revokeTopics(context, call),
    },
    {
      path: `${topicPlace}/:exchange`,
      access,
      delete: (call) => revokeTopics(context, call),
    },
  ];
}
