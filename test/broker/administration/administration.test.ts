/**
 * Administration of users, vhosts, permissions and parameters: what RabbitMQ 3.10 and 4.0 answered
 * to the same requests over HTTP.
 */
import { describe, expect, test } from 'vitest';
import { passwordFits } from '../../../src/auth/password.ts';
import type { User } from '../../../src/auth/user.ts';
import type { Administration } from '../../../src/broker/administration/administration.ts';
import { AdministrationError } from '../../../src/broker/administration/refusal.ts';
import { decodeCommand, encodeCommand } from '../../../src/broker/command-text.ts';
import type { Session } from '../../../src/broker/session.ts';
import { ALL, Engine } from '../../support/engine.ts';

interface Desk {
  readonly engine: Engine;
  readonly desk: Administration;
}

async function openDesk(actor = 'guest'): Promise<Desk> {
  const engine = await Engine.open('memory');
  return { engine, desk: engine.broker.administration(actor) };
}

/** The reason that RabbitMQ's HTTP API would give. */
async function reason(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof AdministrationError) return error.reason;
    throw error;
  }
  return 'accepted';
}

/** A session with a holder that writes down why it was expelled. */
function held(engine: Engine, user: string, vhost = '/'): { session: Session; reasons: string[] } {
  const reasons: string[] = [];
  const holder = {
    expelled(why: string): void {
      reasons.push(why);
    },
  };
  const found = engine.broker.users.get(user) as User;
  const session = engine.broker.openSession(found, vhost, 'test', holder);
  return { session, reasons };
}

describe('users', () => {
  test('are made and changed, with tags as words or as a list', async () => {
    const { desk } = await openDesk();
    expect(await desk.users.put('u', { password: 'x', tags: 'management, foo' })).toBe(true);
    expect(desk.users.get('u')).toMatchObject({
      hashingAlgorithm: 'rabbit_password_hashing_sha256',
      tags: ['management', 'foo'],
      limits: {},
    });
    expect(passwordFits('x', desk.users.get('u')?.passwordHash as string)).toBe(true);
    expect(await desk.users.put('u', { passwordHash: 'abcd', tags: ['a', 'b'] })).toBe(false);
    expect(desk.users.get('u')).toMatchObject({ passwordHash: 'abcd', tags: ['a', 'b'] });
    await desk.users.put('u', { tags: '' });
    expect(desk.users.get('u')).toMatchObject({ passwordHash: '', tags: [] });
    expect(desk.users.list().map(({ name }) => name)).toEqual(['guest', 'u']);
    expect(desk.users.get('nobody')).toBeNull();
  });

  test('keep the hash of another algorithm, and the log says if nobody knows it', async () => {
    const { engine, desk } = await openDesk();
    const hashingAlgorithm = 'rabbit_password_hashing_md5';
    await desk.users.put('u', { passwordHash: 'abcd', hashingAlgorithm, tags: '' });
    expect(desk.users.get('u')?.hashingAlgorithm).toBe(hashingAlgorithm);
    await desk.users.put('v', { passwordHash: 'abcd', hashingAlgorithm: 'nope', tags: '' });
    expect(engine.lines.join('\n')).toContain("unknown hashing algorithm 'nope'");
  });

  test('are refused with the reasons of RabbitMQ', async () => {
    const { desk } = await openDesk();
    const both = { password: 'x', passwordHash: 'abcd', tags: '' };
    expect(await reason(desk.users.put('u', both))).toBe(
      'both_password_and_password_hash_are_provided',
    );
    expect(await reason(desk.users.put('u', { passwordHash: '!!!', tags: '' }))).toEqual([
      'not_base64',
      '!!!',
    ]);
    expect(await reason(desk.users.put('', { tags: '' }))).toBe('user name cannot be blank');
    expect(await reason(desk.users.put('u'.repeat(256), { tags: '' }))).toMatch('longer');
    expect(desk.users.list()).toHaveLength(1);
    for (const attempt of [
      desk.users.delete('none'),
      desk.users.changePassword('none', 'x'),
      desk.users.clearPassword('none'),
      desk.users.setTags('none', ''),
      desk.users.setLimits('none', {}),
      desk.users.clearLimits('none', 'all'),
    ]) {
      expect(await reason(attempt)).toEqual(['no_such_user', 'none']);
    }
  });

  test('change one thing and keep the others', async () => {
    const { desk } = await openDesk();
    await desk.users.put('u', { password: 'x', tags: 'a', limits: { 'max-channels': 3 } });
    await desk.users.setTags('u', 'b');
    await desk.users.setLimits('u', { 'max-connections': 5 });
    await desk.users.changePassword('u', 'y');
    const { passwordHash, tags, limits } = desk.users.get('u') as never;
    expect(passwordFits('y', passwordHash)).toBe(true);
    expect({ tags, limits }).toEqual({
      tags: ['b'],
      limits: { 'max-channels': 3, 'max-connections': 5 },
    });
    await desk.users.clearLimits('u', 'max-channels');
    expect(desk.users.get('u')?.limits).toEqual({ 'max-connections': 5 });
    await desk.users.clearLimits('u', 'all');
    await desk.users.clearPassword('u');
    expect(desk.users.get('u')).toMatchObject({ limits: {}, passwordHash: '' });
  });

  test('have limits that are two numbers', async () => {
    const { desk } = await openDesk();
    expect(await reason(desk.users.setLimits('guest', { 'max-foo': 5 }))).toBe(
      'Unrecognised terms [{<<"max-foo">>,5}] in user-limits',
    );
    expect(await reason(desk.users.setLimits('guest', { 'max-channels': 'x' }))).toBe(
      'max-channels should be a number, actually was <<"x">>',
    );
    await desk.users.setLimits('guest', { 'max-channels': -1 });
    expect(desk.users.get('guest')?.limits).toEqual({ 'max-channels': -1 });
  });

  test('who are deleted lose their connections and what was said about them', async () => {
    const { engine, desk } = await openDesk();
    await desk.users.put('u', { password: 'x', tags: '' });
    await desk.permissions.put('u', '/', ALL);
    await desk.topicPermissions.put('u', '/', 'amq.topic', { write: 'a', read: 'b' });
    expect(desk.users.withoutPermissions()).toEqual([]);
    const [own, other] = [held(engine, 'u'), held(engine, 'guest')];
    await desk.users.delete('u');
    expect(own.reasons).toEqual(["user 'u' is deleted"]);
    expect(other.reasons).toEqual([]);
    await desk.users.put('u', { password: 'x', tags: '' });
    expect(desk.permissions.list({ user: 'u' })).toEqual([]);
    expect(desk.topicPermissions.list({ user: 'u' })).toEqual([]);
    expect(desk.users.withoutPermissions().map(({ name }) => name)).toEqual(['u']);
  });
});

