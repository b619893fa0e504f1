/**
 * Logins by an LDAP directory: amqplib, MQTT.js, pika, stomp.py and fetch against a broker that
 * asks a real slapd. Names with and without a search, groups, rights by queries, TLS, and a
 * directory that is not there.
 */
import amqplib, { type ChannelModel } from 'amqplib';
import mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Overrides } from '../../src/config.ts';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import type { Log } from '../../src/log.ts';
import { closing } from '../support/amqplib.ts';
import { Certificates } from '../support/certificates.ts';
import { pythonWith, runPython } from '../support/python.ts';
import { BASE, describeWithSlapd, MANAGER, Slapd, wantsSlapd } from '../support/slapd.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const DN = `uid=\${username},ou=people,${BASE}`;
const GROUPS = `ou=groups,${BASE}`;

let slapd: Slapd;
const certificates = new Certificates();
let root = '';
const lines: string[] = [];
const goodbyes: (() => unknown)[] = [];

const note = (text: string): number => lines.push(text);
const log: Log = { debug: note, info: note, warning: note, error: note };

beforeAll(async () => {
  if (!wantsSlapd) return;
  const authority = certificates.authority('root');
  const { cert, key } = certificates.leaf('slapd', authority);
  root = authority.cert;
  slapd = await Slapd.start({ cert, key, authority: root });
});
afterEach(async () => {
  for (const goodbye of goodbyes.splice(0).reverse()) await goodbye();
  lines.length = 0;
});
afterAll(async () => {
  await slapd?.stop();
  certificates.remove();
});

async function start(more: Overrides = {}): Promise<EmbeddedBroker> {
  const config = {
    'auth_backends.1': 'ldap',
    'auth_ldap.servers.1': '127.0.0.1',
    'auth_ldap.port': slapd.port,
    'auth_ldap.user_dn_pattern': DN,
    'auth_ldap.timeout': 10_000,
    ...more,
  } as Overrides;
  const broker = await startBroker({ config, log });
  goodbyes.push(() => broker.stop());
  return broker;
}

async function amqp(
  broker: EmbeddedBroker,
  user: string,
  password = user,
  vhost = '%2F',
): Promise<ChannelModel> {
  const who = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  const connection = await amqplib.connect(`amqp://${who}@127.0.0.1:${broker.port}/${vhost}`);
  connection.on('error', () => {});
  goodbyes.push(() => connection.close().catch(() => {}));
  return connection;
}

describeWithSlapd('who somebody is', () => {
  test('is who can bind with the password', async () => {
    const broker = await start();
    await (await amqp(broker, 'ann')).createChannel();
    await expect(amqp(broker, 'ann', 'wrong')).rejects.toThrow('403');
    await expect(amqp(broker, 'nobody')).rejects.toThrow('403');
    // A bind without a password succeeds, as nobody [RFC 4513 5.1.2].
    await expect(amqp(broker, 'ann', '')).rejects.toThrow('403');
    expect(lines.join('\n')).toContain('refused by the LDAP directory: invalid credentials');
    expect(lines.join('\n')).not.toContain('wrong password');
  });

  test('does not depend on what is in the name', async () => {
    const broker = await start();
    await amqp(broker, 'a,b');
    await expect(amqp(broker, 'ann,ou=people', 'ann')).rejects.toThrow('403');
    await expect(amqp(broker, '*', 'ann')).rejects.toThrow('403');
  });

  test.each([
    ['as nobody', { 'auth_ldap.dn_lookup_bind': 'anon' }],
    [
      'as somebody who may',
      {
        'auth_ldap.dn_lookup_bind.user_dn': MANAGER.dn,
        'auth_ldap.dn_lookup_bind.password': MANAGER.password,
      },
    ],
  ])('may be looked for by an attribute, %s', async (_, bind) => {
    const broker = await start({
      'auth_ldap.user_dn_pattern': `\${username}@example.com`,
      'auth_ldap.dn_lookup_attribute': 'mail',
      'auth_ldap.dn_lookup_base': `ou=people,${BASE}`,
      ...bind,
    });
    await amqp(broker, 'ann');
    await expect(amqp(broker, 'ann', 'wrong')).rejects.toThrow('403');
    await expect(amqp(broker, '*', 'ann')).rejects.toThrow('403');
  });

  test('is not to blame if whoever looks is refused', async () => {
    const broker = await start({
      'auth_ldap.dn_lookup_attribute': 'uid',
      'auth_ldap.dn_lookup_base': BASE,
      'auth_ldap.dn_lookup_bind.user_dn': MANAGER.dn,
      'auth_ldap.dn_lookup_bind.password': 'old',
    });
    await expect(amqp(broker, 'ann')).rejects.toThrow('403');
    expect(lines.join('\n')).toContain(`LDAP: ${MANAGER.dn}: invalid credentials`);
  });
});

