/**
 * Traces: what a watcher is told of messages, on every kind of store; what it is not told; and that
 * it stays bounded.
 */
import { describe, expect, test } from 'vitest';
import type { User } from '../../../src/auth/user.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Trace } from '../../../src/broker/tracing/trace.ts';
import type { TraceWishes } from '../../../src/broker/tracing/trace-filter.ts';
import { matchesTopic } from '../../../src/broker/tracing/trace-filter.ts';
import { Engine, headers, message, RESIDENT_BACKENDS } from '../../support/engine.ts';

const SETTINGS = {
  name: '',
  sample: 1,
  maxMessages: 1000,
  payloadBytes: 0,
  idleTimeoutMs: 60_000,
};

function begin(engine: Engine, wishes: TraceWishes = {}, settings = {}, user = 'guest'): Trace {
  const who = engine.broker.users.get(user) as User;
  const trace = engine.broker.tracing.start(who, wishes, { ...SETTINGS, ...settings });
  if (trace === null) throw new Error('no trace');
  return trace;
}

function client(engine: Engine, givenName: string, protocol = 'amqp091'): Session {
  const guest = engine.broker.users.get('guest') as User;
  const holder = { name: `to ${givenName}`, givenName, expelled: () => {} };
  return engine.broker.openSession(guest, '/', protocol, holder);
}

/** What happened to each message, in words. */
function story(trace: Trace): string[] {
  return trace.changesAfter(0, 1000).map(({ steps, state }) => {
    const words = steps.map(({ name, queue, queues, to, autoAck }) => {
      const where = queue ?? queues?.join('+') ?? '';
      return `${name}${autoAck ? '!' : ''} ${where}${to ? `>${to.client}` : ''}`.trim();
    });
    return `${words.join(', ')}: ${state}`;
  });
}