describe('vhosts', () => {
  test('are made with what is said about them, and open to whoever made them', async () => {
    const { desk } = await openDesk();
    const wish = { description: 'd', tags: 'a, b', tracing: true, defaultQueueType: 'quorum' };
    expect(await desk.vhosts.put('v', wish)).toBe(true);
    expect(desk.vhosts.get('v')?.metadata).toEqual({
      ...wish,
      tags: ['a', 'b'],
      protectedFromDeletion: false,
    });
    expect(desk.permissions.get('guest', 'v')).toEqual({ user: 'guest', vhost: 'v', ...ALL });
    expect(await desk.vhosts.put('v', { tracing: false })).toBe(false);
    expect(desk.vhosts.get('v')?.metadata).toMatchObject({ description: 'd', tracing: false });
    expect(desk.vhosts.get('/')?.metadata.description).toBe('Default virtual host');
  });

  test('are refused if the name or the queue type will not do', async () => {
    const { desk } = await openDesk();
    expect(await reason(desk.vhosts.put(''))).toBe('vhost name cannot be blank');
    expect(await reason(desk.vhosts.put('v'.repeat(256)))).toMatch('longer');
    expect(await reason(desk.vhosts.put('v', { defaultQueueType: 'x' }))).toBe(
      'invalid_queue_type',
    );
    expect(desk.vhosts.list().map(({ name }) => name)).toEqual(['/']);
    expect(await reason(desk.vhosts.delete('v'))).toEqual(['no_such_vhost', 'v']);
  });

  test('that are protected stay until the protection is lifted', async () => {
    const { desk } = await openDesk();
    await desk.vhosts.put('v', { protectedFromDeletion: true });
    expect(await reason(desk.vhosts.delete('v'))).toBe(
      "Refusing to delete virtual host 'v' because it is protected from deletion",
    );
    await desk.vhosts.put('v', { protectedFromDeletion: false });
    expect(await reason(desk.vhosts.delete('v'))).toBe('accepted');
  });

  test('that are deleted take their connections and all that was said with them', async () => {
    const { engine, desk } = await openDesk();
    await desk.vhosts.put('v');
    await desk.topicPermissions.put('guest', 'v', 'amq.topic', { write: '', read: '' });
    await desk.parameters.setLimits('v', { 'max-queues': 3 });
    const [inside, outside] = [held(engine, 'guest', 'v'), held(engine, 'guest')];
    await desk.vhosts.delete('v');
    expect(inside.reasons).toEqual(["vhost 'v' is down"]);
    expect(outside.reasons).toEqual([]);
    await inside.session.close();
    await engine.broker.propose({ op: 'vhost.put', name: 'v' });
    expect(desk.permissions.list({ vhost: 'v' })).toEqual([]);
    expect(desk.topicPermissions.list()).toEqual([]);
    expect(desk.parameters.list()).toEqual([]);
    expect(desk.vhosts.get('v')?.limits).toEqual({});
  });
});

