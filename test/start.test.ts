/**
 * The broker as a program, from its sources: what it prints, and how it ends. Nothing here looks
 * at what it serves; test/package.test.ts does the same with the installed package.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Certificates, describeWithOpenssl } from './support/certificates.ts';
import { Child } from './support/child.ts';
import { FREE_PORTS } from './support/free-ports.ts';

const root = path.join(import.meta.dirname, '..');
const started: Child[] = [];
let data: string;

beforeEach(() => {
  data = mkdtempSync(path.join(tmpdir(), 'warren-start-'));
});

afterEach(async () => {
  for (const child of started.splice(0)) await child.destroy();
  rmSync(data, { recursive: true, force: true });
});

function startBroker(...flags: readonly string[]): Child {
  const env = { ...process.env, ...FREE_PORTS, WARREN_DATA_DIR: data };
  const child = new Child(process.execPath, ['src/main.ts', ...flags], { cwd: root, env });
  started.push(child);
  return child;
}

test('a started broker prints one line per listener, then that it is ready', async () => {
  const broker = startBroker();
  await broker.printed(/^Server startup complete$/m);
  const lines = broker.output.split('\n');
  const ready = lines.indexOf('Server startup complete');
  const listeners = lines.filter((line) => / listening on \S+:\d+$/.test(line));
  expect(listeners.filter((line) => line.startsWith('AMQP 0-9-1 listening on '))).toHaveLength(1);
  expect(lines.lastIndexOf(listeners.at(-1)!)).toBeLessThan(ready);
});

test('when it says that it is ready, its port accepts connections', async () => {
  const broker = startBroker();
  await broker.printed(/^Server startup complete$/m);
  const [, port] = await broker.printed(/^AMQP 0-9-1 listening on \S+:(\d+)$/m);
  await new Promise<void>((done, failed) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.destroy();
      done();
    }).once('error', failed);
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)('it ends with exit code 0 on %s', async (signal) => {
  const broker = startBroker();
  await broker.printed(/^Server startup complete$/m);
  broker.signal(signal);
  expect(await broker.ended, broker.output).toBe(0);
});

describeWithOpenssl('SIGHUP', () => {
  test('has it read its certificates again, and does not end it', async () => {
    const files = new Certificates();
    try {
      const authority = files.authority('root');
      const live = files.install(files.leaf('old', authority), 'live');
      const settings = {
        'listeners.ssl.default': '127.0.0.1:0',
        'ssl_options.certfile': live.cert,
        'ssl_options.keyfile': live.key,
      };
      const flags = Object.entries(settings).flatMap(([key, value]) => [
        '--set',
        `${key}=${value}`,
      ]);
      const broker = startBroker(...flags);
      const [, port] = await broker.printed(/^AMQP 0-9-1 over TLS listening on \S+:(\d+)$/m);
      await broker.printed(/^Server startup complete$/m);
      files.install(files.leaf('new', authority), 'live');
      broker.signal('SIGHUP');
      await broker.printed(/certificate .*live\.crt has been read again/);
      const ca = files.read('root.pem');
      const socket = connectTls({ port: Number(port), host: '127.0.0.1', ca });
      await once(socket, 'secureConnect');
      expect(socket.getPeerCertificate().subject.CN).toBe('new');
      socket.destroy();
      broker.signal('SIGTERM');
      expect(await broker.ended, broker.output).toBe(0);
    } finally {
      files.remove();
    }
  });
});

test('a connected client does not keep it from ending', async () => {
  const broker = startBroker();
  const [, port] = await broker.printed(/^AMQP 0-9-1 listening on \S+:(\d+)$/m);
  await broker.printed(/^Server startup complete$/m);
  const socket = connect(Number(port), '127.0.0.1');
  await new Promise<void>((done) => socket.once('connect', () => done()));
  socket.on('error', () => {});
  broker.signal('SIGTERM');
  expect(await broker.ended, broker.output).toBe(0);
  socket.destroy();
});

test('Ctrl-C under npm reaches it twice, and it still ends with exit code 0', async () => {
  // The terminal signals the whole process group, and npm passes on what it got.
  const broker = startBroker();
  await broker.printed(/^Server startup complete$/m);
  broker.signal('SIGINT');
  broker.signal('SIGINT');
  expect(await broker.ended, broker.output).toBe(0);
});

test('a second broker on its data is refused in one line that names the first', async () => {
  const broker = startBroker();
  await broker.printed(/^Server startup complete$/m);
  const second = startBroker();
  expect(await second.ended).toBe(1);
  const errors = second.output.split('\n').filter((line) => line.startsWith('warren: '));
  expect(errors).toEqual([
    `warren: the data directory ${data} is in use by the broker with pid ${broker.pid}`,
  ]);
});

test('with --memory it leaves nothing on the disk', async () => {
  const broker = startBroker('--memory');
  await broker.printed(/^Server startup complete$/m);
  expect(broker.output).toContain('nothing is kept on disk');
  expect(readdirSync(data)).toEqual([]);
});
