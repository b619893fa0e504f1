/** TLS judged by independent clients: amqplib in this process, pika with the TLS of Python. */
import { join } from 'node:path';
import amqplib from 'amqplib';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';
import { runPython, testWithPika } from '../support/python.ts';

/** Of client.pem. */
const SUBJECT = 'CN=client,O=Warren tests';

vi.setConfig({ testTimeout: 70_000, hookTimeout: 60_000 });

describeWithOpenssl('AMQP over TLS', () => {
  let files: Certificates;
  let root: Pair;
  let running: RunningBroker;
  let port: number;

  beforeAll(async () => {
    files = new Certificates();
    root = files.authority('root');
    files.leaf('client', root);
    const live = files.install(files.leaf('server', root), 'live');
    const config = loopbackConfig({
      'listeners.tcp': 'none',
      'listeners.ssl.default': '127.0.0.1:0',
      'ssl_options.certfile': live.cert,
      'ssl_options.keyfile': live.key,
      'ssl_options.cacertfile': root.cert,
      'ssl_options.verify': 'verify_peer',
      'ssl_options.fail_if_no_peer_cert': true,
      'auth_mechanisms.1': 'PLAIN',
      'auth_mechanisms.2': 'EXTERNAL',
    });
    running = await RunningBroker.start({ config, log: silentLog });
    const desk = running.broker.administration('guest');
    await desk.users.put(SUBJECT, { tags: '' });
    await desk.permissions.put(SUBJECT, '/', { configure: '.*', write: '.*', read: '.*' });
    port = running.listeners[0]!.port;
  });
  afterAll(async () => {
    await running?.stop('over');
    files?.remove();
  });

  function connect() {
    return amqplib.connect(`amqps://guest:guest@localhost:${port}`, {
      ca: [files.read('root.pem')],
      cert: files.read('client.pem'),
      key: files.read('client.pem.key'),
    });
  }

  testWithPika('pika, with a client certificate, gets back a large message', async () => {
    const script = join(import.meta.dirname, 'tls.py');
    const { stdout, stderr } = await runPython([script, String(port), files.directory], {});
    expect(stdout, stderr).toBe('ok\n');
  });

  testWithPika('pika needs no password if its certificate names a user (EXTERNAL)', async () => {
    const script = join(import.meta.dirname, 'tls.py');
    const args = [script, String(port), files.directory, 'external'];
    const { stdout, stderr } = await runPython(args, {});
    expect(stdout, stderr).toBe('ok\n');
  });

  it('amqplib loses nothing while the certificate is renewed', async () => {
    const before = await connect();
    const channel = await before.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const got: number[] = [];
    await channel.consume(queue, (message) => got.push(Number(message?.content)), { noAck: true });
    for (let i = 0; i < 2000; i++) {
      channel.sendToQueue(queue, Buffer.from(String(i)));
      if (i % 500 === 250) {
        files.install(files.leaf(`renewed${i}`, root), 'live');
        running.reload();
        const other = await connect();
        await other.close();
      }
    }
    await channel.waitForConfirms();
    await vi.waitFor(() => expect(got.length).toBe(2000), { timeout: 20_000 });
    expect(got).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    await before.close();
  });

  it('amqplib reads what comes slowly and much, and writes the same', async () => {
    const connection = await connect();
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (let i = 0; i < 20; i++) channel.sendToQueue(queue, Buffer.alloc(1_000_000, i));
    await channel.waitForConfirms();
    const sums: number[] = [];
    const done = new Promise<void>((resolve) => {
      void channel.consume(queue, (message) => {
        sums.push(message!.content.reduce((sum, byte) => sum + byte, 0));
        channel.ack(message!);
        if (sums.length === 20) resolve();
      });
    });
    await done;
    expect(sums).toEqual(Array.from({ length: 20 }, (_, i) => i * 1_000_000));
    await connection.close();
  });
});
