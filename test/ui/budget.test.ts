import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const built = path.join(import.meta.dirname, '..', '..', 'dist', 'ui');

/** Bytes before the first page, and of everything, as they travel. */
const ENTRY_BYTES = 45_000;
const ALL_BYTES = 150_000;

/** The scripts and styles that a file names in words of its own, without being asked. */
function needed(text: string): string[] {
  return [...text.matchAll(/(?:src|href)="\.\/(assets\/[\w.-]+\.(?:js|css))"/g)].map(
    ([, name]) => name as string,
  );
}

const gzipped = (name: string): number => gzipSync(readFileSync(path.join(built, name))).length;

const files = (): string[] =>
  (readdirSync(built, { recursive: true }) as string[]).filter((name) => /\.\w+$/.test(name));

test('what comes before the first page is at most 45 kB, gzipped', () => {
  const index = readFileSync(path.join(built, 'index.html'), 'utf8');
  const names = ['index.html', ...needed(index)];
  expect(names.length).toBeGreaterThan(2);
  const bytes = names.reduce((sum, name) => sum + gzipped(name), 0);
  console.log(`console: ${bytes} bytes before the first page`);
  expect(bytes).toBeLessThanOrEqual(ENTRY_BYTES);
});

test('everything is at most 150 kB, gzipped', () => {
  const texts = files().filter((name) => /\.(html|js|css|svg)$/.test(name));
  const bytes = texts.reduce((sum, name) => sum + gzipped(name), 0);
  console.log(`console: ${bytes} bytes in all`);
  expect(bytes).toBeLessThanOrEqual(ALL_BYTES);
});

test('every text is there compressed, and no source map is', () => {
  const all = files();
  for (const name of all.filter((one) => /\.(html|js|css|svg)$/.test(one))) {
    expect(existsSync(path.join(built, `${name}.br`)), name).toBe(true);
    expect(existsSync(path.join(built, `${name}.gz`)), name).toBe(true);
  }
  expect(all.filter((name) => name.endsWith('.map'))).toEqual([]);
});

test('the page has no script or style of its own, which its policy forbids', () => {
  const index = readFileSync(path.join(built, 'index.html'), 'utf8');
  expect(index).not.toMatch(/<style|<script(?![^>]*\bsrc=)| style=| on\w+=/);
});
