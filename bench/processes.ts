/**
 * What processes and the machine have used, from Linux's /proc: CPU time and resident memory of
 * a broker with all its descendants, and the machine's busy time, from which the load that is
 * neither broker nor generator follows. Elsewhere than on Linux every figure is null.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: /proc counts in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** utime + stime, and those of children that it has waited for. */
  readonly cpuTicks: number;
  readonly startTicks: number;
}

function readProcess(pid: number): ProcessStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses, and may contain both of them and spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return {
      pid,
      parent: field(4),
      cpuTicks: field(14) + field(15) + field(16) + field(17),
      startTicks: field(22),
    };
  } catch {
    return null;
  }
}

/**
 * A process and the descendants that it has when this is made. Looking for them reads all of
 * /proc, which is too slow to do while something is measured; a child that comes later counts,
 * for CPU, once it has ended and its parent knows.
 */
export class ProcessTree {
  readonly #pids: number[];

  constructor(root: number) {
    this.#pids = withDescendants(root);
  }

  /** CPU seconds since they began, in steps of 10 ms. Null when /proc does not know the root. */
  cpuSeconds(): number | null {
    if (this.#pids.length === 0) return null;
    const ticks = this.#pids.map((pid) => readProcess(pid)?.cpuTicks ?? 0);
    return ticks.reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
  }

  /** Resident bytes now. Null when /proc does not know the root. */
  rssBytes(): number | null {
    if (this.#pids.length === 0) return null;
    return this.#pids.map(residentBytes).reduce((sum, bytes) => sum + bytes, 0);
  }
}

function withDescendants(root: number): number[] {
  if (readProcess(root) === null) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readProcess(Number(name)) : null;
    if (stat === null) continue;
    const siblings = children.get(stat.parent);
    if (siblings === undefined) children.set(stat.parent, [stat.pid]);
    else siblings.push(stat.pid);
  }
  const tree = [root];
  // Grows while it is walked.
  for (const member of tree) tree.push(...(children.get(member) ?? []));
  return tree;
}

/** From `status` rather than `statm`: its unit does not depend on the page size. */
function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}

/** CPU seconds that all processors together have spent on anything; not idle, not stolen. */
export function machineCpuSeconds(): number | null {
  try {
    const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!;
    const [user, nice, system, , , irq, softirq] = line.trim().split(/\s+/).slice(1).map(Number);
    return (user! + nice! + system! + irq! + softirq!) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

/** How long ago `pid` began, in milliseconds. */
export function processAgeMs(pid: number): number | null {
  const stat = readProcess(pid);
  if (stat === null) return null;
  const uptimeSeconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]);
  return (uptimeSeconds - stat.startTicks / TICKS_PER_SECOND) * 1000;
}

/** Resident memory is looked at this often during a run. */
const SAMPLE_MS = 200;

/** Keeps the highest resident memory seen until stop(). */
export function watchPeakRss(pid: number): { stop(): number | null } {
  const tree = new ProcessTree(pid);
  let peak = tree.rssBytes();
  const sample = () => {
    const now = tree.rssBytes();
    if (now !== null) peak = Math.max(peak ?? 0, now);
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return peak;
    },
  };
}
