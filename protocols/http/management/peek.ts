/**
 * Looking into queues: messages where they are, at any place, ready, out or delayed, without
 * taking them; and one of them whole. An extension of Warren's, under `/api/x`. What looking means
 * is src/broker/inspection/browser.ts.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { Browser, PageRequest, Seen } from '../../../src/broker/inspection/browser.ts';
import {
  cursorOf,
  type Place,
  placeOf,
  type SightState,
} from '../../../src/broker/inspection/sighting.ts';
import type { Session } from '../../../src/broker/session.ts';
import {
  PEEK_ITEMS_MAX,
  PEEK_PAYLOAD_MAX,
  PEEKS_MAX,
  PEEKS_WAITING_MAX,
} from '../../../src/limits-inspection.ts';
import { Answer, badRequest, notFound } from '../answer.ts';
import { integerOr, type Query } from '../input.ts';
import { type Call, RawAnswer, type Resource } from '../routing.ts';
import { Turns } from '../turns.ts';
import { asViewer, exchangeName, type ManagementContext, vhostOf } from './context.ts';
import { filterInQuery } from './filter-query.ts';
import { type PayloadView, sightingJson } from './sighting-json.ts';

const USUAL_ITEMS = 50;
const USUAL_PAYLOAD = 1024;

/** What an item weighs in an answer besides its payload. */
const ITEM_BYTES = 1024;

const STATES: Readonly<Record<string, readonly SightState[]>> = {
  ready: ['ready'],
  unacked: ['unacked'],
  delayed: ['delayed'],
  all: ['unacked', 'delayed', 'ready'],
};

const PAGE_NAMES = ['state', 'offset', 'cursor', 'limit', 'payload_bytes', 'encoding'];

/** How payloads are to be shown. @throws ApiError */
export function payloadViewOf(query: Query): PayloadView {
  const bytes = integerOr(query, 'payload_bytes', USUAL_PAYLOAD, 0, PEEK_PAYLOAD_MAX);
  const encoding = query.encoding ?? 'auto';
  if (encoding !== 'auto' && encoding !== 'base64') {
    throw badRequest(['unsupported_encoding', encoding]);
  }
  return { bytes, auto: encoding === 'auto' };
}

/** A page of the messages of what `browse` opens. */
async function page(browser: Browser, call: Call): Promise<unknown> {
  const { query } = call;
  const { queue, vhost } = browser;
  const filter = filterInQuery(query, PAGE_NAMES);
  const { holds } = queue.rules;
  const state = query.state ?? (holds ? 'delayed' : 'ready');
  const view = payloadViewOf(query);
  const items: object[] = [];
  const show = (seen: Seen): number => {
    items.push(sightingJson(browser, seen, view));
    return ITEM_BYTES + Math.min(view.bytes, seen.bodyBytes);
  };
  const limit = integerOr(query, 'limit', USUAL_ITEMS, 1, PEEK_ITEMS_MAX);
  // What a delayed exchange holds is ready in a queue that nobody else knows.
  const states = holds && state === 'delayed' ? ['ready' as const] : statesOf(state);
  const start = startOf(browser, query, states);
  const progress = await browser.page({ states, filter, limit, ...start, show });
  const { next, scanned, scannedBytes, offset } = progress;
  const { size, unsettled, delayed } = queue;
  return {
    vhost: vhost.name,
    ...(holds ? { exchange: call.params.exchange } : { queue: queue.name, type: queue.type }),
    state,
    counts: holds
      ? { ready: 0, unacked: 0, delayed: size }
      : { ready: size, unacked: unsettled, delayed },
    offset,
    items,
    cursor: next === null ? null : cursorOf(queue.epoch, next),
    scanned,
    scanned_bytes: scannedBytes,
    complete: next === null,
  };
}

function statesOf(state: string): readonly SightState[] {
  const states = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
  if (states === undefined) throw badRequest('state must be ready, unacked, delayed or all');
  return states;
}

