import { describe, expect, test } from 'vitest';
import {
  Answers,
  BACKENDS,
  type BackendName,
  Engine,
  message,
  RESIDENT_BACKENDS,
} from '../../support/engine.ts';

async function startOn(backend: BackendName, args: Parameters<Engine['declare']>[2] = {}) {
  const engine = await Engine.open(backend);
  const session = engine.session();
  const queue = await engine.declare(session, 'q', args);
  const answers = new Answers();
  const publish = async (...bodies: string[]) => {
    for (const body of bodies) answers.publish(session, message('', 'q', body));
    await engine.settle();
  };
  return { engine, session, queue, answers, publish };
}

describe.each(RESIDENT_BACKENDS)('overflow past a consumer ($name)', ({ name: backend }) => {
  const start = (args = {}) => startOn(backend, args);

  test('counts ready messages only, and drops when a requeue makes too many', async () => {
    const { engine, session, publish } = await start({ 'x-max-length': 2 });
    const consumer = engine.consume(session, 'q', { prefetch: 2 });
    await publish('1', '2', '3', '4');
    expect(consumer.held).toEqual(['1', '2']);
    consumer.subscription.cancel();
    consumer.settle('requeue', '2');
    await engine.settle();
    expect(await engine.drain(session, 'q')).toEqual(['3', '4']);
    expect(engine.store.stats().messages).toBe(1);
  });

  test('of a queue for nothing lets through what a consumer is waiting for', async () => {
    const { engine, session, publish } = await start({ 'x-max-length': 0 });
    await publish('nobody');
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await publish('a', 'b');
    expect(consumer.bodies).toEqual(['a']);
    expect(engine.queue('q').size).toBe(0);
    expect(engine.store.stats().messages).toBe(1);
  });
});

describe.each(BACKENDS)('overflow ($name)', ({ name: backend }) => {
  const start = (args = {}) => startOn(backend, args);

  test('drops the oldest at the head, and accepts what is new', async () => {
    const { engine, session, answers, publish } = await start({ 'x-max-length': 2 });
    await publish('1', '2', '3', '4');
    expect(answers.list).toEqual(['1 ack', '2 ack', '3 ack', '4 ack']);
    expect(engine.store.stats().messages).toBe(2);
    expect(await engine.drain(session, 'q')).toEqual(['3', '4']);
  });

  test('drops from the highest priority that has something, as RabbitMQ does', async () => {
    const args = { 'x-max-length': 2, 'x-max-priority': 5 };
    const { engine, session } = await start(args);
    for (const [body, priority] of [
      ['low', 0],
      ['high', 5],
      ['new', 1],
    ] as const) {
      session.publish(message('', 'q', body, { priority }), null);
    }
    await engine.settle();
    expect(await engine.drain(session, 'q')).toEqual(['new', 'low']);
  });

  test('drops as many as it takes to get below the bytes', async () => {
    const { engine, session, publish } = await start({ 'x-max-length-bytes': 10 });
    await publish('1111', '2222', '33', '4444');
    expect(await engine.drain(session, 'q')).toEqual(['2222', '33', '4444']);
    await publish('larger than the queue');
    expect(engine.queue('q').size).toBe(0);
    await publish('1111', '22222222');
    expect(await engine.drain(session, 'q')).toEqual(['22222222']);
  });

  test('rejects what is new when told so', async () => {
    const args = { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
    const { engine, session, answers, publish } = await start(args);
    await publish('1', '2', '3', '4');
    expect([...answers.list].sort()).toEqual(['1 ack', '2 ack', '3 nack', '4 nack']);
    expect(await engine.drain(session, 'q')).toEqual(['1', '2']);
    await publish('5');
    expect(answers.list.at(-1)).toBe('5 ack');
    expect(await engine.drain(session, 'q')).toEqual(['5']);
  });

  test('rejects by bytes, counting what is on its way', async () => {
    const args = { 'x-max-length-bytes': 10, 'x-overflow': 'reject-publish' };
    const { engine, session, answers, publish } = await start(args);
    await publish('11111', '22222', '3');
    expect([...answers.list].sort()).toEqual(['1 ack', '2 ack', '3 nack']);
    expect(await engine.drain(session, 'q')).toEqual(['11111', '22222']);
    await publish('x'.repeat(11));
    expect(answers.list.at(-1)).toBe('4 nack');
  });

  test('dead-letters what it rejects when told so', async () => {
    const args = {
      'x-max-length': 1,
      'x-overflow': 'reject-publish-dlx',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    };
    const { engine, session, answers, publish } = await start(args);
    await engine.declare(session, 'dead');
    await publish('1', '2');
    expect([...answers.list].sort()).toEqual(['1 ack', '2 nack']);
    const dead = await engine.fetch(session, 'dead');
    expect(dead?.message.body.toString()).toBe('2');
    expect(dead?.message.properties.headers?.get('x-first-death-reason')).toBe('maxlen');
    expect(await engine.drain(session, 'q')).toEqual(['1']);
  });

  test('of one queue rejects a message once, while the others store it', async () => {
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    const { engine, session, answers } = await start(args);
    await engine.declare(session, 'full too', args);
    await engine.declare(session, 'open');
    for (const queue of ['q', 'full too', 'open']) await engine.bind(session, 'amq.fanout', queue);
    answers.publish(session, message('amq.fanout', '', '1'));
    await engine.settle();
    expect(answers.publish(session, message('amq.fanout', '', '2'))).toBe(3);
    await engine.settle();
    expect(answers.list).toEqual(['1 ack', '2 nack']);
    expect(await engine.drain(session, 'open')).toEqual(['1', '2']);
    expect(await engine.drain(session, 'q')).toEqual(['1']);
  });

  test('rejects only for as long as there is no room', async () => {
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    const { engine, session, answers, publish } = await start(args);
    for (let i = 0; i < 5; i++) {
      await publish('in');
      await publish('out');
      await engine.drain(session, 'q');
    }
    expect(answers.list.filter((answer) => answer.endsWith(' ack'))).toHaveLength(5);
    expect(answers.list).toHaveLength(10);
  });

  test('does not count messages that the store could not keep', async () => {
    const args = { 'x-max-length': 1, 'x-max-length-bytes': 5, 'x-overflow': 'reject-publish' };
    const { engine, answers, publish } = await start(args);
    if (!engine.readyWhenDurable) return;
    engine.asyncStore.publishFailureRate = 1;
    await publish('lost');
    engine.asyncStore.publishFailureRate = 0;
    await publish('kept');
    expect(answers.list).toEqual(['1 nack', '2 ack']);
    expect(engine.queue('q').arriving).toBe(0);
  });
});
