/**
 * Logins and rights that a web service decides: pika, amqplib, MQTT.js, stomp.py and fetch against
 * a broker that asks a real HTTP server, which allows, denies, hangs, fails and changes its mind.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import amqplib, { type ChannelModel } from 'amqplib';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { forgetAnswers } from '../../src/broker/login-renewal.ts';
import type { Overrides } from '../../src/config.ts';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import type { Log } from '../../src/log.ts';
import { closing } from '../support/amqplib.ts';
import { type Asked, AuthServer } from '../support/auth-server.ts';
import { Certificates, describeWithOpenssl } from '../support/certificates.ts';
import { startObserved } from '../support/observed-broker.ts';
import { pythonWith, runPython, testWith } from '../support/python.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TTL_MS = 300;
const PATIENCE = { timeout: 20_000 };

let warren: EmbeddedBroker;
let service: AuthServer;
const goodbyes: (() => unknown)[] = [];

/** Everybody whose password is `secret`; names that begin with `no` are for nobody. */
function usual({ question, fields }: Asked): string {
  if (question === 'user') {
    if (fields.password !== 'secret') return 'deny';
    return fields.username === 'bob' ? 'allow management' : 'allow administrator management';
  }
  if (question === 'vhost') return fields.vhost === '/' ? 'allow' : 'deny no such place';
  const name = question === 'topic' ? fields.routing_key : fields.name;
  return name?.startsWith('no') ? 'Deny' : ' Allow ';
}

beforeAll(async () => {
  service = await AuthServer.start(usual);
  const config = {
    ...service.config(),
    'auth_backends.2': 'internal',
    'auth_cache.cache_ttl': TTL_MS,
    'auth_http.request_timeout': 2000,
    'mqtt.listeners.tcp.default': '127.0.0.1:0',
    'stomp.listeners.tcp.default': '127.0.0.1:0',
    'management.tcp.port': '127.0.0.1:0',
  };
  warren = await startBroker({ config });
});
beforeEach(() => {
  service.answer = usual;
  service.asked.length = 0;
});
afterEach(async () => {
  await Promise.all(goodbyes.splice(0).map((goodbye) => goodbye()));
});
afterAll(async () => {
  await warren?.stop();
  await service?.stop();
});

async function amqp(user = 'ann:secret', vhost = '%2F'): Promise<ChannelModel> {
  const url = `amqp://${user}@127.0.0.1:${warren.port}/${vhost}`;
  const connection = await amqplib.connect(url);
  connection.on('error', () => {});
  goodbyes.push(() => connection.close().catch(() => {}));
  return connection;
}

async function mqttAs(options: object = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${warren.portOf('mqtt')}`, {
    ...{ username: 'ann', password: 'secret', clientId: 'meter-1', protocolVersion: 5 },
    ...{ reconnectPeriod: 0, ...options },
  });
  client.on('error', () => {});
  goodbyes.push(() => client.endAsync(true));
  return client;
}

function fetched(path: string, user = 'ann:secret', init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Basic ${btoa(user)}` };
  return fetch(`http://127.0.0.1:${warren.managementPort}${path}`, { headers, ...init });
}

