import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopicTrie } from '../../../src/broker/exchange/topic-trie.ts';

/** The rules of AMQP 3.1.3.3, read aloud. */
function matches(pattern: string, key: string): boolean {
  const split = (text: string) => (text === '' ? [] : text.split('.'));
  const fits = (rules: string[], words: string[]): boolean => {
    const [rule, ...rules2] = rules;
    const [word, ...words2] = words;
    if (rule === undefined) return word === undefined;
    if (rule === '#') {
      return fits(rules2, words) || (word !== undefined && fits(rules, words2));
    }
    return word !== undefined && (rule === '*' || rule === word) && fits(rules2, words2);
  };
  return fits(split(pattern), split(key));
}

const word = fc.constantFrom('a', 'b', 'c', '');
const key = fc.array(word, { maxLength: 5 }).map((words) => words.join('.'));
const pattern = fc
  .array(fc.oneof(word, fc.constantFrom('*', '#', '*', '#')), { maxLength: 5 })
  .map((words) => words.join('.'));

describe('the topic trie', () => {
  test('matches what the naive matcher matches, also after removals', () => {
    const patterns = fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(patterns, fc.array(key, { maxLength: 10 }), (list, keys) => {
        const trie = new TopicTrie<number>();
        for (const [index, [text]] of list.entries()) trie.add(text, index);
        for (const [index, [text, stays]] of list.entries()) if (!stays) trie.remove(text, index);
        for (const one of keys) {
          const expected = list.flatMap(([text, stays], index) =>
            stays && matches(text, one) ? [index] : [],
          );
          expect(trie.match(one).sort((a, b) => a - b)).toEqual(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('takes wildcards in a key for words like any other', () => {
    const trie = new TopicTrie<string>();
    for (const text of ['a.*', 'a.#', 'a.b', '*.*', '#']) trie.add(text, text);
    expect(trie.match('a.*').sort()).toEqual(['#', '*.*', 'a.#', 'a.*'].sort());
    expect(trie.match('#').sort()).toEqual(['#']);
  });

  test('keeps nothing of what was removed', () => {
    const trie = new TopicTrie<string>();
    const texts = ['a.b.c', 'a.b', '#.x.*', ''];
    for (const text of texts) trie.add(text, text);
    trie.remove('a.b.c.d', 'never there');
    trie.remove('a.b', 'of another value');
    for (const text of texts) trie.remove(text, text);
    expect((trie as unknown as { root: { empty: boolean } }).root.empty).toBe(true);
  });

  test('takes a pattern of many # in its stride', () => {
    const trie = new TopicTrie<number>();
    trie.add(Array(30).fill('#').join('.'), 1);
    trie.add(`${Array(30).fill('#.a').join('.')}.end`, 2);
    expect(trie.match(Array(120).fill('a').join('.'))).toEqual([1]);
  });
});
