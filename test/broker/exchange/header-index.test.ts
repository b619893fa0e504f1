import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeaderIndex, type HeaderRule } from '../../../src/broker/exchange/header-index.ts';
import { type Destination, Matched } from '../../../src/broker/exchange/matched.ts';
import { type Field, type Fields, sameField, TypedNumber } from '../../../src/broker/field.ts';

const names = fc.constantFrom('a', 'b', 'c', 'x-d');
const values: fc.Arbitrary<Field> = fc.constantFrom<Field>(
  ...[null, 'one', 'two', 1, 2, true, false, 1.5, [1, 2]],
  ...[new TypedNumber('int64', 1n), new TypedNumber('double', 2), new Map([['k', 1]])],
);
const tables: fc.Arbitrary<Fields> = fc
  .array(fc.tuple(names, values), { maxLength: 4 })
  .map((entries) => new Map(entries));

function ruleOf(wanted: Fields, any: boolean): HeaderRule {
  const destination = { kind: 'exchange', routeMark: 0 } as unknown as Destination;
  return { destination, any, wanted: [...wanted] };
}

function matches({ any, wanted }: HeaderRule, headers: Fields): boolean {
  const has = ([name, value]: readonly [string, Field]) =>
    headers.has(name) && (value === null || sameField(value, headers.get(name)));
  return any ? wanted.some(has) : wanted.every(has);
}

describe('an index of headers', () => {
  test('finds the rules that comparing each of them finds', () => {
    const rules = fc.array(fc.tuple(tables, fc.boolean(), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(rules, fc.array(tables, { maxLength: 5 }), (made, messages) => {
        const index = new HeaderIndex();
        const all = made.map(([wanted, any, stays]) => ({ rule: ruleOf(wanted, any), stays }));
        for (const { rule } of all) index.add(rule);
        for (const { rule, stays } of all) if (!stays) index.remove(rule);
        const left = all.filter(({ stays }) => stays).map(({ rule }) => rule);
        const into = new Matched();
        for (const headers of messages) {
          into.reset();
          index.match(headers, into);
          const expected = left.filter((rule) => matches(rule, headers));
          expect(new Set(into.exchanges)).toEqual(new Set(expected.map((one) => one.destination)));
          expect(into.exchanges).toHaveLength(expected.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('looks only at rules that share a header, however many there are', () => {
    const index = new HeaderIndex();
    let asked = 0;
    for (let i = 0; i < 1000; i++) {
      const { destination, ...rule } = ruleOf(
        new Map<string, Field>([
          ['all', 1],
          ['id', i],
        ]),
        false,
      );
      index.add({
        ...rule,
        get destination() {
          asked++;
          return destination;
        },
      });
    }
    const into = new Matched();
    into.reset();
    index.match(
      new Map<string, Field>([
        ['all', 1],
        ['id', 7],
      ]),
      into,
    );
    expect(into.exchanges).toHaveLength(1);
    expect(asked).toBe(1);
  });
});
