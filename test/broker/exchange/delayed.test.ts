/** x-delayed-message: messages that wait before they are routed, also over a restart. */
import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/broker/field.ts';
import { DELAY_MAX_MS } from '../../../src/limits.ts';
import {
  Answers,
  BACKENDS,
  type BackendName,
  Engine,
  headers,
  KEEPING_BACKENDS,
  message,
  refusal,
} from '../../support/engine.ts';

async function start(backend: BackendName, type: Field = 'direct', durable = true) {
  const engine = await Engine.open(backend);
  const session = engine.session();
  const args = { 'x-delayed-type': type };
  await engine.declareExchange(session, 'x', 'x-delayed-message', args, { durable });
  await engine.declare(session, 'q');
  await engine.bind(session, 'x', 'q', 'k');
  const delayed = (body: string, delay: Field, more: Record<string, Field> = {}) =>
    message('x', 'k', body, { headers: headers({ 'x-delay': delay, ...more }) });
  const publish = (body: string, delay: Field) => session.publish(delayed(body, delay), null);
  return { engine, session, delayed, publish };
}

describe.each(BACKENDS)('a delayed message exchange ($name)', ({ name: backend }) => {
  test('routes each message when its delay is over, and others at once', async () => {
    const { engine, session, publish } = await start(backend);
    publish('late', 300);
    publish('soon', 100);
    session.publish(message('x', 'k', 'now'), null);
    publish('zero', 0);
    publish('negative', -5);
    await engine.settle();
    expect(await engine.drain(session, 'q')).toEqual(['now', 'zero', 'negative']);
    expect(engine.vhost.exchange('x').delayQueue?.size).toBe(2);
    await engine.advance(99);
    expect(engine.queue('q').size).toBe(0);
    await engine.advance(1);
    expect(await engine.drain(session, 'q')).toEqual(['soon']);
    await engine.advance(200);
    expect(await engine.drain(session, 'q')).toEqual(['late']);
    await engine.settle();
    expect(engine.store.stats().messages).toBe(0);
  });

  test('gives a message out as it was sent, but for its delay, which is negative now', async () => {
    const { engine, session, delayed } = await start(backend);
    const sent = delayed('m', 100, { mine: 'x' });
    session.publish(
      message('x', 'k', 'm', {
        headers: sent.properties.headers,
        expiration: '5000',
        messageId: 'id',
        priority: 3,
      }),
      null,
    );
    await engine.settle();
    await engine.advance(100);
    const delivery = await engine.fetch(session, 'q');
    const { properties, exchange, routingKey } = delivery?.message ?? message('', '');
    expect([exchange, routingKey, properties.expiration]).toEqual(['x', 'k', '5000']);
    expect([properties.messageId, properties.priority]).toEqual(['id', 3]);
    expect(properties.headers).toEqual(headers({ 'x-delay': -100, mine: 'x' }));
    expect(delivery?.redelivered).toBe(false);
  });

  test('starts the time of a message when it has been routed', async () => {
    const { engine, session, delayed } = await start(backend);
    const { headers: delay } = delayed('', 100).properties;
    session.publish(message('x', 'k', 'm', { headers: delay, expiration: '50' }), null);
    await engine.settle();
    await engine.advance(100);
    expect(engine.queue('q').size).toBe(1);
    await engine.advance(50);
    expect(engine.queue('q').size).toBe(0);
  });

  test('confirms what is safe in its own queue, and returns nothing', async () => {
    const { engine, session, delayed } = await start(backend);
    const answers = new Answers();
    expect(answers.publish(session, delayed('m', 100))).toBe(1);
    if (backend !== 'memory') expect(answers.list).toEqual([]);
    await engine.settle();
    expect(answers.list).toEqual(['1 ack']);
  });

  test('keeps copies in CC and BCC, and shows BCC to nobody', async () => {
    const { engine, session, delayed } = await start(backend);
    for (const name of ['cc', 'bcc']) {
      await engine.declare(session, name);
      await engine.bind(session, 'x', name, name);
    }
    session.publish(delayed('m', 100, { CC: ['cc'], BCC: ['bcc'] }), null);
    await engine.settle();
    await engine.advance(100);
    for (const name of ['q', 'cc', 'bcc']) {
      const delivery = await engine.fetch(session, name);
      const names = [...(delivery?.message.properties.headers ?? []).keys()];
      expect(names.sort()).toEqual(['CC', 'x-delay']);
    }
  });
});

