/**
 * What quorum queues do differently, on every kind of store: counts and limit, returns, priorities,
 * delayed retries, timeouts, a single active consumer by priority, and what they refuse.
 */
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { Field } from '../../../src/broker/field.ts';
import {
  Answers,
  BACKENDS,
  type BackendName,
  bodyOf,
  Engine,
  type EngineOptions,
  headers,
  KEEPING_BACKENDS,
  message,
  refusal,
} from '../../support/engine.ts';

const QUORUM = { 'x-queue-type': 'quorum' };
const DLX = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

/** An engine with a quorum queue `q` and a classic queue `dead`. */
async function start(
  backend: BackendName,
  args: Record<string, Field> = {},
  options: EngineOptions = {},
) {
  const engine = await Engine.open(backend, options);
  const session = engine.session();
  await engine.declare(session, 'dead');
  const queue = await engine.declare(session, 'q', { ...QUORUM, ...args });
  const send = (...bodies: string[]) => engine.send(session, 'q', ...bodies);
  const fetch = async (): Promise<Delivery> => (await engine.fetch(session, 'q')) as Delivery;
  const settle = async (delivery: Delivery, outcome: 'ack' | 'requeue' | 'release' | 'reject') => {
    session.settle(delivery, outcome);
    await engine.settle();
  };
  return { engine, session, queue, send, fetch, settle };
}

const countsOf = ({ message }: Delivery): unknown => {
  const { headers } = message.properties;
  return [headers?.get('x-acquired-count'), headers?.get('x-delivery-count')];
};

