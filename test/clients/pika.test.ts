/**
 * pika against the broker: the cases of pika/*.py, one test each. The titles are read from the
 * sources, each file runs once, and a case without a result has failed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import type { Outcome } from '../support/program.ts';
import { pythonWithPika, runPython, testWithPika } from '../support/python.ts';

const FOLDER = join(import.meta.dirname, 'pika');
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith('.py') && name !== 'harness.py');

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker.stop());

describe.each(scripts)('%s', (script) => {
  const source = readFileSync(join(FOLDER, script), 'utf8');
  const titles = [...source.matchAll(/^@case\("(.+)"\)$/gm)].map((found) => found[1]!);
  let outcome: Outcome;
  let errors: ReadonlyMap<string, string | null>;

  beforeAll(async () => {
    if (pythonWithPika === null) return;
    outcome = await runPython([join(FOLDER, script)], { AMQP_URL: broker.url });
    errors = new Map(outcome.stdout.split('\n').filter(Boolean).map(parseResult));
  }, 70_000);

  for (const title of titles) {
    testWithPika(title, () => {
      if (pythonWithPika === null) throw new Error('pika is missing');
      if (!errors.has(title)) throw new Error(`no result: ${outcome.stdout}${outcome.stderr}`);
      expect(errors.get(title)).toBe(null);
    });
  }
});

/** One line of the harness. */
function parseResult(line: string): [title: string, error: string | null] {
  const { title, error } = JSON.parse(line) as { title: string; error: string | null };
  return [title, error];
}
