import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, literalPattern } from '../../src/auth/pattern.ts';

function matches(pattern: string, text: string): boolean {
  return compilePattern(pattern).test(text);
}

describe('a pattern', () => {
  test('may match anywhere, and matches the empty text only if it is empty, as in RabbitMQ', () => {
    expect(matches('b', 'abc')).toBe(true);
    expect(matches('', 'a')).toBe(false);
    expect(matches('', '')).toBe(true);
  });

  test.each([
    ['^amq\\.gen\\-', 'amq.gen-x'],
    ['^a\\_b$', 'a_b'],
    ['\\Aab\\z', 'ab'],
    ['(?i)^ORDERS', 'orders.new'],
    ['^[[:alpha:]]+$', 'abc'],
    ['^[^[:digit:][:space:]]+$', 'abc'],
    ['^[]a]+$', ']a'],
    ['^{x}$', '{x}'],
    ['^a{2,3}$', 'aaa'],
    ['^(?!amq\\.).*', 'orders'],
    ['^[a-z_\\-.]+$', 'a-b_c.d'],
    ['^\\/a\\"$', '/a"'],
    ['a]', 'a]'],
    ['^.$', '𝒳'],
    ['^\\p{L}\\d\\x41$', 'é1A'],
  ])('of PCRE, %s, matches %s', (pattern, text) => {
    expect(matches(pattern, text)).toBe(true);
  });

  test.each([
    ['\\Aab\\z', 'xAabz'],
    ['^[[:digit:]]+$', ':digit:'],
    ['(?i)^a$', 'b'],
  ])('of PCRE, %s, does not match %s', (pattern, text) => {
    expect(matches(pattern, text)).toBe(false);
  });

  test.each(['(', '[', 'a++', '(?>a)', '\\Qa.b\\E', '\\Kx', '(?x)a b', '\\'])(
    'that JavaScript cannot say is refused: %s',
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(SyntaxError);
    },
  );
});

describe('a literal pattern', () => {
  test('matches its own text and no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, other) => {
        const expression = compilePattern(`^${literalPattern(text)}$`);
        expect(expression.test(text)).toBe(true);
        if (other !== text) expect(expression.test(other)).toBe(false);
      }),
    );
    expect(matches(`^${literalPattern('.*')}$`, 'anything')).toBe(false);
  });
});
