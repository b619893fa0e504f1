/**
 * What tidy reads: every file that git tracks, or would track with the next `git add`, so that a
 * new file is judged before it is committed. Ignored files are nobody's business.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** A text file, split once. Line numbers in failures count from 1. */
export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly lines: readonly string[];
}

/** One broken rule, at one place. */
export interface Failure {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

const TEXT =
  /\.(ts|tsx|cjs|mjs|js|json|md|css|html|sh|yml|yaml|conf|py)$|(^|\/)[^.]+$|(^|\/)\.[^/]+$/;

/** Every path in the repository that exists in the work tree. */
export function listFiles(root: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const paths = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  return paths.filter((name) => name !== '' && existsSync(path.join(root, name))).sort();
}

export function readSources(root: string, paths: readonly string[]): Source[] {
  return paths
    .filter((name) => TEXT.test(name) && isFile(path.join(root, name)))
    .map((name) => {
      return source(name, readFileSync(path.join(root, name), 'utf8'));
    });
}

/** A source in memory: what readSources makes of a file, and the fixtures of the tests. */
export function source(name: string, text: string): Source {
  return { path: name, lines: text.split('\n') };
}

/** `src/broker/queue/queue.ts:12: [file length] 410 lines, at most 400` */
export function describeFailure({ path: name, line, rule, text }: Failure): string {
  return `${name}:${line}: [${rule}] ${text}`;
}

function isFile(file: string): boolean {
  return statSync(file).isFile();
}
