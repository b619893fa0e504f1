import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { PrefetchWindow } from '../../../src/broker/subscription.ts';
import {
  Answers,
  BACKENDS,
  bodyOf,
  Engine,
  KEEPING_BACKENDS,
  message,
  Recorder,
  refusal,
} from '../../support/engine.ts';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

describe.each(BACKENDS)('a queue ($name)', ({ name: backend }) => {
  /** An engine with a queue `q` and two sessions. */
  async function start(args: Parameters<Engine['declare']>[2] = {}) {
    const engine = await Engine.open(backend);
    const session = engine.session();
    const other = engine.session();
    const queue = await engine.declare(session, 'q', args);
    return { engine, session, other, queue };
  }

  test('keeps messages in order, each for one consumer', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', ...DIGITS);
    expect(queue.size).toBe(9);
    const consumer = engine.consume(session, 'q');
    await engine.settle();
    expect(consumer.bodies).toEqual(DIGITS);
    expect([queue.size, queue.unsettled]).toEqual([0, 9]);
    consumer.ackAll();
    await engine.settle();
    expect(queue.unsettled).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([]);
  });

  test('gives a consumer nothing before its first resume', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', 'a');
    const consumer = new Recorder(session);
    consumer.subscription = session.subscribe('q', consumer, { tag: 't' });
    await engine.send(session, 'q', 'b');
    expect(consumer.bodies).toEqual([]);
    consumer.subscription.resume();
    await engine.settle();
    expect(consumer.bodies).toEqual(['a', 'b']);
  });

  test('lets every willing consumer have its turn', async () => {
    const { engine, session } = await start();
    const consumers = [0, 1, 2].map(() => engine.consume(session, 'q'));
    await engine.send(session, 'q', ...DIGITS);
    expect(consumers.map(({ bodies }) => bodies.join(''))).toEqual(['147', '258', '369']);
  });

  test('is fair to a slow consumer: it loses no turn that it could take', async () => {
    const { engine, session } = await start();
    const slow = engine.consume(session, 'q', { prefetch: 1 });
    const fast = engine.consume(session, 'q', { prefetch: 100 });
    await engine.send(session, 'q', 'a', 'b', 'c', 'd');
    expect(slow.bodies).toEqual(['a']);
    expect(fast.bodies).toEqual(['b', 'c', 'd']);
    slow.settle('ack');
    await engine.send(session, 'q', 'e', 'f');
    expect(slow.bodies).toEqual(['a', 'e']);
    expect(fast.bodies).toEqual(['b', 'c', 'd', 'f']);
  });

  test('shares a backlog evenly between consumers of different prefetch that keep up', async () => {
    const { engine, session } = await start();
    const consumers = [1, 5, 0].map((prefetch) => {
      const consumer = new Recorder(session);
      consumer.open = false;
      engine.consume(session, 'q', { prefetch, consumer });
      return consumer;
    });
    for (let round = 0; round < 10; round++) {
      for (const consumer of consumers) {
        consumer.open = true;
        consumer.subscription.resume();
      }
      await engine.send(session, 'q', 'x', 'y', 'z');
      for (const consumer of consumers) consumer.ackAll();
      await engine.settle();
    }
    expect(consumers.map(({ bodies }) => bodies.length)).toEqual([10, 10, 10]);
  });

  test('gives no turn to a consumer that was cancelled', async () => {
    const { engine, session } = await start();
    const [a, b, c] = [0, 1, 2].map(() => engine.consume(session, 'q')) as [
      Recorder,
      Recorder,
      Recorder,
    ];
    await engine.send(session, 'q', '1');
    b.subscription.cancel();
    await engine.send(session, 'q', '2', '3', '4');
    expect(b.bodies).toEqual([]);
    expect(a.bodies).toEqual(['1', '3']);
    expect(c.bodies).toEqual(['2', '4']);
  });

  test('asks a consumer that cannot take once, and not again before it resumes', async () => {
    const { engine, session, queue } = await start();
    const consumer = engine.consume(session, 'q');
    consumer.open = false;
    await engine.send(session, 'q', ...DIGITS);
    expect(consumer.asked).toBe(1);
    expect(queue.size).toBe(9);
    consumer.open = true;
    consumer.subscription.resume();
    await engine.settle();
    expect(consumer.bodies).toEqual(DIGITS);
  });

  test('serves consumers of higher priority first, and the others when those are full', async () => {
    const { engine, session } = await start();
    const low = engine.consume(session, 'q', { arguments: new Map([['x-priority', -5]]) });
    const high = engine.consume(session, 'q', {
      arguments: new Map([['x-priority', 10]]),
      prefetch: 2,
    });
    await engine.send(session, 'q', '1', '2', '3');
    expect([high.bodies, low.bodies]).toEqual([['1', '2'], ['3']]);
    high.settle('ack');
    await engine.send(session, 'q', '4', '5');
    expect([high.bodies, low.bodies]).toEqual([
      ['1', '2', '4'],
      ['3', '5'],
    ]);
  });

  test('remembers no priority of consumers that are gone', async () => {
    const { engine, session, queue } = await start();
    for (let priority = 0; priority < 100; priority++) {
      const consumer = engine.consume(session, 'q', {
        arguments: new Map([['x-priority', priority]]),
      });
      if (priority % 2 === 0) consumer.open = false;
      await engine.send(session, 'q', 'm');
      consumer.subscription.cancel();
    }
    const { levels } = queue.subscriptions as unknown as { levels: unknown[] };
    expect(levels.length).toBeLessThanOrEqual(1);
  });

  test('with a single active consumer serves the first, and the next when that is gone', async () => {
    const { engine, session } = await start({ 'x-single-active-consumer': true });
    const first = engine.consume(session, 'q', { prefetch: 1 });
    const second = engine.consume(session, 'q', { arguments: new Map([['x-priority', 9]]) });
    const third = engine.consume(session, 'q');
    await engine.send(session, 'q', '1', '2', '3');
    expect([first.bodies, second.bodies, third.bodies]).toEqual([['1'], [], []]);
    first.subscription.cancel();
    await engine.settle();
    expect([first.bodies, second.bodies, third.bodies]).toEqual([['1'], ['2', '3'], []]);
    first.settle('requeue');
    await engine.settle();
    expect(second.bodies).toEqual(['2', '3', '1']);
  });

  test('with a single active consumer waits for that one when it cannot take', async () => {
    const { engine, session } = await start({ 'x-single-active-consumer': true });
    const first = new Recorder(session);
    first.open = false;
    engine.consume(session, 'q', { consumer: first });
    const second = engine.consume(session, 'q');
    await engine.send(session, 'q', '1', '2');
    expect([first.bodies, second.bodies]).toEqual([[], []]);
    first.open = true;
    first.subscription.resume();
    await engine.settle();
    expect([first.bodies, second.bodies]).toEqual([['1', '2'], []]);
  });

  test('is for one consumer if that one wants it alone', async () => {
    const { engine, session, other } = await start();
    const alone = engine.consume(session, 'q', { exclusive: true });
    const attempt = (exclusive: boolean) => () => engine.consume(other, 'q', { exclusive });
    const text = "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use";
    expect(await refusal(attempt(false))).toBe(text);
    expect(await refusal(attempt(true))).toBe(text);
    alone.subscription.cancel();
    expect(await refusal(attempt(false))).toBe('accepted');
    expect(await refusal(attempt(true))).toBe(text);
  });

  test('with a single active consumer is for nobody alone', async () => {
    const { engine, session } = await start({ 'x-single-active-consumer': true });
    expect(await refusal(() => engine.consume(session, 'q', { exclusive: true }))).toMatch(
      'in exclusive use',
    );
  });

  test('counts a delivery without acknowledgement as settled', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', 'a', 'b');
    const consumer = engine.consume(session, 'q', { noAck: true, prefetch: 1 });
    await engine.settle();
    expect(consumer.bodies).toEqual(['a', 'b']);
    expect([queue.size, queue.unsettled]).toEqual([0, 0]);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('puts a message back to its place, and says that it was delivered before', async () => {
    const { engine, session, other } = await start();
    await engine.send(session, 'q', ...DIGITS);
    const consumer = engine.consume(session, 'q', { prefetch: 5 });
    await engine.settle();
    consumer.subscription.cancel();
    for (const body of ['4', '2', '5']) consumer.settle('requeue', body);
    const reader = engine.consume(other, 'q');
    await engine.settle();
    expect(reader.bodies).toEqual(['2', '4', '5', '6', '7', '8', '9']);
    const flags = reader.deliveries.map((one) => [one.redelivered, one.deliveryCount]);
    expect(flags.slice(0, 4)).toEqual([
      [true, 1],
      [true, 1],
      [true, 1],
      [false, 0],
    ]);
    reader.settle('requeue', '2');
    await engine.settle();
    expect(reader.deliveries.at(-1)?.deliveryCount).toBe(2);
  });

  test('finds the place of a message whose neighbours are long gone', async () => {
    const { engine, session } = await start();
    const bodies = Array.from({ length: 400 }, (_, i) => String(i));
    await engine.send(session, 'q', ...bodies);
    const consumer = engine.consume(session, 'q', { prefetch: 300 });
    await engine.settle();
    consumer.subscription.cancel();
    for (const body of consumer.held) if (Number(body) % 100 !== 7) consumer.settle('ack', body);
    for (const body of ['207', '7', '107']) consumer.settle('requeue', body);
    await engine.settle();
    expect((await engine.drain(session, 'q')).slice(0, 4)).toEqual(['7', '107', '207', '300']);
  });

  test('puts a message back that never waited', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 2 });
    await engine.send(session, 'q', '1', '2', '3');
    consumer.subscription.cancel();
    consumer.settle('requeue', '2');
    consumer.settle('requeue', '1');
    expect(await engine.drain(session, 'q')).toEqual(['1', '2', '3']);
  });

  test('orders by priority, higher first, and by age within one', async () => {
    const { engine, session } = await start({ 'x-max-priority': 5 });
    const send = (body: string, priority?: number) =>
      session.publish(message('', 'q', body, { priority }), null);
    send('none');
    send('two', 2);
    send('nine', 9);
    send('five', 5);
    send('zero', 0);
    send('two again', 2);
    await engine.settle();
    expect(await engine.drain(session, 'q')).toEqual([
      'nine',
      'five',
      'two',
      'two again',
      'none',
      'zero',
    ]);
  });

  test('counts what consumers hold, ready messages and consumers apart', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', '1', '2', '3');
    engine.consume(session, 'q', { prefetch: 1 });
    await engine.settle();
    const info = session.topology.findQueue('q');
    expect(info).toEqual({ name: 'q', messages: 2, consumers: 1 });
  });

  test('purges what is ready and leaves what is out', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', ...DIGITS);
    const consumer = engine.consume(session, 'q', { prefetch: 2 });
    await engine.settle();
    expect(session.topology.purgeQueue('q')).toBe(7);
    expect([queue.size, queue.unsettled]).toEqual([0, 2]);
    await engine.settle();
    expect(engine.store.stats().messages).toBe(2);
    consumer.settle('requeue');
    await engine.send(session, 'q', 'after');
    expect(await engine.drain(session, 'q')).toEqual(['after']);
    expect(consumer.held).toEqual(['2', '1']);
  });

  test('is deleted with its messages; its consumers are told', async () => {
    const { engine, session, other } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await engine.send(session, 'q', '1', '2', '3');
    expect(await engine.run(other.topology.deleteQueue('q', false, false))).toBe(2);
    expect(consumer.cancelReason).toBe('queue deleted');
    expect(engine.store.stats().messages).toBe(0);
    consumer.settle('requeue');
    await engine.settle();
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([]);
  });

  test('deleted while messages are on their way is confirmed for and forgotten', async () => {
    const { engine, session } = await start();
    const answers = new Answers();
    for (const body of DIGITS) answers.publish(session, message('', 'q', body));
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(answers.list).toEqual(DIGITS.map((digit) => `${digit} ack`));
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([]);
  });

  test('deleted while messages are read back answers the fetch with nothing', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', ...DIGITS);
    await engine.fetch(session, 'q');
    const fetches = Array.from({ length: 5 }, () => session.fetch('q', false));
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    const deleting = session.topology.deleteQueue('q', false, false);
    await engine.run(deleting);
    const found = await Promise.all(fetches);
    expect(consumer.cancelReason).toBe('queue deleted');
    for (const one of found) if (one !== null) session.settle(one.delivery, 'ack');
    await engine.settle();
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([]);
  });

  test('fetches one message after the other, also when they have to be read back', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', ...DIGITS);
    const fetches = DIGITS.map(() => session.fetch('q', false));
    fetches.push(session.fetch('q', false));
    await engine.settle();
    const found = await Promise.all(fetches);
    expect(found.map((one) => one && bodyOf(one.delivery))).toEqual([...DIGITS, null]);
    expect([queue.size, queue.unsettled]).toEqual([0, 9]);
  });

  test('stops at a lowered channel-wide prefetch without asking again and again', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(5);
    const consumer = engine.consume(session, 'q', { window });
    const second = engine.consume(session, 'q', { window });
    await engine.send(session, 'q', ...DIGITS);
    expect(consumer.held.length + second.held.length).toBe(5);
    window.limit = 2;
    const asked = consumer.asked + second.asked;
    while (consumer.held.length + second.held.length > 2) {
      (consumer.held.length > 0 ? consumer : second).settle('ack');
      await engine.settle();
    }
    expect(consumer.asked + second.asked).toBe(asked);
    expect(consumer.bodies.length + second.bodies.length).toBe(5);
    (consumer.held.length > 0 ? consumer : second).settle('ack');
    await engine.settle();
    expect(consumer.bodies.length + second.bodies.length).toBe(6);
    window.limit = 0;
    await engine.settle();
    expect(consumer.bodies.length + second.bodies.length).toBe(9);
  });

  test('shares a channel-wide prefetch of one between two queues that both have a backlog', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'p');
    await engine.send(session, 'q', ...DIGITS);
    await engine.send(session, 'p', ...DIGITS);
    const window = new PrefetchWindow(1);
    const onQ = engine.consume(session, 'q', { window });
    const onP = engine.consume(session, 'p', { window });
    await engine.settle();
    for (let i = 0; i < 8; i++) {
      const holder = onQ.held.length > 0 ? onQ : onP;
      expect(onQ.held.length + onP.held.length).toBe(1);
      holder.settle('ack');
      await engine.settle();
    }
    expect([onQ.bodies.length, onP.bodies.length].sort()).toEqual([4, 5]);
  });

  test('does not count fetched messages against a prefetch', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', ...DIGITS);
    await engine.fetch(session, 'q');
    await engine.fetch(session, 'q');
    const consumer = engine.consume(session, 'q', { window: new PrefetchWindow(2) });
    await engine.settle();
    expect(consumer.held).toEqual(['3', '4']);
  });

  test('takes transient messages without its store, unless that would change the order', async () => {
    const { engine, session } = await start();
    const answers = new Answers();
    answers.publish(session, message('', 'q', 'p', { deliveryMode: 2 }));
    answers.publish(session, message('', 'q', 't', { deliveryMode: 1 }));
    if (!engine.readyWhenDurable) expect(answers.list).toContain('2 ack');
    await engine.settle();
    expect(answers.list).toHaveLength(2);
    expect(engine.store.stats().messages).toBe(engine.readyWhenDurable ? 2 : 1);
    expect(await engine.drain(session, 'q')).toEqual(['p', 't']);
  });

  test('has an end of its auto-delete life when the last consumer goes, and not before', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'auto', {}, { autoDelete: true });
    await engine.send(session, 'auto', 'a');
    await engine.fetch(session, 'auto');
    await engine.settle();
    expect(engine.vhost.topology.queues.has('auto')).toBe(true);
    const first = engine.consume(session, 'auto');
    const second = engine.consume(session, 'auto');
    first.subscription.cancel();
    await engine.settle();
    expect(engine.vhost.topology.queues.has('auto')).toBe(true);
    second.subscription.cancel();
    await engine.settle();
    expect(engine.vhost.topology.queues.has('auto')).toBe(false);
  });

  test('unused for its x-expires is deleted, without dead-lettering anything', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'dead');
    const args = { 'x-expires': 1000, 'x-dead-letter-exchange': '' };
    await engine.declare(session, 'e', { ...args, 'x-dead-letter-routing-key': 'dead' });
    await engine.send(session, 'e', 'a');
    await engine.advance(999);
    expect(engine.vhost.topology.queues.has('e')).toBe(true);
    await engine.advance(1);
    expect(engine.vhost.topology.queues.has('e')).toBe(false);
    expect(await engine.drain(session, 'dead')).toEqual([]);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('is used as long as it has a consumer, and by a declaration, passive or not, and a fetch', async () => {
    const { engine, session } = await start();
    const exists = () => engine.vhost.topology.queues.has('e');
    await engine.declare(session, 'e', { 'x-expires': 1000 });
    await engine.advance(900);
    await engine.declare(session, 'e', { 'x-expires': 1000 });
    await engine.advance(900);
    await engine.fetch(session, 'e');
    await engine.advance(900);
    const consumer = engine.consume(session, 'e');
    await engine.advance(5000);
    expect(exists()).toBe(true);
    consumer.subscription.cancel();
    await engine.send(session, 'e', 'publishing is no use');
    await engine.advance(999);
    expect(exists()).toBe(true);
    session.topology.findQueue('e');
    await engine.advance(999);
    expect(exists()).toBe(true);
    await engine.advance(1);
    expect(exists()).toBe(false);
  });

  test('leaves no timer behind when the broker closes', async () => {
    const { engine, session } = await start({ 'x-expires': 1000, 'x-message-ttl': 500 });
    await engine.send(session, 'q', 'a');
    await engine.close();
    expect(engine.clock.pending).toBe(0);
  });
});

