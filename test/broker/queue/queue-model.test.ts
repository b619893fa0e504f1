/**
 * Classic and quorum queues under random operations do what the model does, on every kind of
 * store: in lock step, and in chaos, where operations come while earlier ones are still being
 * written and read back.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { Browser, type Seen } from '../../../src/broker/inspection/browser.ts';
import { EVERYTHING } from '../../../src/broker/inspection/message-filter.ts';
import type { Place, SightState } from '../../../src/broker/inspection/sighting.ts';
import type { Outcome } from '../../../src/broker/queue/queue.ts';
import type { Session } from '../../../src/broker/session.ts';
import {
  Answers,
  BACKENDS,
  type BackendName,
  bodyOf,
  Engine,
  type EngineOptions,
  KEEPING_BACKENDS,
  message,
  Recorder,
} from '../../support/engine.ts';
import { QueueModel } from './queue-model.ts';

const nat = fc.nat({ max: 1000 });
const ttl = fc.option(fc.integer({ min: 1, max: 40 }), { nil: 0 });

const publish = fc.record({
  op: fc.constant('publish' as const),
  priority: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
  ttlMs: ttl,
  transient: fc.boolean(),
  times: fc.integer({ min: 1, max: 4 }),
});

const other = fc.record({
  op: fc.constantFrom(
    ...(['subscribe', 'subscribe', 'cancel', 'ack', 'ack', 'requeue', 'reject'] as const),
    ...(['release', 'advance', 'fetch', 'fetch', 'purge', 'close', 'pause', 'resume'] as const),
    'peek' as const,
  ),
  n: nat,
});

type Step = { op: 'settle' } | (typeof publish extends fc.Arbitrary<infer P> ? P : never) | Other;
type Other = typeof other extends fc.Arbitrary<infer O> ? O : never;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: publish }, { weight: 8, arbitrary: other }),
  { maxLength: 50 },
);

const chaos: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: publish },
    { weight: 8, arbitrary: other },
    { weight: 3, arbitrary: fc.constant({ op: 'settle' as const }) },
  ),
  { maxLength: 60 },
);

type Kind = 'classic' | 'quorum';

/** Failures that messages of the quorum queue may have in lock step; in chaos any number. */
const LIMIT = 2;

const ARGUMENTS: Readonly<Record<Kind, Record<string, string | number>>> = {
  classic: { 'x-max-priority': 3 },
  quorum: { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 },
};

const KINDS: readonly Kind[] = ['classic', 'quorum'];
const on = (backends: readonly { readonly name: BackendName }[]) =>
  KINDS.flatMap((kind) => backends.map(({ name }) => ({ kind, name })));

/** An engine, its queue, and everything that was done with it. */
class Run {
  readonly engine: Engine;
  readonly answers = new Answers();
  readonly published: string[] = [];
  readonly transient = new Set<string>();
  /** Every delivery in the order of the hand-overs; fetches are in it when they answer. */
  readonly log: Delivery[] = [];
  sessions: Session[] = [];
  consumers: { readonly recorder: Recorder; readonly session: Session; prefetch: number }[] = [];
  /** Deliveries that may be settled, with the session that holds them. */
  held: { readonly delivery: Delivery; readonly session: Session }[] = [];
  /** Bodies by their fate. */
  readonly acked = new Set<string>();
  readonly rejected = new Set<string>();
  private count = 0;
  private readonly kind: Kind;

  private constructor(engine: Engine, kind: Kind) {
    this.engine = engine;
    this.kind = kind;
  }

  static async open(
    kind: Kind,
    backend: BackendName,
    options: EngineOptions = {},
    args: Record<string, number> = {},
  ): Promise<Run> {
    const run = new Run(await Engine.open(backend, options), kind);
    const session = run.session();
    await run.engine.declare(session, 'dead');
    await run.engine.declare(session, 'q', {
      ...ARGUMENTS[kind],
      ...args,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    });
    return run;
  }

