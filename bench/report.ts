/** The report, as Markdown text: one table per scenario, ratios, targets, and what to distrust. */
import os from 'node:os';
import type { BrokerProcess } from './broker-process.ts';
import type { Run } from './measurement.ts';
import type { Scenario } from './scenarios.ts';
import { cpu, p50, p99, type Row, rate, ratio, rss, summarize, verdicts } from './summary.ts';

/** Above this the machine was too busy for absolute figures. */
const OTHER_LOAD_WARNING_PERCENT = 20;
/** Above this, of the one core that a closed loop uses, the generator may be the limit. */
const GENERATOR_WARNING_PERCENT = 90;

export function machineLines(
  brokers: readonly BrokerProcess[],
  skipped: readonly string[],
): string {
  const cpus = os.cpus();
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  return [
    `${new Date().toISOString()}, ${cpus.length} × ${cpus[0]?.model.trim()}, ${memory}, ` +
      `${os.type()} ${os.release()}, Node ${process.version}`,
    ...brokers.map(({ name, version, pid }) => `- ${name}: ${version} (pid ${pid})`),
    ...skipped.map((text) => `- left out: ${text}`),
  ].join('\n');
}

export function startTable(brokers: readonly BrokerProcess[]): string {
  const rows = brokers.map(({ name, bootMs, idleRssBytes }) => [
    name,
    bootMs === null ? 'ran before' : `${(bootMs / 1000).toFixed(2)} s`,
    megabytes(idleRssBytes),
  ]);
  return table(['start', 'boot to AMQP', 'idle RSS MB'], rows);
}

/** Table, ratios and warnings of one scenario. The first of `brokers` is the one compared. */
export function scenarioReport(
  scenario: Scenario,
  brokers: readonly BrokerProcess[],
  runs: readonly Run[],
): string {
  const own = runs.filter((run) => run.scenario === scenario.name);
  const rows = brokers.map(({ name }) =>
    summarize(
      name,
      own.filter((run) => run.broker === name),
    ),
  );
  const shown = scenario.loop === 'open' ? latencyTable(rows) : throughputTable(rows);
  const notes = [
    ...ratioLines(scenario, brokers, own),
    ...rows.flatMap((row) => warnings(row, scenario)),
  ];
  return [`## ${scenario.name}: ${scenario.text}`, '', shown, ...notes].join('\n');
}

function throughputTable(rows: readonly Row[]): string {
  return table(
    ['broker', 'msgs/s', 'best', 'CPU µs/msg', 'best', 'RSS MB', 'lg %', 'other %'],
    rows.map((row) => [
      row.broker,
      thousands(row.messagesPerSecond),
      thousands(row.bestMessagesPerSecond),
      digits(row.cpuMicroseconds),
      digits(row.bestCpuMicroseconds),
      megabytes(row.peakRssBytes),
      whole(row.generatorPercent),
      whole(row.otherPercent),
    ]),
  );
}

function latencyTable(rows: readonly Row[]): string {
  const headings = ['broker', 'p50 ms', 'p99 ms', 'p99.9 ms', 'sent late p99 ms', 'msgs/s'];
  return table(
    [...headings, 'CPU µs/msg', 'RSS MB', 'lg %', 'other %'],
    rows.map((row) => [
      row.broker,
      digits(row.p50Ms),
      digits(row.p99Ms),
      digits(row.p999Ms),
      digits(row.sendLatenessP99Ms),
      thousands(row.messagesPerSecond),
      digits(row.cpuMicroseconds),
      megabytes(row.peakRssBytes),
      whole(row.generatorPercent),
      whole(row.otherPercent),
    ]),
  );
}

function ratioLines(
  scenario: Scenario,
  brokers: readonly BrokerProcess[],
  runs: readonly Run[],
): string[] {
  const [subject, ...others] = brokers;
  if (subject === undefined || !subject.isWarren) return [];
  return others.flatMap(({ name: other }) => {
    const shown = (figure: typeof rate) =>
      times(ratio(runs, scenario.name, subject.name, other, figure));
    const speed =
      scenario.loop === 'open' ? `p50 ${shown(p50)}, p99 ${shown(p99)}` : `msgs/s ${shown(rate)}`;
    return `${subject.name} ÷ ${other}: ${speed}, CPU/msg ${shown(cpu)}, RSS ${shown(rss)}`;
  });
}

function warnings(row: Row, scenario: Scenario): string[] {
  const found = row.failures.map((failure) => `FAILED: ${row.broker}: ${failure}`);
  if ((row.otherPercent ?? 0) > OTHER_LOAD_WARNING_PERCENT) {
    found.push(
      `WARNING: ${row.broker}: other load up to ${whole(row.otherPercent)} % of a core; ` +
        'trust CPU/msg and ratios before msgs/s',
    );
  }
  const generator = row.generatorPercent ?? 0;
  if (scenario.loop === 'closed' && generator > GENERATOR_WARNING_PERCENT) {
    found.push(`WARNING: ${row.broker}: generator-bound, its core is ${whole(generator)} % busy`);
  }
  return found;
}

export function targetLines(brokers: readonly BrokerProcess[], runs: readonly Run[]): string {
  const [subject, ...others] = brokers;
  if (subject === undefined || !subject.isWarren) return 'Targets: Warren was not measured.';
  const found = verdicts(
    runs,
    subject.name,
    others.map(({ name }) => name),
  );
  if (found.length === 0) return 'Targets: none of their scenarios was measured.';
  const lines = found.map(({ target, measured, limit, met }) => {
    const verdict = met ? 'pass' : 'FAIL';
    return `- ${verdict}: ${target}: ${digits(measured)} (limit ${digits(limit)})`;
  });
  return ['## Targets', '', ...lines].join('\n');
}

/** An aligned Markdown table; all columns but the first are right-aligned. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(3, heading.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(headings), line(rule), ...rows.map(line)].join('\n');
}

const NOTHING = '–';

/** 1 234 567 as 1.23M, 51 200 as 51.2k. */
export function thousands(value: number | null): string {
  if (value === null) return NOTHING;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)}k` : value.toFixed(0);
}

/** Three significant digits, without an exponent. */
export function digits(value: number | null): string {
  if (value === null) return NOTHING;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

function whole(value: number | null): string {
  return value === null ? NOTHING : value.toFixed(0);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? NOTHING : (bytes / 1e6).toFixed(0);
}

/** A ratio; when it is small, also how many times less it is. */
export function times(value: number | null): string {
  if (value === null) return NOTHING;
  return value < 0.5 && value > 0
    ? `${digits(value)}× (1/${digits(1 / value)})`
    : `${digits(value)}×`;
}
