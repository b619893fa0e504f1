/**
 * The Dockerfile, read rather than built: there is no Docker where the tests run. What can be run
 * without one, the health check, is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readEnvironment } from '../src/config-environment.ts';
import { Child } from './support/child.ts';

const root = path.join(import.meta.dirname, '..');

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The stages, each a list of instructions that begins with its FROM. */
function readStages(): Instruction[][] {
  const text = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n');
  const stages: Instruction[][] = [];
  for (const line of lines.filter((one) => one.trim() !== '')) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!;
    if (name === 'FROM') stages.push([]);
    stages.at(-1)!.push({ name: name!, rest: rest! });
  }
  return stages;
}

const stages = readStages();
const image = stages.at(-1)!;

function only(name: string): string {
  const found = image.filter((one) => one.name === name);
  expect(found).toHaveLength(1);
  return found[0]!.rest;
}

/** The words of `["node", "x.js"]`: anything else would run in a shell. */
function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text);
  expect(words).toEqual([expect.stringContaining('node'), ...(words as string[]).slice(1)]);
  return words as string[];
}

test('every stage is Node 24 on the small Debian, and only the last one is shipped', () => {
  expect(stages.length).toBeGreaterThan(1);
  for (const [from] of stages) expect(from!.rest).toMatch(/^node:24-bookworm-slim( AS \w+)?$/);
  expect(image.map(({ rest }) => rest).join('\n')).not.toMatch(/npm|tsc/);
});

test('the broker is the first process, so that it gets the signals', () => {
  expect(execForm(only('ENTRYPOINT'))).toEqual([
    'node',
    '--max-semi-space-size=8',
    '/opt/warren/src/main.js',
  ]);
  expect(only('WORKDIR')).toBe('/opt/warren');
  expect(only('STOPSIGNAL')).toBe('SIGTERM');
  expect(image.some(({ name }) => name === 'CMD')).toBe(false);
});

test('it does not run as root', () => {
  expect(only('USER')).toBe('999:999');
  const user = image.findIndex(({ name }) => name === 'USER');
  expect(image.slice(user).filter(({ name }) => name === 'RUN' || name === 'COPY')).toEqual([]);
});

test('its volume holds the data directory, and it promises no port that the broker has not', () => {
  const [, data] = / WARREN_DATA_DIR=(\S+)/.exec(only('ENV'))!;
  expect(path.dirname(data!)).toBe(only('VOLUME'));
  expect(only('EXPOSE')).toBe('1883 5672 15672 15674 15675 15692 61613');
});

test('the tools with RabbitMQ’s names are on the path, and are in the package', () => {
  const links = image.find(({ name, rest }) => name === 'RUN' && rest.includes('ln -s'))!.rest;
  const [, names] = /for name in ([\w -]+);/.exec(links)!;
  for (const name of names!.split(' ')) {
    expect(existsSync(path.join(root, `src/commands/${name}.ts`)), name).toBe(true);
  }
});

test('every variable that it sets is a setting', () => {
  const variables = Object.fromEntries(
    only('ENV')
      .split(' ')
      .map((pair) => pair.split('=')),
  );
  const files = { readText: () => null, list: () => null };
  const { settings, warnings } = readEnvironment(variables, files);
  expect(settings.map(({ key }) => key).sort()).toEqual(['data_dir', 'loopback_users']);
  expect(warnings).toEqual([]);
});

test('what it copies from the repository exists, and is not ignored', () => {
  const ignored = readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist']));
  const copies = stages.flat().filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('-'));
  const copied = copies.flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
  expect(copied.length).toBeGreaterThan(0);
  expect(copied.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
});

test('the health check tells a broker that accepts connections from one that does not', async () => {
  const [, command] = /^--.*\sCMD (\[.*\])$/.exec(only('HEALTHCHECK'))!;
  const [, ...args] = execForm(command!);
  const check = async (port: number): Promise<unknown> => {
    const env = { ...process.env, WARREN_LISTENERS_TCP_DEFAULT: `0.0.0.0:${port}` };
    return new Child(process.execPath, args, { env }).ended;
  };
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  expect(await check(port)).toBe(0);
  await new Promise((done) => server.close(done));
  expect(await check(port)).toBe(1);
});
