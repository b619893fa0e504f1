/**
 * `npm run pack [-- --out <folder>]`: the package as users install it. Compiles src/ and protocols/
 * to JavaScript with declarations in <folder>/package, puts the built console and a manifest of its
 * own beside them and packs all to <folder>/warrenmq-<version>.tgz. The root manifest is for work
 * on the sources: its platform packages and scripts must not reach users, who bring Node 24
 * themselves.
 */
import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { npm } from './npm.ts';

const root = path.join(import.meta.dirname, '..');

/** The command's file: npm links it as `warrenmq` (found by npx) and as `warren`. */
const MAIN = 'src/main.js';

/** What travels besides the compiled code. Listed ones that do not exist yet are left out. */
const EXTRAS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'config/warren.conf'];

/** The part of the root package.json that the published one is made of. */
export interface RootManifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly keywords?: readonly string[];
  readonly repository?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}

/**
 * Compiles and packs.
 * @param out folder for `package/` and the tarball; its `package/` is replaced
 * @returns the tarball's absolute path
 * @throws Error with the compiler's or npm's messages
 */
export async function pack(out: string): Promise<string> {
  const stage = path.join(out, 'package');
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  await compile(stage);
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  await writeFile(path.join(stage, 'package.json'), packageJson(manifest));
  await cp(path.join(root, 'dist', 'ui'), path.join(stage, 'ui'), { recursive: true });
  for (const name of EXTRAS) {
    if (await exists(path.join(root, name))) {
      await cp(path.join(root, name), path.join(stage, name), { recursive: true });
    }
  }
  for (const file of [MAIN, ...Object.values(tools())]) await checkCommand(stage, file);
  await npm(['pack', '--pack-destination', out, '--loglevel=error'], stage);
  return path.join(out, `${manifest.name}-${manifest.version}.tgz`);
}

/** The published manifest: what users need to know, and nothing that we need to work. */
export function packageJson(from: RootManifest): string {
  const manifest = {
    name: from.name,
    version: from.version,
    description: from.description,
    keywords: from.keywords,
    license: from.license,
    repository: from.repository,
    type: 'module',
    bin: { warrenmq: MAIN, warren: MAIN, ...tools() },
    exports: {
      '.': { types: './src/embed.d.ts', default: './src/embed.js' },
      './package.json': './package.json',
    },
    files: ['src', 'protocols', 'ui', 'config', 'CHANGELOG.md'],
    engines: from.engines,
    dependencies: from.dependencies,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** RabbitMQ's names for what operators do, a file each. */
const TOOLS = [
  ...['rabbitmqctl', 'rabbitmq-diagnostics', 'rabbitmq-plugins', 'rabbitmq-queues'],
  'rabbitmqadmin',
];

function tools(): Record<string, string> {
  return Object.fromEntries(TOOLS.map((name) => [name, `src/commands/${name}.js`]));
}

async function compile(stage: string): Promise<void> {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = path.join(root, 'tsconfig.build.json');
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', project, '--outDir', stage]);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`the compiler refused:\n${stdout}${stderr}`, { cause: error });
  }
}

/** npm links the file as it is: without the first line a shell would run the JavaScript. */
async function checkCommand(stage: string, name: string): Promise<void> {
  const file = path.join(stage, name);
  const text = await readFile(file, 'utf8');
  if (!text.startsWith('#!/usr/bin/env node\n')) {
    throw new Error(`${name} must begin with #!/usr/bin/env node`);
  }
  await chmod(file, 0o755);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
  process.stdout.write(`${await pack(path.resolve(root, values.out))}\n`);
}
