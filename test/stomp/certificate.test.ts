/** STOMP over TLS: a client certificate says who somebody is, if `stomp.ssl_cert_login` lets it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('STOMP with a client certificate', () => {
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

  async function start(certificateLogin: boolean): Promise<ObservedBroker> {
    const broker = await startObserved({
      'stomp.listeners.ssl.default': '127.0.0.1:0',
      'stomp.ssl_cert_login': certificateLogin,
      'ssl_options.certfile': server.cert,
      'ssl_options.keyfile': server.key,
      'ssl_options.cacertfile': root.cert,
      'ssl_options.verify': 'verify_peer',
      ssl_cert_login_from: 'common_name',
    });
    brokers.push(broker);
    const { users, permissions } = broker.broker.administration();
    await users.put('carrot', { tags: '' });
    await permissions.put('carrot', '/', { configure: '.*', write: '.*', read: '.*' });
    return broker;
  }

  /** The first frame that a client gets who connects with these headers. */
  async function answer(broker: ObservedBroker, pair: Pair | null, headers = ''): Promise<string> {
    const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const port = broker.portOf('stomp/ssl');
    const socket = connect({ port, host: '127.0.0.1', ca: [readFileSync(root.cert)], ...shown });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write(`CONNECT\naccept-version:1.2\nhost:/\n${headers}\n\0`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return data.toString();
  }

  test('who names nobody is the user of its certificate', async () => {
    const broker = await start(true);
    expect(await answer(broker, client)).toMatch(/^CONNECTED\n/);
    expect([...broker.broker.sessions].map(({ user }) => user.name)).toEqual(['carrot']);
  });

  test('who names somebody needs the password', async () => {
    const broker = await start(true);
    expect(await answer(broker, client, 'login:guest\n')).toContain('Access refused');
    expect(await answer(broker, client, 'login:guest\npasscode:guest\n')).toMatch(/^CONNECTED/);
  });

  test('who shows no certificate is nobody, and so is everybody if the option is off', async () => {
    expect(await answer(await start(true), null)).toContain("Access refused for user ''");
    expect(await answer(await start(false), client)).toContain("Access refused for user ''");
  });
});