describeWithSlapd('what somebody may do', () => {
  test('is what the queries say of the vhost, the names and the keys', async () => {
    const broker = await start({
      'auth_ldap.group_lookup_base': GROUPS,
      'auth_ldap.queries.vhost_access': `{'or', [{exists, "ou=\${vhost},ou=vhosts,${BASE}"},
        {equals, "\${vhost}", "/"}]}`,
      'auth_ldap.queries.resource_access': `{for, [
        {permission, configure, {in_group, "cn=admins,${GROUPS}"}},
        {permission, write, {'or', [{in_group_nested, "cn=staff,${GROUPS}"},
                                    {match, "\${name}", "^\${username}\\\\."}]}},
        {permission, read, {'not', {constant, false}}}]}.`,
      'auth_ldap.queries.topic_access': `{match, "\${routing_key}", "^\${username}\\\\."}`,
    });
    const connection = await amqp(broker, 'ann');
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange('t', 'topic', { autoDelete: true });
    await channel.assertQueue('q', { exclusive: true });
    await channel.bindQueue('q', 't', 'ann.x');
    channel.publish('t', 'ann.x', Buffer.from('x'));
    await channel.waitForConfirms();
    const refused = closing(channel);
    channel.publish('t', 'bob.x', Buffer.from('x'));
    expect((await refused).text).toContain("write access to topic 'bob.x'");
    const bob = await (await amqp(broker, 'bob')).createChannel();
    const closed = closing(bob);
    bob.assertQueue('bobs').catch(() => {});
    expect((await closed).text).toContain("configure access to queue 'bobs'");
    await expect(amqp(broker, 'ann', 'ann', 'v2')).rejects.toThrow();
  });

  test('and which tags there are, is asked as whoever may', async () => {
    const broker = await start({
      'management.tcp.port': '127.0.0.1:0',
      'auth_ldap.other_bind.user_dn': MANAGER.dn,
      'auth_ldap.other_bind.password': MANAGER.password,
      'auth_ldap.group_lookup_base': GROUPS,
      'auth_ldap.queries.tags': `[
        {administrator, {equals, {attribute, "\${user_dn}", "description"}, "admin"}},
        {management, {in_group_nested, "cn=staff,${GROUPS}", "member"}},
        {monitoring, {in_group_nested, "cn=nowhere,${GROUPS}"}},
        {policymaker, {exists, "ou=secret,${BASE}"}}]`,
    });
    const whoami = async (user: string): Promise<unknown> => {
      const authorization = `Basic ${btoa(`${user}:${user}`)}`;
      const url = `http://127.0.0.1:${broker.managementPort}/api/whoami`;
      return (await fetch(url, { headers: { authorization } })).json();
    };
    const tags = ['administrator', 'management', 'policymaker'];
    expect(await whoami('ann')).toEqual({ name: 'ann', tags });
    expect(await whoami('bob')).toEqual({ name: 'bob', tags: ['management', 'policymaker'] });
  });

  test('may be for the broker to say: the directory only knows the password', async () => {
    const broker = await start({
      'auth_backends.1': 'internal',
      'auth_backends.2.authn': 'ldap',
      'auth_backends.2.authz': 'internal',
      'default_users.ann.configure': '^mine',
      'default_users.ann.tags': 'monitoring',
    } as Overrides);
    const channel = await (await amqp(broker, 'ann')).createChannel();
    await channel.assertQueue('mine', { exclusive: true });
    await expect(amqp(broker, 'bob')).rejects.toThrow('403');
    const closed = closing(channel);
    channel.assertQueue('yours').catch(() => {});
    expect((await closed).code).toBe(403);
  });
});

describeWithSlapd('a directory', () => {
  test.each([
    ['TLS', { 'auth_ldap.use_ssl': true }],
    ['StartTLS', { 'auth_ldap.use_starttls': true }],
  ])('is spoken to with %s, if its certificate is good', async (_, how) => {
    const port = 'auth_ldap.use_ssl' in how ? slapd.tlsPort : slapd.port;
    const config = { 'auth_ldap.port': port, ...how };
    const trusting = await start({
      ...config,
      'auth_ldap.ssl_options.cacertfile': root,
    });
    await amqp(trusting, 'ann');
    const wary = await start(config);
    await expect(amqp(wary, 'ann')).rejects.toThrow('403');
    const careless = await start({ ...config, 'auth_ldap.ssl_options.verify': 'verify_none' });
    await amqp(careless, 'ann');
  });

  test('that is not there is passed over: the next server, the next backend', async () => {
    const broker = await start({
      'auth_ldap.servers.1': '127.0.0.2',
      'auth_ldap.servers.2': '127.0.0.1',
    });
    await amqp(broker, 'ann');
    const alone = await start({ 'auth_ldap.port': 9, 'auth_backends.2': 'internal' } as Overrides);
    await amqp(alone, 'guest');
    await expect(amqp(alone, 'ann')).rejects.toThrow('403');
    expect(lines.join('\n')).toContain('nobody answers: LDAP: ldap://127.0.0.1:9: connect');
  });

  test('that hangs is given up in time', async () => {
    const broker = await start({ 'auth_ldap.timeout': 500, 'auth_backends.2': 'internal' });
    slapd.hang();
    try {
      await amqp(broker, 'guest');
    } finally {
      slapd.goOn();
    }
    await amqp(broker, 'ann');
  });
});

describeWithSlapd('every protocol', () => {
  test('logs in by it: MQTT.js, pika, stomp.py', async () => {
    const broker = await start({
      'mqtt.listeners.tcp.default': '127.0.0.1:0',
      'stomp.listeners.tcp.default': '127.0.0.1:0',
      'auth_ldap.queries.resource_access': `{match, "\${name}", "^(amq|yes)"}`,
    });
    const url = `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
    const refused = mqtt.connectAsync(url, { username: 'ann', password: 'x', reconnectPeriod: 0 });
    await expect(refused).rejects.toThrow();
    if (pythonWith('stomp', 'pika') === null) return;
    const outcome = await runPython([`${import.meta.dirname}/auth/exchange.py`], {
      AMQP_PORT: String(broker.port),
      STOMP_PORT: String(broker.portOf('stomp')),
      USER: 'ann',
      PASSWORD: 'ann',
    });
    expect(outcome.stderr).toBe('');
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      stomp_wrong_password: 'refused',
      received: 'from pika',
      returned: 'from stomp.py',
      amqp_denied: 403,
      stomp_denied: 'access_refused',
    });
  });
});
