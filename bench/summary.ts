/**
 * Summary: medians of the repetitions, the ratios between brokers, and whether Warren meets its
 * targets. Ratios pair runs of the same repetition, which happened within seconds of each other,
 * and take the median of the pairs: other load then hits both sides. Pure; report.ts prints it.
 */
import type { Run } from './measurement.ts';
import { median } from './statistics.ts';

/** Figures of one broker in one scenario; null where nothing was measured. */
export interface Row {
  readonly broker: string;
  readonly messagesPerSecond: number | null;
  readonly bestMessagesPerSecond: number | null;
  readonly cpuMicroseconds: number | null;
  readonly bestCpuMicroseconds: number | null;
  readonly peakRssBytes: number | null;
  /** The generator's own CPU, % of one core. */
  readonly generatorPercent: number | null;
  /** Neither broker nor generator, % of one core; the highest of the repetitions. */
  readonly otherPercent: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly sendLatenessP99Ms: number | null;
  readonly failures: readonly string[];
}

type Figure = (run: Run) => number | null;

export const rate: Figure = ({ measured }) => measured && measured.messages / measured.seconds;

export const cpu: Figure = ({ measured }) =>
  measured === null || measured.brokerCpuSeconds === null
    ? null
    : (measured.brokerCpuSeconds / measured.messages) * 1e6;

export const rss: Figure = (run) => (run.measured === null ? null : run.peakRssBytes);

const generatorPercent: Figure = ({ measured }) =>
  measured && (measured.generatorCpuSeconds / measured.seconds) * 100;

const otherPercent: Figure = ({ measured }) =>
  measured === null || measured.otherCpuSeconds === null
    ? null
    : Math.max(0, (measured.otherCpuSeconds / measured.seconds) * 100);

export const p50: Figure = ({ measured }) => measured?.latency?.p50Ms ?? null;
export const p99: Figure = ({ measured }) => measured?.latency?.p99Ms ?? null;
const p999: Figure = ({ measured }) => measured?.latency?.p999Ms ?? null;
const lateness: Figure = ({ measured }) => measured?.latency?.sendLatenessP99Ms ?? null;

/** @param runs of one broker in one scenario */
export function summarize(broker: string, runs: readonly Run[]): Row {
  const values = (figure: Figure) => runs.flatMap((run) => figure(run) ?? []);
  const middle = (figure: Figure) => (values(figure).length === 0 ? null : median(values(figure)));
  const extreme = (figure: Figure, pick: (...all: number[]) => number) =>
    values(figure).length === 0 ? null : pick(...values(figure));
  return {
    broker,
    messagesPerSecond: middle(rate),
    bestMessagesPerSecond: extreme(rate, Math.max),
    cpuMicroseconds: middle(cpu),
    bestCpuMicroseconds: extreme(cpu, Math.min),
    peakRssBytes: middle(rss),
    generatorPercent: middle(generatorPercent),
    otherPercent: extreme(otherPercent, Math.max),
    p50Ms: middle(p50),
    p99Ms: middle(p99),
    p999Ms: middle(p999),
    sendLatenessP99Ms: middle(lateness),
    failures: runs.flatMap((run) => run.failure ?? []),
  };
}

/** `subject` ÷ `other` in one figure: the median over the repetitions that have both, or null. */
export function ratio(
  runs: readonly Run[],
  scenario: string,
  subject: string,
  other: string,
  figure: Figure,
): number | null {
  const of = (broker: string, repetition: number) => {
    const run = runs.find(
      (candidate) =>
        candidate.scenario === scenario &&
        candidate.broker === broker &&
        candidate.repetition === repetition,
    );
    return run === undefined ? null : figure(run);
  };
  const repetitions = new Set(runs.map((run) => run.repetition));
  const pairs = [...repetitions].flatMap((repetition) => {
    const [left, right] = [of(subject, repetition), of(other, repetition)];
    return left === null || right === null || right === 0 ? [] : left / right;
  });
  return pairs.length === 0 ? null : median(pairs);
}

export interface Verdict {
  readonly target: string;
  readonly measured: number;
  readonly limit: number;
  readonly met: boolean;
}

/** What the null broker of reference/performance.md needs for the same work, µs per message. */
const JAVASCRIPT_CEILING_US = new Map([
  ['a 16 t auto', 0.2],
  ['a 1k t auto', 0.6],
]);
const CEILING_FACTOR = 3;
const RABBITMQ_FACTOR = 10;
const RABBITMQ_SCENARIO = 'a 16 t auto';

/** How much better STOMP has to be than RabbitMQ's, in messages and in CPU. */
const STOMP_FACTOR = 5;
const STOMP_SCENARIOS = [
  's 16 t auto',
  's 1k t auto',
  's 16 t own',
  's fan10 16 t',
  's 1k t rcpt_ack',
];

/** Targets whose scenario was run. `others` that are RabbitMQ are told by their names. */
export function verdicts(
  runs: readonly Run[],
  subject: string,
  others: readonly string[],
): Verdict[] {
  const found: Verdict[] = [];
  for (const [scenario, ceiling] of JAVASCRIPT_CEILING_US) {
    const own = runs.filter((run) => run.scenario === scenario && run.broker === subject);
    const measured = summarize(subject, own).cpuMicroseconds;
    if (measured === null) continue;
    const limit = ceiling * CEILING_FACTOR;
    const target = `${scenario}: CPU µs per message at most ${CEILING_FACTOR} × ${ceiling}`;
    found.push({ target, measured, limit, met: measured <= limit });
  }
  for (const other of others.filter((name) => name.startsWith('rabbitmq'))) {
    const measured = ratio(runs, RABBITMQ_SCENARIO, subject, other, rate);
    if (measured === null) continue;
    const target = `${RABBITMQ_SCENARIO}: at least ${RABBITMQ_FACTOR} × the msgs/s of ${other}`;
    found.push({ target, measured, limit: RABBITMQ_FACTOR, met: measured >= RABBITMQ_FACTOR });
  }
  for (const other of others.filter((name) => name.startsWith('rabbitmq'))) {
    found.push(...stompVerdicts(runs, subject, other));
  }
  return found;
}

function stompVerdicts(runs: readonly Run[], subject: string, other: string): Verdict[] {
  return STOMP_SCENARIOS.flatMap((scenario) => {
    const [faster, cheaper] = [rate, cpu].map((figure) =>
      ratio(runs, scenario, subject, other, figure),
    );
    const limit = STOMP_FACTOR;
    const found: Verdict[] = [];
    if (faster != null) {
      const target = `${scenario}: at least ${limit} × the msgs/s of ${other}`;
      found.push({ target, measured: faster, limit, met: faster >= limit });
    }
    if (cheaper != null) {
      const target = `${scenario}: CPU per message at most 1/${limit} of ${other}'s`;
      found.push({ target, measured: cheaper, limit: 1 / limit, met: cheaper <= 1 / limit });
    }
    return found;
  });
}
