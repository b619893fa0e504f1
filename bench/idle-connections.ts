/**
 * How much memory a connection costs that does nothing:
 * `node bench/idle-connections.ts [count] [--kind TEXT] [--attach name=port:pid …]`. Starts a
 * Warren for each kind of connection with the text in its name, opens so many, and compares what
 * the system says the process uses before and after. The second half is the better figure: the
 * first warms up. MQTT brokers that run already are asked, too. Needs `ulimit -n` for so many.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { Certificates } from '../test/support/certificates.ts';
import { opening } from '../test/support/raw-client.ts';
import { idle } from './mqtt-load.ts';
import { ProcessTree } from './processes.ts';
import { warrenArguments, warrenEnvironment } from './warren-command.ts';
import { sleep } from './window.ts';

/** At once; the backlog of a listener is 128. */
const BATCH = 50;
const SETTLE_MS = 3000;
const REPOSITORY = path.join(import.meta.dirname, '..');

/** The port that a line of the broker's output says. */
type PortOf = (line: RegExp) => number;

/** Opens a connection that stays. */
type Open = (portOf: PortOf) => Promise<unknown>;

const LOGIN = opening({ heartbeat: 60 });

const MQTT = /^MQTT listening on \S+:(\d+)$/m;
let devices = 0;

const MQTT_KINDS: Readonly<Record<string, Open>> = {
  'MQTT over TCP': (portOf) => idle(portOf(MQTT), null),
  'MQTT with a subscription': (portOf) => idle(portOf(MQTT), `device/${++devices}`),
};

const KINDS: Readonly<Record<string, Open>> = {
  ...MQTT_KINDS,
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

/** What the processes use: at first, with half of the connections, with all. */
async function grow(pid: number, portOf: PortOf, open: Open, count: number): Promise<string> {
  const processes = new ProcessTree(pid);
  const marks = [processes.rssBytes() ?? Number.NaN];
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < count / 2; i += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, () => open(portOf)));
    }
    await sleep(SETTLE_MS);
    marks.push(processes.rssBytes() ?? Number.NaN);
  }
  const [before, middle, after] = marks as [number, number, number];
  const each = (from: number, to: number): string => ((to - from) / 512 / count).toFixed(1);
  const figures = `${each(before, middle)} KiB, second half ${each(middle, after)} KiB`;
  return `first half ${figures}, ${Math.round(after / 1024 / 1024)} MiB in all`;
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
    const portOf: PortOf = (line) => Number(line.exec(output)?.[1]);
    const figures = await grow(broker.pid!, portOf, open, count);
    process.stdout.write(`${kind}: ${figures}\n`);
  } finally {
    broker.kill('SIGKILL');
    files.remove();
  }
}

async function measureOther(attached: string, kind: string, open: Open, count: number) {
  const found = /^([^=]+)=(\d+):(\d+)$/.exec(attached);
  if (found === null) throw new Error('--attach wants name=port:pid');
  const [, name, port, pid] = found;
  const figures = await grow(Number(pid), () => Number(port), open, count);
  process.stdout.write(`${name}, ${kind}: ${figures}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: 'string', default: '' },
    attach: { type: 'string', multiple: true, default: [] },
  },
});
const count = Number(positionals[0] ?? 4000);
const wanted = ([kind]: [string, Open]): boolean => kind.includes(values.kind);
for (const [kind, open] of Object.entries(KINDS).filter(wanted)) {
  await measure(kind, open, count);
  if (!(kind in MQTT_KINDS)) continue;
  for (const other of values.attach) await measureOther(other, kind, open, count);
}
process.exit(0);
