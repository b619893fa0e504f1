/**
 * TLS listeners: who is let in, what adapters are told, and certificates that are renewed while
 * clients are connected. Independent clients over TLS are test/clients/tls.test.ts.
 */
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { Overrides } from '../../src/config.ts';
import { CERTIFICATE_LOOK_MS } from '../../src/limits.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { createLog, type Log, silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import type { Client } from '../../src/server/protocol.ts';
import { Certificates, describeWithOpenssl, type Pair } from '../support/certificates.ts';
import { Random } from '../support/random.ts';
import { AMQP_HEADER } from '../support/raw-client.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000, interval: 5 };

let files: Certificates;
let root: Pair;
let server: Pair;
let client: Pair;

const brokers: RunningBroker[] = [];
const sockets: Socket[] = [];

beforeAll(() => {
  files = new Certificates();
  root = files.authority('root');
  server = files.leaf('server', root);
  client = files.leaf('client', root, '/C=NO/O=Burrow, Inc./OU=Rabbits/CN=carrot', 'email:c@x.no');
});
afterAll(() => files?.remove());
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const broker of brokers.splice(0)) await broker.stop('over');
});

/** A broker with a TLS listener, unless the options say something else. */
async function start(options: Overrides = {}, log: Log = silentLog, plain = false) {
  const config = loopbackConfig({
    ...(plain ? {} : { 'listeners.tcp': 'none', 'listeners.ssl.default': '127.0.0.1:0' }),
    'ssl_options.certfile': server.cert,
    'ssl_options.keyfile': server.key,
    ...options,
  });
  const running = await RunningBroker.start({ config, log });
  brokers.push(running);
  return { running, port: running.listeners[0]!.port, listeners: running.listeners };
}

function remembering(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { log: createLog({ level: 'info', format: 'plaintext', write }), lines };
}

/** The answer to an AMQP header through TLS, or why there is none. */
async function greet(port: number, options: ConnectionOptions = {}) {
  const socket = connect({ port, host: '127.0.0.1', ca: files.read('root.pem'), ...options });
  sockets.push(socket);
  try {
    await once(socket, 'secureConnect');
    socket.write(AMQP_HEADER);
    const answer = await Promise.race([
      once(socket, 'data').then(([bytes]) => (bytes as Buffer)[0] === 1 && 'connection.start'),
      once(socket, 'close').then(() => 'closed'),
    ]);
    return { socket, answer };
  } catch (error) {
    return { socket, answer: (error as NodeJS.ErrnoException).code ?? 'error' };
  }
}

function shown(pair: Pair): ConnectionOptions {
  return {
    cert: files.read(pair.cert.split('/').at(-1)!),
    key: files.read(pair.key.split('/').at(-1)!),
  };
}

function commonName(socket: TLSSocket): string {
  return String(socket.getPeerCertificate().subject.CN);
}

