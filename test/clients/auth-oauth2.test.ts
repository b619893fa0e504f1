/**
 * Logins by token: amqplib, pika, MQTT.js, stomp.py and fetch against a broker that fetches keys
 * from a real issuer. Good tokens, and every kind of bad one; renewal, and what happens when one
 * runs out.
 */
import { generateKeyPairSync } from 'node:crypto';
import amqplib, { type ChannelModel } from 'amqplib';
import type { JWTPayload } from 'jose';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import type { Overrides } from '../../src/config.ts';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import { JWKS_AGE_MAX_MS } from '../../src/limits-auth.ts';
import type { Log } from '../../src/log.ts';
import { closing } from '../support/amqplib.ts';
import { pythonWith, runPython, testWith } from '../support/python.ts';
import { ALL_SCOPES, AUDIENCE, TokenIssuer } from '../support/token-issuer.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000 };

let warren: EmbeddedBroker;
let issuer: TokenIssuer;
const lines: string[] = [];
const goodbyes: (() => unknown)[] = [];

const note = (text: string): number => lines.push(text);
const log: Log = { debug: note, info: note, warning: note, error: note };

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  const config = {
    ...issuer.config(),
    'auth_backends.2': 'internal',
    'auth_oauth2.scope_aliases.operator': `${AUDIENCE}.tag:administrator ${ALL_SCOPES.join(' ')}`,
    'auth_oauth2.additional_scopes_key': 'realm_access.roles',
    'auth_oauth2.resource_server_type': 'warren',
    'mqtt.listeners.tcp.default': '127.0.0.1:0',
    'stomp.listeners.tcp.default': '127.0.0.1:0',
    'management.tcp.port': '127.0.0.1:0',
    'management.oauth_enabled': true,
    'management.oauth_client_id': 'console',
  };
  warren = await startBroker({ config, log });
});
beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  await Promise.all(goodbyes.splice(0).map((goodbye) => goodbye()));
});
afterAll(async () => {
  await warren?.stop();
  await issuer?.stop();
});

async function amqp(token: string, port = warren.port): Promise<ChannelModel> {
  const connection = await amqplib.connect(`amqp://any:${token}@127.0.0.1:${port}`);
  connection.on('error', () => {});
  goodbyes.push(() => connection.close().catch(() => {}));
  return connection;
}

async function mqttWith(token: string, broker = warren): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.portOf('mqtt')}`, {
    ...{ username: 'any', password: token, protocolVersion: 5, reconnectPeriod: 0 },
  });
  client.on('error', () => {});
  goodbyes.push(() => client.endAsync(true));
  return client;
}

/** An exp that is left out of the JSON. */
const ENDLESS = { exp: undefined } as unknown as JWTPayload;

function fetched(path: string, authorization: string | null, init: RequestInit = {}) {
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  return fetch(`http://127.0.0.1:${warren.managementPort}${path}`, { headers, ...init });
}

/** A broker and an issuer of their own, with time moved by hand. */
async function startTimed(more: Overrides = {}) {
  const other = await TokenIssuer.start();
  const clock = new ManualClock(Date.now());
  const listening = { 'mqtt.listeners.tcp.default': '127.0.0.1:0', heartbeat: 0 };
  const config = { ...other.config(), ...listening, ...more };
  const broker = await startBroker({ config, clock, log });
  goodbyes.push(async () => {
    await broker.stop();
    await other.stop();
  });
  /** @param minutes that it is good for */
  const token = (claims: JWTPayload = {}, kid = 'first', minutes = 600): Promise<string> => {
    const exp = Math.floor(clock.now() / 1000) + 60 * minutes;
    return other.token({ exp, ...claims }, kid);
  };
  return { other, clock, broker, token };
}

function seconds(fromNow: number): number {
  return Math.floor(Date.now() / 1000) + fromNow;
}