describe('what a delayed message keeps for itself', () => {
  test('cannot be said by its publisher, and is not that of another message', async () => {
    const { engine, session, delayed } = await start('memory', 'topic');
    await engine.declare(session, 'secret');
    await engine.bind(session, 'x', 'secret', 'secret');
    await engine.declare(session, 'dying', { 'x-dead-letter-exchange': 'x' });
    const forged = { 'x-delayed-keys': ['secret'], 'x-delayed-expiration': 'soon' };
    session.publish(delayed('forged', 50, forged), null);
    session.publish(message('amq.direct', 'k', '', { headers: headers({ CC: ['secret'] }) }), null);
    session.publish(message('', 'dying', 'm', { headers: headers({ 'x-delay': 50 }) }), null);
    engine.consume(session, 'dying').settle('reject');
    await engine.advance(50);
    expect(engine.queue('secret').size).toBe(0);
    const delivery = await engine.fetch(session, 'q');
    expect(delivery?.message.properties.headers).toEqual(headers({ 'x-delay': -50 }));
    expect(delivery?.message.properties.expiration).toBeUndefined();
  });
});

describe.each(KEEPING_BACKENDS)('after a crash ($name)', ({ name: backend }) => {
  test('what was delayed waits on, transient messages too, and goes where it should', async () => {
    const { engine, session, delayed } = await start(backend);
    session.publish(delayed('persistent', 300), null);
    const { headers: delay } = delayed('', 200).properties;
    session.publish(message('x', 'k', 'transient', { headers: delay, deliveryMode: 1 }), null);
    await engine.settle();
    const again = await engine.crash();
    expect(again.vhost.exchange('x').delayQueue?.size).toBe(2);
    // The clock of the new engine begins where a manual clock begins.
    await again.advance(engine.clock.now() - again.clock.now() + 300);
    const reader = again.session();
    expect(await again.drain(reader, 'q')).toEqual(['transient', 'persistent']);
    await again.run(reader.topology.deleteExchange('x', false));
    expect(again.store.stats().messages).toBe(0);
  });
});

describe('a delayed message exchange', () => {
  test('of any type routes as that', async () => {
    const { engine, session } = await start('memory', 'topic');
    await engine.bind(session, 'x', 'q', 'a.#');
    session.publish(message('x', 'a.b', 'm', { headers: headers({ 'x-delay': 10 }) }), null);
    await engine.advance(10);
    expect(await engine.drain(session, 'q')).toEqual(['m']);
  });

  test('that is not durable delays in memory', async () => {
    const { engine, session, publish } = await start('publish', 'direct', false);
    publish('m', 10);
    await engine.advance(10);
    expect(await engine.drain(session, 'q')).toEqual(['m']);
  });

  test('delays what comes from another exchange, or from a queue that gave it up', async () => {
    const { engine, session } = await start('memory');
    await engine.bind(session, 'amq.fanout', 'x', '', {}, 'exchange');
    await engine.declare(session, 'dying', { 'x-dead-letter-exchange': 'x' });
    const delay = { headers: headers({ 'x-delay': 50 }) };
    session.publish(message('amq.fanout', 'k', 'through', delay), null);
    session.publish(message('', 'dying', 'dead', delay), null);
    await engine.bind(session, 'x', 'q', 'dying');
    engine.consume(session, 'dying').settle('reject');
    expect(engine.queue('q').size).toBe(0);
    await engine.advance(50);
    expect((await engine.drain(session, 'q')).sort()).toEqual(['dead', 'through']);
  });

  test('refuses delays beyond 2³²−1 ms, and takes that', async () => {
    const { session, publish, engine } = await start('memory');
    expect(await refusal(() => publish('m', DELAY_MAX_MS + 1))).toBe(
      'PRECONDITION_FAILED - invalid x-delay 4294967296: the longest delay is 4294967295 ms',
    );
    expect(await refusal(() => publish('m', DELAY_MAX_MS))).toBe('accepted');
    await engine.advance(DELAY_MAX_MS - 1);
    expect(engine.queue('q').size).toBe(0);
    await engine.advance(1);
    expect(engine.queue('q').size).toBe(1);
    await engine.run(session.close());
  });

  test('cannot be got at by its queue’s name', async () => {
    const { engine, session, publish } = await start('memory');
    publish('m', 10);
    const { name } = engine.vhost.exchange('x').delayQueue as { name: string };
    expect(session.publish(message('', name), null)).toBe(0);
    expect(await refusal(() => engine.fetch(session, name))).toMatch(/^NOT_FOUND/);
  });

  test('is gone with everything that waited, and leaves no timer', async () => {
    const { engine, session, publish } = await start('memory');
    publish('m', 10);
    await engine.run(session.topology.deleteExchange('x', false));
    expect(engine.clock.pending).toBe(0);
    await engine.declareExchange(session, 'x', 'x-delayed-message', { 'x-delayed-type': 'fanout' });
    publish('m', 10);
    await engine.close();
    expect(engine.clock.pending).toBe(0);
  });

  test('has to say by what type it routes', async () => {
    const text =
      "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type";
    for (const type of ['none', 5, 'x-delayed-message']) {
      expect(await refusal(() => start('memory', type))).toBe(text);
    }
    const engine = await Engine.open('memory');
    const declare = () => engine.declareExchange(engine.session(), 'x', 'x-delayed-message');
    expect(await refusal(declare)).toBe(text);
  });
});
