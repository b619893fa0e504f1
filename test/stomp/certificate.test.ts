/** STOMP over TLS: a client certificate says who somebody is, if `stomp.ssl_cert_login` lets it. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { describeWithOpenssl } from '../support/certificates.ts';
import { CertifiedClients } from '../support/certified-clients.ts';
import type { ObservedBroker } from '../support/observed-broker.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('STOMP with a client certificate', () => {
  const clients = new CertifiedClients();
  const start = (certificateLogin: boolean): Promise<ObservedBroker> =>
    clients.start({
      'stomp.listeners.ssl.default': '127.0.0.1:0',
      'stomp.ssl_cert_login': certificateLogin,
    });

  /** The first frame that a client gets who connects with these headers. */
  async function answer(broker: ObservedBroker, certified: boolean, headers = ''): Promise<string> {
    const port = broker.portOf('stomp/ssl');
    const socket = connect({ port, host: '127.0.0.1', ...clients.shown(certified) });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write(`CONNECT\naccept-version:1.2\nhost:/\n${headers}\n\0`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return data.toString();
  }

  test('who names nobody is the user of its certificate', async () => {
    const broker = await start(true);
    expect(await answer(broker, true)).toMatch(/^CONNECTED\n/);
    expect([...broker.broker.sessions].map(({ user }) => user.name)).toEqual(['carrot']);
  });

  test('who names somebody needs the password', async () => {
    const broker = await start(true);
    expect(await answer(broker, true, 'login:guest\n')).toContain('Access refused');
    expect(await answer(broker, true, 'login:guest\npasscode:guest\n')).toMatch(/^CONNECTED/);
  });

  test('who shows no certificate is nobody, and so is everybody if the option is off', async () => {
    expect(await answer(await start(true), false)).toContain("Access refused for user ''");
    expect(await answer(await start(false), true)).toContain("Access refused for user ''");
  });
});
