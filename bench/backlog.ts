/**
 * `node bench/backlog.ts`: a long durable queue, filled with confirmed persistent messages, left
 * alone, found again after a restart, and drained; beside RabbitMQ in the same run. Warren is
 * killed with SIGKILL; RabbitMQ is stopped properly, and only if this started it. Linux only: what
 * was written comes from /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Acker } from './acker.ts';
import { type BrokerProcess, findPeersTool, startPeer } from './broker-process.ts';
import { ConfirmCounter } from './confirm-counter.ts';
import { Connection } from './connection.ts';
import { DeliveryCounter, type DeliveryForm, receiveDelivery } from './delivery-counter.ts';
import {
  CHANNEL,
  EMPTY_TABLE,
  long,
  METHOD,
  methodFrame,
  octet,
  publishUnit,
  short,
  shortstr,
} from './frames.ts';
import { ProcessTree, watchPeakRss } from './processes.ts';
import { warrenArguments, warrenEnvironment } from './warren-command.ts';
import { sleep } from './window.ts';

const QUEUE = `bench-backlog-${process.pid}`;
const DURABLE = 0b00010;
const PASSIVE = 0b00001;
const WINDOW = 10_000;
const PREFETCH = 1000;
const REPOSITORY = path.join(import.meta.dirname, '..');

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    body: { type: 'string', default: '1024' },
    brokers: { type: 'string', default: 'warren,rabbitmq4' },
    peers: { type: 'string' },
  },
});

/** A broker that can be restarted on its data. */
interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when it answers again; null if it is not ours to restart. */
  readonly restart: (() => Promise<Subject>) | null;
  stop(): Promise<void>;
}