  get queue() {
    return this.engine.queue('q');
  }

  session(n = 0): Session {
    const known = this.sessions[n % 3];
    if (known !== undefined) return known;
    const made = this.engine.session();
    this.sessions.push(made);
    return made;
  }

  publish(priority: number | undefined, ttlMs: number, transient: boolean): string {
    const body = `m${this.count++}`;
    const expiration = ttlMs === 0 ? undefined : String(ttlMs);
    const deliveryMode = transient ? 1 : 2;
    const one = message('', 'q', body, { priority, expiration, deliveryMode });
    this.answers.publish(this.session(), one);
    this.published.push(body);
    // A quorum queue keeps them all the same.
    if (transient && this.kind === 'classic') this.transient.add(body);
    return body;
  }

  subscribe(n: number): void {
    const session = this.session(n);
    const recorder = new Recorder(session);
    recorder.onTake = (delivery) => this.took(delivery, session);
    const prefetch = n % 4;
    this.consumers.push({ recorder, session, prefetch });
    this.engine.consume(session, 'q', { prefetch, consumer: recorder });
  }

  took(delivery: Delivery, session: Session): void {
    this.log.push(delivery);
    this.held.push({ delivery, session });
  }

  settle(n: number, outcome: Outcome): string | null {
    const [one] = this.held.splice(n % Math.max(1, this.held.length), 1);
    if (one === undefined) return null;
    const body = bodyOf(one.delivery);
    if (outcome === 'ack') this.acked.add(body);
    if (outcome === 'reject') this.rejected.add(body);
    one.session.settle(one.delivery, outcome);
    return body;
  }

  /** Ends a session. Returns the bodies that it gives back. */
  close(n: number): { readonly bodies: string[]; readonly closing: Promise<void> } {
    const session = this.session(n);
    this.sessions = this.sessions.filter((other) => other !== session);
    this.consumers = this.consumers.filter((one) => one.session !== session);
    const mine = this.held.filter((one) => one.session === session);
    this.held = this.held.filter((one) => one.session !== session);
    return { bodies: mine.map(({ delivery }) => bodyOf(delivery)), closing: session.close() };
  }

  cancel(n: number): void {
    const [one] = this.consumers.splice(n % Math.max(1, this.consumers.length), 1);
    one?.recorder.subscription.cancel();
  }

  pause(n: number, open: boolean): void {
    const one = this.consumers[n % Math.max(1, this.consumers.length)];
    if (one === undefined) return;
    one.recorder.open = open;
    if (open) one.recorder.subscription.resume();
  }

  /** The bodies of all messages of a state, in pages of `limit`. */
  async peek(state: SightState, limit: number): Promise<string[]> {
    const browser = new Browser(this.queue, this.engine.vhost);
    const bodies: string[] = [];
    const show = ({ content }: Seen): number => bodies.push(String(content?.body));
    const request = { states: [state], filter: EVERYTHING, limit, skip: 0, show };
    for (let from: Place | null = null; ; ) {
      const { next } = await browser.page({ ...request, from });
      if (next === null) return bodies;
      from = next;
    }
  }

  /** Could some consumer take a message now? */
  get room(): boolean {
    return this.consumers.some(({ recorder, prefetch }) => {
      const holds = recorder.subscription.unsettled.size;
      return recorder.open && (prefetch === 0 || holds < prefetch);
    });
  }
}

function isOutcome(step: Step): step is Other & { op: Outcome } {
  return ['ack', 'requeue', 'release', 'reject'].includes(step.op);
}