// Where a store hands back other objects than it was given, a delivery is a story of its own.
describe.each(RESIDENT_BACKENDS)('a trace ($name)', ({ name }) => {
  test('follows a message from its publisher to its consumer', async () => {
    const engine = await Engine.open(name);
    const sensor = client(engine, 'sensor-1', 'mqtt50');
    const worker = client(engine, 'worker');
    await engine.declare(worker, 'q');
    const trace = begin(engine);
    await engine.send(sensor, 'q', 'a');
    const recorder = engine.consume(worker, 'q');
    await engine.settle();
    await engine.advance(31);
    worker.settle(recorder.deliveries[0] as never, 'ack');
    await engine.settle();
    expect(story(trace)).toEqual([
      'published, routed q, delivered q>worker, acked q>worker: acked',
    ]);
    const [traced] = trace.changesAfter(0, 1);
    expect(traced?.publisher).toMatchObject({ client: 'sensor-1', protocol: 'mqtt50' });
    expect(traced?.steps.at(-1)).toMatchObject({ heldMs: 31 });
    await engine.close();
  });

  test('follows it through a dead-letter exchange and on', async () => {
    const engine = await Engine.open(name);
    const worker = client(engine, 'worker');
    await engine.declare(worker, 'dead');
    const target = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await engine.declare(worker, 'q', { ...target, 'x-message-ttl': 1_000 });
    const trace = begin(engine);
    await engine.send(worker, 'q', 'a');
    const rejected = await engine.fetch(worker, 'q');
    worker.settle(rejected as never, 'requeue');
    await engine.settle();
    worker.settle((await engine.fetch(worker, 'q')) as never, 'reject');
    await engine.settle();
    await engine.fetch(worker, 'dead', true);
    const got = 'delivered q>worker';
    expect(story(trace)).toEqual([
      `published, routed q, ${got}, requeued q>worker, ${got}, rejected q>worker, ` +
        'dead_lettered q, delivered! dead>worker: acked',
    ]);
    await engine.close();
  });

  test('says why a queue gave it up', async () => {
    const engine = await Engine.open(name);
    const session = client(engine, 'c');
    await engine.declare(session, 'brief', { 'x-message-ttl': 50 });
    await engine.declare(session, 'small', { 'x-max-length': 1 });
    await engine.declare(session, 'full', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    const trace = begin(engine);
    await engine.send(session, 'brief', 'a');
    await engine.advance(50);
    await engine.send(session, 'small', 'a', 'b');
    await engine.send(session, 'full', 'a', 'b');
    await engine.send(session, 'nowhere', 'a');
    expect(story(trace).sort()).toEqual([
      'published, routed brief, expired brief: expired',
      'published, routed full, refused full: refused',
      'published, routed full: ready',
      'published, routed small, dropped small: dropped',
      'published, routed small: ready',
      'published, unroutable: unroutable',
    ]);
    await engine.close();
  });

  test('follows what a delayed exchange holds back', async () => {
    const engine = await Engine.open(name);
    const session = client(engine, 'c');
    await engine.declare(session, 'q');
    await engine.declareExchange(session, 'later', 'x-delayed-message', {
      'x-delayed-type': 'fanout',
    });
    await engine.bind(session, 'later', 'q');
    const trace = begin(engine);
    const delay = headers({ 'x-delay': 100 });
    session.publish(message('later', 'k', 'a', { headers: delay }), null);
    await engine.settle();
    expect(story(trace)).toEqual(['published, delayed: delayed']);
    await engine.advance(100);
    expect(story(trace)).toEqual(['published, delayed, released q: ready']);
    await engine.close();
  });
});

test.each(RESIDENT_BACKENDS.filter(({ name }) => name !== 'memory' && name !== 'durable'))(
  'a message that was on disk meanwhile is still the same ($name)',
  async ({ name }) => {
    const engine = await Engine.open(name, { queueResidentBytes: 1 });
    const session = client(engine, 'c');
    await engine.declare(session, 'q');
    const trace = begin(engine);
    const bodies = Array.from({ length: 600 }, (_, i) => `m${i}`);
    await engine.send(session, 'q', ...bodies);
    expect(await engine.drain(session, 'q')).toEqual(bodies);
    expect(new Set(story(trace))).toEqual(new Set(['published, routed q, delivered! q>c: acked']));
    expect(trace.matched).toBe(600);
    await engine.close();
  },
);

describe('a trace is about', () => {
  async function traced(wishes: TraceWishes, user = 'guest'): Promise<string[]> {
    const engine = await Engine.open('memory');
    await engine.addUser('reader', { read: '^a$' }, ['management']);
    const one = client(engine, 'one', 'mqtt50');
    const two = client(engine, 'two');
    for (const queue of ['a', 'b', 'c']) await engine.declare(two, queue);
    await engine.bind(two, 'amq.topic', 'a', 'x.#');
    await engine.bind(two, 'amq.topic', 'b', '#.y');
    const trace = begin(engine, wishes, {}, user);
    const values = { headers: headers({ tenant: 'acme' }) };
    one.publish(message('amq.topic', 'x.1', 'first'), null);
    one.publish(message('amq.topic', 'x.y', 'second', values), null);
    two.publish(message('', 'c', 'third'), null);
    two.publish(message('', 'none', 'fourth'), null);
    await engine.settle();
    engine.consume(two, 'b');
    const keys = trace.changesAfter(0, 100).map(({ routingKeys }) => String(routingKeys));
    await engine.close();
    return keys.sort();
  }

  test.each<[TraceWishes, string[]]>([
    [{}, ['c', 'none', 'x.1', 'x.y']],
    [{ exchange: 'amq.*' }, ['x.1', 'x.y']],
    [{ queue: 'a' }, ['x.1', 'x.y']],
    [{ queue: 'b' }, ['x.y']],
    [{ routingKey: '#.y' }, ['x.y']],
    [{ routingKey: '*' }, ['c', 'none']],
    [{ connection: 'ONE' }, ['x.1', 'x.y']],
    [{ connection: 'two' }, ['c', 'none', 'x.y']],
    [{ protocol: 'mqtt' }, ['x.1', 'x.y']],
    [{ headers: new Map([['tenant', 'acme']]) }, ['x.y']],
    [{ text: 'THIRD' }, ['c']],
    [{ vhost: '/' }, ['c', 'none', 'x.1', 'x.y']],
    [{ vhost: 'other' }, []],
  ])('%o', async (wishes, keys) => {
    expect(await traced(wishes)).toEqual(keys);
  });

  test('what its user may read, and no more', async () => {
    expect(await traced({}, 'reader')).toEqual(['x.1', 'x.y']);
  });
});

test('it shows every so-many-th message only', async () => {
  const engine = await Engine.open('memory');
  const session = client(engine, 'c');
  await engine.declare(session, 'q');
  const trace = begin(engine, {}, { sample: 10 });
  await engine.send(session, 'q', ...Array.from({ length: 95 }, () => 'x'));
  await engine.drain(session, 'q');
  expect([trace.matched, trace.size]).toEqual([10, 10]);
  expect(new Set(story(trace))).toEqual(new Set(['published, routed q, delivered! q>c: acked']));
  await engine.close();
});

test('it forgets the oldest when it is full, and says how many a reader has missed', async () => {
  const engine = await Engine.open('memory');
  const session = client(engine, 'c');
  await engine.declare(session, 'q');
  const trace = begin(engine, {}, { maxMessages: 3, payloadBytes: 4 });
  await engine.send(session, 'q', 'message-1', 'message-2', 'message-3');
  const seen = trace.seq;
  await engine.send(session, 'q', 'message-4', 'message-5', 'message-6', 'message-7');
  expect([trace.size, trace.dropped]).toEqual([3, 4]);
  expect(trace.missedAfter(seen)).toBe(1);
  expect(trace.changesAfter(0, 10).map(({ id }) => id)).toEqual([5, 6, 7]);
  expect(String(trace.changesAfter(0, 1)[0]?.payload)).toBe('mess');
  // What was forgotten does not come back when it moves on.
  await engine.drain(session, 'q');
  expect(trace.changesAfter(0, 10).map(({ id }) => id)).toEqual([5, 6, 7]);
  expect(trace.bytes).toBe(trace.changesAfter(0, 10).reduce((sum, { bytes }) => sum + bytes, 0));
  await engine.close();
});

test('a message that comes again and again is told so far only', async () => {
  const engine = await Engine.open('memory');
  const session = client(engine, 'c');
  await engine.declare(session, 'q');
  const trace = begin(engine);
  await engine.send(session, 'q', 'x');
  for (let i = 0; i < 100; i++) {
    session.settle((await engine.fetch(session, 'q')) as never, 'requeue');
  }
  const [traced] = trace.changesAfter(0, 1);
  expect(traced?.steps).toHaveLength(64);
  expect(traced?.moreSteps).toBe(202 - 64);
  await engine.close();
});

test('a message that goes round and round is one message, and stays small', async () => {
  const engine = await Engine.open('segment');
  const session = client(engine, 'c');
  const round = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' };
  await engine.declare(session, 'q', round);
  const trace = begin(engine);
  await engine.send(session, 'q', 'x');
  for (let i = 0; i < 50; i++) {
    session.settle((await engine.fetch(session, 'q')) as never, 'reject');
    await engine.settle();
  }
  const [traced] = trace.changesAfter(0, 10);
  expect([trace.matched, traced?.state, traced?.objects.length]).toEqual([1, 'ready', 8]);
  expect(trace.bytes).toBe(traced?.bytes);
  await engine.close();
});

test('a message that was there before it began is told from its delivery on', async () => {
  const engine = await Engine.open('memory');
  const session = client(engine, 'c');
  await engine.declare(session, 'q');
  await engine.send(session, 'q', 'x');
  const trace = begin(engine);
  await engine.fetch(session, 'q', true);
  expect(story(trace)).toEqual(['delivered! q>c: acked']);
  expect(trace.changesAfter(0, 1)[0]?.publisher).toBeNull();
  await engine.close();
});

test('nobody is told anything while there is none', async () => {
  const engine = await Engine.open('memory');
  const session = client(engine, 'c');
  expect(engine.vhost.tracer).toBeNull();
  const first = begin(engine);
  const second = begin(engine, { vhost: '/' });
  expect(engine.vhost.tracer).not.toBeNull();
  engine.broker.tracing.end(first, 'deleted');
  engine.broker.tracing.end(second, 'deleted');
  expect(engine.vhost.tracer).toBeNull();
  await engine.run(session.close());
  await engine.close();
  expect(engine.clock.pending).toBe(0);
});

test('it ends when nobody reads it', async () => {
  const engine = await Engine.open('memory');
  const read = begin(engine, {}, { idleTimeoutMs: 5_000 });
  const unread = begin(engine, {}, { idleTimeoutMs: 5_000 });
  read.readers = 1;
  await engine.advance(6_000);
  expect([read.ended, unread.ended]).toEqual([null, 'idle']);
  read.readers = 0;
  await engine.advance(6_000);
  expect(read.ended).toBe('idle');
  expect(engine.vhost.tracer).toBeNull();
  await engine.close();
});

test('it ends with its vhost and with its user, and there are only so many', async () => {
  const engine = await Engine.open('memory');
  await engine.addUser('reader', { read: '.*' }, ['management']);
  const trace = begin(engine, {}, {}, 'reader');
  await engine.run(engine.broker.administration('guest').users.delete('reader'));
  expect(trace.ended).toBe("user 'reader' is deleted");
  const ofVhost = begin(engine, { vhost: '/' });
  const others = Array.from({ length: 15 }, () => begin(engine));
  expect(() => begin(engine)).toThrow('no trace');
  await engine.run(engine.broker.administration('guest').vhosts.delete('/'));
  expect(ofVhost.ended).toBe('vhost deleted');
  expect(others[0]?.ended).toBeNull();
  await engine.close();
  expect(others[0]?.ended).toBe('the broker stops');
});

test.each<[string, string, boolean]>([
  ['#', '', true],
  ['#', 'a.b', true],
  ['a.*', 'a', false],
  ['a.*', 'a.b', true],
  ['a.#', 'a', true],
  ['#.b', 'a.b', true],
  ['#.a.#', 'b.c', false],
  ['a.#.c', 'a.b.b.c', true],
])('the pattern %s on %s: %s', (pattern, key, matches) => {
  expect(matchesTopic(pattern.split('.'), key.split('.'))).toBe(matches);
});
