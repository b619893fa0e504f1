/**
 * `node bench/http.ts [--attach name=port:pid …]`: messages over HTTP, beside RabbitMQs that run
 * already, by the port of their management API. What they can do, too, is compared; what only
 * Warren can is shown with it. Persistent messages of 1 KiB, a durable classic queue; medians of
 * three runs that visit each broker in turn. CPU is the broker's, for each message.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { HttpConnection, requestBytes } from './http-connection.ts';
import { type HttpLoad, LOADS, QUEUE } from './http-load.ts';
import { ProcessTree } from './processes.ts';
import { median } from './statistics.ts';
import { warrenArguments, warrenEnvironment } from './warren-command.ts';

interface Subject {
  readonly name: string;
  readonly isWarren: boolean;
  readonly port: number;
  readonly pid: number;
}

const REPETITIONS = 3;

/** Warren from this checkout, with its store in a folder that goes with it. */
async function startWarren(): Promise<Subject & { stop(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'warren-bench-'));
  const checkout = path.join(import.meta.dirname, '..');
  const child = spawn(process.execPath, warrenArguments(checkout), {
    env: {
      ...warrenEnvironment(checkout),
      WARREN_DATA_DIR: folder,
      WARREN_MANAGEMENT_TCP_PORT: '127.0.0.1:0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('close', () => reject(new Error('Warren ended before it was ready')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^HTTP API listening on \S+:(\d+)$/.exec(line);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
    rmSync(folder, { recursive: true, force: true });
  };
  return { name: 'Warren', isWarren: true, port, pid: child.pid as number, stop };
}

function attached(argv: readonly string[]): Subject[] {
  return argv.flatMap((arg, index) => {
    if (arg !== '--attach') return [];
    const found = /^([^=]+)=(\d+):(\d+)$/.exec(argv[index + 1] ?? '');
    if (found === null) throw new Error('--attach wants name=port:pid');
    const [, name = '', port, pid] = found;
    return [{ name, isWarren: false, port: Number(port), pid: Number(pid) }];
  });
}

async function ask(port: number, method: string, what: string, body = ''): Promise<void> {
  const connection = await HttpConnection.open(port);
  await connection.send(requestBytes(method, what, body));
  connection.close();
}

/** Messages a second, and microseconds of CPU for each. */
async function measure({ port, pid }: Subject, load: HttpLoad): Promise<[number, number]> {
  const { messages } = load;
  const processes = new ProcessTree(pid);
  const cpuBefore = processes.cpuSeconds() ?? Number.NaN;
  const startedMs = performance.now();
  await load.run(port, messages);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = (processes.cpuSeconds() ?? Number.NaN) - cpuBefore;
  return [messages / seconds, (cpu / messages) * 1e6];
}

async function main(): Promise<void> {
  const warren = await startWarren();
  const subjects = [warren, ...attached(process.argv.slice(2))];
  const results = new Map<string, [number, number][]>();
  try {
    for (const { port } of subjects) {
      await ask(port, 'PUT', `/api/queues/%2F/${QUEUE}`, '{"durable":true}');
    }
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      for (const load of LOADS) {
        for (const subject of subjects) {
          if (load.own && !subject.isWarren) continue;
          const key = `${load.name}\n${subject.name}`;
          process.stderr.write(`${load.name}, ${subject.name}\n`);
          const result = await measure(subject, load);
          results.set(key, [...(results.get(key) ?? []), result]);
        }
      }
    }
  } finally {
    for (const { port } of subjects) {
      await ask(port, 'DELETE', `/api/queues/%2F/${QUEUE}`).catch(() => {});
    }
    await warren.stop();
  }
  console.log(
    '| 1 KiB, persistent | broker | messages/s | CPU µs each |\n| --- | --- | ---: | ---: |',
  );
  for (const [key, runs] of results) {
    const [load, broker] = key.split('\n');
    const rate = Math.round(median(runs.map(([one]) => one)));
    const cpu = median(runs.map(([, one]) => one)).toFixed(1);
    console.log(`| ${load} | ${broker} | ${rate} | ${cpu} |`);
  }
}

await main();
