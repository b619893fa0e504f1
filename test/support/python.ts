/**
 * Python: finds an interpreter that has pika and runs scripts with it. `python3` on the PATH is
 * often somebody's pyenv without pika, so the system's own comes first.
 */
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'vitest';

export interface ScriptResult {
  /** null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const CANDIDATES = ['/usr/bin/python3', 'python3', 'python'];

/** The command of an interpreter that can import pika, or null. */
export const pythonWithPika: string | null = CANDIDATES.find(importsPika) ?? null;

function importsPika(command: string): boolean {
  return spawnSync(command, ['-c', 'import pika'], { timeout: 20_000 }).status === 0;
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
): Promise<ScriptResult> {
  if (pythonWithPika === null) {
    throw new Error(`pika is missing: none of ${CANDIDATES.join(', ')} can import it`);
  }
  return run(pythonWithPika, args, env);
}

/** Runs a command to its end, at most 60 s, and gives back all that it printed. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<ScriptResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: 60_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {}); // a command that ends without reading is no error here
    child.stdin.end(input);
  });
}

if (pythonWithPika === null) {
  console.warn('PIKA IS MISSING: its tests are skipped. apt install python3-pika, or pip install.');
}
