/**
 * Moving messages: dead letters back to where they came from, and others elsewhere, on every kind
 * of store: what goes, what stays and why, and that a crash at any moment loses nothing.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVERYTHING, MessageFilter } from '../../../src/broker/inspection/message-filter.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Wish } from '../../../src/broker/transfer/placement.ts';
import { TransferJob, type TransferOrder } from '../../../src/broker/transfer/transfer-job.ts';
import {
  BACKENDS,
  bodyOf,
  Engine,
  headers,
  KEEPING_BACKENDS,
  message,
} from '../../support/engine.ts';

const TO_DEAD = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
const RESTORING = { keepDeaths: false, restores: true, edit: null };
const AS_IT_IS = { keepDeaths: true, restores: false, edit: null };

function named(queue: string): Wish {
  return { to: 'named-queue', queue, routingKey: null };
}

function job(session: Session, queue: string, order: Partial<TransferOrder> = {}): TransferJob {
  return new TransferJob({
    kind: 'redrive',
    browser: session.messages.source(queue),
    access: session.messages,
    route: { wish: { to: 'queue' }, ...RESTORING },
    filter: EVERYTHING,
    ids: null,
    limit: Number.POSITIVE_INFINITY,
    rate: Number.POSITIVE_INFINITY,
    dryRun: false,
    blocked: () => null,
    ...order,
  });
}

async function done(engine: Engine, transfer: TransferJob): Promise<TransferJob> {
  await engine.pump(transfer.run());
  return transfer;
}

/** A job lets others have their turn when it likes: looks until it is so far. */
async function until(engine: Engine, isSo: () => boolean): Promise<void> {
  while (!isSo()) await engine.settle();
}

/** Queues `a` and `b` on a topic exchange, whose messages die into `dead`. */
async function withDead(engine: Engine, rejected: readonly [string, string][]): Promise<Session> {
  const session = engine.session();
  await engine.declare(session, 'dead');
  await engine.declareExchange(session, 'orders', 'topic');
  for (const name of ['a', 'b']) {
    await engine.declare(session, name, TO_DEAD);
    await engine.bind(session, 'orders', name, `${name}.#`);
  }
  for (const [key, body] of rejected) {
    session.publish(message('orders', key, body, { messageId: body }), null);
    await engine.settle();
    const delivery = await engine.fetch(session, key.slice(0, 1));
    session.settle(delivery as never, 'reject');
    await engine.settle();
  }
  return session;
}

const DEAD: readonly [string, string][] = [
  ['a.1', 'first'],
  ['b.1', 'middle'],
  ['a.2', 'third'],
];

