/** Dead letters that must arrive: x-dead-letter-strategy = at-least-once. */
import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/broker/field.ts';
import { DEAD_LETTER_RETRY_MS, DEAD_LETTERS_UNDERWAY } from '../../../src/limits.ts';
import {
  Answers,
  BACKENDS,
  type BackendName,
  Engine,
  type EngineOptions,
  headers,
  KEEPING_BACKENDS,
  message,
} from '../../support/engine.ts';

const SAFELY = {
  'x-queue-type': 'quorum',
  'x-overflow': 'reject-publish',
  'x-dead-letter-strategy': 'at-least-once',
  'x-dead-letter-exchange': 'dlx',
};

/** A queue `q` whose letters go to the fanout exchange `dlx`, and what is bound to that. */
async function start(
  backend: BackendName,
  targets: Record<string, Record<string, Field>>,
  args: Record<string, Field> = {},
  options: EngineOptions = {},
) {
  const engine = await Engine.open(backend, options);
  const session = engine.session();
  await engine.declareExchange(session, 'dlx', 'fanout');
  for (const [name, more] of Object.entries(targets)) {
    await engine.declare(session, name, more);
    await engine.bind(session, 'dlx', name);
  }
  const queue = await engine.declare(session, 'q', { ...SAFELY, ...args });
  const die = async (...bodies: string[]) => {
    await engine.send(session, 'q', ...bodies);
    for (const _ of bodies) {
      const delivery = await engine.fetch(session, 'q');
      if (delivery !== null) session.settle(delivery, 'reject');
      await engine.settle();
    }
  };
  return { engine, session, queue, die };
}

const FULL = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };

describe.each(BACKENDS)('a dead letter that must arrive ($name)', ({ name: backend }) => {
  test('is gone from its queue when every target has it', async () => {
    const { engine, session, queue, die } = await start(backend, { a: {}, b: {} });
    await die('1', '2', '3');
    expect(await engine.drain(session, 'a')).toEqual(['1', '2', '3']);
    expect(await engine.drain(session, 'b')).toEqual(['1', '2', '3']);
    await engine.settle();
    expect(queue.lettersUnderway).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.clock.pending).toBe(0);
  });

  test('waits for a target that is full, and comes once to those that were not', async () => {
    const { engine, session, queue, die } = await start(backend, { full: FULL, free: {} });
    await die('1', '2', '3');
    expect([engine.queue('full').size, engine.queue('free').size]).toEqual([1, 3]);
    expect(queue.lettersUnderway).toBe(2);
    expect(await engine.drain(session, 'full')).toEqual(['1']);
    await engine.advance(DEAD_LETTER_RETRY_MS);
    expect(await engine.drain(session, 'full')).toEqual(['2']);
    await engine.advance(DEAD_LETTER_RETRY_MS);
    expect(await engine.drain(session, 'full')).toEqual(['3']);
    expect(await engine.drain(session, 'free')).toEqual(['1', '2', '3']);
    await engine.settle();
    expect(queue.lettersUnderway).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('waits for an exchange, and for somebody to be bound to it', async () => {
    const { engine, session, queue, die } = await start(backend, {});
    await engine.run(session.topology.deleteExchange('dlx', false));
    await die('1');
    expect(queue.lettersUnderway).toBe(1);
    await engine.declareExchange(session, 'dlx', 'fanout');
    await engine.advance(DEAD_LETTER_RETRY_MS);
    expect(queue.lettersUnderway).toBe(1);
    await engine.declare(session, 'late');
    await engine.bind(session, 'dlx', 'late');
    await engine.advance(DEAD_LETTER_RETRY_MS);
    expect(await engine.drain(session, 'late')).toEqual(['1']);
    expect(queue.lettersUnderway).toBe(0);
  });

  test('counts against the limit of its queue until then', async () => {
    const limit = { 'x-max-length': 2 };
    const { engine, session, queue, die } = await start(backend, { full: FULL }, limit);
    for (const body of ['1', '2', '3']) await die(body);
    const answers = new Answers();
    answers.publish(session, message('', 'q', 'refused'));
    await engine.settle();
    expect(answers.list).toEqual(['1 nack']);
    expect([queue.size, queue.lettersUnderway]).toEqual([0, 2]);
  });

  test('has many behind it that leave in their order, few of them at once', async () => {
    const { engine, session, queue } = await start(backend, { full: FULL });
    const bodies = Array.from({ length: DEAD_LETTERS_UNDERWAY * 2 }, (_, i) => `message ${i}`);
    for (const body of bodies) {
      session.publish(message('', 'q', body, { expiration: '10' }), null);
    }
    await engine.settle();
    await engine.advance(10);
    expect([queue.size, queue.lettersUnderway]).toEqual([0, bodies.length - 1]);
    const target = { pattern: 'full', definition: headers({ 'max-length': 1 }) };
    await engine.run(engine.vhost.policies.put('policy', 'p', target));
    const arrived: string[] = [];
    for (let i = 0; i < bodies.length; i++) {
      arrived.push(...(await engine.drain(session, 'full')));
      await engine.advance(DEAD_LETTER_RETRY_MS);
    }
    expect(arrived).toEqual(bodies);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('may be lost after a policy has changed its mind', async () => {
    const { engine, session, queue, die } = await start(backend, { full: FULL }, {});
    const policy = { pattern: '^q$', definition: headers({ overflow: 'drop-head' }) };
    await die('1', '2');
    expect(queue.lettersUnderway).toBe(1);
    // The argument beats a policy: the queue stays as it was declared.
    await engine.run(engine.vhost.policies.put('policy', 'p', policy));
    await engine.advance(DEAD_LETTER_RETRY_MS);
    expect(queue.lettersUnderway).toBe(1);
    await engine.run(session.topology.deleteQueue('q', false, false));
    expect(engine.clock.pending).toBe(0);
  });

  test('is not sent in circles', async () => {
    const { engine, session, queue } = await start(backend, {});
    await engine.bind(session, 'dlx', 'q');
    session.publish(message('', 'q', 'm', { expiration: '10' }), null);
    await engine.settle();
    await engine.advance(10);
    expect([queue.size, queue.lettersUnderway]).toEqual([0, 0]);
    expect(engine.store.stats().messages).toBe(0);
  });
});

describe.each(KEEPING_BACKENDS)('a dead letter that must arrive ($name)', ({ name: backend }) => {
  test('is a message of its queue again after a crash', async () => {
    const { engine, die } = await start(backend, { full: FULL });
    await die('1', '2');
    const again = await engine.crash();
    expect(await again.drain(again.session(), 'q')).toEqual(['2']);
    expect(await again.drain(again.session(), 'full')).toEqual(['1']);
  });
});
