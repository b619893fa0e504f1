/**
 * Moving messages: dead letters back to where they came from, messages of a queue elsewhere, one of
 * them changed in its place, or a copy of one somewhere else. An extension of Warren's, under
 * `/api/x`. Long work is a job that is asked for; what is moved and when is src/broker/transfer/.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { Browser, Seen } from '../../../src/broker/inspection/browser.ts';
import type { Message } from '../../../src/broker/message.ts';
import type { Session } from '../../../src/broker/session.ts';
import { Mover, type Settled, type Try } from '../../../src/broker/transfer/mover.ts';
import {
  type Destination,
  destinationOf,
  Obstacle,
  type Placement,
  placementOf,
  type Route,
} from '../../../src/broker/transfer/placement.ts';
import type { Transfer } from '../../../src/broker/transfer/transfers.ts';
import { LONG_WAIT_MS } from '../../../src/limits-inspection.ts';
import { Answer, ApiError, badRequest, NO_CONTENT, notFound } from '../answer.ts';
import { booleanOr, integerOr, type JsonObject } from '../input.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import { asViewer, type ManagementContext, vhostOf } from './context.ts';
import { filterInBody, onlyKeys } from './filter-query.ts';
import { found } from './peek.ts';
import { editRoute, idsIn, moveRoute, redriveRoute } from './transfer-order.ts';

const ORDER = ['to', 'filter', 'ids', 'limit', 'rate', 'dry_run', 'keep_death_headers', 'wait_ms'];

function transferJson({ id, user, job }: Transfer): object {
  const { order, report, createdAtMs, finishedAtMs } = job;
  const { kind, browser, dryRun, route } = order;
  return {
    id,
    kind,
    state: job.state,
    vhost: browser.vhost.name,
    queue: browser.queue.name,
    user,
    dry_run: dryRun,
    created_at: createdAtMs,
    finished_at: finishedAtMs,
    to: wishJson(route),
    total: report.total,
    scanned: report.scanned,
    matched: report.matched,
    moved: report.moved,
    skipped: report.skipped,
    left: report.left,
    failed: report.failed,
    in_flight: job.underway,
    waiting: job.waiting,
    destinations: [...report.destinations].map(({ count, problem, ...to }) => ({
      ...destinationJson(to),
      count,
      exists: problem === null,
      ...(problem !== null && { problem }),
    })),
    samples: report.samples.map(({ to, ...sample }) => ({
      ...sample,
      to: to === null ? null : destinationJson(to),
    })),
    error: job.error,
  };
}

function wishJson({ wish }: Route): unknown {
  if (wish.to === 'queue' || wish.to === 'exchange') return wish.to;
  const key = wish.routingKey === null ? {} : { routing_key: wish.routingKey };
  if (wish.to === 'named-queue') return { queue: wish.queue, ...key };
  return { exchange: wish.exchange, ...key };
}

function destinationJson({ queue, exchange, routingKey }: Destination): object {
  return { ...(queue !== null && { queue }), exchange, routing_key: routingKey };
}

/** Starts a job as the user who asks, with a session of its own. */
async function start(
  context: ManagementContext,
  call: Call,
  kind: 'redrive' | 'move',
): Promise<Answer> {
  const body = objectOf(call);
  onlyKeys(body, ORDER);
  const { broker } = context;
  const { user } = call.viewer;
  const name = call.params.queue as string;
  const vhost = vhostOf(context, call);
  if (!vhost.topology.queues.has(name)) throw notFound();
  const wishes = {
    kind,
    route: kind === 'move' ? moveRoute(body) : redriveRoute(body),
    filter: filterInBody(body.filter),
    ids: idsIn(body),
    limit: integerOr(body, 'limit', 0) || Number.POSITIVE_INFINITY,
    rate: integerOr(body, 'rate', 0) || Number.POSITIVE_INFINITY,
    dryRun: booleanOr(body, 'dry_run', false),
    blocked: () => broker.alarms.reason ?? (broker.store.busy ? 'store busy' : null),
  };
  const waitMs = waitIn(body);
  const session = await decided(() => broker.openSession(user, vhost.name, 'http'));
  try {
    const browser = await decided(() => session.messages.source(name));
    const order = { ...wishes, browser, access: session.messages };
    const transfer = broker.transfers.start(session, order);
    if (transfer === null) {
      throw new ApiError(429, 'too_many_jobs', 'as many jobs run as may: wait, or cancel one');
    }
    await ended(context, transfer, waitMs);
    return new Answer(transfer.job.state === 'running' ? 202 : 200, transferJson(transfer));
  } catch (error) {
    await session.close();
    throw error;
  }
}

function waitIn(object: JsonObject): number {
  return integerOr(object, 'wait_ms', 0, 0, LONG_WAIT_MS);
}