describe.each(BACKENDS)('a redrive ($name)', ({ name }) => {
  test('puts each message back where it died first, as it was', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    const { report, state } = await done(engine, job(session, 'dead'));
    expect(state).toBe('done');
    expect(report).toMatchObject({ total: 3, scanned: 3, matched: 3, moved: 3, skipped: 0 });
    expect(engine.queue('dead').size).toBe(0);
    const back = await engine.fetch(session, 'a');
    expect(back?.message).toMatchObject({ exchange: 'orders', routingKey: 'a.1' });
    expect(back?.message.properties).toMatchObject({ messageId: 'first', headers: undefined });
    expect(back?.redelivered).toBe(false);
    expect(await engine.drain(session, 'a')).toEqual(['third']);
    expect(await engine.drain(session, 'b')).toEqual(['middle']);
    await engine.settle();
    expect(engine.store.stats().messages).toBe(1);
    await engine.close();
  });

  test('or through the exchange that it came by, which may lead elsewhere now', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    await engine.declare(session, 'all');
    await engine.bind(session, 'orders', 'all', '#');
    const route = { wish: { to: 'exchange' } as const, ...RESTORING, keepDeaths: true };
    await done(engine, job(session, 'dead', { route }));
    expect(await engine.drain(session, 'all')).toEqual(['first', 'middle', 'third']);
    const back = await engine.fetch(session, 'a');
    expect(back?.message.properties.headers?.get('x-first-death-queue')).toBe('a');
    await engine.close();
  });

  test('leaves what does not match, or has nowhere to go, where it is', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    await engine.send(session, 'dead', 'never died');
    await engine.run(session.topology.deleteQueue('b', false, false));
    const filter = new MessageFilter({ text: 'i' });
    const { report } = await done(engine, job(session, 'dead', { filter }));
    expect(report).toMatchObject({ matched: 4, moved: 2, skipped: 2 });
    expect([...report.destinations]).toMatchObject([
      { queue: 'a', routingKey: 'a.1', count: 1, problem: null },
      { queue: 'b', count: 1, problem: "no queue 'b' in vhost '/'" },
      { queue: 'a', routingKey: 'a.2', count: 1, problem: null },
    ]);
    expect(report.samples.at(-1)).toMatchObject({ problem: 'does not say where it died first' });
    expect(await engine.drain(session, 'dead')).toEqual(['middle', 'never died']);
    await engine.close();
  });

  test('moves nothing if it is only to be seen what would be', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    const { report } = await done(engine, job(session, 'dead', { dryRun: true, limit: 2 }));
    expect(report).toMatchObject({ matched: 2, going: 2, moved: 0 });
    expect(report.samples).toMatchObject([
      { reason: 'rejected', from: 'a', to: { queue: 'a', exchange: 'orders', routingKey: 'a.1' } },
      { reason: 'rejected', from: 'b', to: { queue: 'b' } },
    ]);
    const left = await engine.fetch(session, 'dead');
    expect([left?.redelivered, left?.message.body.toString()]).toEqual([false, 'first']);
    await engine.close();
  });

  test('waits for a queue that is full, and is told to stop', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    await engine.declare(session, 'small', { 'x-max-length': 1 });
    const route = { wish: named('small'), ...AS_IT_IS };
    const transfer = job(session, 'dead', { route });
    const running = transfer.run();
    const isFull = (moved: number) => (): boolean =>
      transfer.waiting === 'destination full' && transfer.report.moved === moved;
    await until(engine, isFull(1));
    expect(await engine.drain(session, 'small')).toEqual(['first']);
    await engine.advance(250);
    await until(engine, isFull(2));
    transfer.cancel();
    await engine.pump(running);
    expect(transfer.state).toBe('cancelled');
    expect(await engine.drain(session, 'dead')).toEqual(['third']);
    await engine.close();
    expect(engine.clock.pending).toBe(0);
  });

  test('does not take twice what dies again', async () => {
    const engine = await Engine.open(name);
    const session = await withDead(engine, DEAD);
    const consumer = engine.consume(session, 'a');
    consumer.onTake = (delivery) => setImmediate(() => session.settle(delivery, 'reject'));
    const { report } = await done(engine, job(session, 'dead'));
    await until(engine, () => engine.queue('dead').size === 2);
    expect(report).toMatchObject({ moved: 3, total: 3 });
    expect((await engine.drain(session, 'dead')).sort()).toEqual(['first', 'third']);
    await engine.close();
  });

  test('keeps its rate', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    await engine.declare(session, 'from');
    await engine.declare(session, 'to');
    await engine.send(session, 'from', ...Array.from({ length: 10 }, (_, i) => `m${i}`));
    const route = { wish: named('to'), ...AS_IT_IS };
    const transfer = job(session, 'from', { route, rate: 10 });
    const running = transfer.run();
    const went = (count: number) => (): boolean =>
      transfer.waiting === 'rate' && transfer.report.going === count;
    await until(engine, went(1));
    for (let i = 0; i < 4; i++) {
      await engine.advance(99);
      expect(transfer.report.going).toBe(1 + i);
      await engine.advance(1);
      await until(engine, went(2 + i));
    }
    transfer.cancel();
    await engine.pump(running);
    await engine.close();
  });

  test('is the order of a priority queue, and of what came back to a quorum queue', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    await engine.declare(session, 'from', { 'x-queue-type': 'quorum' });
    await engine.declare(session, 'to');
    for (const [body, priority] of [
      ['low', 1],
      ['high', 9],
      ['back', 9],
    ] as const) {
      session.publish(message('', 'from', body, { priority }), null);
      await engine.settle();
      if (body !== 'back') continue;
      const held = [await engine.fetch(session, 'from'), await engine.fetch(session, 'from')];
      session.settle(held[1] as never, 'requeue');
      session.settle(held[0] as never, 'requeue');
      await engine.settle();
    }
    const route = { wish: named('to'), ...AS_IT_IS };
    await done(engine, job(session, 'from', { route }));
    expect(await engine.drain(session, 'to')).toEqual(['back', 'high', 'low']);
    expect(engine.queue('from').size).toBe(0);
    await engine.close();
  });
});

