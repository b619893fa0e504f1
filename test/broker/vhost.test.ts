import { describe, expect, test } from 'vitest';
import {
  Answers,
  ASYNC_BACKENDS,
  BACKENDS,
  Engine,
  headers,
  KEEPING_BACKENDS,
  message,
  Recorder,
} from '../support/engine.ts';

describe.each(BACKENDS)('a vhost ($name)', ({ name: backend }) => {
  async function start(...queues: string[]) {
    const engine = await Engine.open(backend);
    const session = engine.session();
    for (const name of queues) await engine.declare(session, name);
    const publish = async (exchange: string, key: string, cc: string[] = []) => {
      const values = cc.length > 0 ? { headers: headers({ CC: cc }) } : {};
      const reached = session.publish(message(exchange, key, 'm', values), null);
      await engine.settle();
      return reached;
    };
    const exists = (name: string) => engine.vhost.topology.exchanges.has(name);
    return { engine, session, publish, exists };
  }

  test('has the exchanges that the specification asks for', async () => {
    const { engine } = await start();
    const found = [...engine.vhost.topology.exchanges.values()];
    expect(found.map(({ name, type }) => `${name} ${type}`).sort()).toEqual([
      ' direct',
      'amq.direct direct',
      'amq.fanout fanout',
      'amq.headers headers',
      'amq.match headers',
      'amq.rabbitmq.trace topic',
      'amq.topic topic',
    ]);
  });

  test('reaches each queue once, through however many bindings, keys and exchanges', async () => {
    const { engine, session, publish } = await start('a', 'b');
    await engine.declareExchange(session, 'inner', 'fanout');
    await engine.bind(session, 'inner', 'a');
    await engine.bind(session, 'amq.topic', 'a', 'k.#');
    await engine.bind(session, 'amq.topic', 'a', '#');
    await engine.bind(session, 'amq.topic', 'b', 'other');
    await engine.bind(session, 'amq.topic', 'inner', 'k.*', {}, 'exchange');
    expect(await publish('amq.topic', 'k.1', ['k.2', 'other'])).toBe(2);
    expect([engine.queue('a').size, engine.queue('b').size]).toEqual([1, 1]);
    expect(engine.store.stats().messages).toBe(2);
  });

  test('is at its end in a circle of exchanges', async () => {
    const { engine, session, publish } = await start('q');
    for (const name of ['x', 'y', 'z']) await engine.declareExchange(session, name, 'fanout');
    await engine.bind(session, 'x', 'y', '', {}, 'exchange');
    await engine.bind(session, 'y', 'z', '', {}, 'exchange');
    await engine.bind(session, 'z', 'x', '', {}, 'exchange');
    await engine.bind(session, 'x', 'x', '', {}, 'exchange');
    expect(await publish('y', '')).toBe(0);
    await engine.bind(session, 'x', 'q');
    expect(await publish('y', '')).toBe(1);
  });

  test('hands what an exchange routes nowhere to its alternate, and so on', async () => {
    const { engine, session, publish } = await start('first', 'second', 'last');
    await engine.declareExchange(session, 'x', 'direct', { 'alternate-exchange': 'y' });
    await engine.declareExchange(session, 'y', 'direct', { 'alternate-exchange': 'z' });
    await engine.declareExchange(session, 'z', 'fanout');
    await engine.bind(session, 'x', 'first', 'k1');
    await engine.bind(session, 'y', 'second', 'k2');
    await engine.bind(session, 'z', 'last');
    const sizes = () => ['first', 'second', 'last'].map((name) => engine.queue(name).size);
    await publish('x', 'k1');
    expect(sizes()).toEqual([1, 0, 0]);
    await publish('x', 'k2');
    expect(sizes()).toEqual([1, 1, 0]);
    await publish('x', 'k3');
    expect(sizes()).toEqual([1, 1, 1]);
    await publish('x', 'k1', ['k2', 'k3']);
    expect(sizes()).toEqual([2, 1, 1]);
  });

  test('is at its end among alternates that are missing or go in a circle', async () => {
    const { engine, session, publish } = await start();
    await engine.declareExchange(session, 'x', 'direct', { 'alternate-exchange': 'y' });
    expect(await publish('x', 'k')).toBe(0);
    await engine.declareExchange(session, 'y', 'direct', { 'alternate-exchange': 'x' });
    expect(await publish('x', 'k')).toBe(0);
  });

  test('uses the alternate of an exchange that was reached through a binding', async () => {
    const { engine, session, publish } = await start('lost');
    await engine.declareExchange(session, 'inner', 'direct', {
      'alternate-exchange': 'amq.fanout',
    });
    await engine.bind(session, 'amq.topic', 'inner', '#', {}, 'exchange');
    await engine.bind(session, 'amq.fanout', 'lost');
    expect(await publish('amq.topic', 'k')).toBe(1);
  });

  test('lets bindings lead to an internal exchange', async () => {
    const { engine, session, publish } = await start('q');
    await engine.declareExchange(session, 'inner', 'fanout', {}, { internal: true });
    await engine.bind(session, 'amq.direct', 'inner', 'k', {}, 'exchange');
    await engine.bind(session, 'inner', 'q');
    expect(await publish('amq.direct', 'k')).toBe(1);
  });

  test('deletes an auto-delete exchange with its last binding, and what that leaves unused', async () => {
    const { engine, session, exists } = await start('q');
    for (const name of ['a', 'b', 'c']) {
      await engine.declareExchange(session, name, 'fanout', {}, { autoDelete: true });
    }
    await engine.bind(session, 'a', 'b', '', {}, 'exchange');
    await engine.bind(session, 'b', 'c', '', {}, 'exchange');
    await engine.bind(session, 'c', 'q');
    await engine.bind(session, 'c', 'q', 'second');
    const kind = { destinationKind: 'queue' as const, arguments: new Map() };
    const second = { source: 'c', destination: 'q', routingKey: 'second', ...kind };
    await engine.run(session.topology.unbind(second));
    expect(['a', 'b', 'c'].map(exists)).toEqual([true, true, true]);
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(['a', 'b', 'c'].map(exists)).toEqual([false, false, false]);
  });

  test('deletes auto-delete exchanges bound in a circle', async () => {
    const { engine, session, exists } = await start('q');
    for (const name of ['a', 'b']) {
      await engine.declareExchange(session, name, 'fanout', {}, { autoDelete: true });
    }
    await engine.bind(session, 'a', 'b', '', {}, 'exchange');
    await engine.bind(session, 'b', 'a', '', {}, 'exchange');
    await engine.run(session.topology.deleteExchange('a', false));
    expect(['a', 'b'].map(exists)).toEqual([false, false]);
  });

  test('takes the bindings of a deleted queue or exchange away, on both sides', async () => {
    const { engine, session, publish } = await start('q', 'p');
    await engine.declareExchange(session, 'x', 'fanout');
    await engine.bind(session, 'amq.direct', 'x', 'k', {}, 'exchange');
    await engine.bind(session, 'x', 'q');
    await engine.bind(session, 'amq.direct', 'q', 'k');
    await engine.run(session.topology.deleteExchange('x', false));
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(engine.vhost.exchange('amq.direct').bindings.size).toBe(0);
    await engine.declare(session, 'q');
    await engine.declareExchange(session, 'x', 'fanout');
    expect(await publish('amq.direct', 'k')).toBe(0);
    expect(await publish('x', '')).toBe(0);
  });

  test('confirms what reaches nobody, at once', async () => {
    const { session } = await start();
    const answers = new Answers();
    expect(answers.publish(session, message('amq.topic', 'nobody'))).toBe(0);
    expect(answers.list).toEqual(['1 ack']);
  });

  test('writes a message once for however many queues', async () => {
    const { engine, session, publish } = await start('a', 'b', 'c');
    for (const name of ['a', 'b', 'c']) await engine.bind(session, 'amq.fanout', name);
    await engine.declare(session, 'transient', {}, { durable: false });
    await engine.bind(session, 'amq.fanout', 'transient');
    expect(await publish('amq.fanout', '')).toBe(4);
    expect(engine.store.stats().messages).toBe(3);
  });
});

