/**
 * How much memory a connection costs that does nothing: `node bench/idle-connections.ts [count]`.
 * Starts a Warren for each kind of connection, opens so many, and compares what the system says the
 * process uses before and after. The second half is the better figure: the first warms up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import WebSocket from 'ws';
import { Certificates } from '../test/support/certificates.ts';
import { opening } from '../test/support/raw-client.ts';
import { warrenArguments, warrenEnvironment } from './warren-command.ts';
import { sleep } from './window.ts';

/** At once; the backlog of a listener is 128. */
const BATCH = 50;
const SETTLE_MS = 3000;
const REPOSITORY = path.join(import.meta.dirname, '..');

/** Opens a connection that stays. */
type Open = (portOf: (line: RegExp) => number) => Promise<unknown>;

const LOGIN = opening({ heartbeat: 60 });

const KINDS: Readonly<Record<string, Open>> = {
  'AMQP over TCP': async (portOf) => {
    const socket = connect(portOf(/^AMQP 0-9-1 listening on \S+:(\d+)$/m), '127.0.0.1');
    socket.write(LOGIN);
    await once(socket, 'data');
    socket.resume();
  },
  'AMQP over WebSocket': async (portOf) => {
    const port = portOf(/^AMQP 0-9-1 over WebSocket listening on \S+:(\d+)$/m);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await once(socket, 'open');
    socket.send(LOGIN);
    await once(socket, 'message');
  },
  'AMQP over TLS': async (portOf) => {
    const port = portOf(/^AMQP 0-9-1 over TLS listening on \S+:(\d+)$/m);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write(LOGIN);
    await once(socket, 'data');
    socket.resume();
  },
  'TCP without a login': async (portOf) => {
    const socket = connect(portOf(/^AMQP 0-9-1 listening on \S+:(\d+)$/m), '127.0.0.1');
    await once(socket, 'connect');
  },
};

function start(files: Certificates): ChildProcess {
  const pair = files.leaf('server', files.authority('root'));
  const settings = {
    ...{ memory_only: 'true', 'log.console.level': 'error', handshake_timeout: 'infinity' },
    ...{ 'listeners.ssl.default': '127.0.0.1:0', 'web_amqp.tcp.port': '127.0.0.1:0' },
    ...{ 'ssl_options.certfile': pair.cert, 'ssl_options.keyfile': pair.key },
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const env = warrenEnvironment(REPOSITORY);
  return spawn(process.execPath, [...warrenArguments(REPOSITORY), ...flags], {
    env,
    stdio: [...stdio],
  });
}

function residentKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

async function measure(kind: string, open: Open, count: number): Promise<void> {
  const files = new Certificates();
  const broker = start(files);
  try {
    let output = '';
    for await (const text of broker.stdout!.setEncoding('utf8')) {
      output += text;
      if (output.includes('Server startup complete')) break;
    }
    const portOf = (line: RegExp): number => Number(line.exec(output)?.[1]);
    const marks = [residentKib(broker.pid!)];
    for (const half of [0, 1]) {
      for (let i = 0; i < count / 2; i += BATCH) {
        await Promise.all(Array.from({ length: BATCH }, () => open(portOf)));
      }
      await sleep(SETTLE_MS);
      marks[half + 1] = residentKib(broker.pid!);
    }
    const [before, middle, after] = marks as [number, number, number];
    const each = (from: number, to: number): string => ((to - from) / (count / 2)).toFixed(1);
    const figures = `${each(before, middle)} KiB, second half ${each(middle, after)} KiB`;
    process.stdout.write(
      `${kind}: first half ${figures}, ${Math.round(after / 1024)} MiB in all\n`,
    );
  } finally {
    broker.kill('SIGKILL');
    files.remove();
  }
}

const count = Number(process.argv[2] ?? 4000);
for (const [kind, open] of Object.entries(KINDS)) await measure(kind, open, count);
process.exit(0);
