/** Topic permissions in the engine, with the texts and the order of RabbitMQ 4.0. */
import { describe, expect, test } from 'vitest';
import type { User } from '../../src/auth/user.ts';
import type { Session } from '../../src/broker/session.ts';
import { ALL, Engine, headers, message, refusal } from '../support/engine.ts';

async function openWithTopics(
  write: string,
  read: string,
  exchange = 'amq.topic',
): Promise<{ engine: Engine; session: Session }> {
  const engine = await Engine.open('memory');
  await engine.addUser('u', ALL);
  const desk = engine.broker.administration('guest');
  await desk.topicPermissions.put('u', '/', exchange, { write, read });
  return { engine, session: engine.session('u') };
}

function refused(access: string, key: string): string {
  const where = `in exchange 'amq.topic' in vhost '/'`;
  return `ACCESS_REFUSED - ${access} access to topic '${key}' ${where} refused for user 'u'`;
}

describe('topic permissions', () => {
  test('hold for the routing key and for every copy', async () => {
    const { session } = await openWithTopics('^a', '');
    const publish = (key: string, copies = {}) =>
      refusal(() =>
        session.publish(message('amq.topic', key, '', { headers: headers(copies) }), null),
      );
    expect(await publish('a.b')).toBe('accepted');
    expect(await publish('b')).toBe(refused('write', 'b'));
    expect(await publish('a', { CC: ['a.c'] })).toBe('accepted');
    expect(await publish('a', { CC: ['a.c', 'x'] })).toBe(refused('write', 'x'));
    expect(await publish('a', { BCC: ['y'] })).toBe(refused('write', 'y'));
    expect(await refusal(() => session.check(message('amq.topic', 'b')))).toBe(
      refused('write', 'b'),
    );
  });

  test('come after expiration and copies and before the user-id', async () => {
    const { session } = await openWithTopics('^a', '');
    const publish = (values: object) =>
      refusal(() => session.publish(message('amq.topic', 'z', '', values), null));
    expect(await publish({ expiration: 'x' })).toMatch('invalid expiration');
    expect(await publish({ headers: headers({ CC: 'x' }) })).toMatch('invalid message');
    expect(await publish({ userId: 'guest' })).toBe(refused('write', 'z'));
  });

  test('hold for the key of a binding out of the exchange, and for unbinding', async () => {
    const { engine, session } = await openWithTopics('', '^b');
    await engine.declare(session, 'q');
    const bind = (key: string) => refusal(() => engine.bind(session, 'amq.topic', 'q', key));
    expect(await bind('b.#')).toBe('accepted');
    expect(await bind('a')).toBe(refused('read', 'a'));
    const binding = { source: 'amq.topic', destinationKind: 'queue', destination: 'q' } as const;
    const unbind = { ...binding, routingKey: 'a', arguments: new Map() };
    expect(await refusal(() => session.topology.unbind(unbind))).toBe(refused('read', 'a'));
    const into = () => engine.bind(session, 'amq.fanout', 'amq.topic', 'a', {}, 'exchange');
    expect(await refusal(into)).toBe('accepted');
    const outOf = () => engine.bind(session, 'amq.topic', 'amq.fanout', 'a', {}, 'exchange');
    expect(await refusal(outOf)).toBe(refused('read', 'a'));
  });

  test('mean nothing for exchanges of other types, for other users and other exchanges', async () => {
    const { engine, session } = await openWithTopics('^$', '^$', 'amq.direct');
    expect(await refusal(() => session.publish(message('amq.direct', 'x'), null))).toBe('accepted');
    expect(await refusal(() => session.publish(message('amq.topic', 'x'), null))).toBe('accepted');
    const desk = engine.broker.administration('guest');
    await desk.topicPermissions.put('u', '/', 'amq.topic', { write: '^$', read: '' });
    const guest = engine.session();
    expect(await refusal(() => guest.publish(message('amq.topic', 'x'), null))).toBe('accepted');
  });

  test('change under a session that is open', async () => {
    const { engine, session } = await openWithTopics('^a', '');
    const publish = () => refusal(() => session.publish(message('amq.topic', 'b'), null));
    expect(await publish()).toBe(refused('write', 'b'));
    const { topicPermissions } = engine.broker.administration('guest');
    await topicPermissions.put('u', '/', 'amq.topic', { write: '^b', read: '' });
    expect(await publish()).toBe('accepted');
    await topicPermissions.put('u', '/', 'amq.topic', { write: '', read: '' });
    expect(await publish()).toBe(refused('write', 'b'));
    await topicPermissions.delete('u', '/', 'amq.topic');
    expect(await publish()).toBe('accepted');
  });

  test('know the variables of the session, and nobody else can be the user', async () => {
    const { engine } = await openWithTopics('^{vhost}{username}\\.{client_id}\\.', '');
    const user = engine.broker.users.get('u') as User;
    const open = (clientId: string) =>
      engine.broker.openSession(user, '/', 'mqtt', {
        variables: new Map([
          ['client_id', clientId],
          ['username', 'guest'],
        ]),
        expelled: () => {},
      });
    const [one, two] = [open('c1'), open('.*')];
    const publish = (session: Session, key: string) =>
      refusal(() => session.publish(message('amq.topic', key), null));
    expect(await publish(one, '/u.c1.x')).toBe('accepted');
    expect(await publish(one, '/u.c2.x')).toBe(refused('write', '/u.c2.x'));
    expect(await publish(one, '/guest.c1.x')).toMatch('refused');
    expect(await publish(two, '/u.c1.x')).toMatch('refused');
  });
});

describe('a session', () => {
  test('feels permissions that are taken away and given back', async () => {
    const engine = await Engine.open('memory');
    await engine.addUser('u', ALL);
    const session = engine.session('u');
    const publish = () => refusal(() => session.publish(message('amq.fanout', ''), null));
    const { permissions } = engine.broker.administration('guest');
    expect(await publish()).toBe('accepted');
    await permissions.delete('u', '/');
    expect(await publish()).toBe(
      "ACCESS_REFUSED - write access to exchange 'amq.fanout' in vhost '/' refused for user 'u'",
    );
    await permissions.put('u', '/', ALL);
    expect(await publish()).toBe('accepted');
  });

  test('feels the impersonator tag come and go', async () => {
    const engine = await Engine.open('memory');
    await engine.addUser('u', ALL);
    const session = engine.session('u');
    const publish = () =>
      refusal(() => session.publish(message('', 'q', '', { userId: 'guest' }), null));
    const { users } = engine.broker.administration('guest');
    expect(await publish()).toMatch("user_id property set to 'guest' but authenticated user was");
    await users.setTags('u', 'impersonator');
    expect(await publish()).toBe('accepted');
    await users.setTags('u', '');
    expect(await publish()).toMatch('PRECONDITION_FAILED');
  });
});