describe.each(KEEPING_BACKENDS)('a vhost on a store that keeps ($name)', ({ name: backend }) => {
  test('brings its messages, their order and their counts back after a crash', async () => {
    const engine = await Engine.open(backend);
    const session = engine.session();
    const args = { 'x-max-priority': 3, 'x-message-ttl': 1000 };
    await engine.declare(session, 'q', args);
    await engine.bind(session, 'amq.topic', 'q', 'a.#');
    await engine.declare(session, 'mine', {}, { exclusive: true });
    for (let i = 0; i < 300; i++) {
      session.publish(message('amq.topic', 'a.b', `m${i}`, { priority: i % 4 }), null);
    }
    await engine.settle();
    const consumer = engine.consume(session, 'q', { prefetch: 20 });
    await engine.settle();
    for (let i = 0; i < 5; i++) consumer.settle('ack');
    consumer.subscription.cancel();
    for (let i = 0; i < 5; i++) consumer.settle('requeue');
    await engine.settle();
    const again = await engine.crash();
    expect([...again.vhost.topology.queues.keys()]).toEqual(['q']);
    const reader = again.consume(again.session(), 'q');
    await again.settle();
    expect(reader.bodies).toHaveLength(295);
    const rank = (body: string) => -(Number(body.slice(1)) % 4) * 1000 + Number(body.slice(1));
    expect(reader.bodies).toEqual([...reader.bodies].sort((a, b) => rank(a) - rank(b)));
    const counts = reader.deliveries.map(({ deliveryCount }) => deliveryCount);
    // Five had come back, and fifteen were out.
    expect(counts.slice(0, 21)).toEqual([...new Array(20).fill(1), 0]);
    reader.subscription.cancel();
    while (reader.deliveries.length > 0) reader.settle('requeue');
    await again.advance(1000);
    expect(again.queue('q').size).toBe(0);
    expect(again.store.stats().messages).toBe(0);
  });
});

describe.each(ASYNC_BACKENDS)('a vhost on a store that fails ($name)', ({ name: backend }) => {
  test('gives consumers up when the log of a queue is taken away, and nacks what was on its way', async () => {
    const engine = await Engine.open(backend);
    const session = engine.session();
    await engine.declare(session, 'q');
    const answers = new Answers();
    const consumer = engine.consume(session, 'q', { consumer: new Recorder(session) });
    answers.publish(session, message('', 'q', 'm'));
    engine.asyncStore.takeAway(engine.queue('q').store?.id as number, null);
    await engine.settle();
    expect(consumer.cancelReason).toBe('queue unavailable');
    expect(answers.list).toEqual(['1 nack']);
    expect(engine.queue('q').subscriptions.size).toBe(0);
  });
});
