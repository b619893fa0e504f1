import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/broker/byte-buffer.ts';
import { type Field, type Fields, TypedNumber } from '../../src/broker/field.ts';
import { decodeFields, encodeFields } from '../../src/broker/field-codec.ts';
import { anyFields } from '../support/fields.ts';

function roundTrip(fields: Fields): Fields {
  const out = new ByteWriter();
  encodeFields(out, fields);
  return decodeFields(new ByteReader(out.bytes()));
}

describe('the field codec', () => {
  test('gives back every field with its type, and the names in their order', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const back = roundTrip(fields);
        expect(back).toEqual(fields);
        expect([...back.keys()]).toEqual([...fields.keys()]);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps apart what equals only as a number', () => {
    const fields = new Map<string, Field>([
      ['a', 1],
      ['b', new TypedNumber('int64', 1n)],
      ['c', new TypedNumber('double', 1)],
      ['d', new TypedNumber('uint64', 2n ** 64n - 1n)],
      ['e', new TypedNumber('int64', -1n)],
    ]);
    expect([...roundTrip(fields).values()]).toStrictEqual([...fields.values()]);
  });

  test('takes __proto__ for a name like any other', () => {
    expect(roundTrip(new Map([['__proto__', 'x']])).get('__proto__')).toBe('x');
  });

  test('refuses tags and number types that it does not know', () => {
    const bytesOf = (...tail: number[]): ByteReader => {
      const out = new ByteWriter();
      out.u32(1);
      out.text('a');
      for (const byte of tail) out.u8(byte);
      return new ByteReader(out.bytes());
    };
    expect(() => decodeFields(bytesOf(99, 0))).toThrow('unknown type 99');
    expect(() => decodeFields(bytesOf(5, 200))).toThrow('unknown number type');
  });
});
