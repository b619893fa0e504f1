/**
 * Traces: following messages live, across protocols: made, listed, read as JSON or as Server-Sent
 * Events, and ended. An extension of Warren's, under `/api/x`. What is followed and for whom is
 * src/broker/tracing/.
 */
import type { Trace } from '../../../src/broker/tracing/trace.ts';
import type { TraceWishes } from '../../../src/broker/tracing/trace-filter.ts';
import type { Timer } from '../../../src/clock.ts';
import { HTTP_STREAM_BEAT_MS } from '../../../src/limits.ts';
import {
  LONG_WAIT_MS,
  TRACE_IDLE_MAX_MS,
  TRACE_IDLE_MIN_MS,
  TRACE_ITEMS_MAX,
  TRACE_PAYLOAD_MAX,
  TRACE_READERS_MAX,
  TRACE_STREAM_MS,
} from '../../../src/limits-inspection.ts';
import { Answer, ApiError, badRequest, NO_CONTENT, notFound } from '../answer.ts';
import { EventFeed } from '../console/event-feed.ts';
import { integerOr, type JsonObject, textOr } from '../input.ts';
import { type Call, objectOf, type Resource, StreamAnswer } from '../routing.ts';
import type { ManagementContext } from './context.ts';
import { headersIn, onlyKeys } from './filter-query.ts';
import { tracedJson, traceJson } from './trace-json.ts';

const USUAL_MESSAGES = 1000;
const USUAL_IDLE_MS = 60_000;
const USUAL_ITEMS = 200;

const TEXTS = {
  vhost: 'vhost',
  exchange: 'exchange',
  queue: 'queue',
  routing_key: 'routingKey',
  connection: 'connection',
  protocol: 'protocol',
  text: 'text',
} as const;

const OTHERS = ['name', 'headers', 'sample', 'max_messages', 'payload_bytes', 'idle_timeout_ms'];

function wishesIn(body: JsonObject): TraceWishes {
  const wishes: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(TEXTS)) {
    if (Object.hasOwn(body, name)) wishes[key] = textOr(body, name, '');
  }
  const headers = headersIn(body.headers);
  return { ...wishes, ...(headers.size > 0 && { headers }) };
}

function create(context: ManagementContext, call: Call): Answer {
  const body = objectOf(call);
  onlyKeys(body, [...Object.keys(TEXTS), ...OTHERS]);
  const wishes = wishesIn(body);
  const { vhost } = wishes;
  const most = context.broker.tracing.bounds.messages;
  if (vhost !== undefined && !context.broker.vhosts.has(vhost)) throw badRequest('no such vhost');
  if (vhost !== undefined) call.viewer.check('vhost', vhost);
  const trace = context.broker.tracing.start(call.viewer.user, wishes, {
    name: textOr(body, 'name', ''),
    sample: integerOr(body, 'sample', 1, 1),
    maxMessages: integerOr(body, 'max_messages', Math.min(USUAL_MESSAGES, most), 1, most),
    payloadBytes: integerOr(body, 'payload_bytes', 0, 0, TRACE_PAYLOAD_MAX),
    idleTimeoutMs: integerOr(
      ...([body, 'idle_timeout_ms', USUAL_IDLE_MS, TRACE_IDLE_MIN_MS, TRACE_IDLE_MAX_MS] as const),
    ),
  });
  if (trace !== null) return new Answer(201, traceJson(trace));
  throw new ApiError(429, 'too_many_traces', 'there are as many traces as may be: end one');
}

/** One's own, and everybody's for administrators. */
function isVisible(trace: Trace, { viewer }: Call): boolean {
  return viewer.isAdministrator || trace.options.user === viewer.user.name;
}

/** @throws ApiError 404 */
function found(context: ManagementContext, call: Call): Trace {
  const trace = context.broker.tracing.find(call.params.id as string);
  if (trace === undefined || !isVisible(trace, call)) throw notFound();
  return trace;
}

