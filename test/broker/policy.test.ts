import { describe, expect, test } from 'vitest';
import { effectiveDefinition } from '../../src/broker/effective.ts';
import type { Field } from '../../src/broker/field.ts';
import type { PolicyKind } from '../../src/broker/policy.ts';
import type { PolicyRequest } from '../../src/broker/policy-keys.ts';
import type { Session } from '../../src/broker/session.ts';
import { Answers, Engine, headers, message, refusal } from '../support/engine.ts';

type Values = Record<string, Field>;

/** An engine, and how to set a policy that matches everything unless told otherwise. */
async function start() {
  const engine = await Engine.open('memory');
  const session = engine.session();
  const { policies } = engine.vhost;
  const set =
    (kind: PolicyKind) =>
    (values: Values, more: Partial<PolicyRequest> = {}, name = 'p') =>
      engine.run(policies.put(kind, name, { pattern: '', definition: headers(values), ...more }));
  return { engine, session, policies, set: set('policy'), order: set('operatorPolicy') };
}

describe('a policy', () => {
  test('applies to what it matches, now and later, until it is deleted', async () => {
    const { engine, session, policies, set } = await start();
    const before = await engine.declare(session, 'orders.1');
    const other = await engine.declare(session, 'other');
    await set({ 'max-length': 5 }, { pattern: '^orders' });
    const after = await engine.declare(session, 'orders.2');
    expect([before, after, other].map((queue) => queue.settings.maxLength)).toEqual([5, 5, -1]);
    expect(before.governing.policy).toBe(policies.get('policy', 'p'));
    await set({ 'max-length': 7 }, { pattern: 'other' });
    expect([before, after, other].map((queue) => queue.settings.maxLength)).toEqual([-1, -1, 7]);
    await engine.run(policies.delete('policy', 'p'));
    expect(other.settings.maxLength).toBe(-1);
    expect(other.governing.policy).toBeNull();
    expect(policies.list('policy')).toEqual([]);
    await engine.run(policies.delete('policy', 'p'));
  });

  test('of the highest priority applies alone', async () => {
    const { engine, session, set } = await start();
    const queue = await engine.declare(session, 'q');
    await set({ 'max-length': 1, 'message-ttl': 10 }, { priority: 1 }, 'low');
    await set({ 'max-length': 2 }, { priority: 2 }, 'high');
    await set({ 'max-length': 3 }, { priority: 2 }, 'so is this');
    expect(queue.settings.maxLength).toBe(2);
    expect(queue.settings.ttlMs).toBe(-1);
  });

  test('applies to what it says it applies to, and knows types of queues', async () => {
    const { engine, session, set } = await start();
    await engine.declare(session, 'classic');
    await engine.declare(session, 'quorum', { 'x-queue-type': 'quorum' });
    await engine.declareExchange(session, 'x', 'direct');
    const governed = async (applyTo: string, values: Values = { 'max-length': 5 }) => {
      await set(values, { applyTo });
      const { topology } = engine.vhost;
      const queues = [...topology.queues.values()].filter(({ governing }) => governing.policy);
      const exchanges = [...topology.exchanges.values()].filter(
        ({ name, governing }) => name === 'x' && governing.policy,
      );
      return [...queues, ...exchanges].map(({ name }) => name).join(' ');
    };
    expect(await governed('all')).toBe('classic quorum x');
    expect(await governed('queues')).toBe('classic quorum');
    expect(await governed('classic_queues')).toBe('classic');
    expect(await governed('quorum_queues')).toBe('quorum');
    expect(await governed('exchanges')).toBe('x');
    expect(await governed('streams')).toBe('');
    // One key that a type does not know, and the policy is not for it at all.
    expect(await governed('queues', { 'max-length': 5, 'delivery-limit': 5 })).toBe('quorum');
    expect(await governed('queues', { 'max-length': 5, 'queue-mode': 'lazy' })).toBe('classic');
    expect(await governed('queues', { 'max-length': 5, 'max-age': '5D' })).toBe('');
    expect(engine.vhost.exchange('').governing.policy).toBeNull();
  });

  test('takes patterns as Erlang does', async () => {
    const { engine, session, set } = await start();
    await engine.declare(session, 'Orders-1');
    const matches = async (pattern: string) => {
      await set({ 'max-length': 5 }, { pattern });
      return engine.queue('Orders-1').settings.maxLength === 5;
    };
    expect(await matches('')).toBe(true);
    expect(await matches('rders')).toBe(true);
    expect(await matches('^rders')).toBe(false);
    expect(await matches('(?i)^orders')).toBe(true);
    expect(await matches('Orders\\-1')).toBe(true);
  });

  test('survives with the catalog', async () => {
    const engine = await Engine.open('publish');
    const session = engine.session();
    const queue = await engine.declare(session, 'q');
    const { policies } = engine.vhost;
    const request = { pattern: 'q', definition: headers({ 'max-length': 5 }) };
    await engine.run(policies.put('policy', 'p', request));
    await engine.run(policies.put('operatorPolicy', 'o', request));
    expect(queue.settings.maxLength).toBe(5);
    const again = await engine.crash();
    expect(again.queue('q').governing.policy?.name).toBe('p');
    expect(again.queue('q').governing.operatorPolicy?.name).toBe('o');
  });
});

