import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from '../src/edit-distance.ts';

describe('the edit distance', () => {
  test.each([
    ['', '', 0],
    ['abc', '', 3],
    ['', 'ab', 2],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['levle', 'level', 1],
    ['ca', 'abc', 3],
    ['same', 'same', 0],
  ])('of %o and %o is %i, both ways', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('the nearest name', () => {
  test('is the first of the nearest, whatever the case', () => {
    expect(nearest('PORT', ['part', 'port', 'ports'])).toBe('port');
    expect(nearest('pirt', ['port', 'part'])).toBe('port');
  });

  test('is none if too much would have to change, or the name is absurdly long', () => {
    expect(nearest('xyz', ['abc', 'port'])).toBeNull();
    expect(nearest('a'.repeat(1000), ['a'.repeat(999)])).toBeNull();
    expect(nearest('port', [])).toBeNull();
  });
});
