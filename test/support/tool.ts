/**
 * Runs a command-line tool in this process, against the broker of a data directory: its exit code
 * and what it printed. As a program of its own it would take ten times as long.
 */
import { vi } from 'vitest';
import type { Command } from '../../src/commands/command.ts';
import { run } from '../../src/commands/program.ts';

export interface ToolOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param words the command line after the name of the tool */
export async function runTool(
  commands: readonly Command[],
  dataDirectory: string,
  words: readonly string[],
): Promise<ToolOutcome> {
  const written = { out: '', err: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream === 'stdout' ? 'out' : 'err'] += String(text);
      return true;
    }),
  );
  try {
    const code = await run({ name: 'tool', commands }, ['--data-dir', dataDirectory, ...words]);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