describe('permissions', () => {
  test('are granted, listed and taken away', async () => {
    const { desk } = await openDesk();
    await desk.users.put('u', { tags: '' });
    const patterns = { configure: '', write: '^w', read: 'r' };
    expect(await desk.permissions.put('u', '/', patterns)).toBe(true);
    expect(await desk.permissions.put('u', '/', patterns)).toBe(false);
    expect(desk.permissions.list({ user: 'u' })).toEqual([{ user: 'u', vhost: '/', ...patterns }]);
    expect(desk.permissions.list({ vhost: '/' })).toHaveLength(2);
    await desk.permissions.delete('u', '/');
    expect(desk.permissions.get('u', '/')).toBeNull();
    await desk.vhosts.put('v');
    await desk.permissions.putEverywhere('u', patterns);
    expect(desk.permissions.list({ user: 'u' }).map(({ vhost }) => vhost)).toEqual(['/', 'v']);
  });

  test('are refused for whom or what is not there, and with what is no pattern', async () => {
    const { desk } = await openDesk();
    expect(await reason(desk.permissions.put('none', '/', ALL))).toEqual(['no_such_user', 'none']);
    expect(await reason(desk.permissions.put('guest', 'v', ALL))).toEqual(['no_such_vhost', 'v']);
    expect(await reason(desk.permissions.put('guest', '/', { ...ALL, read: '(' }))).toEqual(
      expect.arrayContaining(['invalid_regexp', '(']),
    );
    const topics = { write: '(', read: '' };
    expect(await reason(desk.topicPermissions.put('guest', '/', 'amq.topic', topics))).toContain(
      'invalid_regexp',
    );
  });

  test('for topics are kept by exchange, which need not be there', async () => {
    const { desk } = await openDesk();
    const patterns = { write: '^{username}', read: '' };
    expect(await desk.topicPermissions.put('guest', '/', 'x', patterns)).toBe(true);
    expect(await desk.topicPermissions.put('guest', '/', 'x', patterns)).toBe(false);
    await desk.topicPermissions.put('guest', '/', 'y', patterns);
    expect(desk.topicPermissions.list({ vhost: '/' })).toEqual([
      { user: 'guest', vhost: '/', exchange: 'x', ...patterns },
      { user: 'guest', vhost: '/', exchange: 'y', ...patterns },
    ]);
    await desk.topicPermissions.delete('guest', '/', 'x');
    expect(desk.topicPermissions.list().map(({ exchange }) => exchange)).toEqual(['y']);
    await desk.topicPermissions.delete('guest', '/');
    expect(desk.topicPermissions.list()).toEqual([]);
  });
});

