/**
 * Queues in the management API: lists, one queue, declaring, deleting and purging. How a queue is
 * described is queue-columns.ts; messages are message.ts, bindings binding.ts.
 */
import type { Queue } from '../../../src/broker/queue/queue.ts';
import { type Answer, badRequest, NO_CONTENT, notAuthorised, notFound, put } from '../answer.ts';
import { booleanOr, fieldsOr, textOr } from '../input.ts';
import { Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import { asViewer, type ManagementContext, vhostOf, vhostsOf } from './context.ts';
import { QueueColumns, type QueueView } from './queue-columns.ts';

function list(context: ManagementContext, call: Call): Listing<QueueView> {
  const views = vhostsOf(context, call).flatMap((vhost) =>
    [...vhost.topology.queues.values()].map((queue) => ({ queue, vhost: vhost.name })),
  );
  const columns = new QueueColumns(context, call);
  const sortKey = (path: readonly string[]) => columns.sortKey(path);
  return new Listing(views, columns.forLists(), ({ queue }) => queue.name, sortKey);
}

/** Those that a user has declared: one's own, or anybody's for who monitors. */
function ofUser(context: ManagementContext, call: Call): Listing<QueueView> {
  if (!call.viewer.seesUser(call.params.user as string)) {
    throw notAuthorised('User not authorised to access object');
  }
  const { items, columns, nameOf, sortKey } = list(context, call);
  const own = items.filter(({ queue }) => queue.declaredBy === call.params.user);
  return new Listing(own, columns, nameOf, sortKey);
}

function find(context: ManagementContext, call: Call): Queue {
  const queue = vhostOf(context, call).topology.queues.get(call.params.name as string);
  if (queue === undefined) throw notFound();
  return queue;
}

function show(context: ManagementContext, call: Call): unknown {
  const view = { queue: find(context, call), vhost: call.params.vhost as string };
  const columns = new QueueColumns(context, call).forOne(vhostOf(context, call));
  return describeOne(view, columns, call);
}

async function declare(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  const name = call.params.name as string;
  checkNode(context, textOr(body, 'node', ''));
  const existed = vhostOf(context, call).topology.queues.has(name);
  const declaration = {
    name,
    durable: booleanOr(body, 'durable', false),
    exclusive: false,
    autoDelete: booleanOr(body, 'auto_delete', false),
    arguments: fieldsOr(body, 'arguments'),
  };
  await asViewer(context, call, (session) => session.topology.declareQueue(declaration));
  return put(existed);
}

/** There is one node; whoever wants another is told so. */
function checkNode(context: ManagementContext, node: string): void {
  if (node !== '' && node !== context.node) throw badRequest(`node ${node} is not in the cluster`);
}

async function remove(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  const ifUnused = call.query['if-unused'] === 'true';
  const ifEmpty = call.query['if-empty'] === 'true';
  await asViewer(context, call, (session) => session.topology.deleteQueue(name, ifUnused, ifEmpty));
  return NO_CONTENT;
}

async function purge(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  await asViewer(context, call, (session) => session.topology.purgeQueue(name));
  return NO_CONTENT;
}

/** `sync` and its kin are about mirrors, which are gone from RabbitMQ too. */
function act(context: ManagementContext, call: Call): Answer {
  find(context, call);
  const body = objectOf(call);
  const action = textOr(body, 'action', '');
  if (action === 'sync' || action === 'cancel_sync') return NO_CONTENT;
  throw badRequest(['unknown', action]);
}

/** Lists and single queues. */
export function queueResources(context: ManagementContext): Resource[] {
  const all = (call: Call): Listing<QueueView> => list(context, call);
  return [
    { path: '/api/queues', access: 'management', get: all },
    { path: '/api/queues/detailed', access: 'management', get: all },
    { path: '/api/queues/:vhost', access: 'visible', get: all },
    {
      path: '/api/users/:user/queues',
      access: 'management',
      get: (call) => ofUser(context, call),
    },
    {
      path: '/api/queues/:vhost/:name',
      access: 'visible',
      changeAccess: 'vhost',
      get: (call) => show(context, call),
      put: (call) => declare(context, call),
      delete: (call) => remove(context, call),
    },
    {
      path: '/api/queues/:vhost/:name/contents',
      access: 'vhost',
      delete: (call) => purge(context, call),
    },
    {
      path: '/api/queues/:vhost/:name/actions',
      access: 'vhost',
      post: (call) => act(context, call),
    },
  ];
}