/** Resolves when a job has ended, or time is up. */
async function ended(context: ManagementContext, { job }: Transfer, waitMs: number): Promise<void> {
  if (waitMs === 0 || job.state !== 'running') return;
  await new Promise<void>((resolve) => {
    const timer = context.broker.clock.schedule(waitMs, resolve);
    job.whenEnded(() => {
      timer.cancel();
      resolve();
    });
  });
}

/** One's own, and everybody's for administrators. */
function isVisible({ user }: Transfer, { viewer }: Call): boolean {
  return viewer.isAdministrator || user === viewer.user.name;
}

/** @throws ApiError 404 */
function jobOf({ broker }: ManagementContext, call: Call): Transfer {
  const transfer = broker.transfers.find(call.params.id as string);
  if (transfer === undefined || !isVisible(transfer, call)) throw notFound();
  return transfer;
}

async function show(context: ManagementContext, call: Call): Promise<unknown> {
  const transfer = jobOf(context, call);
  await ended(context, transfer, waitIn(call.query));
  return transferJson(transfer);
}

/** Puts one message somewhere, and waits until it is safe there. @throws ApiError */
async function place(
  session: Session,
  { content }: Seen,
  route: Route,
  put: (content: Message, to: Placement, settled: Settled) => Try,
): Promise<unknown> {
  if (content === null) throw new ApiError(500, 'unreadable', 'the message cannot be read');
  try {
    const to = destinationOf(content, route);
    const { messages } = session;
    const placement = await decided(() => placementOf(content, to, route, messages));
    const went = await new Promise<Try | Error>((resolve) => {
      const tried = put(content, placement, (error) => resolve(error ?? 'moved'));
      if (tried !== 'moved') resolve(tried);
    });
    if (went instanceof Error) throw new ApiError(500, 'internal_error', went.message);
    if (went === 'gone') throw notFound();
    if (went === 'full') throw new ApiError(400, 'rejected', 'a queue that it reaches is full');
    return { routed: true, queues: placement.queues.map(({ name }) => name) };
  } catch (error) {
    if (error instanceof Obstacle) throw badRequest(error.message);
    throw error;
  }
}

/** Changes one message: a copy takes its place, or goes where it came from. */
async function edit(context: ManagementContext, call: Call): Promise<unknown> {
  const body = objectOf(call);
  onlyKeys(body, ['to', 'edit', 'keep_death_headers']);
  const route = editRoute(body, {
    to: 'named-queue',
    queue: call.params.queue as string,
    routingKey: null,
  });
  return withMessage(context, call, true, (session, seen, { vhost, queue }) => {
    if (seen.state !== 'ready') throw badRequest(`the message is ${seen.state}, not ready`);
    const mover = new Mover(vhost, session.traffic);
    return place(session, seen, route, (content, to, settled) =>
      mover.move(queue, seen, content, to, settled),
    );
  });
}

/** Puts a copy of one message somewhere else. */
async function replay(context: ManagementContext, call: Call): Promise<unknown> {
  const body = objectOf(call);
  onlyKeys(body, ['to', 'edit', 'keep_death_headers']);
  const route = editRoute(body, null);
  return withMessage(context, call, false, (session, seen, { vhost }) => {
    const mover = new Mover(vhost, session.traffic);
    return place(session, seen, route, (_content, to, settled) => mover.copy(to, settled));
  });
}

/** Does something with the message of the path. */
function withMessage(
  context: ManagementContext,
  call: Call,
  takes: boolean,
  run: (session: Session, seen: Seen, browser: Browser) => Promise<unknown>,
): Promise<unknown> {
  const name = call.params.queue as string;
  if (!vhostOf(context, call).topology.queues.has(name)) throw notFound();
  return asViewer(context, call, async (session) => {
    const { messages } = session;
    const browser = await decided(() => (takes ? messages.source(name) : messages.browse(name)));
    return run(session, await found(browser, call.params.id as string), browser);
  });
}

/** Redrive, move, edit, replay, and the jobs. */
export function redriveResources(context: ManagementContext): Resource[] {
  const { transfers } = context.broker;
  const queue = '/api/x/queues/:vhost/:queue';
  return [
    {
      path: `${queue}/redrive`,
      access: 'vhost',
      post: (call) => start(context, call, 'redrive'),
    },
    { path: `${queue}/move`, access: 'vhost', post: (call) => start(context, call, 'move') },
    {
      path: `${queue}/messages/:id/edit`,
      access: 'vhost',
      post: (call) => edit(context, call),
    },
    {
      path: `${queue}/messages/:id/replay`,
      access: 'vhost',
      post: (call) => replay(context, call),
    },
    {
      path: '/api/x/redrives',
      access: 'management',
      get: (call) => [...transfers.all].filter((one) => isVisible(one, call)).map(transferJson),
    },
    {
      path: '/api/x/redrives/:id',
      access: 'management',
      get: (call) => show(context, call),
      delete: (call) => {
        transfers.drop(jobOf(context, call));
        return NO_CONTENT;
      },
    },
  ];
}
