/**
 * The load generator's process: one run of one scenario against one broker, then it ends. Forked
 * by measurement.ts, which sends the Order and receives the Outcome.
 */
import { writeFileSync } from 'node:fs';
import { runClosedLoop } from './closed-loop.ts';
import { runOpenLoop } from './open-loop.ts';
import type { Scenario } from './scenarios.ts';
import { runStompLoop } from './stomp-loop.ts';
import type { Measured, Timing } from './window.ts';

export interface Order {
  readonly broker: { readonly port: number; readonly stompPort: number; readonly pid: number };
  readonly scenario: Scenario;
  readonly timing: Timing;
}

export type Outcome = { readonly measured: Measured } | { readonly failure: string };

async function carryOut({ broker, scenario, timing }: Order): Promise<Outcome> {
  try {
    return { measured: await runOf(scenario)(broker, scenario, timing) };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

function runOf({ protocol, loop }: Scenario) {
  if (protocol === 'stomp') return runStompLoop;
  return loop === 'closed' ? runClosedLoop : runOpenLoop;
}

/** Lets sleeping threads wake on time rather than up to 50 µs later; threads inherit it. */
function wakePrecisely(): void {
  try {
    writeFileSync('/proc/self/timerslack_ns', '1000');
  } catch {
    // Not Linux: latencies come out a little higher.
  }
}

process.once('message', async (order: Order) => {
  wakePrecisely();
  const outcome = await carryOut(order);
  process.send?.(outcome, () => process.exit(0));
});
