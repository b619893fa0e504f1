/**
 * The package as users get it: packed, installed into an empty folder, run by npx and embedded.
 * Needs the registry, or npm's cache of it, for the runtime dependencies.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cleanEnvironment, npm } from '../scripts/npm.ts';
import { pack } from '../scripts/pack.ts';
import { Child } from './support/child.ts';
import { FREE_PORTS } from './support/free-ports.ts';

/** Two names for one program: npx looks for the package's name, people type the short one. */
const COMMANDS = ['warrenmq', 'warren'];

const ours = path.join(import.meta.dirname, '..');
let scratch: string;
let folder: string;
let tarball: string;
const started: Child[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'warren-package-'));
  folder = path.join(scratch, 'empty');
  await mkdir(folder);
  tarball = await pack(path.join(scratch, 'out'));
  // From npm's cache as far as it goes: npm ci has put the same packages there.
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await npm(['install', ...quiet, tarball], folder);
}, 120_000);

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

afterEach(async () => {
  for (const child of started.splice(0)) await child.destroy();
});

/** A program in the user's folder, with our Node 24 as the only thing borrowed from us. */
function run(file: string, args: readonly string[]): Child {
  const env = {
    ...cleanEnvironment(),
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
    ...FREE_PORTS,
    // npx must run what was installed, never fetch a package of that name.
    npm_config_yes: 'false',
  };
  const child = new Child(file, args, { cwd: folder, env, detached: true });
  started.push(child);
  return child;
}

async function installedFile(name: string): Promise<string> {
  return readFile(path.join(folder, 'node_modules', 'warrenmq', name), 'utf8');
}

test('the manifest asks for Node 24 and runtime dependencies, nothing that we work with', async () => {
  const manifest = JSON.parse(await installedFile('package.json'));
  const root = JSON.parse(await readFile(path.join(ours, 'package.json'), 'utf8'));
  expect(Object.keys(manifest)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(devDep|optionalDep|scripts|private)/)]),
  );
  expect(manifest).toMatchObject({
    name: root.name,
    version: root.version,
    license: root.license,
    type: 'module',
    engines: { node: '>=24' },
    dependencies: root.dependencies,
  });
});

test('installing it brings no platform package and no tool of ours', async () => {
  const names = await readdir(path.join(folder, 'node_modules'));
  const root = JSON.parse(await readFile(path.join(ours, 'package.json'), 'utf8'));
  const unwanted = [root.devDependencies, root.optionalDependencies].flatMap(Object.keys);
  expect(names).toContain('warrenmq');
  expect(names.filter((name) => unwanted.includes(name) || name.startsWith('node-'))).toEqual([]);
});

test('it is JavaScript with declarations, without a TypeScript source', async () => {
  const top = path.join(folder, 'node_modules', 'warrenmq');
  const files = await readdir(top, { recursive: true });
  const sources = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  expect(sources).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'src/main.js', 'src/embed.d.ts']));
  expect(await installedFile('src/main.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the console is in it, with its compressed forms', async () => {
  expect(await installedFile('ui/index.html')).toContain('<div id="app"></div>');
  const files = await readdir(path.join(folder, 'node_modules', 'warrenmq', 'ui', 'assets'));
  expect(files).toEqual(expect.arrayContaining([expect.stringMatching(/^index-.*\.js\.br$/)]));
});

test('npx warrenmq starts the broker, and Ctrl-C leaves nothing behind', async () => {
  const npx = run('npx', ['warrenmq']);
  await npx.printed(/^Server startup complete$/m);
  const [, port] = await npx.printed(/^AMQP 0-9-1 listening on \S+:(\d+)$/m);
  expect(await accepts(Number(port))).toBe(true);
  npx.signalAll('SIGINT');
  // `close` waits for the broker too, because it holds the other end of npx's output. The code is
  // not the broker's: the shell that npx puts between them dies of the signal itself.
  await npx.ended;
  expect(await accepts(Number(port))).toBe(false);
}, 60_000);

test.each(COMMANDS)(
  '%s ends with exit code 0 on SIGTERM',
  async (name) => {
    const broker = run(path.join('node_modules', '.bin', name), []);
    await broker.printed(/^Server startup complete$/m);
    broker.signal('SIGTERM');
    expect(await broker.ended, broker.output).toBe(0);
  },
  60_000,
);

test('a program that embeds it publishes, gets, stops it, and ends by itself', async () => {
  const client = import.meta.resolve('amqplib');
  await writeFile(
    path.join(folder, 'embed.mjs'),
    `import { startBroker } from 'warrenmq';
    import amqp from ${JSON.stringify(client)};
    const broker = await startBroker();
    const connection = await amqp.connect('amqp://guest:guest@127.0.0.1:' + broker.port);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    channel.sendToQueue(queue, Buffer.from('carrots'), { messageId: 'm1' });
    await channel.waitForConfirms();
    const message = await channel.get(queue, { noAck: true });
    console.log('got', message.properties.messageId, message.content.toString());
    await connection.close();
    await broker.stop();
    `,
  );
  const program = run(process.execPath, ['embed.mjs']);
  expect(await program.ended, program.output).toBe(0);
  expect(program.output).toContain('got m1 carrots\n');
}, 60_000);

test('its declarations hold for a strict TypeScript program', async () => {
  await writeFile(
    path.join(folder, 'embed.mts'),
    `import { startBroker } from 'warrenmq';
    const broker = await startBroker();
    const port: number = broker.port;
    // @ts-expect-error: were startBroker untyped, this would be allowed
    const wrong: string = broker.port;
    await broker.stop();
    console.log(port, wrong);
    `,
  );
  const tsc = path.join(ours, 'node_modules', 'typescript', 'bin', 'tsc');
  const types = path.join(ours, 'node_modules', '@types');
  const flags = '--noEmit --strict --target es2024 --module nodenext --types node'.split(' ');
  const compiler = run(process.execPath, [tsc, ...flags, '--typeRoots', types, 'embed.mts']);
  expect(await compiler.ended, compiler.output).toBe(0);
}, 60_000);

async function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    }).once('error', () => done(false));
  });
}
