/**
 * `node bench/lists.ts [count]`: what lists cost where there is much to list: 10,000 queues and as
 * many connections, each with a channel and a consumer. For each request: how long it takes, how
 * long the broker's event loop stands still meanwhile, and the CPU time of its thread, which is the
 * figure to go by on a machine that does other things too. The broker runs in this thread, so that
 * it can be watched; clients and requests are in another.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { methodFrame } from '../protocols/amqp/compile.ts';
import { startBroker } from '../src/embed.ts';
import { opening } from '../test/support/raw-client.ts';

const BATCH = 50;
const ROUNDS = 15;

const PATHS = [
  '/api/overview',
  '/api/queues?page=1&page_size=100',
  '/api/queues?page=1&page_size=100&sort=name',
  '/api/queues?page=1&page_size=100&sort=messages&sort_reverse=true',
  '/api/queues?page=1&page_size=100&sort=message_stats.publish_details.rate&sort_reverse=true',
  '/api/queues?page=1&page_size=100&name=q99&use_regex=true',
  '/api/connections?page=1&page_size=100',
  '/api/connections?page=1&page_size=100&sort=recv_oct_details.rate&sort_reverse=true',
  '/api/channels?page=1&page_size=100&sort=message_stats.publish_details.rate&sort_reverse=true',
  '/api/consumers?page=1&page_size=100',
  '/api/queues',
  '/api/connections',
  '/api/channels',
  '/metrics',
];

const CONSUME = {
  consumerTag: '',
  noLocal: false,
  noAck: false,
  exclusive: false,
  noWait: false,
  arguments: new Map(),
};

interface Ports {
  readonly amqp: number;
  readonly api: number;
  readonly metrics: number;
  readonly count: number;
}

/** The other thread: opens what there is to list, then asks on command. */
async function besides({ amqp, api, metrics, count }: Ports): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const get = (port: number, path: string, method = 'GET', body?: string): Promise<number> => {
    const headers = { authorization: `Basic ${btoa('guest:guest')}` };
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request({ port, path, method, headers, agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(performance.now() - start));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };
  for (let i = 0; i < count; i += BATCH) {
    await Promise.all(
      Array.from({ length: BATCH }, async (_, j) => {
        await get(api, `/api/queues/%2F/q${i + j}`, 'PUT', '{}');
        const socket = connect(amqp, '127.0.0.1');
        socket.write(opening({ heartbeat: 0 }));
        await once(socket, 'data');
        socket.write(methodFrame('channel.open', 1, {}));
        socket.write(methodFrame('basic.consume', 1, { ...CONSUME, queue: `q${i + j}` }));
        await once(socket, 'data');
        socket.resume();
      }),
    );
  }
  parentPort?.postMessage('ready');
  parentPort?.on('message', async (path: string) => {
    const port = path === '/metrics' ? metrics : api;
    parentPort?.postMessage(await get(port, path));
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function main(count: number): Promise<void> {
  const ports = { 'management.tcp.port': '127.0.0.1:0', 'prometheus.tcp.port': '127.0.0.1:0' };
  const broker = await startBroker({ config: ports });
  const { port: amqp, managementPort: api, metricsPort: metrics } = broker;
  const worker = new Worker(import.meta.filename, { workerData: { amqp, api, metrics, count } });
  await once(worker, 'message');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const stalled = (): string => (delay.max / 1e6).toFixed(0).padStart(4);
  const report = (took: readonly number[], cpuMs: number, path: string): void => {
    const [usual, worst, cpu] = [median(took), Math.max(...took), cpuMs / took.length].map((ms) =>
      ms.toFixed(0).padStart(4),
    );
    console.log(`${usual} ms, at most ${worst}, CPU ${cpu}, loop ${stalled()} ms: ${path}`);
  };
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  await new Promise((resolve) => setTimeout(resolve, 6000));
  delay.reset();
  const idle = cpuMs();
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  report([0], (cpuMs() - idle) / 2, 'nobody asks, a round of samples');
  for (const path of PATHS) {
    const took: number[] = [];
    let cpu = 0;
    for (let round = -2; round < ROUNDS; round++) {
      if (round === 0) delay.reset();
      const before = cpuMs();
      worker.postMessage(path);
      const [ms] = (await once(worker, 'message')) as [number];
      if (round >= 0) {
        took.push(ms);
        cpu += cpuMs() - before;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    report(took, cpu, path);
  }
  process.exit(0);
}

if (isMainThread) await main(Number(process.argv[2] ?? 10_000));
else await besides(workerData as Ports);