describe('what counts', () => {
  const cases: [string, Values, Values, Values, Field | undefined][] = [
    ['max-length', { 'x-max-length': 5 }, { 'max-length': 7 }, {}, 5],
    ['max-length', { 'x-max-length': 7 }, { 'max-length': 5 }, {}, 5],
    ['message-ttl', {}, { 'message-ttl': 7 }, { 'message-ttl': 9 }, 7],
    ['message-ttl', {}, { 'message-ttl': 9 }, { 'message-ttl': 7 }, 7],
    ['expires', { 'x-expires': 5 }, {}, { expires: 4 }, 4],
    ['max-length-bytes', {}, {}, { 'max-length-bytes': 4 }, 4],
    ['overflow', {}, { overflow: 'drop-head' }, { overflow: 'reject-publish' }, 'reject-publish'],
    ['overflow', { 'x-overflow': 'drop-head' }, {}, { overflow: 'reject-publish' }, 'drop-head'],
    [
      'dead-letter-exchange',
      { 'x-dead-letter-exchange': 'a' },
      { 'dead-letter-exchange': 'b' },
      {},
      'a',
    ],
    ['dead-letter-exchange', {}, { 'dead-letter-exchange': 'b' }, {}, 'b'],
    ['max-length', {}, {}, {}, undefined],
  ];

  test('is the stricter limit; of the rest the argument, then the operator', async () => {
    for (const [key, args, policy, operator, expected] of cases) {
      const { engine, session, policies, set, order } = await start();
      const queue = await engine.declare(session, 'q', args);
      if (Object.keys(policy).length > 0) await set(policy);
      if (Object.keys(operator).length > 0) await order(operator);
      const found = policies
        .explain(queue)
        .find((row) => row.key === key && row.source !== 'default');
      expect(found?.value).toBe(expected);
    }
  });

  test('of a delivery limit knows that a negative one is none', async () => {
    const { engine, session, set, order } = await start();
    const queue = await engine.declare(session, 'q', { 'x-queue-type': 'quorum' });
    await set({ 'delivery-limit': -1 });
    expect(queue.settings.deliveryLimit).toBe(-1);
    await order({ 'delivery-limit': 5 });
    expect(queue.settings.deliveryLimit).toBe(5);
  });

  test('is explained: who said it, or that nobody did', async () => {
    const { engine, session, policies, set, order } = await start();
    await set({ 'max-length': 9, 'message-ttl': 5 }, {}, 'mine');
    await order({ 'max-length': 7 }, {}, 'theirs');
    const queue = await engine.declare(session, 'q', { 'x-expires': 60_000, 'x-message-ttl': 9 });
    expect(policies.explain(queue)).toEqual([
      { key: 'max-length', value: 7, source: 'operator policy', policy: 'theirs' },
      { key: 'message-ttl', value: 5, source: 'policy', policy: 'mine' },
      { key: 'expires', value: 60_000, source: 'argument', policy: null },
      { key: 'overflow', value: 'drop-head', source: 'default', policy: null },
    ]);
    expect(effectiveDefinition(queue.governing)).toEqual(
      headers({ 'max-length': 7, 'message-ttl': 5 }),
    );
    const quorum = await engine.declare(session, 'qq', { 'x-queue-type': 'quorum' });
    const limit = policies.explain(quorum).find(({ key }) => key === 'delivery-limit');
    expect(limit).toEqual({ key: 'delivery-limit', value: 20, source: 'default', policy: null });
    await engine.declareExchange(session, 'x', 'direct', { 'alternate-exchange': 'amq.fanout' });
    expect(policies.explain(engine.vhost.exchange('x'))[2]).toEqual({
      key: 'alternate-exchange',
      value: 'amq.fanout',
      source: 'argument',
      policy: null,
    });
  });
});

