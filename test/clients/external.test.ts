/** SASL EXTERNAL by amqplib over TLS: the client certificate says who somebody is. */
import { readFileSync } from 'node:fs';
import { type ChannelModel, connect, credentials } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Overrides } from '../../src/config.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { refusal } from '../support/amqplib.ts';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('amqplib with a client certificate', () => {
  let files: Certificates;
  let root: Pair;
  let server: Pair;
  let client: Pair;
  const brokers: RunningBroker[] = [];
  const connections: ChannelModel[] = [];

  beforeAll(() => {
    files = new Certificates();
    root = files.authority('root');
    server = files.leaf('server', root);
    client = files.leaf('client', root, '/O=Example/CN=carrot', 'DNS:a.example,DNS:b.example');
  });
  afterAll(() => files?.remove());
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((one) => one.close()));
    for (const broker of brokers.splice(0)) await broker.stop('over');
  });

  /** A broker that knows one user, without a password, who may do everything. */
  async function start(user: string, options: Overrides = {}): Promise<number> {
    const config = loopbackConfig({
      'listeners.tcp': 'none',
      'listeners.ssl.default': '127.0.0.1:0',
      'ssl_options.certfile': server.cert,
      'ssl_options.keyfile': server.key,
      'ssl_options.cacertfile': root.cert,
      'ssl_options.verify': 'verify_peer',
      'auth_mechanisms.1': 'EXTERNAL',
      'auth_mechanisms.2': 'PLAIN',
      ...options,
    });
    const running = await RunningBroker.start({ config, log: silentLog });
    brokers.push(running);
    const desk = running.broker.administration('guest');
    await desk.users.put(user, { tags: '' });
    await desk.permissions.put(user, '/', { configure: '.*', write: '.*', read: '.*' });
    return running.listeners[0]!.port;
  }

  async function dial(port: number, pair: Pair | null): Promise<ChannelModel> {
    const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const connection = await connect(`amqps://127.0.0.1:${port}`, {
      ca: [readFileSync(root.cert)],
      credentials: credentials.external(),
      ...shown,
    });
    connections.push(connection);
    return connection;
  }

  test.each<[string, string, Overrides]>([
    ['the distinguished name', 'CN=carrot,O=Example', {}],
    ['the common name', 'carrot', { ssl_cert_login_from: 'common_name' }],
    [
      'an alternative name',
      'b.example',
      { ssl_cert_login_from: 'subject_alternative_name', ssl_cert_login_san_index: 1 },
    ],
  ])('logs in as %s of its certificate', async (_, user, options) => {
    const port = await start(user, options);
    const channel = await (await dial(port, client)).createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    expect(queue).toMatch(/^amq\.gen-/);
    expect([...(brokers[0] as RunningBroker).broker.sessions][0]?.user.name).toBe(user);
  });

  test('is refused if it shows no certificate, or one that names nobody here', async () => {
    const refused = {
      code: 403,
      text:
        'ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL. ' +
        'For details see the broker logfile.',
    };
    const port = await start('carrot');
    expect(await refusal(dial(port, client))).toEqual(refused);
    expect(await refusal(dial(port, null))).toEqual(refused);
  });
});