function startOf(
  browser: Browser,
  query: Query,
  states: readonly SightState[],
): Pick<PageRequest, 'from' | 'skip'> {
  const skip = integerOr(query, 'offset', 0, Number.MIN_SAFE_INTEGER);
  if (query.cursor === undefined) {
    if (skip !== 0 && states.length > 1) throw badRequest('offset is for one state, not for all');
    return { from: null, skip };
  }
  const from: Place | null = placeOf(query.cursor, browser.queue.epoch);
  if (from === null || !states.includes(from.state)) {
    throw badRequest('cursor is not of this queue and state');
  }
  return { from, skip: 0 };
}

async function one(browser: Browser, call: Call): Promise<unknown> {
  const view = payloadViewOf(call.query);
  return sightingJson(browser, await found(browser, call.params.id as string), view);
}

/** A message by its name, with its content. @throws ApiError 404 if it has left */
export async function found(browser: Browser, id: string): Promise<Seen> {
  const sighting = browser.find(id);
  if (sighting === null) throw notFound();
  const [content = null] = await browser.contents([sighting]);
  return { ...sighting, content };
}

/** Types that no browser runs, and what their files end in. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/json': 'json',
  'application/cloudevents+json': 'json',
  'application/xml': 'xml',
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'application/cbor': 'cbor',
  'application/protobuf': 'pb',
  'application/x-protobuf': 'pb',
};

/** The whole payload as it is. */
async function payload(browser: Browser, call: Call): Promise<unknown> {
  const id = call.params.id as string;
  const { content } = await found(browser, id);
  if (content === null) return new Answer(500, { error: 'unreadable', reason: 'cannot be read' });
  const [said = ''] = (content.properties.contentType ?? '').toLowerCase().split(';');
  const harmless = Object.hasOwn(EXTENSIONS, said);
  const type = harmless ? said : 'application/octet-stream';
  const extension = harmless ? EXTENSIONS[said] : 'bin';
  return new RawAnswer(content.body, {
    'content-type': type,
    'content-disposition': `attachment; filename="${id}.${extension}"`,
    'x-content-type-options': 'nosniff',
  });
}

/** Does something with a queue of the path, as the user who asks. */
function inQueue(
  context: ManagementContext,
  turns: Turns,
  run: (browser: Browser, call: Call) => Promise<unknown>,
): (call: Call) => Promise<unknown> {
  return (call) => {
    const name = call.params.queue as string;
    if (!vhostOf(context, call).topology.queues.has(name)) throw notFound();
    const look = async (session: Session): Promise<unknown> =>
      run(await decided(() => session.messages.browse(name)), call);
    return turns.take(() => asViewer(context, call, look));
  };
}

function inExchange(context: ManagementContext, turns: Turns, call: Call): Promise<unknown> {
  const name = exchangeName(call.params.exchange);
  if (!vhostOf(context, call).topology.exchanges.has(name)) throw notFound();
  const look = async (session: Session): Promise<unknown> =>
    page(await decided(() => session.messages.browseDelayed(name)), call);
  return turns.take(() => asViewer(context, call, look));
}

/** Messages of queues, and of exchanges that hold them back. */
export function peekResources(context: ManagementContext): Resource[] {
  const messages = '/api/x/queues/:vhost/:queue/messages';
  const turns = new Turns(PEEKS_MAX, PEEKS_WAITING_MAX);
  return [
    { path: messages, access: 'vhost', get: inQueue(context, turns, page) },
    { path: `${messages}/:id`, access: 'vhost', get: inQueue(context, turns, one) },
    { path: `${messages}/:id/payload`, access: 'vhost', get: inQueue(context, turns, payload) },
    {
      path: '/api/x/exchanges/:vhost/:exchange/messages',
      access: 'vhost',
      get: (call) => inExchange(context, turns, call),
    },
    {
      path: '/api/x/features',
      access: 'management',
      get: () => ({ peek: 1, trace: 1, redrive: 1 }),
    },
  ];
}