describe('a good token', () => {
  test('lets its bearer do over AMQP what its scopes say, and nothing else', async () => {
    const scope = ['configure:%2F/mine.*', 'write:%2F/mine.*', 'read:*/mine.*'];
    const token = await issuer.token({ scope: scope.map((one) => `rabbitmq.${one}`) });
    const connection = await amqp(token);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('mine.one', { exclusive: true });
    await channel.assertExchange('mine.fan', 'fanout', { autoDelete: true });
    await channel.bindQueue('mine.one', 'mine.fan', '');
    channel.publish('mine.fan', '', Buffer.from('x'));
    await channel.waitForConfirms();
    expect(await channel.get('mine.one', { noAck: true })).not.toBe(false);
    const refused = closing(channel);
    channel.assertQueue('yours').catch(() => {});
    expect((await refused).text).toContain(
      "configure access to queue 'yours' in vhost '/' refused for user 'ann'",
    );
    const other = await connection.createChannel();
    const closed = closing(other);
    other.sendToQueue('mine.one', Buffer.from('x'));
    expect((await closed).text).toContain("write access to exchange 'amq.default'");
  });

  test('its routing keys count for topics only where the scope names them', async () => {
    const scope = ['configure:*/t', 'write:*/t/{sub}.*', 'write:*/t/open'];
    const token = await issuer.token({ scope: scope.map((one) => `rabbitmq.${one}`) });
    const connection = await amqp(token);
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange('t', 'topic', { autoDelete: true });
    channel.publish('t', 'ann.heat', Buffer.from('x'));
    channel.publish('t', 'open', Buffer.from('x'));
    await channel.waitForConfirms();
    const closed = closing(channel);
    channel.publish('t', 'bob.heat', Buffer.from('x'));
    expect((await closed).text).toContain("write access to topic 'bob.heat' in exchange 't'");
  });

  test('its scopes may be words, roles, aliases or authorization details', async () => {
    const details = {
      type: 'warren',
      locations: [`cluster:${AUDIENCE}/vhost:%2F/queue:rich.*`],
      actions: ['configure', 'monitoring'],
    };
    const tokens = {
      words: { scope: ALL_SCOPES.join(' ') },
      roles: { scope: '', realm_access: { roles: ALL_SCOPES } },
      alias: { scope: 'operator' },
      keycloak: { scope: '', authorization: { permissions: [{ scopes: ALL_SCOPES }] } },
      details: { scope: '', authorization_details: [details] },
    };
    for (const [kind, claims] of Object.entries(tokens)) {
      const channel = await (await amqp(await issuer.token(claims))).createChannel();
      const { queue } = await channel.assertQueue(`rich.${kind}`, { exclusive: true });
      expect(queue).toBe(`rich.${kind}`);
    }
    const whoami = async (claims: JWTPayload): Promise<unknown> => {
      const reply = await fetched('/api/whoami', `Bearer ${await issuer.token(claims)}`);
      return reply.json();
    };
    expect(await whoami(tokens.alias)).toEqual({ name: 'ann', tags: ['administrator'] });
    expect(await whoami(tokens.details)).toEqual({ name: 'ann', tags: ['monitoring'] });
  });

  test('publishes and subscribes over MQTT', async () => {
    // The clock of an issuer may be a little ahead.
    const client = await mqttWith(await issuer.token({ nbf: seconds(5) }));
    const got: string[] = [];
    client.on('message', (topic, body) => got.push(`${topic}=${body}`));
    await client.subscribeAsync('oauth/#', { qos: 1 });
    await client.publishAsync('oauth/a', '1', { qos: 1 });
    await vi.waitFor(() => expect(got).toEqual(['oauth/a=1']), PATIENCE);
  });

  test('is taken over HTTP as bearer and as password, under /api and under /v1', async () => {
    const scope = ['rabbitmq.tag:management', ...ALL_SCOPES];
    const token = await issuer.token({ scope });
    const basic = `Basic ${btoa(`any:${token}`)}`;
    for (const authorization of [`Bearer ${token}`, basic]) {
      expect((await fetched('/api/queues', authorization)).status).toBe(200);
      const to = '/v1/vhosts/%2F/exchanges/amq.fanout/messages';
      const published = await fetched(to, authorization, { method: 'POST', body: 'x' });
      expect(published.status).toBe(200);
    }
    const plain = await issuer.token();
    const reply = await fetched('/api/queues', `Bearer ${plain}`);
    expect(reply.status).toBe(401);
    expect(await reply.json()).toMatchObject({ reason: 'Not management user' });
  });

  test('with other rights does not share the session of the same user over HTTP', async () => {
    const to = '/v1/vhosts/%2F/exchanges/amq.fanout/messages';
    const post = async (scope: string[]): Promise<number> => {
      const token = await issuer.token({ scope });
      return (await fetched(to, `Bearer ${token}`, { method: 'POST', body: 'x' })).status;
    };
    expect(await post(ALL_SCOPES)).toBe(200);
    expect(await post(['rabbitmq.read:*/*'])).toBe(403);
    expect(await post(ALL_SCOPES)).toBe(200);
  });
});

