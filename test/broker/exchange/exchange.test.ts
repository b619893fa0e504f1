import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/broker/field.ts';
import { TOPIC_HASHES_MAX, TOPIC_ROUTES_MAX } from '../../../src/limits.ts';
import { Engine, headers, message, refusal } from '../../support/engine.ts';

/** An engine with queues of these names, and who gets what. */
async function start(...names: string[]) {
  const engine = await Engine.open('memory');
  const session = engine.session();
  for (const name of names) await engine.declare(session, name);
  const reached = (exchange: string, key: string, values: Record<string, Field> = {}) => {
    const before = new Map(names.map((name) => [name, engine.queue(name).size]));
    const count = session.publish(message(exchange, key, '', { headers: headers(values) }), null);
    const got = names.filter((name) => engine.queue(name).size > (before.get(name) as number));
    expect(count).toBe(got.length);
    return got.join(' ');
  };
  return { engine, session, reached };
}

describe('the default exchange', () => {
  test('leads to the queue of that name, without a binding', async () => {
    const { reached } = await start('a', 'b');
    expect(reached('', 'a')).toBe('a');
    expect(reached('', 'none')).toBe('');
  });
});

describe('a direct exchange', () => {
  test('compares the whole key, and reaches each queue once', async () => {
    const { engine, session, reached } = await start('a', 'b');
    await engine.bind(session, 'amq.direct', 'a', 'k');
    await engine.bind(session, 'amq.direct', 'a', 'k', { other: 'arguments' });
    await engine.bind(session, 'amq.direct', 'b', 'k');
    await engine.bind(session, 'amq.direct', 'b', '');
    expect(reached('amq.direct', 'k')).toBe('a b');
    expect(reached('amq.direct', 'k.')).toBe('');
    expect(reached('amq.direct', '')).toBe('b');
    await engine.run(session.topology.unbind(binding('amq.direct', 'a', 'k')));
    expect(reached('amq.direct', 'k')).toBe('a b');
    const rest = { ...binding('amq.direct', 'a', 'k'), arguments: headers({ other: 'arguments' }) };
    await engine.run(session.topology.unbind(rest));
    expect(reached('amq.direct', 'k')).toBe('b');
    const { exchanges } = engine.vhost.topology;
    expect(exchanges.get('amq.direct')?.bindings.size).toBe(2);
  });
});

describe('a topic exchange', () => {
  test('keeps topics of the server from wildcards of MQTT subscriptions [MQTT-4.7.2-1]', async () => {
    const { engine, session, reached } = await start('amqp', 'mqtt', 'named');
    const subscription = { 'x-mqtt-subscription-opts': headers({ qos: 1 }) };
    for (const key of ['#', '*.x']) {
      await engine.bind(session, 'amq.topic', 'amqp', key);
      await engine.bind(session, 'amq.topic', 'mqtt', key, subscription);
    }
    await engine.bind(session, 'amq.topic', 'named', '$SYS.#', subscription);
    expect(reached('amq.topic', '$SYS.x')).toBe('amqp named');
    expect(reached('amq.topic', 'SYS.x')).toBe('amqp mqtt');
    expect(reached('amq.topic', 'SYS.$x')).toBe('amqp mqtt');
  });
});

describe('a fanout exchange', () => {
  test('reaches everything once, whatever the key', async () => {
    const { engine, session, reached } = await start('a', 'b', 'c');
    await engine.bind(session, 'amq.fanout', 'a', 'x');
    await engine.bind(session, 'amq.fanout', 'a', 'y');
    await engine.bind(session, 'amq.fanout', 'b');
    expect(reached('amq.fanout', 'z')).toBe('a b');
    await engine.run(session.topology.unbind(binding('amq.fanout', 'a', 'x')));
    expect(reached('amq.fanout', 'z')).toBe('a b');
    await engine.run(session.topology.unbind(binding('amq.fanout', 'a', 'y')));
    expect(reached('amq.fanout', 'z')).toBe('b');
  });
});

