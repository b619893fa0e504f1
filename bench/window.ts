/**
 * The measured window of a run: what the clocks say when it opens and when it closes. Taken in
 * the generator's process, so that message counts and CPU times belong to the same instant.
 */
import { machineCpuSeconds, ProcessTree } from './processes.ts';

export interface Timing {
  readonly warmupMs: number;
  readonly measureMs: number;
}

/** What a run measured. CPU figures are null where there is no /proc. */
export interface Measured {
  /** Deliveries in the window. */
  readonly messages: number;
  readonly seconds: number;
  readonly brokerCpuSeconds: number | null;
  readonly generatorCpuSeconds: number;
  /** Neither broker nor generator: the rest of the machine, in CPU seconds. */
  readonly otherCpuSeconds: number | null;
  /** Open loop only. */
  readonly latency?: Latency;
}

/** Milliseconds from the intended send time to the read that brought the delivery. */
export interface Latency {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** How late the generator itself sent, at its 99th percentile: part of the figures above. */
  readonly sendLatenessP99Ms: number;
}

interface Mark {
  readonly messages: number;
  readonly nanoseconds: bigint;
  readonly broker: number | null;
  readonly generator: number;
  readonly machine: number | null;
}

function mark(broker: ProcessTree, messages: number): Mark {
  const { user, system } = process.cpuUsage();
  return {
    messages,
    nanoseconds: process.hrtime.bigint(),
    broker: broker.cpuSeconds(),
    generator: (user + system) / 1e6,
    machine: machineCpuSeconds(),
  };
}

function difference(from: Mark, to: Mark): Measured {
  const broker = minus(to.broker, from.broker);
  const machine = minus(to.machine, from.machine);
  const generator = to.generator - from.generator;
  return {
    messages: to.messages - from.messages,
    seconds: Number(to.nanoseconds - from.nanoseconds) / 1e9,
    brokerCpuSeconds: broker,
    generatorCpuSeconds: generator,
    otherCpuSeconds: minus(minus(machine, broker), generator),
  };
}

function minus(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left - right;
}

/** Waits for the warm-up, then for the window; `delivered` is asked at both its ends. */
export async function measure(
  brokerPid: number,
  timing: Timing,
  delivered: () => number,
): Promise<Measured> {
  const broker = new ProcessTree(brokerPid);
  await sleep(timing.warmupMs);
  const from = mark(broker, delivered());
  await sleep(timing.measureMs);
  return difference(from, mark(broker, delivered()));
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