async function events(context: ManagementContext, call: Call): Promise<unknown> {
  const trace = found(context, call);
  const { query, headers } = call;
  onlyKeys(query, ['after', 'limit', 'wait_ms', 'stream']);
  const stream = query.stream ?? String(headers.accept ?? '').includes('text/event-stream');
  if (stream === true || stream === '1' || stream === 'true') return streamOf(context, trace, call);
  const after = integerOr(query, 'after', 0);
  const limit = integerOr(query, 'limit', USUAL_ITEMS, 1, TRACE_ITEMS_MAX);
  const waitMs = integerOr(query, 'wait_ms', 0, 0, LONG_WAIT_MS);
  const { clock } = context.broker;
  if (trace.seq <= after && waitMs > 0) {
    trace.readers++;
    await changed(context, trace, waitMs);
    trace.readers--;
  }
  trace.readAtMs = clock.now();
  const items = trace.changesAfter(after, limit);
  return {
    items: items.map(tracedJson),
    next: items.at(-1)?.seq ?? Math.max(after, trace.seq),
    missed: trace.missedAfter(after),
    ended: trace.ended,
  };
}

/** Resolves when something has changed, or time is up. */
function changed(context: ManagementContext, trace: Trace, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      unwatch();
      resolve();
    };
    const timer = context.broker.clock.schedule(waitMs, done);
    const unwatch = trace.watch(done);
  });
}

function streamOf(context: ManagementContext, trace: Trace, call: Call): StreamAnswer {
  if (trace.readers >= TRACE_READERS_MAX) {
    throw new ApiError(429, 'too_many_readers', 'as many read this trace as may');
  }
  const last = call.headers['last-event-id'];
  const resumed = typeof last === 'string' && /^\d{1,15}$/.test(last) ? { after: last } : {};
  const after = integerOr({ ...call.query, ...resumed }, 'after', 0);
  return new StreamAnswer((reply) => {
    new TraceStream(trace, new EventFeed(reply, context.broker.clock), context, after).start();
  });
}

/** One reader of one trace. */
class TraceStream {
  private readonly trace: Trace;
  private readonly feed: EventFeed;
  private readonly context: ManagementContext;
  private seq: number;
  private flush: Timer | null = null;
  private beat: Timer | null = null;

  constructor(trace: Trace, feed: EventFeed, context: ManagementContext, after: number) {
    this.trace = trace;
    this.feed = feed;
    this.context = context;
    this.seq = after;
  }

  start(): void {
    const { trace, feed } = this;
    trace.readers++;
    const unwatch = trace.watch(() => this.soon());
    feed.onClose(() => {
      unwatch();
      trace.readers--;
      trace.readAtMs = this.context.broker.clock.now();
      this.flush?.cancel();
      this.beat?.cancel();
    });
    this.send();
    this.schedule();
  }

  private soon(): void {
    this.flush ??= this.context.broker.clock.schedule(TRACE_STREAM_MS, () => {
      this.flush = null;
      this.send();
    });
  }

  private send(): void {
    const { trace, feed } = this;
    if (!feed.ready()) {
      // It is told later what it has missed meanwhile.
      if (!feed.ended) this.soon();
      return;
    }
    const missed = trace.missedAfter(this.seq);
    if (missed > 0 && this.seq > 0) feed.send('missed', JSON.stringify({ missed }));
    const changes = trace.changesAfter(this.seq, USUAL_ITEMS);
    for (const message of changes) {
      feed.send('message', JSON.stringify(tracedJson(message)), message.seq);
      this.seq = message.seq;
    }
    if (changes.length === USUAL_ITEMS) this.soon();
    else if (trace.ended !== null) feed.end(trace.ended);
  }

  private schedule(): void {
    this.beat = this.context.broker.clock.schedule(HTTP_STREAM_BEAT_MS, () => {
      if (this.feed.ready()) this.feed.beat();
      if (!this.feed.ended) this.schedule();
    });
  }
}

/** Traces. */
export function traceResources(context: ManagementContext): Resource[] {
  const { tracing } = context.broker;
  return [
    {
      path: '/api/x/traces',
      access: 'management',
      get: (call) => [...tracing.traces].filter((one) => isVisible(one, call)).map(traceJson),
      post: (call) => create(context, call),
    },
    {
      path: '/api/x/traces/:id',
      access: 'management',
      get: (call) => traceJson(found(context, call)),
      delete: (call) => {
        tracing.end(found(context, call), 'deleted');
        return NO_CONTENT;
      },
    },
    {
      path: '/api/x/traces/:id/events',
      access: 'management',
      get: (call) => events(context, call),
    },
  ];
}