test('a delivery that a consumer holds is not taken from it', async () => {
  const engine = await Engine.open('segment');
  const session = await withDead(engine, DEAD);
  const held = await engine.fetch(session, 'dead');
  const { report } = await done(engine, job(session, 'dead'));
  expect(report).toMatchObject({ total: 2, moved: 2 });
  expect(bodyOf(held as never)).toBe('first');
  session.settle(held as never, 'ack');
  await engine.close();
});

test('only what was named goes, and it is said what has left', async () => {
  const engine = await Engine.open('memory');
  const session = await withDead(engine, DEAD);
  const { epoch } = engine.queue('dead');
  const ids = [`${epoch}-0-1`, `${epoch}-0-7`, 'nonsense'];
  const { report } = await done(engine, job(session, 'dead', { ids }));
  expect(report).toMatchObject({ total: 3, moved: 1, skipped: 2 });
  expect(await engine.drain(session, 'b')).toEqual(['middle']);
  await engine.close();
});

test('it needs the right to write where messages go', async () => {
  const engine = await Engine.open('memory');
  await withDead(engine, DEAD);
  await engine.addUser('op', { read: '^dead$', write: '^(a|orders)$' });
  const session = engine.session('op');
  const { report } = await done(engine, job(session, 'dead'));
  expect(report).toMatchObject({ moved: 2, skipped: 1 });
  expect([...report.destinations]).toContainEqual(
    expect.objectContaining({
      problem: "write access to queue 'b' in vhost '/' refused for user 'op'",
    }),
  );
  await engine.close();
});

test('it fails when its user may no longer read from the queue', async () => {
  const engine = await Engine.open('memory');
  const session = engine.session();
  for (const name of ['from', 'to']) await engine.declare(session, name);
  await engine.send(session, 'from', ...Array.from({ length: 100 }, (_, i) => `m${i}`));
  await engine.addUser('op', { read: '.*', write: '.*' });
  let blocked: string | null = 'low on memory';
  const route = { wish: named('to'), ...AS_IT_IS };
  const transfer = job(engine.session('op'), 'from', { route, blocked: () => blocked });
  const running = transfer.run();
  await until(engine, () => transfer.waiting === blocked);
  await engine.addUser('op', { write: '.*' });
  blocked = null;
  await engine.advance(250);
  await engine.pump(running);
  expect([transfer.state, transfer.error]).toEqual([
    'failed',
    "read access to queue 'from' in vhost '/' refused for user 'op'",
  ]);
  // What was looked at before has gone; nothing is lost.
  expect(engine.queue('from').size + engine.queue('to').size).toBe(100);
  expect(engine.queue('from').size).toBeGreaterThan(0);
  await engine.close();
});

test('it fails when its queue is deleted meanwhile', async () => {
  const engine = await Engine.open('memory');
  const session = await withDead(engine, DEAD);
  const transfer = job(session, 'dead', { blocked: () => 'low on memory' });
  const running = transfer.run();
  await until(engine, () => transfer.waiting === 'low on memory');
  await engine.run(session.topology.deleteQueue('dead', false, false));
  await engine.advance(250);
  await engine.pump(running);
  expect([transfer.state, transfer.error]).toEqual(['failed', 'the queue was deleted']);
  await engine.close();
});

