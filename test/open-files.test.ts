/** How many connections the limit of open files leaves room for. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openFilesMax, socketsMax } from '../src/open-files.ts';

test('the limit is that of this process, where the system tells', () => {
  const limits = (): string => execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  // Node raises its own limit to the hard one.
  if (process.platform === 'linux')
    expect(String(openFilesMax())).toBe(limits().trim().replace('unlimited', 'Infinity'));
  else expect(openFilesMax()).toBe(Number.POSITIVE_INFINITY);
});

test('a tenth of the files is kept for the store', () => {
  expect(socketsMax(1024)).toBe(921);
  expect(socketsMax(1)).toBe(1);
  expect(socketsMax(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
});
