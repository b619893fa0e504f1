/**
 * Tidy: the house rules of DESIGN.md §2, §3 and §12, held by a test so that nobody has to argue
 * about them. The rules are in test/tidy/, with a test each that proves that they can fail.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { untidyCode } from './tidy/code.ts';
import { forbiddenArrows, importCycles } from './tidy/imports.ts';
import { changelogShape, emptyNames, largeBlobs, misplaced } from './tidy/layout.ts';
import { describeFailure, type Failure, listFiles, readSources } from './tidy/repository.ts';

/**
 * Exceptions: rule → path → the reason why this file is better off breaking it. An entry that is
 * no longer needed fails too.
 */
const ALLOWED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'skipped test': {
    'test/support/python.ts': 'a machine without pika; loud, and never under CI',
    'test/support/certificates.ts': 'a machine without openssl; loud, and never under CI',
    'test/support/slapd.ts': 'a machine without slapd; loud, and never under CI',
    'test/support/chromium.ts': 'a machine without a browser; loud, and never under CI',
    'test/support/rabbitmq-server.ts': 'a machine without RabbitMQ; loud, and never under CI',
  },
};

const root = path.join(import.meta.dirname, '..');
const paths = listFiles(root);
const sources = readSources(root, paths);

/** The failures that no exception covers, in the shape that editors make links of. */
function unexcused(failures: readonly Failure[]): string[] {
  return failures.filter(({ rule, path: name }) => !ALLOWED[rule]?.[name]).map(describeFailure);
}

test('the repository is read', () => {
  expect(paths).toEqual(expect.arrayContaining(['package.json', 'src/broker/field.ts']));
  expect(sources.length).toBeGreaterThan(10);
});

test('imports follow the dependency rule of DESIGN.md §2', () => {
  expect(unexcused(forbiddenArrows(sources))).toEqual([]);
});

test('no file imports itself by way of others', () => {
  expect(unexcused(importCycles(sources))).toEqual([]);
});

test('the code is within its lengths, documented and without leftovers', () => {
  expect(unexcused(untidyCode(sources))).toEqual([]);
});

test('everything is where DESIGN.md §3 says, under a name that says something', () => {
  expect(unexcused([...misplaced(paths), ...emptyNames(paths)])).toEqual([]);
});

test('no large blob is committed', () => {
  const sizes = new Map(paths.map((name) => [name, statSync(path.join(root, name)).size]));
  // Written by npm, and as long as it has to be.
  sizes.delete('package-lock.json');
  expect(unexcused(largeBlobs(sizes))).toEqual([]);
});

test('the change log keeps its shape', () => {
  const changelog = sources.find((one) => one.path === 'CHANGELOG.md');
  expect(changelog && unexcused(changelogShape(changelog))).toEqual([]);
});

test('every exception is still needed', () => {
  const failures = [
    ...[...forbiddenArrows(sources), ...importCycles(sources), ...untidyCode(sources)],
    ...[...misplaced(paths), ...emptyNames(paths)],
  ];
  const stale = Object.entries(ALLOWED).flatMap(([rule, files]) =>
    Object.keys(files)
      .filter((name) => !failures.some((one) => one.rule === rule && one.path === name))
      .map((name) => `${name}: [${rule}] is kept now: remove the exception`),
  );
  expect(stale).toEqual([]);
});
