/** MQTT over TLS: a client certificate says who somebody is, and which identifier it has. */
import mqtt, { type IClientOptions } from 'mqtt';
import { expect, test, vi } from 'vitest';
import type { Overrides } from '../../src/config.ts';
import { describeWithOpenssl } from '../support/certificates.ts';
import { CertifiedClients } from '../support/certified-clients.ts';
import type { ObservedBroker } from '../support/observed-broker.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('MQTT with a client certificate', () => {
  const clients = new CertifiedClients();
  const start = (config: Overrides): Promise<ObservedBroker> =>
    clients.start({ 'mqtt.listeners.ssl.default': '127.0.0.1:0', ...config });

  /** Connects, and goes again. Returns the user that it was. */
  async function connect(broker: ObservedBroker, certified: boolean, more: IClientOptions = {}) {
    const url = `mqtts://127.0.0.1:${broker.portOf('mqtt/ssl')}`;
    const options = { reconnectPeriod: 0, ...clients.shown(certified), ...more };
    const connected = await mqtt.connectAsync(url, options);
    const [user] = [...broker.broker.sessions].map(({ user }) => user.name);
    await connected.endAsync(true);
    return user;
  }

  test('who names nobody is the user of its certificate', async () => {
    const broker = await start({ 'mqtt.ssl_cert_login': true });
    expect(await connect(broker, true)).toBe('carrot');
    await expect(connect(broker, false)).rejects.toThrow(/refused/i);
    const guest = { username: 'guest', password: 'guest' };
    expect(await connect(broker, true, guest)).toBe('guest');
  });

  test('a certificate is no login if the option is off', async () => {
    const broker = await start({});
    await expect(connect(broker, true)).rejects.toThrow(/refused/i);
  });

  test.each([
    ['carrot', { 'mqtt.ssl_cert_client_id_from': 'common_name' }],
    ['CN=carrot,O=Example', { 'mqtt.ssl_cert_client_id_from': 'distinguished_name' }],
    ['first.example', { 'mqtt.ssl_cert_client_id_from': 'subject_alternative_name' }],
    [
      'second.example',
      {
        'mqtt.ssl_cert_client_id_from': 'subject_alternative_name',
        'mqtt.ssl_cert_login_san_index': 1,
      },
    ],
    [
      'carrot@example.com',
      {
        'mqtt.ssl_cert_client_id_from': 'subject_alternative_name',
        'mqtt.ssl_cert_login_san_type': 'email',
      },
    ],
  ] as const)('the client identifier may have to be %s of the certificate', async (id, config) => {
    const broker = await start({ 'mqtt.ssl_cert_login': true, ...config });
    expect(await connect(broker, true, { clientId: id })).toBe('carrot');
    const refused = connect(broker, true, { clientId: 'potato' });
    await expect(refused).rejects.toThrow(/identifier|refused/i);
  });

  test('a certificate without such a name lets nobody in', async () => {
    const broker = await start({
      'mqtt.ssl_cert_login': true,
      'mqtt.ssl_cert_client_id_from': 'subject_alternative_name',
      'mqtt.ssl_cert_login_san_type': 'uri',
    });
    await expect(connect(broker, true, { clientId: 'carrot' })).rejects.toThrow(/authorized/i);
  });
});
