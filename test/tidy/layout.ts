/**
 * Rules about what is where: the fixed top level, file names that say nothing, large blobs, and the
 * shape of CHANGELOG.md (Keep a Changelog 1.1).
 */
import type { Failure, Source } from './repository.ts';

export const BLOB_BYTES = 500_000;

/** The top level of DESIGN.md §3, plus what tools insist on finding there. Dotfiles are free. */
const TOP_LEVEL = new Set([
  'src',
  'protocols',
  'ui',
  'test',
  'bench',
  'examples',
  'config',
  'deploy',
  // Pictures for the documents.
  'docs',
  'scripts',
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'Dockerfile',
  'package.json',
  'package-lock.json',
  'biome.json',
  'vitest.config.ts',
]);

/** Names that fit anything. `exchange-types` names something, `types` alone does not. */
const EMPTY_NAMES = /^(types|index)$|^(.+-)?(utils?|helpers?|managers?|common|misc)(-.+)?$/;

const KEBAB_CASE = /^[a-z0-9]+([.-][a-z0-9]+)*$/;

export function misplaced(paths: readonly string[]): Failure[] {
  const known = (name: string) =>
    TOP_LEVEL.has(name) || name.startsWith('.') || /^tsconfig(\.\w+)?\.json$/.test(name);
  return paths.flatMap((path) => {
    const top = path.split('/')[0]!;
    if (known(top)) return [];
    return [
      { rule: 'top level', path, line: 1, text: `${top} is not on the list in DESIGN.md §3` },
    ];
  });
}

export function emptyNames(paths: readonly string[]): Failure[] {
  return paths.filter(isOurs).flatMap((path) => {
    const words = path.split('/').map((part) => part.replace(/(\.(test|d))?\.\w+$/, ''));
    const empty = path === 'protocols/index.ts' ? [] : words.filter((w) => EMPTY_NAMES.test(w));
    const odd = path.split('/').filter((part) => !KEBAB_CASE.test(part));
    return [
      ...empty.map((word) => `"${word}" names nothing: which noun is it?`),
      ...odd.map((part) => `"${part}" is not kebab-case`),
    ].map((text) => ({ rule: 'file name', path, line: 1, text }));
  });
}

function isOurs(path: string): boolean {
  return /^(src|protocols|test|bench|scripts|ui)\/.*\.(tsx?|cjs|mjs|css)$/.test(path);
}

/** @param sizes bytes by path */
export function largeBlobs(sizes: ReadonlyMap<string, number>): Failure[] {
  return [...sizes]
    .filter(([, bytes]) => bytes > BLOB_BYTES)
    .map(([path, bytes]) => {
      return { rule: 'large blob', path, line: 1, text: `${bytes} bytes, at most ${BLOB_BYTES}` };
    });
}

const RELEASE = /^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d( \[YANKED\])?$/;
const KIND = /^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/;

/** Headings in order: title, Unreleased, releases from new to old, the six kinds beneath them. */
export function changelogShape({ path, lines }: Source): Failure[] {
  const failures: Failure[] = [];
  const object = (index: number, text: string) =>
    failures.push({ rule: 'changelog', path, line: index + 1, text });
  if (lines[0] !== '# Changelog') object(0, 'begins with "# Changelog"');
  const sections = [...lines.entries()].filter(([, line]) => line.startsWith('## '));
  if (sections[0]?.[1] !== '## [Unreleased]') object(0, 'its first section is "## [Unreleased]"');
  let newer = '';
  for (const [index, line] of sections.slice(1)) {
    const version = RELEASE.exec(line)?.[1];
    if (version === undefined) object(index, 'not "## [1.2.3] - 2026-01-31"');
    else if (newer !== '' && compare(newer, version) <= 0) object(index, 'newest release first');
    newer = version ?? newer;
  }
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('### ')) continue;
    if (!KIND.test(line)) object(index, 'not Added, Changed, Deprecated, Removed, Fixed, Security');
    const next = lines.slice(index + 1).find((other) => other !== '');
    if (next === undefined || next.startsWith('#')) object(index, 'says nothing');
  }
  return failures;
}

/** Positive if version a is the later one. */
function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  return x!.map((part, index) => part - y![index]!).find((difference) => difference !== 0) ?? 0;
}
