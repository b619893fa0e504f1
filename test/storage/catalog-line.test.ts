import { expect, test } from 'vitest';
import { lineOf, readLines } from '../../src/storage/catalog-line.ts';

const TEXTS = ['{"a":1}', '{"b":"über"}', '{"c":[1,2,3]}'];
const FILE = Buffer.from(TEXTS.map(lineOf).join(''));

test('what is written is read', () => {
  expect(readLines(FILE)).toEqual({ texts: TEXTS, damaged: 0, tornBytes: 0 });
  expect(readLines(Buffer.alloc(0))).toEqual({ texts: [], damaged: 0, tornBytes: 0 });
});

test('a file cut anywhere has every record before the cut', () => {
  for (let bytes = 0; bytes <= FILE.length; bytes++) {
    const { texts, damaged } = readLines(FILE.subarray(0, bytes));
    expect(texts).toEqual(TEXTS.slice(0, texts.length));
    expect(damaged).toBe(0);
    const whole = FILE.subarray(0, bytes).toString().split('\n').length - 1;
    expect(texts.length).toBeGreaterThanOrEqual(whole);
  }
});

test('a flipped bit costs one record, wherever it is, and none is misread', () => {
  for (let bit = 0; bit < FILE.length * 8; bit++) {
    const file = Buffer.from(FILE);
    file[bit >> 3] = (file[bit >> 3] as number) ^ (1 << (bit & 7));
    const { texts, damaged, tornBytes } = readLines(file);
    expect(TEXTS).toEqual(expect.arrayContaining([...texts]));
    expect(texts.length).toBeGreaterThanOrEqual(TEXTS.length - 1);
    if (texts.length < TEXTS.length) expect(damaged + tornBytes).toBeGreaterThan(0);
  }
});

test('garbage between records costs none of them', () => {
  const garbage = Buffer.from([0, 255, 10, 13, 0, 10, 34]);
  const [first, ...rest] = TEXTS.map((text) => Buffer.from(lineOf(text)));
  const { texts, damaged } = readLines(
    Buffer.concat([first!, garbage, Buffer.from('\n'), ...rest]),
  );
  expect(texts).toEqual(TEXTS);
  expect(damaged).toBeGreaterThan(0);
});
