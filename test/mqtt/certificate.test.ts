/** MQTT over TLS: a client certificate says who somebody is, and which identifier it has. */
import { readFileSync } from 'node:fs';
import mqtt, { type IClientOptions } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Overrides } from '../../src/config.ts';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('MQTT with a client certificate', () => {
  let files: Certificates;
  let root: Pair;
  let server: Pair;
  let client: Pair;
  const brokers: ObservedBroker[] = [];

  beforeAll(() => {
    files = new Certificates();
    root = files.authority('root');
    server = files.leaf('server', root);
    client = files.leaf('client', root, '/O=Example/CN=carrot');
  });
  afterAll(() => files?.remove());
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop();
  });

  async function start(config: Overrides): Promise<ObservedBroker> {
    const broker = await startObserved({
      'mqtt.listeners.ssl.default': '127.0.0.1:0',
      'ssl_options.certfile': server.cert,
      'ssl_options.keyfile': server.key,
      'ssl_options.cacertfile': root.cert,
      'ssl_options.verify': 'verify_peer',
      ssl_cert_login_from: 'common_name',
      ...config,
    });
    brokers.push(broker);
    const { users, permissions } = broker.broker.administration();
    await users.put('carrot', { tags: '' });
    await permissions.put('carrot', '/', { configure: '.*', write: '.*', read: '.*' });
    return broker;
  }

  /** Connects, and goes again. Returns the user that it was. */
  async function connect(broker: ObservedBroker, pair: Pair | null, more: IClientOptions = {}) {
    const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const url = `mqtts://127.0.0.1:${broker.portOf('mqtt/ssl')}`;
    const options = { ca: readFileSync(root.cert), reconnectPeriod: 0, ...shown, ...more };
    const connected = await mqtt.connectAsync(url, options);
    const [user] = [...broker.broker.sessions].map(({ user }) => user.name);
    await connected.endAsync(true);
    return user;
  }

  test('who names nobody is the user of its certificate', async () => {
    const broker = await start({ 'mqtt.ssl_cert_login': true });
    expect(await connect(broker, client)).toBe('carrot');
    await expect(connect(broker, null)).rejects.toThrow(/refused/i);
    const guest = { username: 'guest', password: 'guest' };
    expect(await connect(broker, client, guest)).toBe('guest');
  });

  test('a certificate is no login if the option is off', async () => {
    const broker = await start({});
    await expect(connect(broker, client)).rejects.toThrow(/refused/i);
  });

  test('the client identifier may have to be the one in the certificate', async () => {
    const broker = await start({
      'mqtt.ssl_cert_login': true,
      'mqtt.ssl_cert_client_id_from': 'common_name',
    });
    expect(await connect(broker, client, { clientId: 'carrot' })).toBe('carrot');
    const refused = connect(broker, client, { clientId: 'potato' });
    await expect(refused).rejects.toThrow(/identifier|refused/i);
  });
});
