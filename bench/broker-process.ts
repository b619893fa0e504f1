/**
 * BrokerProcess: a broker under test, wherever it comes from: Warren started from a checkout, a
 * peer started by the peers tool, or one that runs already. Whatever this started, stop() ends.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Connection } from './connection.ts';
import type { Attachment, Checkout } from './options.ts';
import { ProcessTree, processAgeMs } from './processes.ts';
import { mainOf, NODE_FLAGS, warrenEnvironment } from './warren-command.ts';
import { sleep } from './window.ts';

const execute = promisify(execFile);

export interface BrokerProcess {
  readonly name: string;
  readonly isWarren: boolean;
  readonly port: number;
  /** 0 if it has none, or nobody said. */
  readonly stompPort: number;
  readonly pid: number;
  /** Product, version and platform as the broker says them, for Warren also the commit. */
  readonly version: string;
  /** From the start of the process to the first AMQP handshake; null if it ran before. */
  readonly bootMs: number | null;
  /** Before any load; null if it ran before. */
  readonly idleRssBytes: number | null;
  stop(): Promise<void>;
}

const WARREN_START_MS = 30_000;
const WARREN_STOP_MS = 10_000;
const PEER_START_MS = 180_000;
const KEPT_LOG_LINES = 20;

/** @param profileDirectory where V8's CPU profile goes when Warren ends; null: none is taken */
export async function startWarren(
  checkout: Checkout,
  profileDirectory: string | null,
): Promise<BrokerProcess> {
  const main = mainOf(checkout.path);
  if (!existsSync(main)) throw new Error(`${main} does not exist`);
  // A folder of its own: whatever Warren may write stays out of the checkout.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'warren-bench-'));
  const profiling =
    profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  const startedMs = Date.now();
  const child = spawn(process.execPath, [...NODE_FLAGS, ...profiling, main], {
    cwd: folder,
    env: warrenEnvironment(checkout.path),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await endChild(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { port, stompPort } = await warrenPorts(child);
    const version = await greet(port);
    const bootMs = Date.now() - startedMs;
    const pid = child.pid!;
    const idleRssBytes = await idleRss(pid);
    const commit = await commitOf(checkout.path);
    const named = { name: checkout.name, isWarren: true, version: `${version}, ${commit}` };
    return { ...named, port, stompPort, pid, bootMs, idleRssBytes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads `AMQP 0-9-1 listening on 127.0.0.1:40123`, then waits for `Server startup complete`. */
async function warrenPorts(
  child: ChildProcess,
): Promise<{ readonly port: number; readonly stompPort: number }> {
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    if (lines.length > KEPT_LOG_LINES) lines.shift();
  };
  createInterface({ input: child.stderr! }).on('line', keep);
  let port = 0;
  let stompPort = 0;
  const complete = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      keep(line);
      const listening = /AMQP 0-9-1 listening on [^\s"]*:(\d+)/.exec(line);
      if (listening !== null) port = Number(listening[1]);
      const stomp = /STOMP listening on [^\s"]*:(\d+)/.exec(line);
      if (stomp !== null) stompPort = Number(stomp[1]);
      if (line.includes('Server startup complete')) resolve();
    });
  });
  const ended = once(child, 'close').then(() => 'ended');
  const late = new Promise<string>((resolve) => {
    // Must not keep the bench alive after it has finished.
    setTimeout(resolve, WARREN_START_MS, 'is not ready after 30 s').unref();
  });
  const trouble = await Promise.race([complete, ended, late]);
  if (trouble !== undefined) throw new Error(`Warren ${trouble}:\n${lines.join('\n')}`);
  if (port === 0) throw new Error(`Warren names no AMQP port:\n${lines.join('\n')}`);
  return { port, stompPort };
}

/** SIGTERM, so that a profile is written; SIGKILL when that takes too long. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), WARREN_STOP_MS);
  await closed;
  clearTimeout(timer);
}

async function commitOf(checkout: string): Promise<string> {
  try {
    const { stdout } = await execute('git', ['describe', '--always', '--dirty'], { cwd: checkout });
    return `commit ${stdout.trim()}`;
  } catch {
    return 'no commit';
  }
}

/** The tool given, or the one of the environment, or the usual places; null if there is none. */
export function findPeersTool(given: string | null, repository: string): string | null {
  const named = given ?? process.env.WARREN_PEERS;
  if (named !== undefined) return existsSync(named) ? named : null;
  const places = [
    path.join(repository, '..', 'shared', 'tools', 'peers'),
    path.join(repository, '..', '..', 'shared', 'tools', 'peers'),
  ];
  return places.find((place) => existsSync(place)) ?? null;
}

/** Starts an installed peer, or uses it if it runs. It never installs one. */
export async function startPeer(tool: string, name: string): Promise<BrokerProcess> {
  const { stdout: status } = await execute(tool, ['status']);
  const rows = status.split('\n').map((line) => line.trim().split(/\s+/));
  const installed = rows.find(([first]) => first === name)?.[1];
  if (installed === undefined) throw new Error(`the peers tool does not know ${name}`);
  if (installed === '-') throw new Error(`not installed; see ${tool} install ${name}`);
  const beforeMs = Date.now();
  const { stdout: exports } = await execute(tool, ['start', name], { timeout: PEER_START_MS });
  const variable = (suffix: string) =>
    Number(new RegExp(`${name.toUpperCase()}_${suffix}=(\\d+)`).exec(exports)?.[1]);
  const [port, pid] = [variable('AMQP_PORT'), variable('PID')];
  const version = await greet(port);
  const ageMs = processAgeMs(pid);
  const isOurs = ageMs !== null && ageMs < Date.now() - beforeMs;
  return {
    ...{ name, isWarren: false, version, port, stompPort: variable('STOMP_PORT') || 0, pid },
    bootMs: isOurs ? ageMs : null,
    idleRssBytes: isOurs ? await idleRss(pid) : null,
    stop: async () => {
      if (isOurs) await execute(tool, ['stop', name], { timeout: PEER_START_MS });
    },
  };
}

export async function attach({ name, port, pid }: Attachment): Promise<BrokerProcess> {
  const version = await greet(port);
  const isWarren = name.startsWith('warren');
  const notOurs = {
    isWarren,
    stompPort: 0,
    bootMs: null,
    idleRssBytes: null,
    stop: async () => {},
  };
  return { ...notOurs, name, port, pid, version };
}

/** One AMQP handshake, which is also the proof that the broker is ready. */
async function greet(port: number): Promise<string> {
  const connection = await Connection.open(port);
  const { server } = connection;
  await connection.close();
  return ['product', 'version', 'platform'].flatMap((key) => server.get(key) ?? []).join(' ');
}

async function idleRss(pid: number): Promise<number | null> {
  await sleep(1000);
  return new ProcessTree(pid).rssBytes();
}