describe('a change of policy takes effect at once', () => {
  const fill = async (engine: Engine, session: Session, ...bodies: string[]) => {
    await engine.declare(session, 'q');
    await engine.send(session, 'q', ...bodies);
  };

  test('max-length drops what is too much, reject-publish refuses', async () => {
    const { engine, session, set } = await start();
    await fill(engine, session, '1', '2', '3', '4');
    await set({ 'max-length': 2, overflow: 'reject-publish' });
    expect(engine.queue('q').size).toBe(4);
    const answers = new Answers();
    answers.publish(session, message('', 'q', '5'));
    expect(answers.list).toEqual(['1 nack']);
    await set({ 'max-length': 2 });
    expect(await engine.drain(session, 'q')).toEqual(['3', '4']);
  });

  test('message-ttl counts for messages that come from then on', async () => {
    const { engine, session, set } = await start();
    await fill(engine, session, 'before');
    await set({ 'message-ttl': 50 });
    await engine.send(session, 'q', 'meanwhile');
    await engine.run(engine.vhost.policies.delete('policy', 'p'));
    await engine.send(session, 'q', 'after');
    await engine.advance(50);
    expect(await engine.drain(session, 'q')).toEqual(['before', 'after']);
  });

  test('expires begins to count, and ends', async () => {
    const { engine, session, set } = await start();
    await fill(engine, session);
    await set({ expires: 100 });
    await engine.advance(60);
    await engine.run(engine.vhost.policies.delete('policy', 'p'));
    await engine.advance(100);
    expect(engine.vhost.topology.queues.has('q')).toBe(true);
    await set({ expires: 100 });
    await engine.advance(100);
    expect(engine.vhost.topology.queues.has('q')).toBe(false);
  });

  test('a dead-letter exchange gets what dies from then on', async () => {
    const { engine, session, set } = await start();
    await fill(engine, session, '1', '2');
    await engine.declare(session, 'dead');
    await set(
      { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' },
      { pattern: '^q$' },
    );
    const consumer = engine.consume(session, 'q');
    consumer.settle('reject');
    await engine.run(engine.vhost.policies.delete('policy', 'p'));
    consumer.settle('reject');
    expect(await engine.drain(session, 'dead')).toEqual(['1']);
  });

  test('an alternate exchange gets what leads nowhere, and an argument beats it', async () => {
    const { engine, session, set } = await start();
    await engine.declare(session, 'q');
    await engine.declare(session, 'other');
    await engine.bind(session, 'amq.fanout', 'q');
    await engine.bind(session, 'amq.match', 'other');
    await engine.declareExchange(session, 'x', 'direct');
    await engine.declareExchange(session, 'y', 'direct', { 'alternate-exchange': 'amq.match' });
    await set({ 'alternate-exchange': 'amq.fanout' }, { applyTo: 'exchanges', pattern: '^[xy]$' });
    session.publish(message('x', 'nowhere', 'x'), null);
    session.publish(message('y', 'nowhere', 'y'), null);
    expect(await engine.drain(session, 'q')).toEqual(['x']);
    expect(await engine.drain(session, 'other')).toEqual(['y']);
    await engine.run(engine.vhost.policies.delete('policy', 'p'));
    expect(session.publish(message('x', 'nowhere'), null)).toBe(0);
  });
});

describe('a policy is refused in the words of RabbitMQ', () => {
  const refused = async (kind: PolicyKind, request: Partial<PolicyRequest>) => {
    const { engine, policies } = await start();
    const whole = { pattern: '^a', definition: headers({ 'message-ttl': 5 }), ...request };
    const text = await refusal(() => engine.run(policies.put(kind, 'p', whole)));
    return text.replace('PRECONDITION_FAILED - Validation failed\n\n', '').replace(/\n$/, '');
  };

  test('for values that are none', async () => {
    const cases: [Values, string][] = [
      [{ 'message-ttl': -1 }, '-1 is not a valid message TTL'],
      [{ 'message-ttl': 'a' }, '<<"a">> is not a valid message TTL'],
      [{ 'message-ttl': 1.5 }, '1.5 is not a valid message TTL'],
      [{ 'message-ttl': null }, 'null is not a valid message TTL'],
      [{ expires: 0 }, '0 is not a valid queue expiry'],
      [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
      [{ 'max-length-bytes': 'x' }, '<<"x">> is not a valid maximum length in bytes'],
      [{ overflow: 'nope' }, '<<"nope">> is not a valid overflow value'],
      [{ 'dead-letter-exchange': 5 }, '5 is not a valid dead letter exchange name'],
      [{ 'dead-letter-routing-key': 5 }, '5 is not a valid dead letter routing key'],
      [{ 'dead-letter-strategy': 'x' }, '<<"x">> is not a valid dead letter strategy'],
      [{ 'alternate-exchange': 5 }, '5 is not a valid alternate exchange name'],
      [{ 'delivery-limit': 'a' }, '<<"a">> is not a valid delivery limit'],
      [{ 'max-age': '5x' }, '<<"5x">> is not a valid max age'],
      [{ 'queue-leader-locator': 'x' }, '<<"x">> is not a valid queue leader locator value'],
      [{ 'queue-mode': 'x' }, '<<"x">> is not a valid queue-mode value'],
      [{ 'queue-version': 3 }, '3 is not a valid queue-version value'],
      [{ 'max-in-memory-length': -1 }, '-1 is not a valid maximum memory in bytes'],
      [{ 'initial-cluster-size': -1 }, '-1 is not a valid cluster size'],
      [{ 'stream-max-segment-size-bytes': -1 }, '-1 is not a valid segment size'],
      [{ 'stream-filter-size-bytes': 5 }, '5 is not a valid filter size. Valid range is 16-255'],
      [{ 'consumer-timeout': -1 }, '-1 is not a valid consumer timeout'],
      [{ 'target-group-size': 0 }, '0 is not a valid qq target count value'],
      [{}, 'no policy provided'],
      [
        { unknown: 1, other: [2, 'b'] },
        '[{<<"other">>,[2,<<"b">>]},{<<"unknown">>,1}] are not recognised policy settings',
      ],
    ];
    for (const [values, text] of cases) {
      expect(await refused('policy', { definition: headers(values) })).toBe(text);
    }
  });

  test('for what operators have no say in', async () => {
    const definition = headers({ 'dead-letter-exchange': 'x' });
    expect(await refused('operatorPolicy', { definition })).toBe(
      '[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings',
    );
    expect(await refused('operatorPolicy', { definition: headers({ expires: 5 }) })).toBe(
      'accepted',
    );
  });

  test('for patterns, scopes and priorities that are none', async () => {
    expect(await refused('policy', { pattern: 5 })).toBe('pattern should be a binary but was 5');
    expect(await refused('policy', { pattern: '(' })).toMatch(
      /^pattern should be regular expression but is invalid: /,
    );
    expect(await refused('policy', { priority: 'foo' })).toBe(
      'priority should be a number, actually was <<"foo">>',
    );
    expect(await refused('policy', { applyTo: 'foo' })).toBe(
      "apply-to 'foo' unrecognised; should be one of: 'queues', 'classic_queues',  " +
        "'quorum_queues', 'streams', 'exchanges', or 'all'",
    );
    expect(await refused('policy', { priority: 1.5 })).toBe('accepted');
  });

  test('and then changes nothing', async () => {
    const { engine, policies } = await start();
    const bad = { pattern: '', definition: headers({ expires: 0 }) };
    await refusal(() => engine.run(policies.put('policy', 'p', bad)));
    expect(policies.get('policy', 'p')).toBeNull();
  });
});
