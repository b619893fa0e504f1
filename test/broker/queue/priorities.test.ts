import { describe, expect, test } from 'vitest';
import { Engine, KEEPING_BACKENDS, message } from '../../support/engine.ts';

describe.each(KEEPING_BACKENDS)('a priority queue ($name)', ({ name: backend }) => {
  test('delivers by priority after paging, a purge and a restart (LavinMQ #1439)', async () => {
    const engine = await Engine.open(backend);
    const session = engine.session();
    const queue = await engine.declare(session, 'p', { 'x-max-priority': 3 });
    const fill = async (round: string) => {
      for (const [index, priority] of [0, 3, 1, 2, 3, 0].entries()) {
        // Longer than what a queue keeps in memory here.
        const body = `${round} ${priority}.${index}`.padEnd(20);
        session.publish(message('', 'p', body, { priority }), null);
      }
      await engine.settle();
    };
    await fill('purged');
    expect(queue.backlog.purge()).toBe(6);
    await fill('kept');
    const heir = await engine.crash();
    const bodies = await heir.drain(heir.session(), 'p');
    expect(bodies.map((body) => body.trim())).toEqual(
      ['3.1', '3.4', '2.3', '1.2', '0.0', '0.5'].map((which) => `kept ${which}`),
    );
  });
});