describe('parameters', () => {
  test('are refused for what nobody registered, and by whoever did', async () => {
    const { desk } = await openDesk();
    expect(await reason(desk.parameters.put('/', 'nope', 'n', {}))).toBe(
      'Validation failed\n\ncomponent nope not found\n',
    );
    expect(await reason(desk.parameters.put('/', 'policy', 'n', {}))).toBe(
      'policies may not be set using this method',
    );
    expect(await reason(desk.parameters.setLimits('/', { 'max-foo': 5 }))).toBe(
      'Validation failed\n\nUnrecognised terms [{<<"max-foo">>,5}] in limits\n',
    );
    expect(await reason(desk.parameters.setLimits('/', { 'max-queues': 'x' }))).toBe(
      'Validation failed\n\nmax-queues should be a number, actually was <<"x">>\n',
    );
    expect(await reason(desk.parameters.setLimits('none', {}))).toEqual(['no_such_vhost', 'none']);
    expect(await reason(desk.parameters.delete('/', 'vhost-limits', 'limits'))).toBe(
      'Parameter does not exist',
    );
  });

  test('called vhost-limits are the limits of the vhost', async () => {
    const { engine, desk } = await openDesk();
    await desk.parameters.setLimits('/', { 'max-queues': -1 });
    await desk.parameters.setLimits('/', { 'max-connections': 7 });
    const all = { 'max-queues': -1, 'max-connections': 7 };
    expect(desk.parameters.limits('/')).toEqual(all);
    expect(engine.vhost.limits).toEqual(all);
    await desk.parameters.clearLimit('/', 'max-queues');
    expect(engine.vhost.limits).toEqual({ 'max-connections': 7 });
    await desk.parameters.delete('/', 'vhost-limits', 'limits');
    expect(engine.vhost.limits).toEqual({});
    expect(desk.parameters.limits('/')).toBeNull();
  });

  test('tell a component that comes late of what is there already', async () => {
    const { engine, desk } = await openDesk();
    const record = { vhost: '/', component: 'shovel', name: 's', value: { a: 1 } };
    await engine.broker.propose({ op: 'parameter.put', record });
    const heard: unknown[] = [];
    const component = {
      check: () => [],
      changed: (...what: unknown[]) => void heard.push(what),
    };
    engine.broker.parameters.register('shovel', component);
    await desk.parameters.put('/', 'shovel', 't', [1]);
    await desk.parameters.delete('/', 'shovel', 's');
    expect(heard).toEqual([
      ['/', 's', { a: 1 }],
      ['/', 't', [1]],
      ['/', 's', null],
    ]);
    expect(desk.parameters.list({ vhost: '/', component: 'shovel' })).toHaveLength(1);
  });

  test('of the whole broker have only a name', async () => {
    const { desk } = await openDesk();
    expect(await desk.parameters.putGlobal('cluster_name', 'a')).toBe(true);
    expect(await desk.parameters.putGlobal('cluster_name', { b: null })).toBe(false);
    expect(desk.parameters.listGlobal()).toEqual([{ name: 'cluster_name', value: { b: null } }]);
    await desk.parameters.deleteGlobal('cluster_name');
    expect(desk.parameters.getGlobal('cluster_name')).toBeUndefined();
    expect(await reason(desk.parameters.deleteGlobal('cluster_name'))).toBe(
      'Parameter does not exist',
    );
  });
});

describe('limits of connections', () => {
  test('count those of clients, in the vhost and of the user', async () => {
    const { engine, desk } = await openDesk();
    await desk.parameters.setLimits('/', { 'max-connections': 1 });
    const first = held(engine, 'guest');
    expect(() => held(engine, 'guest')).toThrow(
      "access to vhost '/' refused for user 'guest': connection limit (1) is reached",
    );
    expect(engine.session().user.name).toBe('guest');
    await desk.parameters.setLimits('/', { 'max-connections': -1 });
    await desk.users.setLimits('guest', { 'max-connections': 1 });
    expect(() => held(engine, 'guest')).toThrow(
      "connection refused for user 'guest': user connection limit (1) is reached",
    );
    await first.session.close();
    const second = held(engine, 'guest');
    await second.session.close();
    await desk.users.setLimits('guest', { 'max-connections': 0 });
    expect(() => held(engine, 'guest')).toThrow('user connection limit (0) is reached');
  });
});

describe('a broker', () => {
  test('finds users, limits, permissions and parameters again after a restart', async () => {
    const first = await Engine.open('durable');
    const desk = first.broker.administration('guest');
    const run = (promise: Promise<unknown>) => first.run(promise);
    await run(desk.users.put('u', { password: 'x', tags: 'a', limits: { 'max-channels': 2 } }));
    await run(desk.vhosts.put('v', { description: 'd' }));
    await run(desk.permissions.put('u', 'v', ALL));
    await run(desk.topicPermissions.put('u', 'v', 'amq.topic', { write: 'a', read: 'b' }));
    await run(desk.parameters.setLimits('v', { 'max-queues': 2 }));
    await run(desk.parameters.putGlobal('g', [1]));
    // Once from the log of commands and once from what a snapshot makes of it.
    const commands = [...first.broker.snapshot()];
    const written = commands.map((command) => decodeCommand(encodeCommand(command)));
    for (const kept of [first.kept, commands, written]) {
      const again = await Engine.open('durable', { kept });
      const found = again.broker.administration();
      expect(found.users.list()).toEqual(desk.users.list());
      expect(found.vhosts.get('v')?.metadata).toEqual(desk.vhosts.get('v')?.metadata);
      expect(found.vhosts.get('v')?.limits).toEqual({ 'max-queues': 2 });
      expect(found.permissions.list()).toEqual(desk.permissions.list());
      expect(found.topicPermissions.list()).toEqual(desk.topicPermissions.list());
      expect(found.parameters.list()).toEqual(desk.parameters.list());
      expect(found.parameters.listGlobal()).toEqual([{ name: 'g', value: [1] }]);
    }
  });
});
