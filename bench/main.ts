/**
 * `npm run bench`: starts the brokers, all at once, and has every repetition of every scenario
 * visit each in turn, so that ratios compare runs of the same few seconds. `--help` tells the
 * options. The method is that of reference/performance.md; the load generator is generator.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  attach,
  type BrokerProcess,
  findPeersTool,
  startPeer,
  startWarren,
} from './broker-process.ts';
import { hotSpotReport } from './hot-spots.ts';
import { type Run, runOnce } from './measurement.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { machineLines, scenarioReport, startTable, targetLines } from './report.ts';
import { verdicts } from './summary.ts';

const REPOSITORY = path.join(import.meta.dirname, '..');
const HOT_SPOTS = 30;

/** Brokers that run; whatever could not be started is in `skipped`, with the reason. */
interface Field {
  readonly brokers: BrokerProcess[];
  readonly skipped: string[];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Progress, kept out of the report. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function startAll(options: Options, field: Field): Promise<void> {
  const tool = findPeersTool(options.peersTool, REPOSITORY);
  const add = async (name: string, start: () => Promise<BrokerProcess>) => {
    tell(`starting ${name}`);
    try {
      field.brokers.push(await start());
    } catch (error) {
      field.skipped.push(`${name}: ${(error as Error).message.trim()}`);
    }
  };
  for (const checkout of options.checkouts) {
    await add(checkout.name, () => startWarren(checkout, options.profileDirectory));
  }
  for (const name of options.peers) {
    await add(name, () => {
      if (tool === null) throw new Error('the peers tool is not there (--peers FILE)');
      return startPeer(tool, name);
    });
  }
  for (const attachment of options.attachments) {
    await add(attachment.name, () => attach(attachment));
  }
  // The report compares the first with the others.
  field.brokers.sort((left, right) => Number(right.isWarren) - Number(left.isWarren));
}

async function stopAll(brokers: readonly BrokerProcess[]): Promise<void> {
  for (const broker of brokers) {
    await broker.stop().catch((error) => tell(`${broker.name} does not stop: ${error.message}`));
  }
}

async function runAll(options: Options, brokers: readonly BrokerProcess[]): Promise<Run[]> {
  const runs: Run[] = [];
  for (const scenario of options.scenarios) {
    for (let repetition = 1; repetition <= options.repetitions; repetition += 1) {
      for (const broker of brokers) {
        tell(`${scenario.name}, repetition ${repetition}, ${broker.name}`);
        runs.push(await runOnce(broker, scenario, options.timing, repetition));
      }
    }
    print(`\n${scenarioReport(scenario, brokers, runs)}`);
  }
  return runs;
}

function writeJson(file: string, options: Options, field: Field, runs: readonly Run[]): void {
  const [subject, ...others] = field.brokers;
  const names = others.map(({ name }) => name);
  const content = {
    date: new Date().toISOString(),
    machine: machineLines([], []),
    timing: options.timing,
    brokers: field.brokers.map(({ stop: _, ...broker }) => broker),
    skipped: field.skipped,
    runs,
    targets: subject?.isWarren ? verdicts(runs, subject.name, names) : [],
  };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** @returns the exit status: 1 when nothing could be measured or a run failed */
async function bench(options: Options): Promise<number> {
  if (options.profileDirectory !== null) mkdirSync(options.profileDirectory, { recursive: true });
  const field: Field = { brokers: [], skipped: [] };
  const interrupted = () => {
    stopAll(field.brokers).finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let runs: Run[] = [];
  try {
    await startAll(options, field);
    print(machineLines(field.brokers, field.skipped));
    if (field.brokers.length === 0) return 1;
    print(`\n${startTable(field.brokers)}`);
    runs = await runAll(options, field.brokers);
  } finally {
    await stopAll(field.brokers);
  }
  print(`\n${targetLines(field.brokers, runs)}`);
  if (options.jsonFile !== null) writeJson(options.jsonFile, options, field, runs);
  if (options.profileDirectory !== null) {
    print(`\n${hotSpotReport(options.profileDirectory, HOT_SPOTS)}`);
  }
  return runs.some((run) => run.failure !== null) ? 1 : 0;
}

function optionsOrExit(): Options {
  try {
    const options = parseOptions(process.argv.slice(2), REPOSITORY);
    if (!options.help) return options;
    print(USAGE);
    process.exit(0);
  } catch (error) {
    tell((error as Error).message);
    process.exit(2);
  }
}

process.exitCode = await bench(optionsOrExit());