describe('a bad token is refused, and the log says why', () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  test.each<[string, () => Promise<string>, string]>([
    ['for somebody else', () => issuer.token({ aud: 'other' }), 'not for us'],
    ['for nobody', () => issuer.token({ aud: [] }), 'not for us'],
    ['expired', () => issuer.token({ exp: seconds(-1) }), '"exp" claim timestamp check failed'],
    ['that never expires', () => issuer.token(ENDLESS), 'missing required "exp" claim'],
    ['not yet valid', () => issuer.token({ nbf: seconds(600) }), '"nbf" claim'],
    ['with an unknown key', () => issuer.token({}, 'x', stranger.privateKey), 'no applicable key'],
    ['signed by another', () => issuer.token({}, 'first', stranger.privateKey), 'verification'],
    ['signed with the public key', () => issuer.confusedToken(), '"alg"'],
    ['signed by nobody', () => issuer.unsignedToken(), '"alg"'],
    ['without rights', () => issuer.token({ scope: [] }), "access to vhost '/' refused"],
    ['that is none', async () => 'not.a.token', 'no JSON Web Token'],
    ['without end', async () => 'x'.repeat(7000), 'no JSON Web Token'],
  ])('one %s', async (_, make, reason) => {
    const token = await make();
    await expect(amqp(token)).rejects.toThrow();
    await vi.waitFor(() => expect(lines.join('\n')).toContain(reason), PATIENCE);
    expect(lines.join('\n')).not.toContain(token);
    expect((await fetched('/api/whoami', `Bearer ${token}`)).status).toBe(401);
  });
});

