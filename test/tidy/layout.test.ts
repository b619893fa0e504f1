/** The rules about places, names, sizes and the change log, each proven able to fail. */
import { describe, expect, test } from 'vitest';
import { BLOB_BYTES, changelogShape, emptyNames, largeBlobs, misplaced } from './layout.ts';
import { source } from './repository.ts';

test('the top level is fixed', () => {
  const known = ['src/main.ts', 'tsconfig.build.json', '.ci/run', '.gitignore', 'README.md'];
  expect(misplaced(known)).toEqual([]);
  expect(misplaced(['lib/x.ts', 'notes.md', 'tsconfig.old/x.json'])).toHaveLength(3);
});

test.each([
  'src/utils.ts',
  'src/broker/queue-utils.ts',
  'src/helpers/text.ts',
  'src/broker/queue-manager.ts',
  'src/broker/types.ts',
  'src/common.ts',
  'protocols/amqp/index.ts',
  'test/support/test-helpers.ts',
  'src/broker/VHost.ts',
])('%s names nothing, or not in our way', (path) => {
  expect(emptyNames([path])).toHaveLength(1);
});

test('the one barrel, and names that only contain such a word, are fine', () => {
  const fine = ['protocols/index.ts', 'src/broker/exchange/exchange-types.ts', 'ui/index.html'];
  expect(emptyNames([...fine, 'vitest.config.ts', 'test/tidy.test.ts'])).toEqual([]);
});

test('a blob has a limit', () => {
  expect(largeBlobs(new Map([['ui/logo.png', BLOB_BYTES]]))).toEqual([]);
  expect(largeBlobs(new Map([['ui/logo.png', BLOB_BYTES + 1]]))).toHaveLength(1);
});

describe('the change log', () => {
  const good = [
    '# Changelog',
    '',
    '## [Unreleased]',
    '',
    '### Added',
    '',
    '- Carrots.',
    '',
    '## [0.10.0] - 2026-12-01',
    '',
    '## [0.9.1] - 2026-11-30 [YANKED]',
  ];

  /** The objections, if one line of a good change log is replaced. */
  function having(line: string, replacement: string): string[] {
    const lines = good.map((text) => (text === line ? replacement : text));
    return changelogShape(source('CHANGELOG.md', lines.join('\n'))).map(({ text }) => text);
  }

  test('is fine as Keep a Changelog has it', () => {
    expect(changelogShape(source('CHANGELOG.md', good.join('\n')))).toEqual([]);
  });

  test.each([
    ['another title', '# Changelog', '# History'],
    ['no Unreleased', '## [Unreleased]', 'Unreleased'],
    ['a release without a date', '## [0.10.0] - 2026-12-01', '## [0.10.0]'],
    ['an older release on top', '## [0.10.0] - 2026-12-01', '## [0.9.0] - 2026-12-01'],
    ['a kind of its own', '### Added', '### New'],
    ['an empty section', '- Carrots.', ''],
  ])('has not: %s', (_title, line, replacement) => {
    expect(having(line, replacement)).not.toEqual([]);
  });
});
