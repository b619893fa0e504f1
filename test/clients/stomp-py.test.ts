/**
 * stomp.py against the broker: the cases of stomp-py/*.py, each in STOMP 1.0, 1.1 and 1.2. They are
 * what RabbitMQ's own STOMP tests ask for, and more. The titles are read from the sources, each
 * file runs once, and a case without a result has failed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { type Outcome, run } from '../support/program.ts';
import { pythonWith, testWith } from '../support/python.ts';

const FOLDER = join(import.meta.dirname, 'stomp-py');
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith('.py') && name !== 'harness.py');
const VERSIONS = ['1.0', '1.1', '1.2'];

const python = pythonWith('stomp', 'pika');
const test = testWith(python, 'stomp.py and pika', 'python3-stomp, python3-pika');

let broker: ObservedBroker;
const outcomes = new Map<string, Promise<Outcome>>();

beforeAll(async () => {
  broker = await startObserved({ 'stomp.listeners.tcp.default': '127.0.0.1:0' });
  if (python === null) return;
  const env = {
    STOMP_PORT: String(broker.portOf('stomp')),
    AMQP_PORT: String(broker.port),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  for (const script of scripts) outcomes.set(script, run(python, [join(FOLDER, script)], env));
});

afterAll(() => broker.stop());

describe.each(scripts)('%s', (script) => {
  const source = readFileSync(join(FOLDER, script), 'utf8');
  const titles = [...source.matchAll(/^@case\("(.+)"\)$/gm)].map((found) => found[1]!);
  let outcome: Outcome | undefined;
  let errors: ReadonlyMap<string, string | null> = new Map();

  beforeAll(async () => {
    outcome = await outcomes.get(script);
    errors = new Map(outcome?.stdout.split('\n').filter(Boolean).map(parseResult));
  }, 70_000);

  for (const version of VERSIONS) {
    for (const title of titles.map((each) => `${each} (${version})`)) {
      test(title, () => {
        if (!errors.has(title)) throw new Error(`no result: ${outcome?.stdout}${outcome?.stderr}`);
        expect(errors.get(title)).toBe(null);
      });
    }
  }
});

/** One line of the harness. */
function parseResult(line: string): [title: string, error: string | null] {
  const { title, error } = JSON.parse(line) as { title: string; error: string | null };
  return [title, error];
}
