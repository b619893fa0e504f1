/**
 * Script: a differential script as text: what a client says, and what each broker answered when it
 * was last asked. The answers are written by record.ts and compared by differential.test.ts.
 *
 *     == Title of a case.
 *     C: queue.declare queue=$q durable=true
 *     S: queue.declare-ok queue=$q message-count=0 consumer-count=0
 *     C: exchange.declare exchange=$x type=telepathy
 *     S.0[3.10]: connection.close reply-code=503 …      what only this broker answered
 *     S[4.0,warren]: channel.close reply-code=406 …     what these two did
 *     why: transient-queues                             Warren is not like 4.0, on purpose
 *
 * `C:` lines are notation.ts's, `A:` lines change users and vhosts (targets.ts). A line that ends
 * in `\` and the next are one step: they are sent without waiting for an answer in between. Every
 * `why` has its reason in a table of protocols/README.md.
 */

export const BROKERS = ['3.10', '4.0', 'warren'] as const;
export type BrokerName = (typeof BROKERS)[number];

export interface ScriptStep {
  /** `C: …` and `A: …`, without the continuation mark. */
  readonly lines: string[];
  /** The number of its first line in the file. */
  readonly line: number;
  /** `S.2: channel.open-ok`, by broker; a broker that was never asked is missing. */
  readonly answers: Map<BrokerName, readonly string[]>;
  /** The key of a deliberate difference between Warren and RabbitMQ 4.0. */
  why: string | null;
  /** Comment lines before it. */
  readonly comments: readonly string[];
}

export interface ScriptCase {
  readonly title: string;
  readonly comments: readonly string[];
  readonly steps: ScriptStep[];
}

export interface Script {
  /** The lines before the first case. */
  readonly head: readonly string[];
  readonly cases: ScriptCase[];
}

/** Says that a broker answered nothing where others answered something. */
const NOTHING = 'nothing';

const ANSWER = /^(S\d*(?:\.\d+)?)(?:\[([^\]]*)\])?: (.*)$/;

/** @throws at a line that belongs nowhere */
export function parseScript(source: string): Script {
  const head: string[] = [];
  const cases: ScriptCase[] = [];
  let comments: string[] = [];
  let joined = false;
  for (const [index, text] of source.split('\n').entries()) {
    const line = text.trim();
    const current = cases.at(-1);
    if (line.startsWith('== ')) {
      cases.push({ title: line.slice(3), comments, steps: [] });
      comments = [];
    } else if (current === undefined) head.push(text);
    else if (line.startsWith('#')) comments.push(line);
    else if (/^[CA]\d*(\.\d+)?: /.test(line)) {
      const said = line.replace(/ \\$/, '');
      if (joined) current.steps.at(-1)?.lines.push(said);
      else current.steps.push(stepOf(said, index + 1, comments));
      joined = line.endsWith(' \\');
      comments = [];
    } else if (line !== '') answerTo(current.steps.at(-1), line, index + 1);
  }
  while (head.at(-1) === '') head.pop();
  return { head, cases };
}

function stepOf(said: string, line: number, comments: readonly string[]): ScriptStep {
  return { lines: [said], line, answers: new Map(), why: null, comments };
}

function answerTo(step: ScriptStep | undefined, line: string, number: number): void {
  const why = /^why: ([a-z0-9-]+)$/.exec(line)?.[1];
  const answer = ANSWER.exec(line);
  if (step === undefined || (why === undefined && answer === null)) {
    throw new Error(`line ${number} is no line of a script: ${line}`);
  }
  if (why !== undefined) {
    step.why = why;
    return;
  }
  const [, address, names, said] = answer as RegExpExecArray;
  const brokers = names === undefined ? BROKERS : (names.split(',') as BrokerName[]);
  for (const broker of brokers) {
    const before = step.answers.get(broker) ?? [];
    step.answers.set(broker, said === NOTHING ? before : [...before, `${address}: ${said}`]);
  }
}

/** What the broker answered to this step. Steps without any answer had none from everybody. */
export function answersOf(step: ScriptStep, broker: BrokerName): readonly string[] {
  return step.answers.get(broker) ?? [];
}

/** The file that parseScript would read so. */
export function printScript(script: Script): string {
  const blocks = script.cases.map(({ title, comments, steps }) =>
    [...comments, `== ${title}`, ...steps.flatMap(printStep)].join('\n'),
  );
  return `${[script.head.join('\n'), ...blocks].join('\n\n')}\n`;
}

function printStep(step: ScriptStep): string[] {
  const said = step.lines.map((line, index) =>
    index < step.lines.length - 1 ? `${line} \\` : line,
  );
  const why = step.why === null ? [] : [`why: ${step.why}`];
  return [...step.comments, ...said, ...printAnswers(step.answers), ...why];
}

function printAnswers(answers: ScriptStep['answers']): string[] {
  const groups = new Map<string, BrokerName[]>();
  for (const broker of BROKERS) {
    const answer = answers.get(broker);
    if (answer === undefined) continue;
    const key = answer.join('\n');
    groups.set(key, [...(groups.get(key) ?? []), broker]);
  }
  const all = groups.size === 1 && [...groups.values()][0]?.length === BROKERS.length;
  return [...groups].flatMap(([key, brokers]) => {
    if (all) return key === '' ? [] : key.split('\n');
    const label = `[${brokers.join(',')}]`;
    if (key === '') return [`S${label}: ${NOTHING}`];
    return key.split('\n').map((line) => line.replace(/^(S[\d.]*): /, `$1${label}: `));
  });
}
