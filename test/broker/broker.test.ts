import { describe, expect, test } from 'vitest';
import { Broker } from '../../src/broker/broker.ts';
import { COMMAND_VERSION, type Command } from '../../src/broker/catalog.ts';
import { MemoryCatalog } from '../../src/storage/memory-catalog.ts';
import { BACKENDS, Engine, message, Recorder, refusal } from '../support/engine.ts';

describe.each(BACKENDS)('a broker ($name)', ({ name: backend }) => {
  test('starts with the default vhost and user, whose password is not kept', async () => {
    const engine = await Engine.open(backend);
    const peer = { remoteAddress: '127.0.0.1', loopback: true };
    const login = { protocol: 'test', username: 'guest', password: 'guest', peer };
    expect(engine.broker.authenticate(login)).toMatchObject({ name: 'guest' });
    expect([...engine.broker.vhosts.keys()]).toEqual(['/']);
    expect(JSON.stringify(engine.kept)).not.toContain('"guest guest"');
    const account = engine.broker.users.account('guest');
    expect(account?.passwordHash).not.toContain('guest');
  });

  test('opens sessions only in vhosts that exist and are open to the user', async () => {
    const engine = await Engine.open(backend);
    await engine.addUser('u', {});
    await engine.run(engine.broker.propose({ op: 'vhost.put', name: 'other' }));
    expect(await refusal(() => engine.session('guest', 'none'))).toBe(
      'NOT_ALLOWED - vhost none not found',
    );
    expect(await refusal(() => engine.session('u', 'other'))).toBe(
      "NOT_ALLOWED - access to vhost 'other' refused for user 'u'",
    );
    const [a, b] = [engine.session('u'), engine.session('u')];
    expect(a.id).not.toBe(b.id);
    expect(engine.broker.sessions.size).toBe(2);
  });

  test('keeps vhosts apart', async () => {
    const engine = await Engine.open(backend);
    await engine.run(engine.broker.propose({ op: 'vhost.put', name: 'other' }));
    const record = { user: 'guest', vhost: 'other', configure: '.*', write: '.*', read: '.*' };
    await engine.run(engine.broker.propose({ op: 'permission.put', record }));
    const [here, there] = [engine.session(), engine.session('guest', 'other')];
    await engine.declare(here, 'q');
    expect(there.publish(message('', 'q'), null)).toBe(0);
    expect(await refusal(() => there.topology.findQueue('q'))).toMatch('NOT_FOUND');
  });

  test('deletes a vhost with its messages, and tells its consumers', async () => {
    const engine = await Engine.open(backend);
    const session = engine.session();
    await engine.declare(session, 'q', { 'x-message-ttl': 1000 });
    await engine.send(session, 'q', 'a', 'b');
    const consumer = engine.consume(session, 'q', { prefetch: 1, consumer: new Recorder(session) });
    await engine.settle();
    await engine.run(engine.broker.propose({ op: 'vhost.delete', name: '/' }));
    expect(consumer.cancelReason).not.toBeNull();
    expect(engine.broker.vhosts.size).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.clock.pending).toBe(0);
  });

  test('closes every session, and then has nothing left to do', async () => {
    const engine = await Engine.open(backend);
    const sessions = [engine.session(), engine.session()];
    const consumer = new Recorder(sessions[0] as (typeof sessions)[0]);
    await engine.declare(sessions[0] as (typeof sessions)[0], 'q', { 'x-expires': 1000 });
    engine.consume(sessions[0] as (typeof sessions)[0], 'q', { consumer });
    await engine.close();
    expect(engine.broker.sessions.size).toBe(0);
    expect(engine.clock.pending).toBe(0);
    expect(engine.lines).toEqual([]);
  });
});

describe('a broker on a catalog', () => {
  test('takes every command twice without harm', async () => {
    const first = await Engine.open('durable');
    const session = first.session();
    await first.declare(session, 'q', { 'x-max-length': 5 });
    await first.declareExchange(session, 'x', 'topic');
    await first.bind(session, 'x', 'q', 'k');
    await first.bind(session, 'amq.topic', 'x', 'k', {}, 'exchange');
    await first.addUser('u', { read: '.*' });
    const twice = first.kept.flatMap((command) => [command, command]);
    const again = await Engine.open('durable', { kept: [...twice, ...twice] });
    expect([...again.vhost.topology.queues.keys()]).toEqual(['q']);
    expect(again.vhost.exchange('x').bindings.size).toBe(1);
    expect(again.vhost.exchange('amq.topic').bindings.size).toBe(1);
    expect(again.session('u').publish).toBeDefined();
    await again.run(again.session().topology.deleteQueue('q', false, false));
    expect(again.vhost.exchange('x').bindings.size).toBe(0);
  });

  test('ignores deletions of what is not there', async () => {
    const engine = await Engine.open('memory');
    const record = {
      vhost: '/',
      source: 'none',
      destinationKind: 'queue' as const,
      destination: 'none',
      routingKey: '',
      arguments: new Map(),
    };
    await engine.broker.propose({ op: 'queue.delete', vhost: '/', name: 'none' });
    await engine.broker.propose({ op: 'exchange.delete', vhost: '/', name: 'none' });
    await engine.broker.propose({ op: 'binding.delete', record });
    await engine.broker.propose({ op: 'binding.put', record });
    await engine.broker.propose({ op: 'user.delete', name: 'none' });
    await engine.broker.propose({ op: 'permission.delete', user: 'none', vhost: '/' });
    await engine.broker.propose({ op: 'vhost.delete', name: 'none' });
    expect(engine.broker.vhosts.size).toBe(1);
  });

  test('refuses commands of a newer version instead of misreading them', async () => {
    const kept = [{ version: COMMAND_VERSION + 1, op: 'vhost.put', name: 'v' } as Command];
    await expect(Engine.open('durable', { kept })).rejects.toThrow('newer');
  });

  test('gives out no queue id twice, not even after a restart', async () => {
    const first = await Engine.open('durable');
    const { store } = await first.declare(first.session(), 'q');
    const again = await first.crash();
    const other = await again.declare(again.session(), 'other');
    expect(other.store?.id).toBeGreaterThan(store?.id as number);
    const memory = new MemoryCatalog();
    expect(memory.allocateQueueId()).not.toBe(memory.allocateQueueId());
    expect(Broker).toBeDefined();
  });
});