/** Plain bytes, and what becomes of the connection. */
async function plain(port: number, bytes: string | Buffer): Promise<Socket> {
  const socket = connectPlain(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

describeWithOpenssl('a TLS listener', () => {
  it('takes clients that trust its certificate, and says that it is one', async () => {
    const { running, port, listeners } = await start();
    expect((await greet(port)).answer).toBe('connection.start');
    expect(listeners.map(String)).toEqual([`AMQP 0-9-1 over TLS listening on 127.0.0.1:${port}`]);
    expect(listeners[0]!.id).toBe('amqp/ssl');
    const [one] = running.connections;
    expect(one!.client.tls).toEqual({
      version: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      certificate: null,
    });
  });

  it('speaks the versions that it is told to', async () => {
    const { port } = await start({ 'ssl_options.versions.1': 'tlsv1.2' });
    const { socket, answer } = await greet(port);
    expect([answer, socket.getProtocol()]).toEqual(['connection.start', 'TLSv1.2']);
    expect((await greet(port, { minVersion: 'TLSv1.3' })).answer).not.toBe('connection.start');
  });

  it('uses the cipher suites that it is told to', async () => {
    const cipher = 'ECDHE-ECDSA-AES256-GCM-SHA384';
    const { port } = await start({
      'ssl_options.versions.1': 'tlsv1.2',
      'ssl_options.ciphers.1': cipher,
    });
    expect((await greet(port)).socket.getCipher().name).toBe(cipher);
    const { answer } = await greet(port, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    expect(answer).not.toBe('connection.start');
  });

  it('reads keys that have a password', async () => {
    const keyfile = files.encrypted(server, 'carrots');
    const options = { 'ssl_options.keyfile': keyfile, 'ssl_options.password': 'carrots' };
    expect((await greet((await start(options)).port)).answer).toBe('connection.start');
  });

  it.each([
    ['no key', { 'ssl_options.keyfile': '' }, /^listeners\.ssl needs ssl_options\.keyfile$/],
    ['no such file', { 'ssl_options.certfile': '/no/such.pem' }, /^\/no\/such\.pem: no such file$/],
    [
      'nobody to vouch for clients',
      { 'ssl_options.verify': 'verify_peer' },
      /^ssl_options\.verify = verify_peer needs ssl_options\.cacertfile$/,
    ],
    [
      'a gap between the versions',
      { 'ssl_options.versions.1': 'tlsv1.3', 'ssl_options.versions.2': 'tlsv1.1' },
      /^ssl_options\.versions leaves out tlsv1\.2: no gaps$/,
    ],
  ] as [string, Overrides, RegExp][])('does not start with %s', async (_, options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });

  it("does not start with somebody else's key, and says which files do not fit", async () => {
    const starting = start({ 'ssl_options.keyfile': client.key });
    await expect(starting).rejects.toThrow(/certificate .*server\.pem with key .* is no good: /);
  });
});

describeWithOpenssl('clients with a certificate', () => {
  const asked = (more: Overrides = {}): Overrides => ({
    'ssl_options.verify': 'verify_peer',
    'ssl_options.cacertfile': root.cert,
    ...more,
  });

  it('are known by it, in the notation of RabbitMQ [RFC 4514]', async () => {
    const { running, port } = await start(asked());
    expect((await greet(port, shown(client))).answer).toBe('connection.start');
    const [one] = running.connections;
    expect(one!.client.tls!.certificate).toEqual({
      subject: 'CN=carrot,OU=Rabbits,O=Burrow\\, Inc.,C=NO',
      issuer: 'CN=root,O=Warren tests',
      commonName: 'carrot',
      alternativeNames: ['email:c@x.no'],
      validFrom: expect.any(String),
      validTo: expect.any(String),
    });
  });

  it('are not known by it if the listener does not ask', async () => {
    const { running, port } = await start();
    await greet(port, shown(client));
    expect([...running.connections][0]!.client.tls!.certificate).toBeNull();
  });

  it('are refused if nobody trusted has signed it', async () => {
    const { log, lines } = remembering();
    const { port } = await start(asked(), log);
    const stranger = files.leaf('stranger', files.authority('other'));
    expect((await greet(port, shown(stranger))).answer).not.toBe('connection.start');
    await vi.waitFor(
      () => expect(lines.join('')).toMatch(/its certificate is not trusted: /),
      PATIENCE,
    );
  });

  it('may do without one, unless fail_if_no_peer_cert is set', async () => {
    const { running, port } = await start(asked());
    expect((await greet(port)).answer).toBe('connection.start');
    expect([...running.connections][0]!.client.tls!.certificate).toBeNull();
    const strict = await start(asked({ 'ssl_options.fail_if_no_peer_cert': true }));
    expect((await greet(strict.port)).answer).not.toBe('connection.start');
    expect((await greet(strict.port, shown(client))).answer).toBe('connection.start');
  });

  it('may come by authorities in between that they show themselves', async () => {
    const middle = files.authority('middle', root);
    const chained = files.leaf('chained', middle, '/CN=chained', 'DNS:chained', [middle]);
    const { running, port } = await start(asked());
    expect((await greet(port, shown(chained))).answer).toBe('connection.start');
    expect([...running.connections][0]!.client.tls!.certificate!.commonName).toBe('chained');
  });
});

describeWithOpenssl('a certificate that is renewed', () => {
  it('is shown to new clients when it is read again; open connections go on', async () => {
    const installed = files.install(server, 'live');
    const options = {
      'ssl_options.certfile': installed.cert,
      'ssl_options.keyfile': installed.key,
    };
    const { running, port } = await start(options);
    const before = await greet(port);
    files.install(files.leaf('renewed', root), 'live');
    running.reload();
    const after = await greet(port);
    expect([before, after].map(({ socket }) => commonName(socket))).toEqual(['server', 'renewed']);
    before.socket.write(Buffer.from('no frame at all'));
    const [answer] = await once(before.socket, 'data');
    expect((answer as Buffer).length).toBeGreaterThan(0);
  });

  it('is found by itself, and half of a renewal changes nothing', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { log, lines } = remembering();
    const installed = files.install(server, 'watched');
    const options = {
      'ssl_options.certfile': installed.cert,
      'ssl_options.keyfile': installed.key,
    };
    const { port } = await start(options, log);
    const renewed = files.leaf('found', root);
    copyFileSync(renewed.cert, installed.cert);
    vi.advanceTimersByTime(CERTIFICATE_LOOK_MS);
    expect(lines.join('')).toMatch(/the old certificate stays in use/);
    expect(commonName((await greet(port)).socket)).toBe('server');
    copyFileSync(renewed.key, installed.key);
    vi.advanceTimersByTime(CERTIFICATE_LOOK_MS);
    expect(lines.join('')).toMatch(/certificate .*watched\.crt has been read again/);
    expect(commonName((await greet(port)).socket)).toBe('found');
  });

  it('that is no certificate leaves the old one in use', async () => {
    const installed = files.install(server, 'broken');
    const options = {
      'ssl_options.certfile': installed.cert,
      'ssl_options.keyfile': installed.key,
    };
    const { running, port } = await start(options);
    writeFileSync(installed.cert, 'nothing');
    running.reload();
    expect((await greet(port)).answer).toBe('connection.start');
  });
});

describeWithOpenssl('a TLS client that does not read', () => {
  it('makes the outbox close, so that consumers take nothing more', async () => {
    const { running, port } = await start();
    const { socket } = await greet(port);
    socket.pause();
    const [one] = running.connections;
    const { outbox } = one!.client as Client;
    for (let i = 0; i < 1000 && outbox.open; i++) {
      outbox.write(Buffer.alloc(100_000));
      await new Promise(setImmediate);
    }
    expect(outbox.open).toBe(false);
    socket.resume();
    await vi.waitFor(() => expect(outbox.open).toBe(true), { timeout: 10_000 });
  });
});

describeWithOpenssl('strangers on a TLS listener', () => {
  it.each([
    ['AMQP without TLS', AMQP_HEADER, /it does not speak TLS: AMQP 0-9-1 without TLS has a port/],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', /it speaks HTTP without TLS/],
  ])('who speak %s are told apart in the log', async (_, bytes, line) => {
    const { log, lines } = remembering();
    const { port } = await start({}, log);
    const socket = await plain(port, bytes);
    socket.resume();
    await once(socket, 'close');
    await vi.waitFor(() => expect(lines.join('')).toMatch(line), PATIENCE);
    expect(lines.join('')).toMatch(
      /AMQP 0-9-1 connection 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+: TLS/,
    );
  });

  it.each(['', '\x16\x03\x01'])('who stop after "%s" are let go of in time', async (text) => {
    const { log, lines } = remembering();
    const { running, port } = await start({ ssl_handshake_timeout: 50 }, log);
    const socket = await plain(port, Buffer.from(text, 'latin1'));
    socket.resume();
    await once(socket, 'close');
    expect(running.connections.size).toBe(0);
    await vi.waitFor(() => expect(lines.join('')).toMatch(/the handshake timed out/), PATIENCE);
  });

  it('who only look whether the port is there leave no line in the log', async () => {
    const { log, lines } = remembering();
    const { port, running } = await start({}, log);
    lines.splice(0);
    for (let i = 0; i < 5; i++) {
      const socket = await plain(port, '');
      socket.end();
      await once(socket.resume(), 'close');
    }
    expect((await greet(port)).answer).toBe('connection.start');
    expect([lines, running.connections.size]).toEqual([[], 1]);
  });

  it('who send noise lose their own connection only', async () => {
    const { port } = await start();
    const random = new Random(5671);
    for (let round = 0; round < 60; round++) {
      const noise = Buffer.from(Array.from({ length: 100 }, () => random.below(256)));
      // Half of them begin as a ClientHello does.
      if (round % 2 === 0) noise.set([0x16, 3, 1, 0, 90, 1, 0, 0, 86]);
      const socket = await plain(port, noise);
      socket.resume().end();
      await once(socket, 'close');
    }
    expect((await greet(port)).answer).toBe('connection.start');
  });

  it('who speak TLS on a port without it are told apart, too', async () => {
    const { log, lines } = remembering();
    const { port } = await start({}, log, true);
    await greet(port);
    const line = /the client speaks TLS: is this the port/;
    await vi.waitFor(() => expect(lines.join('')).toMatch(line), PATIENCE);
  });
});

describeWithOpenssl('a PROXY header', () => {
  it('comes before TLS', async () => {
    const { running, port } = await start({ proxy_protocol: true });
    const outer = await plain(port, 'PROXY TCP4 192.0.2.1 198.51.100.7 40001 5671\r\n');
    const socket = connect({ socket: outer, ca: files.read('root.pem'), host: '127.0.0.1' });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    await vi.waitFor(() => expect(running.connections.size).toBe(1), { timeout: 10_000 });
    const [one] = running.connections;
    expect(one!.name).toBe('192.0.2.1:40001 -> 198.51.100.7:5671');
    expect(one!.client.tls).not.toBeNull();
  });
});

describeWithOpenssl('WebSocket over TLS', () => {
  it('is a listener of its own, with the certificate of ssl_options unless it has one', async () => {
    const own = files.leaf('own', root);
    const { running, port, listeners } = await start({
      ...{ 'listeners.ssl': 'none', 'web_amqp.ssl.port': 0, 'web_amqp.ssl.ip': '127.0.0.1' },
      ...{ 'web_amqp.ssl.certfile': own.cert, 'web_amqp.ssl.keyfile': own.key },
    });
    expect(String(listeners[0])).toBe(
      `AMQP 0-9-1 over WebSocket and TLS listening on 127.0.0.1:${port}`,
    );
    const peer = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca: files.read('root.pem') });
    await once(peer, 'open');
    peer.send(AMQP_HEADER);
    const [start1] = await once(peer, 'message');
    expect((start1 as Buffer)[0]).toBe(1);
    expect([...running.connections][0]!.client.tls!.version).toBe('TLSv1.3');
    peer.terminate();
  });
});
