/**
 * Measurement: one run of one scenario against one broker, by a generator process of its own, so
 * that no run inherits another's heap or connections. A run that fails or hangs is a result too.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BrokerProcess } from './broker-process.ts';
import type { Order, Outcome } from './generator.ts';
import { watchPeakRss } from './processes.ts';
import type { Scenario } from './scenarios.ts';
import type { Measured, Timing } from './window.ts';

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));
/** For set-up, draining and tearing down, beside the run itself. */
const GRACE_MS = 60_000;

export interface Run {
  readonly scenario: string;
  readonly broker: string;
  readonly repetition: number;
  readonly measured: Measured | null;
  readonly failure: string | null;
  /** Of the broker and its descendants, from the set-up to the end. */
  readonly peakRssBytes: number | null;
}

export async function runOnce(
  broker: BrokerProcess,
  scenario: Scenario,
  timing: Timing,
  repetition: number,
): Promise<Run> {
  const rss = watchPeakRss(broker.pid);
  const { port, stompPort, pid } = broker;
  const outcome = await generate({ broker: { port, stompPort, pid }, scenario, timing });
  return {
    scenario: scenario.name,
    broker: broker.name,
    repetition,
    measured: 'measured' in outcome ? outcome.measured : null,
    failure: 'failure' in outcome ? outcome.failure : null,
    peakRssBytes: rss.stop(),
  };
}

function generate(order: Order): Promise<Outcome> {
  const child = fork(GENERATOR, [], { execArgv: [] });
  const limitMs = order.timing.warmupMs + order.timing.measureMs + GRACE_MS;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve({ failure: `the generator hung for ${limitMs / 1000} s` });
    }, limitMs);
    child.once('message', (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve({ failure: `the generator ended with status ${code}` });
    });
    child.send(order);
  });
}
