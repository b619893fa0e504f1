#!/usr/bin/env node
/**
 * The command `warren`: configuration → broker → listeners → signals. Exits with 0 after a signal,
 * with 1 if it cannot start: then one plain line says why.
 */
import { BrokerNode } from './broker-node.ts';
import { type LoadedConfig, loadConfig } from './config.ts';
import { helpText } from './config-text.ts';
import { PARENT_LOOK_MS, STOP_TIMEOUT_MS } from './limits.ts';
import { createLog, type Log } from './log.ts';
import type { RunningBroker } from './running-broker.ts';
import { SHUTDOWN } from './server/protocol.ts';
import { compactAfterStart, inlineMore, keepHeapSmallUnderLoad } from './v8-tuning.ts';
import { VERSION } from './version.ts';

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const word = /^[a-z]/.test(argv[0] ?? '') ? argv[0] : undefined;
  // `warren status` and its kin ask a broker that runs; `warren start` is the broker, and so is
  // what RabbitMQ's image is started with.
  const starts = word === 'start' || word === 'rabbitmq-server';
  if (word !== undefined && !starts) {
    const { runCommand } = await import('./commands/warren.ts');
    process.exitCode = await runCommand(argv);
    return;
  }
  const flags = starts ? argv.slice(1) : argv;
  const loaded = loadConfig({ argv: flags, env: process.env });
  if (loaded.show === 'help') process.stdout.write(helpText());
  else if (loaded.show === 'version') process.stdout.write(`${VERSION}\n`);
  else await run(loaded);
}

async function run({ config, warnings, notes, files }: LoadedConfig): Promise<void> {
  const log = createLog({
    level: config.get('log.console') ? config.get('log.console.level') : 'none',
    format: config.get('log.console.formatter'),
  });
  inlineMore();
  log.info(`Warren ${VERSION} on Node.js ${process.versions.node}`);
  for (const file of files) log.info(`configuration file ${file}`);
  for (const text of warnings) log.warning(text);
  for (const text of notes) log.debug(text);
  if (config.get('memory_only')) log.warning('nothing is kept on disk: memory_only is set');
  const json = config.get('log.console.formatter') === 'json';
  const say = json ? (line: string) => log.info(line) : print;
  const node = await BrokerNode.start({
    config,
    log,
    configFiles: files,
    stop: () => process.kill(process.pid, 'SIGTERM'),
    restarted: (running) => announce(running, say),
  });
  compactAfterStart();
  keepHeapSmallUnderLoad(() => node.running?.broker.store.stats().messages ?? 0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop(node, log, signal));
  }
  // A terminal that is closed sends the same signal, and then it should end us.
  if (process.stdout.isTTY !== true) process.on('SIGHUP', () => node.running?.reload());
  if (process.env.npm_command === 'exec') watchParent(() => void stop(node, log, 'npx ended'));
  if (node.running !== null) announce(node.running, say);
}

/** Says where it listens, and that it is ready: tools wait for the very words. */
function announce(running: RunningBroker, say: (line: string) => void): void {
  for (const listener of running.listeners) say(String(listener));
  for (const listener of running.http?.listeners ?? []) say(String(listener));
  say('Server startup complete');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * A shell stands between npx and us and passes no signal on: when npx is killed, the only sign is
 * that we have another parent.
 */
function watchParent(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, PARENT_LOOK_MS);
  timer.unref();
}

async function stop(node: BrokerNode, log: Log, why: string): Promise<void> {
  log.info(`${why}: stopping`);
  setTimeout(() => {
    log.warning('clients did not leave in time');
    process.exit(0);
  }, STOP_TIMEOUT_MS).unref();
  await node.stop(SHUTDOWN);
  log.info('stopped');
  process.exit(0);
}

main().catch((error: Error) => {
  process.stderr.write(`warren: ${error.message}\n`);
  process.exit(1);
});
