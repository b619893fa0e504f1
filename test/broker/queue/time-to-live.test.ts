import { describe, expect, test } from 'vitest';
import {
  BACKENDS,
  type BackendName,
  Engine,
  message,
  RESIDENT_BACKENDS,
  Recorder,
} from '../../support/engine.ts';

async function startOn(backend: BackendName, args: Parameters<Engine['declare']>[2] = {}) {
  const engine = await Engine.open(backend);
  const session = engine.session();
  const queue = await engine.declare(session, 'q', args);
  const send = async (body: string, expiration?: string, priority?: number) => {
    session.publish(message('', 'q', body, { expiration, priority }), null);
    await engine.settle();
  };
  return { engine, session, queue, send };
}

describe.each(RESIDENT_BACKENDS)('a time to live of zero ($name)', ({ name: backend }) => {
  const start = (args = {}) => startOn(backend, args);

  test('delivers to a consumer that is waiting', async () => {
    const { engine, session, send } = await start({ 'x-message-ttl': 0 });
    await send('nobody');
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await send('a');
    await send('prefetch is used up');
    consumer.settle('ack');
    await engine.settle();
    expect(consumer.bodies).toEqual(['a']);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('on a message alone does the same', async () => {
    const { engine, session, send } = await start();
    await send('nobody', '0');
    expect(await engine.drain(session, 'q')).toEqual([]);
    const consumer = engine.consume(session, 'q');
    await send('a', '0');
    expect(consumer.bodies).toEqual(['a']);
  });
});

describe.each(BACKENDS)('time to live ($name)', ({ name: backend }) => {
  const start = (args = {}) => startOn(backend, args);

  test('of the queue and of the message: the shorter one counts', async () => {
    const { engine, session, queue, send } = await start({ 'x-message-ttl': 100 });
    await send('queue');
    await send('longer', '5000');
    await send('shorter', '50');
    await engine.advance(49);
    expect(queue.size).toBe(3);
    await engine.advance(1);
    expect(queue.size).toBe(2);
    await engine.advance(49);
    expect(queue.size).toBe(2);
    await engine.advance(1);
    expect(queue.size).toBe(0);
    expect(await engine.fetch(session, 'q')).toBeNull();
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.clock.pending).toBe(0);
  });

  test('ends on time behind a message that lives longer', async () => {
    const { engine, session, send } = await start();
    await send('for ever');
    await send('short', '10');
    await send('long', '1000');
    await engine.advance(10);
    expect(await engine.drain(session, 'q')).toEqual(['for ever', 'long']);
  });

  test('ends within any priority', async () => {
    const { engine, session, send } = await start({ 'x-max-priority': 9 });
    await send('high for ever', undefined, 9);
    await send('high short', '10', 9);
    await send('low short', '5', 1);
    await engine.advance(10);
    expect(await engine.drain(session, 'q')).toEqual(['high for ever']);
  });

  test('stands still while a consumer holds the message, and goes on after a requeue', async () => {
    const { engine, session, send } = await start({ 'x-message-ttl': 100 });
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await send('a');
    await engine.advance(60);
    consumer.subscription.cancel();
    consumer.settle('requeue');
    await engine.advance(39);
    expect(engine.queue('q').size).toBe(1);
    await engine.advance(1);
    expect(engine.queue('q').size).toBe(0);
  });

  test('that ran out while a consumer held the message ends with a requeue', async () => {
    const { engine, session, send } = await start({ 'x-message-ttl': 100 });
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await send('a');
    await engine.advance(500);
    expect(consumer.held).toEqual(['a']);
    consumer.settle('requeue');
    await engine.settle();
    expect(consumer.bodies).toEqual(['a']);
    expect(engine.queue('q').size).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('never lets an expired message be delivered, not even in the same millisecond', async () => {
    const { engine, session, send } = await start();
    await send('a', '10');
    await send('b');
    const consumer = new Recorder(session);
    engine.clock.schedule(10, () => void engine.consume(session, 'q', { consumer }));
    await engine.advance(10);
    expect(consumer.bodies).toEqual(['b']);
  });

  test('of many messages ends for each at its time, also when they are not in memory', async () => {
    const { engine, session, queue } = await start();
    for (let i = 0; i < 300; i++) {
      const expiration = String(1000 - i);
      session.publish(message('', 'q', `body ${i}`, { expiration }), null);
    }
    await engine.settle();
    await engine.advance(900);
    expect(queue.size).toBe(100);
    expect((await engine.drain(session, 'q'))[99]).toBe('body 99');
    await engine.advance(200);
    expect(engine.clock.pending).toBe(0);
  });
});