describe.each(KEEPING_BACKENDS)('a queue with priorities ($name)', ({ name: backend }) => {
  const PRIORITIES = { 'x-max-priority': 10 };
  const types = [
    { type: 'classic', args: PRIORITIES },
    { type: 'quorum', args: {} },
  ];

  test.each(types)('delivers after paging, purge and restart ($type)', async ({ type, args }) => {
    const engine = await Engine.open(backend);
    const session = engine.session();
    await engine.declare(session, 'q', { 'x-queue-type': type, ...args });
    const fill = async () => {
      for (let i = 0; i < 300; i++) {
        const body = `message ${String(i).padStart(3, '0')}`;
        session.publish(message('', 'q', body, { priority: i % 10 }), null);
      }
      await engine.settle();
    };
    const inOrder = (bodies: string[]) => {
      const priorityOf = (body: string) => Number(body.at(-1));
      return bodies.toSorted((a, b) => priorityOf(b) - priorityOf(a) || (a < b ? -1 : 1));
    };
    await fill();
    expect(session.topology.purgeQueue('q')).toBe(300);
    await fill();
    const some: string[] = [];
    for (let i = 0; i < 50; i++) {
      some.push(bodyOf((await engine.fetch(session, 'q', true)) as Delivery));
    }
    expect(some).toEqual(inOrder(some));
    await engine.settle();
    const again = await engine.crash();
    const rest = await again.drain(again.session(), 'q');
    expect(rest.length).toBeGreaterThanOrEqual(250);
    expect(rest).toEqual(inOrder(rest));
    expect(new Set([...some, ...rest]).size).toBe(300);
  });
});
