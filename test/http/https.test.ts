/** The management API and the metrics by HTTPS. */
import { once } from 'node:events';
import { get } from 'node:https';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { Overrides } from '../../src/config.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

describeWithOpenssl('HTTPS', () => {
  let files: Certificates;
  let root: Pair;
  let server: Pair;
  const brokers: RunningBroker[] = [];

  beforeAll(() => {
    files = new Certificates();
    root = files.authority('root');
    server = files.leaf('server', root);
  });
  afterAll(() => files?.remove());
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop('over');
  });

  async function start(options: Overrides): Promise<RunningBroker> {
    const pair = { 'ssl_options.certfile': server.cert, 'ssl_options.keyfile': server.key };
    const config = loopbackConfig({ ...pair, ...options });
    const running = await RunningBroker.start({ config, log: silentLog });
    brokers.push(running);
    return running;
  }

  async function read(port: number, path: string) {
    const ca = files.read('root.pem');
    const sent = get({ port, host: '127.0.0.1', path, ca, auth: 'guest:guest', agent: false });
    const [response] = await once(sent, 'response');
    const shown = response.socket.getPeerCertificate().subject.CN;
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode, text, shown };
  }

  it('serves the management API beside HTTP, with a certificate that is renewed', async () => {
    const live = files.install(server, 'management');
    const running = await start({
      'management.tcp.port': '127.0.0.1:0',
      'management.ssl.port': '127.0.0.1:0',
      'management.ssl.certfile': live.cert,
      'management.ssl.keyfile': live.key,
    });
    expect(running.http!.portOf('http')).not.toBeNull();
    const port = running.http!.portOf('https')!;
    const answer = await read(port, '/api/whoami');
    expect([answer.status, answer.shown]).toEqual([200, 'server']);
    files.install(files.leaf('renewed', root), 'management');
    running.reload();
    expect((await read(port, '/api/whoami')).shown).toBe('renewed');
  });

  it('serves the metrics', async () => {
    const running = await start({ 'prometheus.ssl.port': '127.0.0.1:0' });
    const port = running.http!.portOf('https/prometheus')!;
    expect((await read(port, '/metrics')).text).toMatch(/^rabbitmq_identity_info\{/m);
  });

  it('takes WebSocket clients on the management port', async () => {
    const running = await start({ 'management.ssl.port': '127.0.0.1:0' });
    const port = running.http!.portOf('https')!;
    const ca = files.read('root.pem');
    const peer = new WebSocket(`wss://127.0.0.1:${port}/ws/amqp`, { ca });
    await once(peer, 'open');
    const [one] = running.connections;
    expect(one!.client.tls!.version).toBe('TLSv1.3');
    peer.terminate();
  });

  it('tells when the certificates of all listeners end', async () => {
    const running = await start({
      'management.ssl.port': '127.0.0.1:0',
      'listeners.ssl.default': '127.0.0.1:0',
    });
    const port = running.http!.portOf('https')!;
    const path = '/api/health/checks/certificate-expiration/1';
    expect((await read(port, `${path}/days`)).status).toBe(200);
    const { status, text } = await read(port, `${path}/weeks`);
    expect(status).toBe(503);
    const { expired } = JSON.parse(text) as { expired: { protocol: string }[] };
    expect(expired.map(({ protocol }) => protocol).sort()).toEqual(['amqp/ssl', 'https']);
  });

  it('does not start without a certificate, and says what is missing', async () => {
    const starting = start({ 'management.ssl.port': '127.0.0.1:0', 'ssl_options.certfile': '' });
    await expect(starting).rejects.toThrow(
      /^management\.ssl\.port needs management\.ssl\.certfile$/,
    );
  });
});