/** One step of both, and the comparison. */
async function lockStep(run: Run, model: QueueModel, step: Step): Promise<void> {
  const { engine } = run;
  const seen = run.log.length;
  const now = () => engine.clock.now();
  if (step.op === 'publish') {
    const { priority, ttlMs, transient } = step;
    const body = run.publish(priority, ttlMs, transient);
    model.publish(body, priority, ttlMs === 0 ? 0 : now() + ttlMs);
  } else if (isOutcome(step)) {
    const body = run.settle(step.n, step.op);
    if (body !== null) model.settle(body, step.op);
  } else if (step.op === 'subscribe') {
    run.subscribe(step.n);
  } else if (step.op === 'cancel') {
    run.cancel(step.n);
  } else if (step.op === 'pause' || step.op === 'resume') {
    run.pause(step.n, step.op === 'resume');
  } else if (step.op === 'advance') {
    await engine.advance(step.n % 15);
  } else if (step.op === 'purge') {
    expect(run.session().topology.purgeQueue('q')).toBe(model.ready.length);
    model.ready = [];
  } else if (step.op === 'close') {
    const { bodies, closing } = run.close(step.n);
    await engine.run(closing);
    for (const body of model.inOrder(bodies)) {
      model.settle(body, 'requeue');
      model.expire(now());
    }
  } else if (step.op === 'fetch') {
    const session = run.session(step.n);
    const found = await engine.run(session.fetch('q', false));
    if (found !== null) run.took(found.delivery, session);
    expect(found === null).toBe(model.ready.length === 0);
  }
  if (step.op === 'peek') {
    const before = JSON.stringify([run.queue.counts, run.queue.backlog.paging?.residentBytes]);
    const ready = await engine.pump(run.peek('ready', 1 + (step.n % 3)));
    expect(ready).toEqual(model.ready.map(({ body }) => body));
    const out = await engine.pump(run.peek('unacked', 1 + (step.n % 3)));
    expect(out).toEqual(model.inOrder([...model.out.keys()]));
    const after = JSON.stringify([run.queue.counts, run.queue.backlog.paging?.residentBytes]);
    expect(after).toBe(before);
  }
  await engine.settle();
  model.expire(now());
  for (const delivery of run.log.slice(seen)) {
    const head = model.deliver();
    expect(bodyOf(delivery)).toBe(head?.body);
    expect(delivery.deliveryCount).toBe(head?.deliveries);
    expect(delivery.acquiredCount).toBe(head?.acquired);
    expect(delivery.redelivered).toBe((head?.deliveries ?? 0) + (head?.acquired ?? 0) > 0);
  }
  expect(run.queue.size).toBe(model.ready.length);
  expect(run.queue.unsettled).toBe(model.out.size);
  expect(engine.queue('dead').size).toBe(model.dead.length);
  if (run.room) expect(model.ready).toEqual([]);
}