describe.each(BACKENDS)('a quorum queue ($name)', ({ name: backend }) => {
  test('tells how often a message was handed out and how often that failed', async () => {
    const { send, fetch, settle, engine } = await start(backend);
    await send('m');
    const first = await fetch();
    expect([first.redelivered, countsOf(first)]).toEqual([false, [undefined, undefined]]);
    await settle(first, 'release');
    const second = await fetch();
    expect([second.redelivered, countsOf(second)]).toEqual([true, [1, 0]]);
    await settle(second, 'requeue');
    const third = await fetch();
    expect(countsOf(third)).toEqual([2, 1]);
    await settle(third, 'ack');
    expect(engine.store.stats().messages).toBe(0);
  });

  test('sorts the counts into the headers that were sent, and sends on the others', async () => {
    const { engine, session, fetch, settle } = await start(backend, DLX);
    const sent = headers({ z: 1, a: 'x' });
    session.publish(message('', 'q', 'm', { headers: sent, messageId: 'id' }), null);
    await engine.settle();
    await settle(await fetch(), 'requeue');
    const again = await fetch();
    const { properties } = again.message;
    expect([...(properties.headers ?? []).keys()]).toEqual([
      'a',
      'x-acquired-count',
      'x-delivery-count',
      'z',
    ]);
    expect(properties.messageId).toBe('id');
    await settle(again, 'reject');
    const letter = await engine.fetch(session, 'dead');
    const names = [...(letter?.message.properties.headers ?? []).keys()];
    expect(names).not.toContain('x-delivery-count');
  });

  test('gives a message up after 20 failures, and not for being put back', async () => {
    const { engine, send, fetch, settle, session } = await start(backend, DLX);
    await send('m');
    for (let i = 0; i < 30; i++) await settle(await fetch(), 'release');
    for (let i = 0; i < 20; i++) await settle(await fetch(), 'requeue');
    expect(engine.queue('dead').size).toBe(0);
    await settle(await fetch(), 'requeue');
    expect(engine.queue('q').size).toBe(0);
    const letter = (await engine.fetch(session, 'dead')) as Delivery;
    const deaths = letter.message.properties.headers?.get('x-death') as Map<string, Field>[];
    expect(deaths[0]?.get('reason')).toBe('delivery_limit');
    expect(engine.queue('q').deaths.delivery_limit).toBe(1);
  });

  test('takes its limit from argument and policy, and without one never gives up', async () => {
    const { engine, send, fetch, settle, queue } = await start(backend, { 'x-delivery-limit': 1 });
    await send('m');
    await settle(await fetch(), 'requeue');
    expect(queue.size).toBe(1);
    await settle(await fetch(), 'requeue');
    expect(queue.size).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
    const other = await start(backend, { 'x-delivery-limit': -1 });
    await other.send('m');
    for (let i = 0; i < 50; i++) await other.settle(await other.fetch(), 'requeue');
    expect(other.queue.size).toBe(1);
  });

  test('counts a closed session as a failure', async () => {
    const { engine, send } = await start(backend);
    await send('m');
    const other = engine.session();
    engine.consume(other, 'q');
    await engine.settle();
    await engine.run(other.close());
    const consumer = engine.consume(engine.session(), 'q');
    await engine.settle();
    expect(countsOf(consumer.deliveries[0] as Delivery)).toEqual([1, 1]);
  });

  test('delivers what came back first, in the order of coming back', async () => {
    const { engine, session, send, fetch, settle } = await start(backend);
    await send('0', '1', '2', '3');
    const [a, b, c] = [await fetch(), await fetch(), await fetch()];
    await settle(c, 'requeue');
    await settle(a, 'release');
    await settle(b, 'requeue');
    expect(await engine.drain(session, 'q')).toEqual(['2', '0', '1', '3']);
  });

  test('delivers by priority from 0 to 31, and 4 without one', async () => {
    const { engine, session } = await start(backend);
    for (const [body, priority] of [
      ['none', undefined],
      ['0', 0],
      ['3', 3],
      ['5', 5],
      ['31', 31],
      ['200', 200],
      ['4', 4],
    ] as const) {
      session.publish(message('', 'q', body, { priority }), null);
    }
    await engine.settle();
    expect(await engine.drain(session, 'q')).toEqual(['31', '200', '5', 'none', '4', '3', '0']);
  });

  test('delivers what came back before what is more urgent', async () => {
    const { engine, session, fetch, settle } = await start(backend);
    session.publish(message('', 'q', 'low', { priority: 0 }), null);
    await engine.settle();
    const low = await fetch();
    session.publish(message('', 'q', 'high', { priority: 31 }), null);
    await engine.settle();
    await settle(low, 'release');
    expect(await engine.drain(session, 'q')).toEqual(['low', 'high']);
  });

  test('keeps a message that came back no longer than it may wait', async () => {
    const { engine, session, fetch, settle } = await start(backend, DLX);
    session.publish(message('', 'q', 'm', { expiration: '100' }), null);
    await engine.settle();
    const one = await fetch();
    await engine.advance(60);
    await settle(one, 'release');
    await engine.advance(39);
    expect(engine.queue('q').size).toBe(1);
    await engine.advance(1);
    expect(await engine.drain(session, 'dead')).toEqual(['m']);
  });

  test('delivers what failed after a delay that grows with the failures', async () => {
    const { engine, send, fetch, settle, queue } = await start(backend, {
      'x-delayed-retry-type': 'failed',
      'x-delayed-retry-min': 100,
      'x-delayed-retry-max': 250,
    });
    await send('m');
    for (const delayMs of [100, 200, 250, 250]) {
      await settle(await fetch(), 'requeue');
      expect([queue.size, queue.delayed]).toEqual([0, 1]);
      await engine.advance(delayMs - 1);
      expect(queue.size).toBe(0);
      await engine.advance(1);
      expect([queue.size, queue.delayed]).toEqual([1, 0]);
    }
    await settle(await fetch(), 'release');
    expect(queue.size).toBe(1);
  });

  test('delays what was put back, or all, if told so', async () => {
    for (const [type, releases, requeues] of [
      ['returned', 0, 1],
      ['all', 0, 0],
      ['disabled', 1, 1],
    ] as const) {
      const args = { 'x-delayed-retry-type': type, 'x-delayed-retry-min': 100 };
      const { send, fetch, settle, queue } = await start(backend, args);
      await send('m');
      await settle(await fetch(), 'requeue');
      expect(queue.size).toBe(requeues);
      if (requeues === 0) continue;
      await settle(await fetch(), 'release');
      expect(queue.size).toBe(releases);
    }
  });

  test('lets delayed messages out in their order, and forgets them with itself', async () => {
    const args = { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 100 };
    const { engine, session, send, fetch, settle } = await start(backend, args);
    await send('a', 'b', 'c');
    const held = [await fetch(), await fetch(), await fetch()] as const;
    await settle(held[1], 'requeue');
    await engine.advance(10);
    await settle(held[0], 'requeue');
    await settle(held[2], 'requeue');
    await engine.advance(100);
    expect(await engine.drain(session, 'q')).toEqual(['b', 'a', 'c']);
    await send('d');
    await settle(await fetch(), 'requeue');
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(engine.clock.pending).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('cancels a consumer that holds a message for too long, and takes it back', async () => {
    const { engine, session, send } = await start(backend, { 'x-consumer-timeout': 1000 });
    await send('a', 'b', 'c');
    const slow = engine.consume(session, 'q', { prefetch: 2 });
    await engine.settle();
    await engine.advance(600);
    slow.settle('ack');
    await engine.settle();
    expect(slow.held).toEqual(['b', 'c']);
    await engine.advance(399);
    expect(slow.cancelReason).toBeNull();
    await engine.advance(1);
    expect(slow.cancelReason).toBe('consumer timeout');
    const next = engine.consume(engine.session(), 'q');
    await engine.settle();
    expect(next.bodies).toEqual(['b', 'c']);
    expect(next.deliveries.map(countsOf)).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect((session as unknown as { subscriptions: Set<unknown> }).subscriptions.size).toBe(0);
    // Too late, and without harm.
    slow.settle('ack');
    slow.settle('reject');
    next.ackAll();
    expect(engine.queue('q').unsettled).toBe(0);
    await engine.run(session.close());
  });

  test('takes back what a cancelled consumer holds for too long, and tells it nothing', async () => {
    const { engine, session, send, queue } = await start(backend, { 'x-consumer-timeout': 1000 });
    await send('a');
    const consumer = engine.consume(session, 'q');
    await engine.settle();
    consumer.subscription.cancel();
    await engine.advance(1000);
    expect([queue.size, queue.unsettled, consumer.cancelReason]).toEqual([1, 0, null]);
  });

  test('takes the timeout from the consumer, the queue, or the broker', async () => {
    const queues = { consumerTimeoutMs: 3000 };
    const { engine, session, send, queue } = await start(backend, {}, { queues });
    await send('a', 'b');
    const own = headers({ 'x-consumer-timeout': 500 });
    const quick = engine.consume(session, 'q', { prefetch: 1, arguments: own });
    const patient = engine.consume(engine.session(), 'q', { prefetch: 1 });
    await engine.settle();
    await engine.advance(500);
    expect([quick.cancelReason, patient.cancelReason]).toEqual(['consumer timeout', null]);
    const policy = { pattern: 'q', definition: headers({ 'consumer-timeout': 1000 }) };
    await engine.run(engine.vhost.policies.put('policy', 'p', policy));
    await engine.advance(499);
    expect(patient.cancelReason).toBeNull();
    await engine.advance(1);
    expect(patient.cancelReason).toBe('consumer timeout');
    expect(queue.size).toBe(2);
    await engine.advance(10_000_000);
    expect(engine.clock.pending).toBe(0);
  });

  test('with a single active consumer makes way for one of a higher priority', async () => {
    const { engine, session, send } = await start(backend, { 'x-single-active-consumer': true });
    const low = engine.consume(session, 'q', { prefetch: 2 });
    const same = engine.consume(session, 'q', {});
    await send('a', 'b', 'c');
    expect(low.bodies).toEqual(['a', 'b']);
    const high = engine.consume(engine.session(), 'q', {
      arguments: headers({ 'x-priority': 5 }),
      prefetch: 1,
    });
    low.settle('ack');
    await engine.settle();
    expect([low.bodies, high.bodies]).toEqual([['a', 'b'], []]);
    low.settle('ack');
    await engine.settle();
    expect([low.bodies, high.bodies, same.bodies]).toEqual([['a', 'b'], ['c'], []]);
    expect(engine.queue('q').subscriptions.active).toBe(high.subscription);
    high.settle('ack');
    await send('d');
    high.subscription.cancel();
    high.settle('requeue');
    await engine.settle();
    expect(low.bodies).toEqual(['a', 'b', 'd']);
    expect(same.bodies).toEqual([]);
  });

  test('does not keep others out for an exclusive consumer', async () => {
    const { engine, session, send } = await start(backend);
    const one = engine.consume(session, 'q', { exclusive: true, prefetch: 1 });
    const other = engine.consume(session, 'q', { exclusive: true, prefetch: 1 });
    await send('a', 'b');
    expect([...one.bodies, ...other.bodies].sort()).toEqual(['a', 'b']);
  });

  test('confirms a transient message when the store has it', async () => {
    const { engine, session } = await start(backend);
    const answers = new Answers();
    answers.publish(session, message('', 'q', 'm', { deliveryMode: 1 }));
    if (backend !== 'memory') expect(answers.list).toEqual([]);
    await engine.settle();
    expect(answers.list).toEqual(['1 ack']);
    expect(engine.store.stats().messages).toBe(1);
  });
});

describe.each(KEEPING_BACKENDS)('after a crash a quorum queue ($name)', ({ name: backend }) => {
  test('has its messages, transient ones too, with priorities and counts', async () => {
    const { engine, session, fetch, settle } = await start(backend);
    const publish = (body: string, priority?: number) =>
      session.publish(message('', 'q', body, { priority, deliveryMode: 1 }), null);
    publish('counted', 9);
    await engine.settle();
    await settle(await fetch(), 'requeue');
    await settle(await fetch(), 'release');
    publish('0', 0);
    publish('none');
    publish('3', 3);
    publish('5', 5);
    await engine.settle();
    const again = await engine.crash();
    const reader = again.session();
    const first = (await again.fetch(reader, 'q')) as Delivery;
    expect([bodyOf(first), first.redelivered, countsOf(first)]).toEqual(['counted', true, [2, 1]]);
    expect(await again.drain(reader, 'q')).toEqual(['5', 'none', '3', '0']);
  });
});

describe('a quorum queue', () => {
  const declaring = async (
    args: Record<string, Field>,
    flags: { durable?: boolean; exclusive?: boolean; autoDelete?: boolean } = {},
    name = 'q',
  ) => {
    const engine = await Engine.open('memory');
    return refusal(() => engine.declare(engine.session(), name, { ...QUORUM, ...args }, flags));
  };

  test('is durable, for all, for ever, and named by who declares it', async () => {
    const invalid = (property: string) =>
      `PRECONDITION_FAILED - invalid property '${property}' for queue 'q' in vhost '/'`;
    expect(await declaring({}, { durable: false })).toBe(invalid('non-durable'));
    expect(await declaring({}, { exclusive: true })).toBe(invalid('exclusive-owner'));
    expect(await declaring({}, { autoDelete: true })).toBe(invalid('auto-delete'));
    expect(await declaring({}, {}, '')).toBe(
      'PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
    );
  });

  test('cannot be deleted on conditions', async () => {
    const { engine, session } = await start('memory');
    const deleting = (ifUnused: boolean, ifEmpty: boolean) =>
      refusal(() => engine.run(session.topology.deleteQueue('q', ifUnused, ifEmpty)));
    const text = (flag: string) =>
      `NOT_IMPLEMENTED - cannot delete queue 'q' in vhost '/'. queue.delete operations with ` +
      `${flag} flag set are not supported by quorum queues`;
    expect(await deleting(true, true)).toBe(text('if-unused'));
    expect(await deleting(false, true)).toBe(text('if-empty'));
    expect(await deleting(false, false)).toBe('accepted');
  });

  test('with a single active consumer cannot be fetched from', async () => {
    const { engine, session } = await start('memory', { 'x-single-active-consumer': true });
    expect(await refusal(() => engine.fetch(session, 'q'))).toBe(
      "RESOURCE_LOCKED - cannot obtain access to locked queue 'q' in vhost '/'. basic.get " +
        'operations are not supported by quorum queues with single active consumer',
    );
  });

  test('refuses consumer arguments of other types and of the wrong kind', async () => {
    const { engine, session } = await start('memory');
    const consuming = (args: Record<string, Field>) =>
      refusal(() => engine.consume(session, 'q', { arguments: headers(args) }));
    const invalid = (name: string) =>
      `PRECONDITION_FAILED - invalid arg '${name}' for queue 'q' in vhost '/'`;
    expect(await consuming({ 'x-stream-offset': 'first' })).toBe(
      `${invalid('x-stream-offset')} of queue type rabbit_quorum_queue`,
    );
    expect(await consuming({ 'x-consumer-timeout': 'a' })).toBe(
      `${invalid('x-consumer-timeout')}: "expected integer, got longstr"`,
    );
    expect(await consuming({ 'x-priority': 'a' })).toBe(
      `${invalid('x-priority')}: "expected integer, got longstr"`,
    );
  });

  test('honours a prefetch for the whole channel, unlike RabbitMQ', async () => {
    const { PrefetchWindow } = await import('../../../src/broker/subscription.ts');
    const { engine, session, send } = await start('memory');
    const window = new PrefetchWindow(2);
    const one = engine.consume(session, 'q', { window });
    const other = engine.consume(session, 'q', { window });
    await send('1', '2', '3', '4');
    expect([...one.bodies, ...other.bodies]).toHaveLength(2);
    window.limit = 3;
    expect([...one.bodies, ...other.bodies]).toHaveLength(3);
    window.limit = 1;
    for (const consumer of [one, other]) consumer.ackAll();
    expect([...one.bodies, ...other.bodies]).toHaveLength(4);
  });
});

describe('the type of a queue', () => {
  const types = async (
    defaultQueueType: 'classic' | 'quorum',
    flags: { durable?: boolean; exclusive?: boolean; autoDelete?: boolean } = {},
    args: Record<string, Field> = {},
    name = 'q',
  ) => {
    const engine = await Engine.open('memory', { queues: { defaultQueueType } });
    const queue = await engine.declare(engine.session(), name, args, flags);
    return `${queue.type} ${String(queue.arguments.get('x-queue-type'))}`;
  };

  test('is the default where it is not said and can be', async () => {
    expect(await types('classic')).toBe('classic undefined');
    expect(await types('quorum')).toBe('quorum quorum');
    expect(await types('quorum', { durable: false })).toBe('classic undefined');
    expect(await types('quorum', { exclusive: true })).toBe('classic undefined');
    expect(await types('quorum', { autoDelete: true })).toBe('classic undefined');
    expect(await types('quorum', {}, {}, '')).toBe('classic undefined');
    expect(await types('quorum', {}, { 'x-queue-type': 'classic' })).toBe('classic classic');
  });

  test('is the same when it is declared again', async () => {
    const again = async (
      first: Record<string, Field>,
      second: Record<string, Field>,
      queues: EngineOptions['queues'] = {},
    ) => {
      const engine = await Engine.open('memory', { queues });
      const session = engine.session();
      await engine.declare(session, 'q', first);
      return refusal(() => engine.declare(session, 'q', second));
    };
    const different = (received: string, current: string) =>
      "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': " +
      `received '${received}' but current is '${current}'`;
    const classic = { 'x-queue-type': 'classic' };
    expect(await again({}, classic)).toBe('accepted');
    expect(await again(classic, {})).toBe('accepted');
    expect(await again(QUORUM, {})).toBe(different('classic', 'quorum'));
    expect(await again(QUORUM, classic)).toBe(different('classic', 'quorum'));
    expect(await again({}, QUORUM)).toBe(different('quorum', 'classic'));
    expect(await again({}, {}, { defaultQueueType: 'quorum' })).toBe('accepted');
    expect(await again(classic, {}, { defaultQueueType: 'quorum' })).toBe('accepted');
    const relaxed = { relaxedRedeclaration: true };
    expect(await again(QUORUM, {}, relaxed)).toBe('accepted');
    expect(await again(QUORUM, { 'x-max-priority': 5 }, relaxed)).toBe('accepted');
    expect(await again({}, QUORUM, relaxed)).toBe(different('quorum', 'classic'));
    expect(await again({ ...QUORUM, 'x-delivery-limit': 5 }, QUORUM)).toBe(
      "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in vhost '/': " +
        "received none but current is the value '5' of type 'signedint'",
    );
    expect(await again({}, { 'x-unknown': 5 })).toBe('accepted');
  });
});

describe('a queue that the broker names', () => {
  test('gets the prefix that is asked for, which is no argument of the queue', async () => {
    const engine = await Engine.open('memory');
    const session = engine.session();
    const queue = await engine.declare(session, '', { 'x-name-prefix': 'mine' });
    expect(queue.name).toMatch(/^mine-[\w-]{22}$/);
    expect(queue.arguments.size).toBe(0);
    expect((await engine.declare(session, '')).name).toMatch(/^amq\.gen-[\w-]{22}$/);
    expect((await engine.declare(session, 'q', { 'x-name-prefix': 'x' })).name).toBe('q');
    const refused = (prefix: Field) =>
      refusal(() => engine.declare(session, '', { 'x-name-prefix': prefix }));
    const text = "PRECONDITION_FAILED - invalid arg 'x-name-prefix' for queue '' in vhost '/': ";
    expect(await refused(5)).toBe(`${text}{unacceptable_type,signedint}`);
    expect(await refused('x'.repeat(65))).toBe(`${text}"longer than 64 bytes"`);
    expect(await refused('x'.repeat(64))).toBe('accepted');
  });
});