async function startWarren(folder: string): Promise<Subject> {
  const child = spawn(process.execPath, warrenArguments(REPOSITORY), {
    cwd: folder,
    env: warrenEnvironment(REPOSITORY),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await portOf(child);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  };
  const restart = async (): Promise<Subject> => {
    await end('SIGKILL');
    return startWarren(folder);
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  return { name: 'warren', port, pid: child.pid as number, restart, stop };
}

async function portOf(child: ChildProcess): Promise<number> {
  let port = 0;
  child.stderr?.pipe(process.stderr);
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    port = Number(/AMQP 0-9-1 listening on [^\s"]*:(\d+)/.exec(line)?.[1] ?? port);
    if (line.includes('Server startup complete')) break;
  }
  child.stdout?.resume();
  if (port === 0) throw new Error('Warren does not start');
  return port;
}

async function startOther(name: string): Promise<Subject> {
  const tool = findPeersTool(values.peers ?? null, REPOSITORY);
  if (tool === null) throw new Error('the peers tool is not there (--peers FILE)');
  const peer: BrokerProcess = await startPeer(tool, name);
  const restart = async (): Promise<Subject> => {
    await peer.stop();
    return startOther(name);
  };
  // Its start took a moment if it was not there before: then it is ours.
  return { ...peer, restart: peer.bootMs === null ? null : restart };
}

function declare(connection: Connection, flags: number): Promise<unknown> {
  const fields = [short(0), shortstr(QUEUE), octet(flags), EMPTY_TABLE];
  const request = methodFrame(CHANNEL, METHOD.queueDeclare, ...fields);
  return connection.call(request, METHOD.queueDeclareOk);
}

/** How many messages are ready. */
async function ready(port: number): Promise<number> {
  const connection = await Connection.open(port);
  const { payload } = (await declare(connection, PASSIVE)) as { readonly payload: Buffer };
  await connection.close();
  return payload.readUInt32BE(4 + 1 + payload.readUInt8(4));
}

/** Publishes, a window unconfirmed at a time. */
async function fill(port: number, messages: number, bodyBytes: number): Promise<void> {
  const connection = await Connection.open(port);
  await declare(connection, DURABLE);
  const select = methodFrame(CHANNEL, METHOD.confirmSelect, octet(0));
  await connection.call(select, METHOD.confirmSelectOk);
  const body = Buffer.alloc(bodyBytes, 'x');
  const unit = publishUnit({ exchange: '', routingKey: QUEUE, body, persistent: true });
  const units = Math.max(1, Math.floor((128 * 1024) / unit.length));
  const batch = Buffer.concat(Array.from({ length: units }, () => unit));
  const confirms = new ConfirmCounter();
  let published = 0;
  await new Promise<void>((resolve, reject) => {
    const publish = (): void => {
      while (published < messages && connection.backlogBytes < 2 * batch.length) {
        const room = Math.min(WINDOW - (published - confirms.count), messages - published, units);
        if (room < Math.min(units, messages - published)) return;
        published += room;
        connection.write(batch.subarray(0, room * unit.length), publish);
      }
    };
    connection.takeOver((bytes, length) => {
      try {
        confirms.receive(bytes, length);
      } catch (error) {
        return reject(error as Error);
      }
      if (confirms.count === messages) resolve();
      else publish();
    }, reject);
    publish();
  });
  connection.handBack();
  await connection.close();
}

/** What deliveries look like, from the first one, which goes back. */
async function formOf(port: number): Promise<DeliveryForm> {
  const connection = await Connection.open(port);
  await connection.call(qosOf(1), METHOD.basicQosOk);
  await connection.call(CONSUME, METHOD.basicConsumeOk);
  const form = await receiveDelivery(connection);
  await connection.close();
  return form;
}

/** Consumes and acks everything. */
async function drain(port: number, messages: number): Promise<void> {
  const counter = new DeliveryCounter(await formOf(port), 0);
  const connection = await Connection.open(port);
  await connection.call(qosOf(PREFETCH), METHOD.basicQosOk);
  const acker = new Acker(connection, 100, 0);
  // The answer to the consume comes in the same chunk as the first deliveries.
  let answer = CONSUME_OK_BYTES;
  await new Promise<void>((resolve, reject) => {
    connection.takeOver((bytes, length) => {
      const skipped = Math.min(answer, length);
      answer -= skipped;
      try {
        counter.receive(bytes.subarray(skipped), length - skipped);
      } catch (error) {
        return reject(error as Error);
      }
      acker.advance(counter.count);
      if (counter.count === messages) resolve();
    }, reject);
    connection.write(CONSUME);
  });
  acker.finish(messages);
  connection.handBack();
  const remove = [short(0), shortstr(QUEUE), octet(0)];
  const gone = methodFrame(CHANNEL, METHOD.queueDelete, ...remove);
  await connection.call(gone, METHOD.queueDeleteOk);
  await connection.close();
}

function qosOf(prefetch: number): Buffer {
  return methodFrame(CHANNEL, METHOD.basicQos, long(0), short(prefetch), octet(0));
}

function writtenBytes(pid: number): number {
  const io = readFileSync(`/proc/${pid}/io`, 'latin1');
  return Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
}

const CONSUMER_TAG = 'c';
const CONSUME = methodFrame(
  CHANNEL,
  METHOD.basicConsume,
  short(0),
  shortstr(QUEUE),
  shortstr(CONSUMER_TAG),
  octet(0),
  EMPTY_TABLE,
);
const CONSUME_OK_BYTES = methodFrame(CHANNEL, METHOD.basicConsumeOk, shortstr(CONSUMER_TAG)).length;

const MIB = 1024 * 1024;

/** Runs something and says how fast it was, and how much memory the broker took meanwhile. */
async function timed(subject: Subject, what: string, messages: number, run: () => Promise<void>) {
  const rss = watchPeakRss(subject.pid);
  const cpu = new ProcessTree(subject.pid);
  const [cpuBefore, startMs] = [cpu.cpuSeconds() ?? 0, performance.now()];
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const micros = ((cpu.cpuSeconds() ?? 0) - cpuBefore) * (1e6 / messages);
  const peak = Math.round((rss.stop() ?? 0) / MIB);
  const rate = Math.round(messages / seconds);
  say(subject, `${what}: ${rate} msg/s, ${micros.toFixed(1)} µs CPU, peak RSS ${peak} MiB`);
}

function say({ name }: Subject, text: string): void {
  process.stdout.write(`${name.padEnd(10)} ${text}\n`);
}

async function measure(start: () => Promise<Subject>): Promise<void> {
  const messages = Number(values.messages);
  const bodyBytes = Number(values.body);
  let subject = await start();
  try {
    const before = writtenBytes(subject.pid);
    await timed(subject, 'fill', messages, () => fill(subject.port, messages, bodyBytes));
    const each = Math.round((writtenBytes(subject.pid) - before) / messages);
    await sleep(3000);
    const idle = Math.round((new ProcessTree(subject.pid).rssBytes() ?? 0) / MIB);
    say(subject, `written: ${each} bytes a message; idle RSS ${idle} MiB`);
    if (subject.restart !== null) {
      const startMs = performance.now();
      subject = await subject.restart();
      const found = await ready(subject.port);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(2);
      say(subject, `restart: ${found} messages ready again after ${seconds} s`);
    }
    await timed(subject, 'drain', messages, () => drain(subject.port, messages));
  } finally {
    await subject.stop();
  }
}

for (const name of values.brokers.split(',')) {
  const folder = (): string => mkdtempSync(path.join(os.tmpdir(), 'warren-backlog-'));
  await measure(() => (name === 'warren' ? startWarren(folder()) : startOther(name)));
}
