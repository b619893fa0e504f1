import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/broker/field.ts';
import { RECENT_HISTORY_BYTES } from '../../../src/limits.ts';
import { BACKENDS, Engine, headers, message, refusal } from '../../support/engine.ts';

async function start(args: Record<string, Field> = {}, backend = BACKENDS[0]) {
  const engine = await Engine.open((backend as (typeof BACKENDS)[number]).name);
  const session = engine.session();
  await engine.declareExchange(session, 'x', 'x-recent-history', args);
  await engine.declare(session, 'early');
  await engine.declare(session, 'late');
  await engine.bind(session, 'x', 'early');
  const publish = (...bodies: string[]) => {
    for (const body of bodies) session.publish(message('x', 'k', body), null);
  };
  return { engine, session, publish };
}

describe.each(BACKENDS)('a recent history exchange ($name)', (backend) => {
  test('is a fanout that gives a new queue what was last, in order', async () => {
    const args = { 'x-recent-history-length': 3 };
    const { engine, session, publish } = await start(args, backend);
    publish('1', '2', '3', '4', '5');
    await engine.bind(session, 'x', 'late', 'any key');
    await engine.bind(session, 'x', 'late', 'any key');
    publish('6');
    await engine.settle();
    expect(await engine.drain(session, 'late')).toEqual(['3', '4', '5', '6']);
    expect(await engine.drain(session, 'early')).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});

describe('a recent history exchange', () => {
  test('keeps twenty unless told otherwise, and not what says so', async () => {
    const { engine, session, publish } = await start();
    publish(...Array.from({ length: 30 }, (_, i) => `${i}`));
    for (const store of [true, false]) {
      const values = { headers: headers({ 'x-recent-history-no-store': store }) };
      session.publish(message('x', 'k', `no store: ${store}`, values), null);
    }
    await engine.bind(session, 'x', 'late');
    const late = await engine.drain(session, 'late');
    expect(late).toEqual([...Array.from({ length: 19 }, (_, i) => `${i + 11}`), 'no store: false']);
    expect(engine.queue('early').size).toBe(32);
  });

  test('remembers a message once, whatever CC says', async () => {
    const { engine, session } = await start();
    const cc = { headers: headers({ CC: ['a', 'b'] }) };
    session.publish(message('x', 'k', 'one', cc), null);
    await engine.bind(session, 'x', 'late');
    expect(await engine.drain(session, 'late')).toEqual(['one']);
  });

  test('gives a new exchange what was last, through its own bindings', async () => {
    const { engine, session, publish } = await start();
    publish('1', '2');
    await engine.bind(session, 'amq.direct', 'late', 'k');
    await engine.bind(session, 'x', 'amq.direct', '', {}, 'exchange');
    expect(await engine.drain(session, 'late')).toEqual(['1', '2']);
  });

  test('keeps a bounded number of bytes', async () => {
    const { engine, session } = await start({ 'x-recent-history-length': 1_000_000 });
    const body = 'x'.repeat(1_000_000);
    for (let i = 0; i < 20; i++) session.publish(message('x', 'k', body), null);
    await engine.bind(session, 'x', 'late');
    expect(engine.queue('late').size).toBe(Math.floor(RECENT_HISTORY_BYTES / body.length));
  });

  test('refuses a length that is none', async () => {
    const refused = (value: Field) => refusal(() => start({ 'x-recent-history-length': value }));
    const text = (shown: string) =>
      `PRECONDITION_FAILED - Invalid argument ${shown}, ` +
      "'x-recent-history-length' must be a positive integer";
    expect(await refused(0)).toBe(text('0'));
    expect(await refused(-3)).toBe(text('-3'));
    expect(await refused('abc')).toBe(text('<<"abc">>'));
    expect(await refused(true)).toBe(text('true'));
  });
});