describe.each(on(BACKENDS))('a $kind queue under random operations ($name)', (where) => {
  const { kind, name: backend } = where;

  test('does what the model does', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (script, seed) => {
        const limit = { 'x-delivery-limit': LIMIT };
        const run = await Run.open(kind, backend, { seed }, kind === 'quorum' ? limit : {});
        const model = new QueueModel(kind === 'quorum' ? LIMIT : null);
        for (const step of script) {
          const times = step.op === 'publish' ? step.times : 1;
          for (let i = 0; i < times; i++) await lockStep(run, model, step);
        }
        const dead = await run.engine.drain(run.session(), 'dead');
        expect(dead).toEqual(model.dead);
        expect(run.engine.lines).toEqual([]);
        await run.engine.close();
        expect(run.engine.clock.pending).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('loses nothing and delivers nothing twice that was acked, in whatever interleaving', async () => {
    const failures = fc.constantFrom(0, 0, 0.3);
    await fc.assert(
      fc.asyncProperty(chaos, fc.nat(), failures, async (script, seed, publishFailureRate) => {
        const run = await Run.open(kind, backend, { seed, publishFailureRate });
        await anyhow(run, script);
        await accounted(run, publishFailureRate > 0);
      }),
      { numRuns: 150 },
    );
  });
});

describe.each(on(KEEPING_BACKENDS))('a crash of a $kind queue at any moment ($name)', (where) => {
  const { kind, name: backend } = where;

  test('loses nothing that was confirmed, and brings nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(chaos, fc.nat(), async (script, seed) => {
        const run = await Run.open(kind, backend, { seed });
        await anyhow(run, script);
        const confirmed = run.answers.list.map((answer) => Number.parseInt(answer, 10) - 1);
        const gone = new Set([...run.acked, ...run.rejected, ...run.transient]);
        const safe = confirmed
          .map((i) => run.published[i] as string)
          .filter((one) => !gone.has(one));
        const again = await run.engine.crash();
        const left = await again.drain(again.session(), 'q');
        expect(left).toEqual(expect.arrayContaining(safe));
        expect(new Set(left).size).toBe(left.length);
        expect(again.lines.filter((line) => !line.startsWith('info'))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

/** Runs a script, waiting only where it says so. Nothing expires or is purged. */
async function anyhow(run: Run, script: readonly Step[]): Promise<void> {
  for (const step of script) {
    if (step.op === 'publish') {
      for (let i = 0; i < step.times; i++) run.publish(step.priority, 0, step.transient);
    } else if (step.op === 'settle') {
      await run.engine.settle();
    } else if (isOutcome(step)) {
      run.settle(step.n, step.op);
    } else if (step.op === 'subscribe') {
      run.subscribe(step.n);
    } else if (step.op === 'cancel') {
      run.cancel(step.n);
    } else if (step.op === 'pause' || step.op === 'resume') {
      run.pause(step.n, step.op === 'resume');
    } else if (step.op === 'close') {
      run.close(step.n).closing.catch(() => {});
    } else if (step.op === 'peek') {
      void run.peek('ready', 1 + (step.n % 3));
    } else if (step.op === 'fetch') {
      const session = run.session(step.n);
      void session.fetch('q', false).then((found) => {
        if (found !== null) run.took(found.delivery, session);
      });
    }
    expect(run.queue.unsettled).toBeGreaterThanOrEqual(run.held.length);
  }
}

/** Everything is where the log says. */
async function accounted(run: Run, failing: boolean): Promise<void> {
  const { engine } = run;
  await engine.settle();
  const sequences = run.answers.list.map((answer) => Number.parseInt(answer, 10));
  expect(sequences).toHaveLength(run.published.length);
  expect(new Set(sequences).size).toBe(sequences.length);
  const refused = run.answers.list.filter((answer) => answer.endsWith(' nack'));
  const nacked = new Set(refused.map((answer) => run.published[Number.parseInt(answer, 10) - 1]));
  if (!failing) expect(refused).toEqual([]);
  if (run.room) expect(run.queue.size).toBe(0);
  expect(run.queue.unsettled).toBe(run.held.length);
  const out = run.held.map(({ delivery }) => bodyOf(delivery));
  for (const session of [...run.sessions]) await engine.run(session.close());
  const reader = engine.session();
  const left = await engine.drain(reader, 'q');
  const dead = await engine.drain(reader, 'dead');
  expect(left).toEqual(expect.arrayContaining(out));
  expect(left.filter((body) => run.acked.has(body))).toEqual([]);
  const all = [...left, ...dead, ...run.acked];
  expect(new Set(all).size).toBe(all.length);
  const missing = run.published.filter((body) => !all.includes(body));
  for (const body of missing) {
    expect(nacked.has(body) || (failing && run.rejected.has(body))).toBe(true);
  }
  // A dead letter that the store could not keep in its new queue stays in its old one, also of a
  // transient message if the store has those too.
  const storesAll = engine.store.readyOn === 'durable';
  const inStore = (body: string) => (storesAll || !run.transient.has(body)) && !nacked.has(body);
  const stored = (bodies: Iterable<string>) => [...bodies].filter(inStore).length;
  const kept = engine.store.stats().messages;
  expect(kept).toBeGreaterThanOrEqual(stored(missing));
  expect(kept).toBeLessThanOrEqual(failing ? stored(run.rejected) : 0);
}