describe('amqplib', () => {
  test('logs in, declares, publishes and consumes; each question is asked once', async () => {
    const connection = await amqp();
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('yes.amqp', { exclusive: true });
    for (let i = 0; i < 100; i++) channel.publish('', queue, Buffer.from(String(i)));
    await channel.waitForConfirms();
    const bodies: string[] = [];
    await channel.consume(queue, (message) => bodies.push(String(message?.content)));
    await vi.waitFor(() => expect(bodies).toHaveLength(100), PATIENCE);
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(service.of('user')).toEqual([{ username: 'ann', password: 'secret' }]);
    const vhost = { username: 'ann', vhost: '/', ip: '127.0.0.1' };
    expect(service.of('vhost')).toEqual([{ ...vhost, tags: 'administrator management' }]);
    const [configure, write] = service.of('resource');
    const asked = { username: 'ann', vhost: '/', resource: 'queue', name: queue };
    const tags = 'administrator management';
    expect(configure).toEqual({ ...asked, permission: 'configure', tags });
    expect(write).toMatchObject({ resource: 'exchange', name: 'amq.default', permission: 'write' });
  });

  test('a queue that the broker names is asked about by that name', async () => {
    const channel = await (await amqp()).createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const asked = service.of('resource').map(({ name }) => name);
    expect(asked).toEqual([queue]);
  });

  test('a wrong password, another vhost and a name that is denied are refused', async () => {
    await expect(amqp('ann:wrong')).rejects.toThrow('403');
    await expect(amqp('ann:secret', 'elsewhere')).rejects.toThrow('ConnectionClose');
    const channel = await (await amqp()).createChannel();
    const closed = closing(channel);
    channel.assertQueue('no').catch(() => {});
    const { code, text } = await closed;
    expect(code).toBe(403);
    expect(text).toContain("configure access to queue 'no' in vhost '/' refused for user 'ann'");
  });

  test('a publish that waits for an answer keeps its place, and its confirm', async () => {
    const connection = await amqp();
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange('yes.topics', 'topic', { autoDelete: true });
    const { queue } = await channel.assertQueue('yes.order', { exclusive: true });
    await channel.bindQueue(queue, 'yes.topics', '#');
    const keys = Array.from({ length: 50 }, (_, i) => `key.${i}`);
    for (const key of keys) channel.publish('yes.topics', key, Buffer.from(key));
    await channel.waitForConfirms();
    const bodies: string[] = [];
    await channel.consume(queue, (message) => bodies.push(String(message?.content)));
    await vi.waitFor(() => expect(bodies).toEqual(keys), PATIENCE);
    const topic = service.of('topic').find(({ routing_key: key }) => key === 'key.7');
    expect(topic).toEqual({
      ...{ username: 'ann', vhost: '/', resource: 'topic', name: 'yes.topics' },
      ...{ permission: 'write', routing_key: 'key.7', tags: 'administrator management' },
      ...{ 'variable_map.username': 'ann', 'variable_map.vhost': '/' },
    });
  });

  test('one routing key of several that is denied refuses the message', async () => {
    const channel = await (await amqp()).createChannel();
    await channel.assertExchange('yes.copies', 'topic', { autoDelete: true });
    const closed = closing(channel);
    channel.publish('yes.copies', 'key', Buffer.from('x'), { CC: ['a', 'b', 'no', 'c'] });
    expect((await closed).text).toContain("write access to topic 'no' in exchange 'yes.copies'");
  });

  test('what is denied later is refused after a while', async () => {
    const channel = await (await amqp()).createChannel();
    await channel.assertExchange('yes.revoked', 'fanout', { autoDelete: true });
    await channel.checkExchange('yes.revoked');
    channel.publish('yes.revoked', '', Buffer.from('x'));
    service.answer = (asked) => (asked.question === 'resource' ? 'deny' : usual(asked));
    const closed = closing(channel);
    const timer = setInterval(() => channel.publish('yes.revoked', '', Buffer.from('x')), 50);
    const { text } = await closed.finally(() => clearInterval(timer));
    expect(text).toContain("write access to exchange 'yes.revoked'");
  });

  test('what is allowed stays so while the service is down', async () => {
    const connection = await amqp();
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('yes.down', { exclusive: true });
    channel.sendToQueue('yes.down', Buffer.from('x'));
    await channel.waitForConfirms();
    service.answer = () => 500;
    service.asked.length = 0;
    await vi.waitFor(async () => {
      channel.sendToQueue('yes.down', Buffer.from('x'));
      await channel.waitForConfirms();
      expect(service.of('resource').length).toBeGreaterThan(1);
    }, PATIENCE);
  });

  test('new credentials are looked at, and everything is asked anew', async () => {
    const connection = await amqp();
    const channel = await connection.createChannel();
    await channel.assertQueue('yes.renewed', { exclusive: true });
    service.asked.length = 0;
    await connection.updateSecret(Buffer.from('secret'), 'rotated');
    expect(service.of('user')).toEqual([{ username: 'ann', password: 'secret' }]);
    await channel.checkQueue('yes.renewed');
    expect(service.of('resource')).not.toEqual([]);
    const spare = [await amqp(), connection];
    for (const answer of [usual, () => 500]) {
      service.answer = answer;
      const other = spare.pop() as ChannelModel;
      const closed = closing(other);
      other.updateSecret(Buffer.from('wrong'), 'rotated').catch(() => {});
      const { code, text } = await closed;
      expect(code).toBe(530);
      expect(text).toContain('New secret was refused by one of the backends');
    }
  });
});

