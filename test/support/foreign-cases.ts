/**
 * ForeignCases: a program in another language that tries many things with a broker and prints one
 * JSON line for each, `{"title": …, "error": null or text}`. It runs once; every title in its
 * source becomes a test, and a case without a result has failed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startTestBroker, type TestBroker } from './broker.ts';
import { type Outcome, run } from './program.ts';
import { testWith } from './python.ts';

export interface ForeignCases {
  /** Said when it is missing. */
  readonly what: string;
  /** Debian packages. */
  readonly packages: string;
  /** A command that succeeds where everything is installed. */
  readonly probe: readonly string[];
  readonly command: readonly string[];
  /** The file with the titles. */
  readonly source: string;
  /** How a title looks there. */
  readonly title: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs compile or start others first, on a machine that may be busy. */
const PATIENCE_MS = 180_000;

/** Makes a test of each case. */
export function describeForeign(cases: ForeignCases): void {
  const [probe, ...probeArgs] = cases.probe as [string, ...string[]];
  const env = { ...process.env, ...cases.env };
  const found = spawnSync(probe, probeArgs, { timeout: 60_000, env }).status === 0;
  const test = testWith(found ? probe : null, cases.what, cases.packages);
  const source = readFileSync(cases.source, 'utf8');
  const titles = [...source.matchAll(cases.title)].map((match) => match[1] as string);

  describe(cases.what, () => {
    let broker: TestBroker;
    let outcome: Outcome | null = null;
    let errors: ReadonlyMap<string, string | null> = new Map();
    beforeAll(async () => {
      broker = await startTestBroker();
      if (!found) return;
      const [command, ...args] = cases.command as [string, ...string[]];
      outcome = await run(command, args, { AMQP_URL: broker.url, ...cases.env }, '', PATIENCE_MS);
      errors = new Map(outcome.stdout.split('\n').filter(isResult).map(parseResult));
    }, PATIENCE_MS);
    afterAll(() => broker.stop());

    test('It has cases, and ends well.', () => {
      expect(titles.length).toBeGreaterThan(0);
      expect(outcome?.code, outcome?.stderr).toBe(0);
    });
    for (const title of titles) {
      test(title, () => {
        if (!errors.has(title)) throw new Error(`no result: ${outcome?.stdout}${outcome?.stderr}`);
        expect(errors.get(title)).toBe(null);
      });
    }
  });
}

function isResult(line: string): boolean {
  return line.startsWith('{"title"');
}

function parseResult(line: string): [title: string, error: string | null] {
  const { title, error } = JSON.parse(line) as { title: string; error: string | null };
  return [title, error];
}
