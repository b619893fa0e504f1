import { describe, expect, test } from 'vitest';
import { Traffic } from '../../src/broker/traffic.ts';
import { QUEUES_COUNTED_MAX } from '../../src/limits.ts';
import { Answers, BACKENDS, Engine, message } from '../support/engine.ts';

describe.each(BACKENDS)('what is counted, on a $name store', ({ name }) => {
  test('publishes by channel, exchange and queue; those that reach nobody apart', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    const queue = await engine.declare(session, 'q');
    const other = session.openTraffic();
    await engine.send(session, 'q', 'one', 'two');
    new Answers().publish(session, message('', 'q', 'three'));
    session.publish(message('', 'nowhere', 'four'), null, other);
    await engine.settle();

    const { publish, publishConfirm, unroutable, bodyBytes } = session.traffic;
    expect({ publish, publishConfirm, unroutable, bodyBytes }).toEqual({
      publish: 3,
      publishConfirm: 1,
      unroutable: 0,
      bodyBytes: 11,
    });
    expect([other.publish, other.unroutable]).toEqual([1, 1]);
    expect(queue.published).toBe(3);
    const exchange = engine.vhost.exchange('');
    expect([exchange.publishedIn, exchange.publishedOut]).toEqual([4, 3]);
    await engine.close();
  });

  test('deliveries by queue and by channel, with acks where the delivery was', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    const queue = await engine.declare(session, 'q');
    const traffic = session.openTraffic();
    await engine.send(session, 'q', 'a', 'b', 'c');
    const consumer = engine.consume(session, 'q', { traffic, prefetch: 1 });
    await engine.settle();
    consumer.settle('requeue');
    await engine.settle();
    consumer.settle('ack');
    await engine.settle();
    consumer.subscription.cancel();
    consumer.settle('ack');
    await engine.fetch(session, 'q', true);
    await engine.fetch(session, 'q', true);

    const consumed = { ...traffic.fromQueue('q', 'classic') };
    expect(consumed).toMatchObject({ deliver: 3, deliverNoAck: 0, redeliver: 1, ack: 2 });
    const fetched = { ...session.traffic.fromQueue('q', 'classic') };
    expect(fetched).toMatchObject({ getNoAck: 1, getEmpty: 1 });
    const types: string[] = [];
    traffic.eachType((_counts, type) => types.push(type));
    expect(types).toEqual(['classic']);
    expect({ ...queue.counts }).toEqual({
      deliver: 3,
      deliverNoAck: 0,
      get: 0,
      getNoAck: 1,
      getEmpty: 1,
      redeliver: 1,
      ack: 2,
    });
    await engine.close();
  });

  test('a channel that closes leaves its counts in the totals of broker and vhost', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    await engine.declare(session, 'q');
    const traffic = session.openTraffic();
    session.publish(message('', 'q', 'one'), null, traffic);
    session.closeTraffic(traffic);
    session.closeTraffic(traffic);
    await engine.settle();
    expect(engine.vhost.pastTraffic.publish).toBe(1);
    expect(engine.broker.totals.past.get('amqp091')?.publish).toBe(1);
    await engine.send(session, 'q', 'two');
    await engine.run(session.close());
    expect(engine.broker.totals.past.get('amqp091')?.publish).toBe(2);
    await engine.close();
  });

  test('why messages died outlives their queue', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    const queue = await engine.declare(session, 'q', { 'x-max-length': 1, 'x-message-ttl': 50 });
    await engine.send(session, 'q', 'one', 'two');
    await engine.advance(60);
    expect({ ...queue.deaths }).toMatchObject({ expired: 1, maxlen: 1 });
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect({ ...engine.broker.totals.deathsOf('classic', false) }).toMatchObject({
      expired: 1,
      maxlen: 1,
    });
    expect({ ...engine.broker.totals.churn }).toMatchObject({
      queueDeclared: 1,
      queueCreated: 1,
      queueDeleted: 1,
    });
    await engine.close();
  });
});

test('message sizes are counted in the classes of the dashboards', () => {
  const traffic = new Traffic();
  for (const bytes of [0, 100, 101, 100_000_001]) traffic.published(bytes, false, 1);
  expect([...traffic.sizes]).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 1]);
  const sum = new Traffic();
  sum.add(traffic);
  sum.add(traffic);
  expect(sum.sizes[0]).toBe(4);
});

test('a channel tells a bounded number of queues apart, and loses no count for that', () => {
  const traffic = new Traffic();
  for (let i = 0; i < QUEUES_COUNTED_MAX + 2; i++) {
    traffic.from({ name: `q${i}`, type: 'classic' }).deliver++;
  }
  expect([...traffic.queues()]).toHaveLength(QUEUES_COUNTED_MAX);
  expect(traffic.fromQueue(`q${QUEUES_COUNTED_MAX}`, 'classic')).toBeUndefined();
  expect(traffic.deliveries().deliver).toBe(QUEUES_COUNTED_MAX + 2);
  const sum = new Traffic();
  sum.add(traffic);
  expect(sum.ofType('classic').deliver).toBe(QUEUES_COUNTED_MAX + 2);
});