test('the answers of a cached backend count for its time, and until they are forgotten', async () => {
  const cached = {
    ...service.config(),
    ...{ 'auth_backends.1': 'cache', 'auth_cache.cached_backend': 'http' },
  };
  const broker = await startObserved(cached);
  const url = `amqp://ann:secret@127.0.0.1:${broker.port}`;
  const connect = async (): Promise<void> => {
    const connection = await amqplib.connect(url);
    await (await connection.createChannel()).assertQueue('yes.cached', { autoDelete: true });
    await connection.close();
  };
  try {
    for (let i = 0; i < 3; i++) await connect();
    expect(service.asked.map(({ question }) => question)).toEqual(['user', 'vhost', 'resource']);
    forgetAnswers(broker.broker);
    service.answer = () => 'deny';
    await expect(connect()).rejects.toThrow('403');
  } finally {
    await broker.stop();
  }
});

describe('a service that does not answer', () => {
  test.each([
    ['fails', 500],
    ['hangs', null],
    ['talks nonsense', 'perhaps'],
  ])('%s: nobody is let in by it, and the next backend is asked', async (_, answer) => {
    service.answer = () => answer;
    await expect(amqp()).rejects.toThrow('403');
    const guest = await amqp('guest:guest');
    await guest.createChannel();
    expect(service.of('user')).toHaveLength(2);
  });

  test('is named in the log, without the password', async () => {
    const lines: string[] = [];
    const note = (text: string): number => lines.push(text);
    const log: Log = { debug: note, info: note, warning: note, error: note };
    const nowhere = { 'auth_http.user_path': 'http://127.0.0.1:9/auth/user' };
    const deaf = await startBroker({ config: { ...service.config('get'), ...nowhere }, log });
    const url = `amqp://ann:geheim@127.0.0.1:${deaf.port}`;
    await expect(amqplib.connect(url)).rejects.toThrow('403');
    await deaf.stop();
    const line = lines.find((one) => one.includes("login of 'ann' refused"));
    expect(line).toContain('http://127.0.0.1:9/auth/user: connect ECONNREFUSED');
    expect(lines.join()).not.toContain('geheim');
  });
});

describeWithOpenssl('a service with TLS', () => {
  test('is asked only if its certificate is good', async () => {
    const certificates = new Certificates();
    const root = certificates.authority('root');
    const { cert, key } = certificates.leaf('service', root);
    const tls = { cert: readFileSync(cert), key: readFileSync(key) };
    const secure = await AuthServer.start(usual, tls);
    const connects = async (config: Overrides): Promise<boolean> => {
      const broker = await startBroker({ config: { ...secure.config(), ...config } });
      const url = `amqp://ann:secret@127.0.0.1:${broker.port}`;
      const connection = await amqplib.connect(url).catch(() => null);
      await connection?.close();
      await broker.stop();
      return connection !== null;
    };
    try {
      expect(await connects({ 'auth_http.ssl_options.cacertfile': root.cert })).toBe(true);
      expect(await connects({})).toBe(false);
      expect(secure.asked).toHaveLength(2);
      expect(await connects({ 'auth_http.ssl_options.verify': 'verify_none' })).toBe(true);
    } finally {
      await secure.stop();
      certificates.remove();
    }
  });
});

describe('MQTT.js', () => {
  test('logs in with vhost and client id, subscribes and publishes', async () => {
    const client = await mqttAs();
    const got: string[] = [];
    client.on('message', (topic, body) => got.push(`${topic}=${body}`));
    await client.subscribeAsync('plants/+/heat', { qos: 1 });
    await client.publishAsync('plants/a/heat', '1', { qos: 0 });
    await client.publishAsync('plants/b/heat', '2', { qos: 1 });
    await client.publishAsync('plants/c/heat', '3', { qos: 2 });
    const expected = ['plants/a/heat=1', 'plants/b/heat=2', 'plants/c/heat=3'];
    await vi.waitFor(() => expect(got).toEqual(expected), PATIENCE);
    const user = { username: 'ann', password: 'secret', vhost: '/', client_id: 'meter-1' };
    expect(service.of('user')).toEqual([user]);
    expect(service.of('topic')).toContainEqual(
      expect.objectContaining({
        'variable_map.client_id': 'meter-1',
        routing_key: 'plants.a.heat',
      }),
    );
  });

  test('is told what it may not do [MQTT-3.8.4-5]', async () => {
    const client = await mqttAs();
    const granted = await client.subscribeAsync('no/never').catch((error: Error) => error);
    expect(String(granted)).toMatch(/Not authorized|135/);
    await expect(client.publishAsync('no/never', 'x', { qos: 1 })).rejects.toThrow();
  });

  test('is refused with a wrong password', async () => {
    await expect(mqttAs({ password: 'wrong' })).rejects.toThrow('Bad User Name or Password');
  });
});

