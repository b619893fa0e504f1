import { describe, expect, test } from 'vitest';
import { PrefetchWindow, type Subscription } from '../../src/broker/subscription.ts';
import { BACKENDS, Engine, message, Recorder } from '../support/engine.ts';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

describe.each(BACKENDS)('a subscription ($name)', ({ name: backend }) => {
  async function start() {
    const engine = await Engine.open(backend);
    const session = engine.session();
    await engine.declare(session, 'q');
    return { engine, session };
  }

  test('holds no more than its prefetch, and gets one for each that it settles', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 3 });
    await engine.send(session, 'q', ...DIGITS);
    expect(consumer.held).toEqual(['1', '2', '3']);
    consumer.settle('ack', '2');
    await engine.settle();
    expect(consumer.held).toEqual(['1', '3', '4']);
    consumer.settle('reject', '1');
    consumer.settle('ack', '3');
    await engine.settle();
    expect(consumer.held).toEqual(['4', '5', '6']);
  });

  test('without acks gets messages that know when they came, if that matters to them', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { noAck: true });
    const sentAtMs = engine.clock.now();
    session.publish(message('', 'q', 'brief', { expiration: '5000' }), null);
    await engine.settle();
    expect(consumer.bodies).toEqual(['brief']);
    expect(consumer.deliveries[0]?.message.expiresAtMs).toBe(sentAtMs + 5000);
  });

  test('gets back what it requeues if nobody else takes it', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await engine.send(session, 'q', '1', '2');
    consumer.settle('requeue');
    await engine.settle();
    expect(consumer.bodies).toEqual(['1', '1']);
    expect(consumer.deliveries[0]?.redelivered).toBe(true);
  });

  test('gets nothing after it was cancelled, and settles what it holds', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 2 });
    await engine.send(session, 'q', ...DIGITS);
    consumer.subscription.cancel();
    consumer.subscription.cancel();
    consumer.subscription.resume();
    consumer.ackAll();
    await engine.settle();
    expect(consumer.bodies).toEqual(['1', '2']);
    expect(engine.queue('q').size).toBe(7);
    expect(engine.store.stats().messages).toBe(7);
  });

  test('may be cancelled inside take', async () => {
    const { engine, session } = await start();
    const first = new Recorder(session);
    first.onTake = () => first.subscription.cancel();
    engine.consume(session, 'q', { consumer: first });
    const second = engine.consume(session, 'q');
    await engine.send(session, 'q', ...DIGITS);
    expect(first.bodies).toEqual(['1']);
    expect(second.bodies).toEqual(DIGITS.slice(1));
  });

  test('shares a window: what one settles the other may take', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(2);
    const first = engine.consume(session, 'q', { window });
    await engine.send(session, 'q', ...DIGITS);
    const second = engine.consume(session, 'q', { window });
    await engine.settle();
    expect([first.held.length, second.held.length]).toEqual([2, 0]);
    first.subscription.cancel();
    await engine.settle();
    expect(second.held).toEqual([]);
    first.settle('ack');
    await engine.settle();
    expect(second.held).toEqual(['3']);
    expect(window.used).toBe(2);
    await engine.run(session.close());
    expect(window.used).toBe(0);
    expect(window.subscriptions.size).toBe(0);
  });

  test('of its own prefetch and a window obeys the narrower', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(3);
    const first = engine.consume(session, 'q', { window, prefetch: 2 });
    const second = engine.consume(session, 'q', { window, prefetch: 2 });
    await engine.send(session, 'q', ...DIGITS);
    expect(first.held.length + second.held.length).toBe(3);
    window.limit = 10;
    await engine.settle();
    expect([first.held.length, second.held.length]).toEqual([2, 2]);
  });

  test('stops deliveries when it is lowered below what is out, without asking anybody again', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(4);
    const consumer = engine.consume(session, 'q', { window });
    await engine.send(session, 'q', ...DIGITS);
    expect(consumer.held).toEqual(['1', '2', '3', '4']);
    const { asked } = consumer;
    window.limit = 2;
    consumer.settle('ack');
    consumer.settle('ack');
    await engine.settle();
    expect(consumer.held).toEqual(['3', '4']);
    expect(consumer.asked).toBe(asked);
    consumer.settle('ack');
    await engine.settle();
    expect(consumer.held).toEqual(['4', '5']);
  });

  test('counts what two consumers of a channel hold once, and down to zero again', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(4);
    const pair = [
      engine.consume(session, 'q', { window }),
      engine.consume(session, 'q', { window }),
    ];
    await engine.send(session, 'q', ...DIGITS);
    const held = () => pair.flatMap((consumer) => consumer.held).sort();
    expect({ held: held(), used: window.used }).toEqual({ held: ['1', '2', '3', '4'], used: 4 });
    pair[0]?.settle('requeue');
    pair[1]?.settle('reject');
    await engine.settle();
    expect(new Set(held()).size).toBe(4);
    expect({ used: window.used, out: engine.queue('q').unsettled }).toEqual({ used: 4, out: 4 });
    await engine.run(session.close());
    expect({ used: window.used, out: engine.queue('q').unsettled }).toEqual({ used: 0, out: 0 });
  });

  test('without acknowledgement is not limited by any prefetch', async () => {
    const { engine, session } = await start();
    const window = new PrefetchWindow(1);
    const consumer = engine.consume(session, 'q', { noAck: true, prefetch: 1, window });
    await engine.send(session, 'q', ...DIGITS);
    expect(consumer.bodies).toEqual(DIGITS);
    expect(window.used).toBe(0);
  });

  test('is told once that its queue is gone, and holds what it held', async () => {
    const { engine, session } = await start();
    const reasons: string[] = [];
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    consumer.cancelled = (reason) => void reasons.push(reason);
    await engine.send(session, 'q', '1', '2');
    const { subscription }: { subscription: Subscription } = consumer;
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(reasons).toEqual(['queue deleted']);
    expect([subscription.ended, subscription.unsettled.size]).toEqual([true, 1]);
    consumer.settle('ack');
    await engine.run(session.close());
    expect(reasons).toEqual(['queue deleted']);
  });
});