test('routing keys that were in CC come back with it', async () => {
  const engine = await Engine.open('memory');
  const session = await withDead(engine, []);
  const cc = headers({ CC: ['b.2'] });
  session.publish(message('orders', 'a.1', 'both', { headers: cc }), null);
  session.settle((await engine.fetch(session, 'a')) as never, 'reject');
  await engine.drain(session, 'b');
  const route = { wish: { to: 'exchange' } as const, ...RESTORING };
  await done(engine, job(session, 'dead', { route }));
  expect(await engine.drain(session, 'a')).toEqual(['both']);
  expect(await engine.drain(session, 'b')).toEqual(['both']);
  await engine.close();
});

const act = fc.record({
  op: fc.constantFrom('publish', 'publish', 'ack', 'requeue', 'reject', 'move', 'look', 'turn'),
  n: fc.nat({ max: 100 }),
});

describe.each(BACKENDS)(
  'messages that are moved while others use the queue ($name)',
  ({ name }) => {
    test('are each somewhere, and nowhere twice', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 60 }), fc.nat(), async (script, seed) => {
          const engine = await Engine.open(name, { seed });
          const session = engine.session();
          for (const queue of ['to', 'dead']) await engine.declare(session, queue);
          await engine.declare(session, 'from', { 'x-max-priority': 2, ...TO_DEAD });
          const consumer = engine.consume(session, 'from', { prefetch: 2 });
          const route = { wish: named('to'), ...AS_IT_IS };
          const running: Promise<void>[] = [];
          const [published, acked]: [string[], string[]] = [[], []];
          for (const { op, n } of script) {
            if (op === 'publish') {
              const body = `m${published.push(`m${published.length}`) - 1}`;
              const values = { priority: n % 3, deliveryMode: 1 + (n % 2) };
              session.publish(message('', 'from', body, values), null);
            } else if (op === 'move') {
              running.push(job(session, 'from', { route, limit: 1 + (n % 5) }).run());
            } else if (op === 'look') {
              const request = { states: ['ready', 'unacked'] as const, filter: EVERYTHING };
              const all = { ...request, limit: 500, from: null, skip: 0, show: () => 0 };
              void session.messages.browse('from').page(all);
            } else if (op === 'turn') {
              await new Promise((resolve) => setImmediate(resolve));
              engine.backendClock.advance(1);
            } else {
              const [delivery] = consumer.deliveries.splice(
                n % (consumer.deliveries.length || 1),
                1,
              );
              if (delivery === undefined) continue;
              if (op === 'ack') acked.push(bodyOf(delivery));
              session.settle(delivery, op as 'ack' | 'requeue' | 'reject');
            }
          }
          await engine.pump(Promise.all(running));
          await engine.run(session.close());
          await engine.settle();
          const reader = engine.session();
          const left: string[] = [];
          for (const queue of ['from', 'to', 'dead'])
            left.push(...(await engine.drain(reader, queue)));
          expect([...left, ...acked].sort()).toEqual([...published].sort());
          await engine.settle();
          expect(engine.store.stats().messages).toBe(0);
          expect(engine.lines.filter((line) => !line.startsWith('info'))).toEqual([]);
        }),
        { numRuns: 80 },
      );
    });
  },
);

describe.each(KEEPING_BACKENDS)('a crash while messages are moved ($name)', ({ name }) => {
  test('loses none of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 30 }),
        fc.nat({ max: 40 }),
        async (seed, count, turns) => {
          const engine = await Engine.open(name, { seed });
          const session = engine.session();
          await engine.declare(session, 'from');
          await engine.declare(session, 'to', { 'x-queue-type': 'quorum' });
          const bodies = Array.from({ length: count }, (_, i) => `m${i}`);
          await engine.send(session, 'from', ...bodies);
          await engine.run(session.flush());
          const route = { wish: named('to'), ...AS_IT_IS };
          void job(session, 'from', { route }).run();
          for (let turn = 0; turn < turns; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
            engine.backendClock.advance(1);
          }
          const again = await engine.crash();
          const reader = again.session();
          const all = [
            ...(await again.drain(reader, 'from')),
            ...(await again.drain(reader, 'to')),
          ];
          expect([...new Set(all)].sort()).toEqual([...bodies].sort());
        },
      ),
      { numRuns: 40 },
    );
  });
});
