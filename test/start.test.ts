/**
 * The broker as a program, from its sources: what it prints, and how it ends. Nothing here looks
 * at what it serves; test/package.test.ts does the same with the installed package.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