describe('a topic exchange', () => {
  test('remembers routes only until a binding changes', async () => {
    const { engine, session, reached } = await start('a', 'b');
    await engine.bind(session, 'amq.topic', 'a', 'x.*');
    expect(reached('amq.topic', 'x.1')).toBe('a');
    await engine.bind(session, 'amq.topic', 'b', '#');
    expect(reached('amq.topic', 'x.1')).toBe('a b');
    await engine.run(session.topology.unbind(binding('amq.topic', 'a', 'x.*')));
    expect(reached('amq.topic', 'x.1')).toBe('b');
  });

  test('remembers a bounded number of routes', async () => {
    const { engine, reached } = await start('a');
    for (let i = 0; i < TOPIC_ROUTES_MAX + 10; i++) reached('amq.topic', `key.${i}`);
    const { router } = engine.vhost.exchange('amq.topic');
    expect((router as unknown as { routes: Map<string, unknown> }).routes.size).toBe(10);
  });
});

describe('a topic exchange', () => {
  test('takes a bounded number of # in one binding key', async () => {
    const { engine, session } = await start('q');
    const bind = (count: number) =>
      refusal(() => engine.bind(session, 'amq.topic', 'q', new Array(count).fill('#').join('.x.')));
    expect(await bind(TOPIC_HASHES_MAX)).toBe('accepted');
    expect(await bind(TOPIC_HASHES_MAX + 1)).toBe(
      "PRECONDITION_FAILED - the binding key has 17 words '#', at most 16 are allowed",
    );
  });
});

describe('a headers exchange', () => {
  test('wants all, or any, of the arguments, and counts x- only when told so', async () => {
    const { engine, session, reached } = await start('all', 'any', 'all-x', 'any-x');
    const wanted = { a: 1, b: 'two', 'x-c': true };
    for (const [queue, mode] of [
      ['all', 'all'],
      ['any', 'any'],
      ['all-x', 'all-with-x'],
      ['any-x', 'any-with-x'],
    ] as const) {
      await engine.bind(session, 'amq.headers', queue, '', { ...wanted, 'x-match': mode });
    }
    expect(reached('amq.headers', '', { a: 1, b: 'two', 'x-c': true })).toBe('all any all-x any-x');
    expect(reached('amq.headers', '', { a: 1, b: 'two' })).toBe('all any any-x');
    expect(reached('amq.headers', '', { a: 1 })).toBe('any any-x');
    expect(reached('amq.headers', '', { 'x-c': true })).toBe('any-x');
    expect(reached('amq.headers', '', { a: 2, more: 5 })).toBe('');
  });

  test('wants all by default, presence only for a void, and everything if nothing is asked', async () => {
    const { engine, session, reached } = await start('default', 'present', 'empty', 'empty any');
    await engine.bind(session, 'amq.match', 'default', '', { a: 1, b: 2 });
    await engine.bind(session, 'amq.match', 'present', '', { a: null });
    await engine.bind(session, 'amq.match', 'empty');
    await engine.bind(session, 'amq.match', 'empty any', '', { 'x-match': 'any' });
    expect(reached('amq.match', '', { a: 1, b: 2 })).toBe('default present empty');
    expect(reached('amq.match', '', { a: 'anything' })).toBe('present empty');
    expect(reached('amq.match', '')).toBe('empty');
  });

  test('refuses an x-match that it does not know', async () => {
    const { engine, session } = await start('q');
    const bind = (mode: Field) =>
      refusal(() => engine.bind(session, 'amq.headers', 'q', '', { 'x-match': mode }));
    expect(await bind('some')).toBe(
      'PRECONDITION_FAILED - Invalid x-match field value <<"some">>; ' +
        'expected all, any, all-with-x, or any-with-x',
    );
    expect(await bind(5)).toBe(
      'PRECONDITION_FAILED - Invalid x-match field type signedint (value 5); expected longstr',
    );
    expect(await bind('any')).toBe('accepted');
  });
});

function binding(source: string, destination: string, routingKey: string) {
  const kind = { destinationKind: 'queue' as const, arguments: new Map() };
  return { source, destination, routingKey, ...kind };
}
