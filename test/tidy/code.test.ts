/** The rules about one file's text, each proven able to fail and able to pass. */
import { describe, expect, test } from 'vitest';
import { COLUMNS, FILE_LINES, FUNCTION_LINES, untidyCode } from './code.ts';
import { source } from './repository.ts';

const HEADER = ['/**', ' * Carrots: what they are,', ' * and what they are not.', ' */'];

/** `rule@line` for each objection to a file of these lines. */
function objections(path: string, lines: readonly string[]): string[] {
  return untidyCode([source(path, `${lines.join('\n')}\n`)]).map(
    (one) => `${one.rule}@${one.line}`,
  );
}

/** The same for a file of the product that has its header; lines count from below it. */
function inProduct(...lines: string[]): string[] {
  return objections('src/carrots.ts', [...HEADER, ...lines]).map((text) =>
    text.replace(/\d+$/, (line) => String(Number(line) - HEADER.length)),
  );
}

/** An opening and a closing line with so many lines in all. */
function block(opening: string, closing: string, count: number, indent = ''): string[] {
  return [opening, ...new Array<string>(count - 2).fill(`${indent}  step();`), closing];
}

describe('lengths', () => {
  test('a file of the product has a last line', () => {
    const rest = FILE_LINES - HEADER.length;
    expect(inProduct(...new Array<string>(rest).fill('step();'))).toEqual([]);
    expect(inProduct(...new Array<string>(rest + 1).fill('step();'))).toHaveLength(1);
  });

  test.each([
    ['a function', 'function grow(): void {', '}', ''],
    ['an async generator', 'async function* grow(): void {', '}', ''],
    ['an arrow', 'const grow = () => {', '};', ''],
    ['a callback', "socket.on('data', (chunk) => {", '});', ''],
    ['a method', '  async grow<T>(size: T): Promise<void> {', '  }', '  '],
    ['a private method', '  #grow(): void {', '  }', '  '],
    ['a getter', '  get size(): number {', '  }', '  '],
    ['a constructor', '  constructor(size: number) {', '  }', '  '],
  ])('%s is measured', (_title, opening, closing, indent) => {
    expect(inProduct(...block(opening, closing, FUNCTION_LINES, indent))).toEqual([]);
    const long = block(opening, closing, FUNCTION_LINES + 1, indent);
    expect(inProduct(...long)).toEqual(['function length@1']);
  });

  test('a function is measured from its name, over a broken parameter list', () => {
    const parameters = ['function grow(', '  size: number,'];
    const body = block('): void {', '}', FUNCTION_LINES - 1);
    expect(inProduct(...parameters, ...body)).toEqual(['function length@1']);
  });

  test('classes and tables are no functions', () => {
    const long = FUNCTION_LINES + 1;
    expect(inProduct(...block('class Carrots {', '}', long))).toEqual([]);
    expect(inProduct(...block('const CARROTS = {', '};', long))).toEqual([]);
  });

  test('a test may describe at length', () => {
    const long = block("describe('carrots', () => {", '});', FUNCTION_LINES + 1);
    expect(objections('test/carrots.test.ts', long)).toEqual([]);
  });

  test('a line is as wide as its characters, unless it cannot be broken', () => {
    const wide = `// ${'ü'.repeat(COLUMNS - 3)}`;
    expect(inProduct(wide)).toEqual([]);
    expect(inProduct(`${wide}ü`)).toEqual(['line length@1']);
    expect(inProduct(`// https://example.org/${'a'.repeat(COLUMNS)}`)).toEqual([]);
    expect(inProduct(`test('${'a'.repeat(COLUMNS)}', () => {});`)).toEqual([]);
  });
});

describe('comments', () => {
  test('a file of the product begins with a header of at least two lines', () => {
    expect(objections('protocols/amqp/x.ts', ['export const x = 1;'])).toEqual(['file header@1']);
    expect(objections('src/x.ts', ['/** One line. */', 'const x = 1;'])).toEqual(['file header@1']);
    expect(objections('src/main.ts', ['#!/usr/bin/env node', ...HEADER])).toEqual([]);
    expect(objections('test/x.test.ts', ['const x = 1;'])).toEqual([]);
  });

  test.each([
    'export function grow(): void {}',
    'export async function grow(): Promise<void> {}',
    'export class grow {}',
    'export interface grow {}',
  ])('%s needs a doc comment', (line) => {
    const first = 'export function first(): void {}';
    expect(inProduct(first, line)).toEqual(['doc comment@2']);
    expect(inProduct(first, '/** Makes it larger. */', line)).toEqual([]);
  });

  test('the header speaks for the first export and for those that it names', () => {
    expect(inProduct('export class Rabbits {}', 'export class Carrots {}')).toEqual([]);
    expect(inProduct('export class Rabbits {}', 'export class Carrot {}')).toHaveLength(1);
  });

  test('overloads share one comment', () => {
    const overload = 'export function grow(): void;';
    expect(inProduct('export class Rabbits {}', '/** Grows. */', overload, overload)).toEqual([]);
  });
});

describe('leftovers', () => {
  test.each([`TO${'DO'}`, `FIX${'ME'}`, `XX${'X'}`])('%s is one, in any file but prose', (word) => {
    expect(inProduct(`// ${word}: later`)).toEqual(['leftover@1']);
    expect(objections('.ci/run', [`# ${word}`])).toEqual(['leftover@1']);
    expect(objections('CONTRIBUTING.md', [word])).toEqual([]);
  });

  test.each([`it.${'skip'}(`, `test.${'only'}(`, `describe.${'only'}.each(`, `test.${'todo'}(`])(
    '%s is one',
    (call) => {
      expect(objections('test/x.test.ts', [`${call}'a title');`])).toEqual(['skipped test@1']);
    },
  );

  test('a method that happens to be called skip is none', () => {
    expect(objections('test/x.test.ts', ['reader.skip(4);'])).toEqual([]);
  });

  test('blanks at the end of a line are, in any file', () => {
    expect(objections('CHANGELOG.md', ['text  '])).toEqual(['trailing whitespace@1']);
    expect(objections('config/warren.conf', ['a = b\r'])).toEqual(['trailing whitespace@1']);
  });
});