describe('over HTTP', () => {
  test('messages are published and fetched, with one login for many requests', async () => {
    const base = '/v1/vhosts/%2F/queues/yes.http/messages';
    const channel = await (await amqp()).createChannel();
    await channel.assertQueue('yes.http', { exclusive: false, autoDelete: true });
    await channel.consume('yes.http', () => {});
    service.asked.length = 0;
    for (let i = 0; i < 5; i++) {
      const to = '/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=yes.http';
      const published = await fetched(to, 'ann:secret', { method: 'POST', body: `${i}` });
      expect(published.status).toBe(200);
    }
    expect(service.of('user').length).toBeLessThan(5);
    const polled = await fetched(`${base}:receive`, 'ann:secret', { method: 'POST' });
    expect(polled.status).toBe(200);
    const to = '/v1/vhosts/%2F/exchanges/no/messages';
    const denied = await fetched(to, 'ann:secret', { method: 'POST', body: 'x' });
    expect(denied.status).toBe(403);
  });

  test('a WebSocket keeps the order of commands while it waits for answers', async () => {
    const channel = await (await amqp()).createChannel();
    await channel.assertQueue('yes.socket', { exclusive: false, autoDelete: true });
    const url = `ws://127.0.0.1:${warren.managementPort}/v1/vhosts/%2F/socket`;
    const socket = new WebSocket(url);
    goodbyes.push(() => socket.close());
    const events: Record<string, unknown>[] = [];
    socket.on('message', (text) => events.push(JSON.parse(String(text))));
    await once(socket, 'open');
    const publish = { type: 'publish', exchange: 'amq.default', routing_key: 'yes.socket' };
    const commands = [
      { type: 'login', username: 'ann', password: 'secret' },
      { type: 'consume', queue: 'yes.socket', ack: 'auto', credit: 10 },
      { ...publish, payload: 'one', id: 1 },
      { type: 'consume', queue: 'no', ack: 'auto', credit: 10, id: 2 },
      { ...publish, payload: 'two', id: 3 },
    ];
    socket.send(JSON.stringify(commands));
    const bodies = (): unknown[] => {
      const messages = events.flatMap((event) => (event.messages ?? []) as { payload: string }[]);
      return messages.map(({ payload }) => payload);
    };
    await vi.waitFor(() => expect(bodies()).toEqual(['one', 'two']), PATIENCE);
    const said = events.map(({ type, id }) => ({ type, id }));
    expect(said.slice(0, 2).map(({ type }) => type)).toEqual(['ready', 'consuming']);
    expect(said).toContainEqual({ type: 'error', id: 2 });
  });

  test('the management API goes by the tags, and by the vhosts that are open', async () => {
    const made = await fetched('/api/vhosts/elsewhere', 'guest:guest', { method: 'PUT' });
    expect(made.status).toBe(201);
    const whoami = await (await fetched('/api/whoami')).json();
    expect(whoami).toMatchObject({ name: 'ann', tags: ['administrator', 'management'] });
    const queues = await fetched('/api/queues');
    expect(queues.status).toBe(200);
    expect((await fetched('/api/queues/elsewhere', 'bob:secret')).status).toBe(401);
    expect((await fetched('/api/queues/%2F', 'bob:secret')).status).toBe(200);
    expect((await fetched('/api/overview', 'ann:wrong')).status).toBe(401);
  });
});

const python = pythonWith('stomp', 'pika');

testWith(
  python,
  'stomp.py and pika',
  'python3-stomp, python3-pika',
)('pika and stomp.py log in, exchange a message, and are refused what is denied', async () => {
  const outcome = await runPython([`${import.meta.dirname}/auth/exchange.py`], {
    AMQP_PORT: String(warren.port),
    STOMP_PORT: String(warren.portOf('stomp')),
    USER: 'ann',
    PASSWORD: 'secret',
    PYTHONDONTWRITEBYTECODE: '1',
  });
  expect(outcome.stderr).toBe('');
  expect(JSON.parse(outcome.stdout)).toEqual({
    amqp_wrong_password: 'ProbableAuthenticationError',
    stomp_wrong_password: 'refused',
    received: 'from pika',
    returned: 'from stomp.py',
    committed: 'in a transaction',
    amqp_denied: 403,
    stomp_denied: 'access_refused',
  });
});
