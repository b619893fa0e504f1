/**
 * Webhooks in the management API, for operators and commands: everybody's, and made on behalf of
 * anybody who may read from the queue. What users do themselves is operations.ts.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import { WebhookAccess } from '../../../src/broker/webhook-access.ts';
import { Answer, badRequest, NO_CONTENT, notAuthorised, notFound } from '../answer.ts';
import type { ManagementContext } from '../management/context.ts';
import { asViewer, vhostOf } from '../management/context.ts';
import { Problem } from '../messaging/problem.ts';
import type { ValueOf } from '../messaging/schema.ts';
import { wrongWith } from '../messaging/schema-check.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import type { Viewer } from '../viewer.ts';
import { checkedSecret, settingsOf, shownWebhook, WEBHOOK } from './settings.ts';

/** Lists, one, and what may be done with it. */
export function webhookResources(context: ManagementContext): Resource[] {
  const one = '/api/webhooks/:vhost/:name';
  const stated = (state: 'paused' | 'active') => (call: Call) =>
    withAccess(context, call, async (access) => {
      return shown(context, await access.setState(call.params.name as string, state));
    });
  return [
    { path: '/api/webhooks', access: 'management', get: ({ viewer }) => listed(context, viewer) },
    {
      path: '/api/webhooks/:vhost',
      access: 'visible',
      get: ({ viewer, params }) => {
        const all = listed(context, viewer);
        return all.filter(({ vhost }) => vhost === params.vhost);
      },
    },
    {
      path: one,
      access: 'vhost',
      get: (call) => shown(context, recordIn(context, call)),
      put: (call) => put(context, call),
      delete: (call) =>
        withAccess(context, call, async (access) => {
          await access.delete(recordIn(context, call).name);
          return NO_CONTENT;
        }),
    },
    { path: `${one}/pause`, access: 'vhost', post: stated('paused') },
    { path: `${one}/resume`, access: 'vhost', post: stated('active') },
  ];
}

function shown({ webhooks }: ManagementContext, record: WebhookRecord) {
  const { vhost } = record;
  return { vhost, ...shownWebhook(record, webhooks.of(record)?.figures) };
}

function listed(context: ManagementContext, viewer: Viewer) {
  const all = [...context.broker.webhooks.all()].filter((one) => viewer.seesUser(one.owner));
  return all.map((one) => shown(context, one));
}

/** @throws ApiError 404 */
function recordIn({ broker }: ManagementContext, { params, viewer }: Call): WebhookRecord {
  const record = broker.webhooks.get(params.vhost as string, params.name as string);
  if (record === undefined || !viewer.seesUser(record.owner)) throw notFound();
  return record;
}

function withAccess<T>(
  context: ManagementContext,
  call: Call,
  run: (access: WebhookAccess) => Promise<T>,
): Promise<T> {
  recordIn(context, call);
  return asViewer(context, call, (session) => run(new WebhookAccess(context.broker, session)));
}

/** `owner` in the body is whose it is to be: of somebody else only an administrator makes one. */
async function put(context: ManagementContext, call: Call): Promise<Answer> {
  const { broker, webhooks } = context;
  const { owner = call.viewer.user.name, ...given } = objectOf(call);
  const wrong = wrongWith(given, WEBHOOK);
  if (wrong !== null) throw badRequest(wrong);
  if (owner !== call.viewer.user.name && !call.viewer.isAdministrator) {
    throw notAuthorised('Not administrator user');
  }
  const user = broker.users.get(String(owner));
  if (user === undefined) throw badRequest(`there is no user '${owner}'`);
  const vhost = vhostOf(context, call).name;
  const session = await decided(() => broker.openSession(user, vhost, 'http'));
  try {
    const wanted = given as ValueOf<typeof WEBHOOK>;
    const settings = settingsOf(wanted, webhooks.context.allowPrivate);
    const access = new WebhookAccess(broker, session);
    const secret = checkedSecret(wanted.secret);
    const changed = await access.put(call.params.name as string, settings, secret);
    const body = shownWebhook(changed.record, webhooks.of(changed.record)?.figures, changed.secret);
    return new Answer(changed.isNew ? 201 : 200, { vhost, ...body });
  } catch (error) {
    if (error instanceof Problem) throw badRequest(error.message);
    throw error;
  } finally {
    await session.close();
  }
}
