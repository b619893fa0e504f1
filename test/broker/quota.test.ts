/** Limits on how many of something there may be, with the texts that RabbitMQ 4.0 gives. */
import { describe, expect, test } from 'vitest';
import type { User } from '../../src/auth/user.ts';
import type { SessionHolder } from '../../src/broker/session.ts';
import { BACKENDS, Engine, refusal } from '../support/engine.ts';

const HOLDER: SessionHolder = { expelled: () => {} };

function connect(engine: Engine, userName = 'guest') {
  const user = engine.broker.users.get(userName) as User;
  return engine.broker.openSession(user, '/', 'test', HOLDER);
}

const flags = { durable: false, exclusive: false, autoDelete: false, arguments: new Map() };

describe.each(BACKENDS)('a quota ($name)', ({ name: backend }) => {
  test('limits the queues of a vhost, exclusive ones too, and lets be what is there', async () => {
    const engine = await Engine.open(backend);
    await engine.run(
      engine.broker.administration('x').parameters.setLimits('/', { 'max-queues': 2 }),
    );
    const session = engine.session();
    await engine.declare(session, 'a');
    await engine.declare(session, 'own', {}, { durable: false, exclusive: true });
    const declare = (name: string, args = {}) => refusal(() => engine.declare(session, name, args));
    expect(await declare('b')).toBe(
      "PRECONDITION_FAILED - cannot declare queue 'b': queue limit in vhost '/' (2) is reached",
    );
    expect(await declare('b', { 'x-message-ttl': -1 })).toMatch('invalid arg');
    expect(engine.vhost.topology.queues.has('b')).toBe(false);
    expect(await declare('a')).toBe('accepted');
    await engine.run(session.topology.deleteQueue('a', false, false));
    expect(await declare('b')).toBe('accepted');
  });
});

describe('a quota', () => {
  test('limits the queues and exchanges of the broker', async () => {
    const engine = await Engine.open('memory', { limits: { queues: 1, exchanges: 8 } });
    const session = engine.session();
    await session.topology.declareQueue({ name: 'a', ...flags });
    expect(await refusal(() => session.topology.declareQueue({ name: 'b', ...flags }))).toBe(
      "PRECONDITION_FAILED - cannot declare queue 'b': queue limit in cluster (1) is reached",
    );
    await engine.declareExchange(session, 'x', 'topic');
    expect(await refusal(() => engine.declareExchange(session, 'y', 'topic'))).toBe(
      "PRECONDITION_FAILED - cannot declare exchange 'y' in vhost '/': exchange limit of 8 is " +
        'reached',
    );
    await engine.declareExchange(session, 'x', 'topic');
  });

  test('limits the connections of the broker, before it looks for the vhost', async () => {
    const engine = await Engine.open('memory', { limits: { connections: 1 } });
    const first = connect(engine);
    const text = 'NOT_ALLOWED - connection refused: node connection limit (1) is reached';
    expect(await refusal(() => connect(engine))).toBe(text);
    const user = engine.broker.users.get('guest') as User;
    expect(await refusal(() => engine.broker.openSession(user, 'none', 'test', HOLDER))).toBe(text);
    await first.close();
    expect(connect(engine).user).toBe(user);
    expect(engine.broker.quota.connections).toBe(1);
  });

  test('limits the channels of a user and of the broker, and counts those that close', async () => {
    const engine = await Engine.open('memory', { limits: { channels: 3 } });
    await engine.broker.administration('x').users.setLimits('guest', { 'max-channels': 2 });
    await engine.addUser('u', {});
    const [one, two, other] = [connect(engine), connect(engine), connect(engine, 'u')];
    const traffic = one.openTraffic();
    two.openTraffic();
    expect(await refusal(() => one.openTraffic())).toBe(
      "NOT_ALLOWED - number of channels opened for user 'guest' has reached the maximum allowed " +
        'user limit of (2)',
    );
    other.openTraffic();
    expect(await refusal(() => other.openTraffic())).toMatch('maximum allowed limit of (3)');
    one.closeTraffic(traffic);
    one.closeTraffic(traffic);
    two.openTraffic();
    await two.close();
    expect(engine.broker.quota.channels).toBe(1);
    expect(engine.broker.users.get('guest')?.channels).toBe(0);
  });

  test('limits the consumers of a channel', async () => {
    const engine = await Engine.open('memory', { limits: { consumersPerChannel: 2 } });
    engine.broker.quota.checkConsumer(1);
    expect(await refusal(() => engine.broker.quota.checkConsumer(2))).toBe(
      'NOT_ALLOWED - reached maximum (2) of consumers per channel',
    );
  });
});
