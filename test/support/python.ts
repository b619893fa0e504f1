/**
 * Python: finds an interpreter that has pika and runs scripts with it. `python3` on the PATH is
 * often somebody's pyenv without pika, so the system's own comes first.
 */
import { spawnSync } from 'node:child_process';
import { test } from 'vitest';
import { type Outcome, run } from './program.ts';

const CANDIDATES = ['/usr/bin/python3', 'python3', 'python'];

/** The command of an interpreter that can import pika, or null. */
export const pythonWithPika: string | null = pythonWith('pika');

/** The command of an interpreter that can import these modules, or null. */
export function pythonWith(...modules: readonly string[]): string | null {
  const script = `import ${modules.join(', ')}`;
  const imports = (command: string) =>
    spawnSync(command, ['-c', script], { timeout: 20_000 }).status === 0;
  return CANDIDATES.find(imports) ?? null;
}

/**
 * `test` where the interpreter was found. Elsewhere the tests fail under CI, which must have it,
 * and are skipped with a loud word anywhere else.
 */
export function testWith(
  python: string | null,
  what: string,
  packages: string,
): (title: string, body: () => Promise<void> | void) => void {
  if (python !== null) return test;
  console.warn(`${what.toUpperCase()}: MISSING, their tests are skipped. apt install ${packages}`);
  if (process.env.CI !== 'true') return test.skip;
  return (title) =>
    test(title, () => {
      throw new Error(`${what}: missing`);
    });
}

/**
 * `test` where pika is installed. Elsewhere the tests fail under CI, which must have it, and
 * are skipped with a loud word anywhere else.
 */
export function testWithPika(title: string, body: () => Promise<void> | void): void {
  if (pythonWithPika !== null || process.env.CI === 'true') test(title, body);
  else test.skip(title, body);
}

/** @throws when there is no pika: a test that got here under CI. */
export function runPython(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  if (pythonWithPika === null) {
    throw new Error(`pika is missing: none of ${CANDIDATES.join(', ')} can import it`);
  }
  return run(pythonWithPika, args, { PYTHONDONTWRITEBYTECODE: '1', ...env });
}

if (pythonWithPika === null) {
  console.warn('PIKA IS MISSING: its tests are skipped. apt install python3-pika, or pip install.');
}
