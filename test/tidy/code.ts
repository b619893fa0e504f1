/**
 * Rules about the text of one file: lengths, header, doc comments, leftovers. They rely on biome's
 * formatting instead of a parser: a block ends at the next `}` with the indentation of its opening.
 */
import type { Failure, Source } from './repository.ts';

export const FILE_LINES = 400;
export const FUNCTION_LINES = 70;
export const COLUMNS = 100;

type Place = readonly [line: number, text: string];

/** Where a rule looks, and what it objects to in one file. */
interface Rule {
  readonly rule: string;
  readonly files: RegExp;
  readonly check: (lines: readonly string[]) => readonly Place[];
}

const PRODUCT = /^(src|protocols|ui)\/.*\.tsx?$/;
const CODE = /\.(ts|tsx|cjs|mjs|js)$/;
const MEASURED = /^(src|protocols|scripts|bench|ui)\/.*\.(tsx?|cjs)$/;

const RULES: readonly Rule[] = [
  { rule: 'file length', files: PRODUCT, check: fileLength },
  { rule: 'function length', files: MEASURED, check: functionLength },
  { rule: 'line length', files: CODE, check: lineLength },
  { rule: 'file header', files: PRODUCT, check: fileHeader },
  { rule: 'doc comment', files: PRODUCT, check: docComments },
  { rule: 'leftover', files: /(?<!\.md)$/, check: leftovers },
  { rule: 'skipped test', files: /^test\/.*\.ts$/, check: skippedTests },
  { rule: 'trailing whitespace', files: /^/, check: trailingWhitespace },
];

/** Every objection of every rule to every file. */
export function untidyCode(sources: readonly Source[]): Failure[] {
  return sources.flatMap(({ path, lines }) =>
    RULES.filter(({ files }) => files.test(path)).flatMap(({ rule, check }) =>
      check(lines).map(([line, text]) => ({ rule, path, line, text })),
    ),
  );
}

function fileLength(lines: readonly string[]): Place[] {
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (count <= FILE_LINES) return [];
  return [[count, `${count} lines, at most ${FILE_LINES}: is it really one noun?`]];
}

/** A line that may open a function: the keyword, an arrow, a method, the end of its parameters. */
const OPENING = [
  /\bfunction\b.*\{$/,
  /=> \{$/,
  /^\s+(?:(?:static|async|override|get|set|private|protected|public) )*[*#]*[\w$]+(?:<.*>)?\(.*\{$/,
  /^\s*\).*\{$/,
];
const CONTROL = /^\s*(?:\} )?(?:if|else|for|while|do|switch|try|catch|finally|with|return)\b/;

function functionLength(lines: readonly string[]): Place[] {
  const places: Place[] = [];
  for (const [index, line] of lines.entries()) {
    if (!OPENING.some((pattern) => pattern.test(line))) continue;
    const indent = /^\s*/.exec(line)![0];
    const first = /^\s*\)/.test(line) ? openingOf(lines, index, indent) : index;
    if (CONTROL.test(lines[first]!)) continue;
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    const count = end - first + 1;
    if (count <= FUNCTION_LINES) continue;
    places.push([first + 1, `function of ${count} lines, at most ${FUNCTION_LINES}`]);
  }
  return places;
}

/** The line where a parameter list, whose closing bracket starts `lines[index]`, was opened. */
function openingOf(lines: readonly string[], index: number, indent: string): number {
  const opening = new RegExp(`^${indent}\\S.*[(<]$`);
  return lines.findLastIndex((line, at) => at < index && opening.test(line));
}

/** An address; the title of a test, which biome keeps on one line. */
const UNBREAKABLE = /\S+:\/\/\S+|^\s*(?:test|it|describe)\b\S*\(['`]/;

function lineLength(lines: readonly string[]): Place[] {
  return lines.flatMap((line, index): Place[] => {
    const columns = [...line].length;
    if (columns <= COLUMNS || UNBREAKABLE.test(line)) return [];
    return [[index + 1, `${columns} columns, at most ${COLUMNS}`]];
  });
}

function fileHeader(lines: readonly string[]): Place[] {
  const first = lines[0]!.startsWith('#!') ? 1 : 0;
  const header = headerOf(lines, first);
  if (header.filter((line) => /\w/.test(line)).length >= 2) return [];
  const text =
    'begins with a /** */ of two to six lines: what it is, where it sits, what it does not';
  return [[first + 1, text]];
}

function headerOf(lines: readonly string[], first: number): readonly string[] {
  if (!lines[first]?.startsWith('/**')) return [];
  const end = lines.findIndex((line, index) => index >= first && line.endsWith('*/'));
  return lines.slice(first, end + 1);
}

const EXPORTED =
  /^export (?:default )?(?:abstract )?(?:async )?(?:function\*?|class|interface) ([\w$]+)/;

/** The file header speaks for the file's first export, and for whatever else it names. */
function docComments(lines: readonly string[]): Place[] {
  const header = headerOf(lines, lines[0]!.startsWith('#!') ? 1 : 0).join('\n');
  const places: Place[] = [];
  let previous: string | undefined;
  for (const [index, line] of lines.entries()) {
    const name = EXPORTED.exec(line)?.[1];
    if (name === undefined) continue;
    const overload = name === previous;
    const introduced = header.split(/[^\w$]+/).includes(name) || previous === undefined;
    previous = name;
    if (overload || introduced || lines[index - 1]?.endsWith('*/')) continue;
    places.push([index + 1, `exported ${name} has no /** */ comment`]);
  }
  return places;
}

// Spelt so that this file does not find itself.
const LEFTOVER = /\b(T[O]DO|F[I]XME|X[X]X)\b/;

function leftovers(lines: readonly string[]): Place[] {
  return matching(lines, LEFTOVER, (found) => `${found}: do it, or say so where users read it`);
}

const SKIPPED = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo)\b/;

function skippedTests(lines: readonly string[]): Place[] {
  return matching(lines, SKIPPED, (found) => `${found}: every test runs, always`);
}

function trailingWhitespace(lines: readonly string[]): Place[] {
  return matching(lines, /[ \t\r]+$/, () => 'blanks at the end of the line');
}

function matching(
  lines: readonly string[],
  pattern: RegExp,
  say: (found: string) => string,
): Place[] {
  return lines.flatMap((line, index): Place[] => {
    const found = pattern.exec(line)?.[0];
    return found === undefined ? [] : [[index + 1, say(found)]];
  });
}
