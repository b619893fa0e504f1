/**
 * RabbitmqServer: Debian's RabbitMQ with its management API, started for a test in a folder of its
 * own, on free ports, with an epmd of its own; or the one whose API listens on WARREN_RABBITMQ_API
 * already. Where the package is missing the tests are skipped with a loud word, and fail under CI.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'vitest';
import { testWithChromium } from './chromium.ts';

/** The script itself: what is in PATH changes the user first. */
const SCRIPT = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const EXTERNAL = process.env.WARREN_RABBITMQ_API;

/** Can there be one? */
const hasRabbitmq: boolean = EXTERNAL !== undefined || existsSync(SCRIPT);

if (!hasRabbitmq) {
  console.warn('RABBITMQ IS MISSING: its tests are skipped. apt install rabbitmq-server');
}

/** `testWithChromium` where there is a RabbitMQ, too. */
export function testWithRabbitmq(title: string, body: () => Promise<void>): void {
  if (hasRabbitmq || process.env.CI === 'true') testWithChromium(title, body, 120_000);
  else test.skip(title, body);
}

/** How long it may take on a machine that does other things, too. */
const START_MS = 120_000;

export class RabbitmqServer {
  readonly apiPort: number;
  private readonly child: ChildProcess | null;
  private readonly folder: string;
  private readonly epmdPort: number;

  private constructor(
    apiPort: number,
    child: ChildProcess | null,
    folder: string,
    epmdPort: number,
  ) {
    this.apiPort = apiPort;
    this.child = child;
    this.folder = folder;
    this.epmdPort = epmdPort;
  }

  /** @throws Error if it does not answer in time */
  static async start(): Promise<RabbitmqServer> {
    if (EXTERNAL !== undefined) return new RabbitmqServer(Number(EXTERNAL), null, '', 0);
    const [amqp, api, distribution, epmd] = await freePorts(4);
    const folder = mkdtempSync(path.join(tmpdir(), 'warren-rabbitmq-'));
    const file = (name: string, text: string): string => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const config = [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      `management.tcp.port = ${api}`,
      'management.tcp.ip = 127.0.0.1',
      'collect_statistics_interval = 1000',
      'disk_free_limit.absolute = 1MB',
    ].join('\n');
    const child = spawn(SCRIPT, [], {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        RABBITMQ_NODENAME: `warren-test-${process.pid}@localhost`,
        RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', config),
        RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[rabbitmq_management].'),
        RABBITMQ_MNESIA_BASE: path.join(folder, 'mnesia'),
        RABBITMQ_LOG_BASE: path.join(folder, 'log'),
        RABBITMQ_PID_FILE: path.join(folder, 'pid'),
        RABBITMQ_DIST_PORT: String(distribution),
        ERL_EPMD_PORT: String(epmd),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
        // The script becomes the Erlang machine instead of watching over it.
        RUNNING_UNDER_SYSTEMD: 'true',
      },
    });
    const server = new RabbitmqServer(api as number, child, folder, epmd as number);
    try {
      await server.answers();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async stop(): Promise<void> {
    const { child, folder, epmdPort } = this;
    if (child === null) return;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    // It outlives the broker that has started it; only ours listens on that port.
    const env = { ...process.env, ERL_EPMD_PORT: String(epmdPort) };
    spawnSync('epmd', ['-kill'], { env, stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  private async answers(): Promise<void> {
    const until = Date.now() + START_MS;
    const headers = { authorization: `Basic ${btoa('guest:guest')}` };
    const url = `http://127.0.0.1:${this.apiPort}/api/overview`;
    for (;;) {
      const answer = await fetch(url, { headers }).catch(() => null);
      if (answer?.ok) return;
      if (this.child?.exitCode !== null) throw new Error('RabbitMQ ended at once');
      if (Date.now() > until) throw new Error('RabbitMQ did not answer in time');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
