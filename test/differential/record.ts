/**
 * The command that asks every broker again and writes the answers into the scripts:
 *
 *     node test/differential/record.ts [NAME...]        cases/NAME.txt; all without a name
 *
 * RabbitMQ 3.10 and 4.0 have to run with the management plugin, on the ports of
 * RABBITMQ3_AMQP_PORT, RABBITMQ3_HTTP_PORT, RABBITMQ4_AMQP_PORT and RABBITMQ4_HTTP_PORT (23000,
 * 23003, 24000 and 24003 by default). A new difference between Warren and RabbitMQ 4.0 is written
 * as `why: unexplained`, which fails the test until Warren is changed or the reason is given.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scratch } from '../support/scratch.ts';
import { Player } from './player.ts';
import { BROKERS, type BrokerName, parseScript, printScript, type ScriptCase } from './script.ts';
import { rabbitTarget, type Target, warrenTarget } from './targets.ts';

const CASES = join(import.meta.dirname, 'cases');
const AT_ONCE = 12;

function portOf(variable: string, otherwise: number): number {
  return Number(process.env[variable] ?? otherwise);
}

async function targetOf(broker: BrokerName): Promise<Target> {
  if (broker === 'warren') return warrenTarget();
  const [peer, base] = broker === '3.10' ? ['RABBITMQ3', 23_000] : ['RABBITMQ4', 24_000];
  return rabbitTarget(portOf(`${peer}_AMQP_PORT`, base), portOf(`${peer}_HTTP_PORT`, base + 3));
}

async function record(one: ScriptCase, broker: BrokerName, target: Target): Promise<void> {
  const scratch = new Scratch();
  try {
    const played = await new Player(target, scratch).play(one.steps, null);
    for (const [index, step] of one.steps.entries()) step.answers.set(broker, played[index]!);
  } catch (error) {
    console.error(`${broker}: ${one.title}\n${(error as Error).message}`);
    process.exitCode = 1;
  }
  await scratch.clean(`amqp://guest:guest@${target.host}:${target.port}`);
}

function explain(one: ScriptCase): void {
  for (const step of one.steps) {
    const same = `${step.answers.get('warren')}` === `${step.answers.get('4.0')}`;
    if (same) step.why = null;
    else step.why ??= 'unexplained';
    if (step.why === 'unexplained') console.log(`${one.title}\n  ${step.lines[0]}`);
  }
}

const names = process.argv.slice(2);
const files = readdirSync(CASES).filter(
  (file) => names.length === 0 || names.includes(file.replace('.txt', '')),
);
const targets = new Map<BrokerName, Target>();
for (const broker of BROKERS) targets.set(broker, await targetOf(broker));
for (const file of files) {
  const path = join(CASES, file);
  const script = parseScript(readFileSync(path, 'utf8'));
  const work = script.cases.flatMap((one) => BROKERS.map((broker) => [one, broker] as const));
  const queue = work.values();
  const worker = async (): Promise<void> => {
    for (const [one, broker] of queue) await record(one, broker, targets.get(broker)!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const one of script.cases) explain(one);
  writeFileSync(path, printScript(script));
}
for (const target of targets.values()) await target.stop();
