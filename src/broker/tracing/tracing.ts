/**
 * Tracing: who is told what happens to messages: the firehose of each vhost whose setting says so,
 * and the traces that somebody watches. A vhost has a tracer only if there is one of them for it,
 * so that nobody pays who does not look. What a trace sees is trace.ts.
 */
import type { User } from '../../auth/user.ts';
import type { Clock, Timer } from '../../clock.ts';
import {
  TRACE_BYTES_MAX,
  TRACE_IDLE_CHECK_MS,
  TRACE_MESSAGES_MAX,
  TRACES_MAX,
} from '../../limits-inspection.ts';
import type { Session } from '../session.ts';
import type { VHost } from '../vhost.ts';
import { Firehose } from './firehose.ts';
import { Trace, type TraceOptions } from './trace.ts';
import { TraceFilter, type TraceWishes } from './trace-filter.ts';
import type { Tracer } from './tracer.ts';
import { TracerGroup } from './tracer-group.ts';

/** What it needs of the broker. */
export interface TracingContext {
  readonly clock: Clock;
  /** How this broker is called among others. */
  readonly node: string;
  readonly vhosts: ReadonlyMap<string, VHost>;
  readonly sessions: Iterable<Session>;
}

/** What a trace may keep at most. */
export interface TraceBounds {
  readonly messages: number;
  readonly bytes: number;
}

/** How somebody wants a trace. */
export type TraceSettings = Pick<
  TraceOptions,
  'name' | 'sample' | 'maxMessages' | 'payloadBytes' | 'idleTimeoutMs'
>;

export class Tracing {
  readonly bounds: TraceBounds;
  private readonly context: TracingContext;
  private readonly firehoses = new Map<VHost, Firehose>();
  private readonly open = new Map<string, Trace>();
  private lastId = 0;
  private timer: Timer | null = null;

  constructor(
    context: TracingContext,
    bounds: TraceBounds = { messages: TRACE_MESSAGES_MAX, bytes: TRACE_BYTES_MAX },
  ) {
    this.context = context;
    this.bounds = bounds;
  }

  /** The traces that go on. */
  get traces(): Iterable<Trace> {
    return this.open.values();
  }

  find(id: string): Trace | undefined {
    return this.open.get(id);
  }

  /** A vhost has come, or its setting has changed. */
  configure(vhost: VHost, copies: boolean): void {
    if (copies !== this.firehoses.has(vhost)) {
      this.firehoses.get(vhost)?.stop();
      if (copies) this.firehoses.set(vhost, new Firehose(vhost, this.context.node));
      else this.firehoses.delete(vhost);
    }
    this.attach(vhost);
  }

  /** A vhost is going: those that only watch it are over. */
  forget(vhost: VHost): void {
    this.configure(vhost, false);
    for (const trace of [...this.open.values()]) {
      if (trace.options.filter.wishes.vhost === vhost.name) this.end(trace, 'vhost deleted');
    }
  }

  /** A user is gone: so are the traces that were made for it. */
  forgetUser(name: string): void {
    for (const trace of [...this.open.values()]) {
      if (trace.options.user === name) this.end(trace, `user '${name}' is deleted`);
    }
  }

  /** Begins a trace; null if there are as many as may be. */
  start(user: User, wishes: TraceWishes, settings: TraceSettings): Trace | null {
    if (this.open.size >= TRACES_MAX) return null;
    const { clock } = this.context;
    const trace = new Trace({
      ...settings,
      maxMessages: Math.min(settings.maxMessages, this.bounds.messages),
      maxBytes: this.bounds.bytes,
      id: `t${++this.lastId}`,
      user: user.name,
      filter: new TraceFilter(wishes, user),
      createdAtMs: clock.now(),
      now: () => clock.now(),
    });
    this.open.set(trace.options.id, trace);
    this.attachAll();
    this.timer ??= clock.schedule(TRACE_IDLE_CHECK_MS, () => this.look());
    return trace;
  }

  end(trace: Trace, reason: string): void {
    if (!this.open.delete(trace.options.id)) return;
    trace.end(reason);
    this.attachAll();
    if (this.open.size > 0) return;
    this.timer?.cancel();
    this.timer = null;
  }

  /** The broker stops. */
  stop(): void {
    for (const firehose of this.firehoses.values()) firehose.stop();
    for (const trace of [...this.open.values()]) this.end(trace, 'the broker stops');
  }

  /** Those end that nobody reads. */
  private look(): void {
    const now = this.context.clock.now();
    for (const trace of [...this.open.values()]) {
      if (trace.options.filter.isOver(now)) this.end(trace, 'your login has run out');
      else if (trace.readers > 0) trace.readAtMs = now;
      else if (now - trace.readAtMs >= trace.options.idleTimeoutMs) this.end(trace, 'idle');
    }
    this.timer = null;
    if (this.open.size === 0) return;
    this.timer = this.context.clock.schedule(TRACE_IDLE_CHECK_MS, () => this.look());
  }

  private attachAll(): void {
    for (const vhost of this.context.vhosts.values()) this.attach(vhost);
  }

  private attach(vhost: VHost): void {
    const firehose = this.firehoses.get(vhost);
    const tracers: Tracer[] = firehose === undefined ? [] : [firehose];
    for (const trace of this.open.values()) {
      if (trace.options.filter.wantsVhost(vhost.name)) tracers.push(trace.tracerOf(vhost.name));
    }
    const [first = null] = tracers;
    const tracer = tracers.length > 1 ? new TracerGroup(tracers) : first;
    if (tracer === vhost.tracer) return;
    vhost.tracer = tracer;
    for (const session of this.context.sessions) {
      if (session.vhost === vhost) session.traceWith(tracer);
    }
  }
}
