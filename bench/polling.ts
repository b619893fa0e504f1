/**
 * `node bench/polling.ts`: what watching costs: CPU of the broker for each message with 10,000
 * queues there, first unwatched, then with the management console's and Prometheus' requests at
 * their usual pace, and ten times as often. CPU and not throughput, because that is ours alone on
 * a machine that does other things too.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import amqplib from 'amqplib';

const QUEUES = 10_000;
const PHASE_MS = 10_000;
const main = path.join(import.meta.dirname, '../src/main.ts');

interface Running {
  readonly pid: number;
  readonly amqp: string;
  readonly api: number;
  readonly metrics: number;
  stop(): void;
}

function start(): Promise<Running> {
  const settings = ['management.tcp.port=127.0.0.1:0', 'prometheus.tcp.port=127.0.0.1:0'];
  settings.push('mqtt.listeners.tcp=none', 'stomp.listeners.tcp=none');
  settings.push('web_mqtt.tcp.port=none', 'web_stomp.tcp.port=none');
  const flags = settings.flatMap((setting) => ['--set', setting]);
  const child = spawn(process.execPath, [main, '--memory', '--port', '0', ...flags]);
  return new Promise((resolve) => {
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text;
      if (!output.includes('Server startup complete')) return;
      const port = (name: string) =>
        Number(new RegExp(`^${name} .*:(\\d+)$`, 'm').exec(output)?.[1]);
      resolve({
        pid: child.pid as number,
        amqp: `amqp://guest:guest@127.0.0.1:${port('AMQP 0-9-1 listening')}`,
        api: port('HTTP API listening'),
        metrics: port('Prometheus metrics listening'),
        stop: () => child.kill(),
      });
    });
  });
}

function call(port: number, method: string, url: string, body?: string): Promise<number> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}` };
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path: url, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Seconds of CPU that a process has used; in hundredths, on Linux. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What a console and Prometheus ask for. Returns how to stop. */
function watch({ api, metrics }: Running, faster: number): () => void {
  const pages = ['/api/overview?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5'];
  pages.push('/api/queues?page=1&page_size=100&sort=messages&sort_reverse=true');
  const console = setInterval(() => {
    for (const page of pages) void call(api, 'GET', page);
  }, 5000 / faster);
  const scrapes = setInterval(() => void call(metrics, 'GET', '/metrics'), 15_000 / faster);
  return () => {
    clearInterval(console);
    clearInterval(scrapes);
  };
}

const broker = await start();
for (let i = 0; i < QUEUES; i += 100) {
  const some = Array.from({ length: 100 }, (_, j) => `/api/queues/%2F/watched-${i + j}`);
  await Promise.all(some.map((url) => call(broker.api, 'PUT', url, '{}')));
}
const client = await amqplib.connect(broker.amqp);
const channel = await client.createChannel();
await channel.assertQueue('load', { durable: false });
let received = 0;
await channel.consume('load', () => received++, { noAck: true });
const body = Buffer.alloc(16);
const publish = (): void => {
  for (let i = 0; i < 200; i++) channel.publish('', 'load', body);
};
const load = setInterval(publish, 2);

interface Phase {
  readonly messages: number;
  readonly cpuSeconds: number;
}

async function phase(name: string, faster: number): Promise<Phase> {
  const stop = faster === 0 ? () => {} : watch(broker, faster);
  const [messages, cpu] = [received, cpuOf(broker.pid)];
  await new Promise((resolve) => setTimeout(resolve, PHASE_MS));
  stop();
  const measured = { messages: received - messages, cpuSeconds: cpuOf(broker.pid) - cpu };
  const micros = (measured.cpuSeconds / measured.messages) * 1e6;
  console.log(`${name}: ${measured.messages} messages, ${micros.toFixed(2)} µs of CPU for each`);
  return measured;
}

/** What a phase used beyond its messages, of one core: a broker at its limit has so much less. */
function costOf({ messages, cpuSeconds }: Phase, base: number): string {
  const extra = cpuSeconds - messages * base;
  return `${((extra / (PHASE_MS / 1000)) * 100).toFixed(1)} % of a core`;
}

await phase('warming up', 0);
const alone = await phase('unwatched', 0);
const watched = await phase('console and Prometheus', 1);
const often = await phase('ten times as often', 10);
const again = await phase('unwatched again', 0);
const base = (alone.cpuSeconds + again.cpuSeconds) / (alone.messages + again.messages);
console.log(`watching costs ${costOf(watched, base)}; ten times as often ${costOf(often, base)}`);
clearInterval(load);
await client.close();
broker.stop();