describe('keys', () => {
  test('are fetched once, and again when they are old: new ones count, removed ones do not', async () => {
    const { other, broker, clock, token } = await startTimed();
    await amqp(await token(), broker.port);
    await amqp(await token(), broker.port);
    expect(other.fetches).toBe(1);
    other.addKey('second');
    // At most one look in half a minute, whatever tokens name.
    await expect(amqp(await token({}, 'second'), broker.port)).rejects.toThrow('403');
    expect(other.fetches).toBe(1);
    clock.advance(JWKS_AGE_MAX_MS);
    await amqp(await token({}, 'second'), broker.port);
    const old = await token();
    other.removeKey('first');
    clock.advance(JWKS_AGE_MAX_MS);
    await expect(amqp(old, broker.port)).rejects.toThrow('403');
  });

  test('that are old count on while the issuer is down', async () => {
    const { other, broker, clock, token } = await startTimed();
    await amqp(await token(), broker.port);
    other.trouble = 500;
    clock.advance(JWKS_AGE_MAX_MS);
    await amqp(await token(), broker.port);
  });

  test('that cannot be had let nobody in, and the next backend is asked', async () => {
    const { other, broker, token } = await startTimed({ 'auth_backends.2': 'internal' });
    other.trouble = 500;
    await expect(amqp(await token(), broker.port)).rejects.toThrow('403');
    expect(lines.join('\n')).toContain(`${other.url}/.well-known/openid-configuration: status 500`);
    const guest = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${broker.port}`);
    await guest.close();
  });
});

describe('a token that runs out', () => {
  const MINUTE_MS = 60_000;

  test('over AMQP nothing is allowed until a new one is shown', async () => {
    const { broker, clock, token } = await startTimed();
    const connection = await amqp(await token({}, 'first', 1), broker.port);
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    clock.advance(MINUTE_MS);
    const probe = await connection.createChannel();
    const closed = closing(probe);
    probe.checkQueue(queue).catch(() => {});
    expect((await closed).code).toBe(403);
    await connection.updateSecret(Buffer.from(await token()), 'expired');
    await channel.checkQueue(queue);
  });

  test('renewed in time it is as if nothing had been; the scopes are the new ones', async () => {
    const { broker, clock, token } = await startTimed();
    const connection = await amqp(await token({}, 'first', 1), broker.port);
    const channel = await connection.createChannel();
    await channel.assertQueue('renewed', { exclusive: true });
    let cancelled = false;
    await channel.consume('renewed', (message) => {
      cancelled ||= message === null;
    });
    const scope = ['rabbitmq.configure:*/renewed'];
    await connection.updateSecret(Buffer.from(await token({ scope })), 'in time');
    await vi.waitFor(() => expect(cancelled).toBe(true), PATIENCE);
    clock.advance(MINUTE_MS);
    await channel.checkQueue('renewed');
    const closed = closing(connection);
    connection.updateSecret(Buffer.from(await token({ sub: 'bob' })), 'x').catch(() => {});
    expect((await closed).text).toContain('New secret was refused');
  });

  test('an MQTT client is disconnected', async () => {
    const { broker, clock, token } = await startTimed();
    const client = await mqttWith(await token({}, 'first', 1), broker);
    const packet = new Promise<{ reasonCode?: number }>((resolve) => {
      client.once('disconnect', resolve);
    });
    clock.advance(MINUTE_MS);
    expect((await packet).reasonCode).toBe(0x98);
  });
});

test('the console is told where to sign in, before it has', async () => {
  const reply = await fetched('/api/auth', null);
  expect(reply.status).toBe(200);
  expect(await reply.json()).toEqual({
    oauth_enabled: true,
    oauth_resource_servers: { rabbitmq: { id: 'rabbitmq', oauth_provider_url: issuer.url } },
    oauth_disable_basic_auth: true,
    oauth_client_id: 'console',
    oauth_scopes: 'openid profile',
    oauth_response_type: 'code',
    oauth_initiated_logon_type: 'sp_initiated',
    oauth_resource_id: 'rabbitmq',
    oauth_provider_url: issuer.url,
  });
});

const python = pythonWith('stomp', 'pika');

testWith(
  python,
  'stomp.py and pika',
  'python3-stomp, python3-pika',
)('pika and stomp.py log in with a token, and are refused what its scopes do not say', async () => {
  const names = ['amq.default', 'yes.*'];
  const actions = ['configure', 'write', 'read'];
  const scope = names.flatMap((name) => actions.map((one) => `rabbitmq.${one}:*/${name}`));
  const outcome = await runPython([`${import.meta.dirname}/auth/exchange.py`], {
    AMQP_PORT: String(warren.port),
    STOMP_PORT: String(warren.portOf('stomp')),
    USER: 'any',
    PASSWORD: await issuer.token({ scope }),
  });
  expect(outcome.stderr).toBe('');
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    amqp_wrong_password: 'ProbableAuthenticationError',
    stomp_wrong_password: 'refused',
    received: 'from pika',
    returned: 'from stomp.py',
    amqp_denied: 403,
    stomp_denied: 'access_refused',
  });
});
