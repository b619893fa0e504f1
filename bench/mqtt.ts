/**
 * `node bench/mqtt.ts [--attach name=port:pid …] [--scenario TEXT]`: MQTT beside other brokers
 * that run already, e.g. mosquitto and RabbitMQ with its plugin. Every repetition visits each
 * broker in turn, so that ratios come from the same minutes; shown are medians. CPU is the
 * broker's, for each delivery. Played are the scenarios with the text in their name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type MqttScenario, play } from './mqtt-load.ts';
import { ProcessTree } from './processes.ts';
import { median } from './statistics.ts';
import { warrenArguments, warrenEnvironment } from './warren-command.ts';

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

const REPETITIONS = 3;

const SCENARIOS: readonly MqttScenario[] = [
  scenario('QoS 0, 1 → 1, 64 B', 0, 1, 1, 64, 2000, 300_000),
  scenario('QoS 0, 1 → 1, 1 KiB', 0, 1, 1, 1024, 1000, 150_000),
  scenario('QoS 0, 1 → 100, 64 B', 0, 1, 100, 64, 100, 1_000_000),
  scenario('QoS 0, 100 → 1, 64 B', 0, 100, 1, 64, 2000, 200_000),
  // mosquitto and its clients have twenty in flight by default, Warren a hundred.
  scenario('QoS 1, 1 → 1, 64 B', 1, 1, 1, 64, 18, 100_000),
  scenario('QoS 1, 1 → 1, 1 KiB', 1, 1, 1, 1024, 18, 60_000),
  scenario('QoS 1, 1 → 100, 64 B', 1, 1, 100, 64, 18, 400_000),
  scenario('QoS 1, one in flight', 1, 1, 1, 64, 1, 20_000),
];

function scenario(
  name: string,
  qos: 0 | 1,
  publishers: number,
  subscribers: number,
  bodyBytes: number,
  window: number,
  deliveries: number,
): MqttScenario {
  return { name, qos, publishers, subscribers, bodyBytes, window, deliveries };
}

/** Warren from this checkout, with its store in a folder that goes with it. */
async function startWarren(): Promise<Subject & { stop(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'warren-bench-'));
  const checkout = path.join(import.meta.dirname, '..');
  const child = spawn(process.execPath, warrenArguments(checkout), {
    env: { ...warrenEnvironment(checkout), WARREN_DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('close', () => reject(new Error('Warren ended before it was ready')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^MQTT listening on \S+:(\d+)$/.exec(line);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
    rmSync(folder, { recursive: true, force: true });
  };
  return { name: 'Warren', port, pid: child.pid as number, stop };
}

function attached(argv: readonly string[]): Subject[] {
  return argv.flatMap((arg, index) => {
    if (arg !== '--attach') return [];
    const found = /^([^=]+)=(\d+):(\d+)$/.exec(argv[index + 1] ?? '');
    if (found === null) throw new Error('--attach wants name=port:pid');
    return [{ name: found[1] as string, port: Number(found[2]), pid: Number(found[3]) }];
  });
}

function chosen(argv: readonly string[]): readonly MqttScenario[] {
  const at = argv.indexOf('--scenario');
  const text = at < 0 ? '' : (argv[at + 1] ?? '');
  return SCENARIOS.filter(({ name }) => name.includes(text));
}

/** Deliveries a second, and microseconds of CPU for each. */
async function measure({ port, pid }: Subject, each: MqttScenario): Promise<[number, number]> {
  const processes = new ProcessTree(pid);
  const cpu: number[] = [];
  const read = () => void cpu.push(processes.cpuSeconds() ?? Number.NaN);
  const { delivered, seconds } = await play(port, each, read);
  const spent = (cpu[1] as number) - (cpu[0] as number);
  return [delivered / seconds, (spent / delivered) * 1e6];
}

async function main(): Promise<void> {
  const warren = await startWarren();
  const subjects = [warren, ...attached(process.argv)];
  console.log(`| | ${subjects.map(({ name }) => name).join(' | ')} |`);
  console.log(`| --- |${subjects.map(() => ' --- |').join('')}`);
  for (const each of chosen(process.argv)) {
    const results = subjects.map((): [number, number][] => []);
    for (let i = 0; i < REPETITIONS; i++) {
      for (const [index, subject] of subjects.entries()) {
        results[index]?.push(await measure(subject, each));
      }
    }
    const cells = results.map((runs) => {
      const rate = median(runs.map(([perSecond]) => perSecond)) / 1000;
      const cpu = median(runs.map(([, microseconds]) => microseconds));
      return `${rate.toFixed(0)} k/s, ${cpu.toFixed(2)} µs`;
    });
    console.log(`| ${each.name} | ${cells.join(' | ')} |`);
  }
  await warren.stop();
}

await main();
process.exit(0);
