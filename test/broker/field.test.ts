import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Decimal,
  type Field,
  integerOf,
  OpaqueString,
  sameField,
  sameFields,
  stringOf,
  Timestamp,
  TypedNumber,
  textOf,
  typeOf,
} from '../../src/broker/field.ts';
import { anyField, anyFields } from '../support/fields.ts';

describe('fields', () => {
  test('are printed as Erlang prints them', () => {
    const texts: readonly (readonly [Field, string])[] = [
      [null, 'undefined'],
      ['text', 'text'],
      [7, '7'],
      [new TypedNumber('int64', 2n ** 60n), '1152921504606846976'],
      [1.5, '1.5'],
      [new TypedNumber('double', 10), '10.0'],
      [new TypedNumber('double', 60_000), '6.0e4'],
      [new TypedNumber('float', 123_456), '123456.0'],
      [new Timestamp(5), '5'],
    ];
    for (const [field, text] of texts) expect(textOf(field)).toBe(text);
  });

  test('are the same whatever their width, but an integer is not a fraction', () => {
    expect(sameField(1, new TypedNumber('int64', 1n))).toBe(true);
    expect(sameField(new TypedNumber('float', 1), new TypedNumber('double', 1))).toBe(true);
    expect(sameField(1, new TypedNumber('double', 1))).toBe(false);
  });

  test('name their types as RabbitMQ does', () => {
    const names: readonly (readonly [Field, string])[] = [
      [null, 'void'],
      ['text', 'longstr'],
      [new OpaqueString(Buffer.from([0xff])), 'longstr'],
      [true, 'bool'],
      [7, 'signedint'],
      [2 ** 31, 'long'],
      [0.5, 'double'],
      [new TypedNumber('int8', 1), 'byte'],
      [new TypedNumber('uint8', 1), 'unsignedbyte'],
      [new TypedNumber('int16', 1), 'short'],
      [new TypedNumber('uint16', 1), 'unsignedshort'],
      [new TypedNumber('uint32', 1), 'unsignedint'],
      [new TypedNumber('int64', 1n), 'long'],
      [new TypedNumber('float', 1), 'float'],
      [new Timestamp(1), 'timestamp'],
      [new Decimal(1, 1), 'decimal'],
      [Buffer.from('b'), 'binary'],
      [[], 'array'],
      [new Map(), 'table'],
    ];
    for (const [field, name] of names) expect(typeOf(field)).toBe(name);
  });

  test('are integers when their type is one, whatever its width', () => {
    expect(integerOf(5)).toBe(5);
    expect(integerOf(new TypedNumber('int64', 5n))).toBe(5);
    expect(integerOf(new TypedNumber('uint8', 5))).toBe(5);
    for (const field of [5.5, new TypedNumber('double', 5), '5', null, true, undefined]) {
      expect(integerOf(field)).toBeNull();
    }
    expect(stringOf('s')).toBe('s');
    expect(stringOf(5)).toBeNull();
    expect(stringOf(undefined)).toBeNull();
  });

  test('are the same as themselves and as a copy', () => {
    fc.assert(
      fc.property(anyField, (field) => {
        expect(sameField(field, field)).toBe(true);
        expect(sameField(field, structuredCopy(field))).toBe(true);
      }),
    );
  });

  test('compare the same either way round', () => {
    fc.assert(
      fc.property(anyField, anyField, (a, b) => {
        expect(sameField(a, b)).toBe(sameField(b, a));
      }),
    );
  });

  test('compare integers of different widths by value, and large ones exactly', () => {
    expect(sameField(5, new TypedNumber('int64', 5n))).toBe(true);
    expect(sameField(new TypedNumber('int16', 5), new TypedNumber('uint64', 5n))).toBe(true);
    const large = new TypedNumber('int64', 2n ** 60n);
    expect(sameField(large, new TypedNumber('uint64', 2n ** 60n))).toBe(true);
    expect(sameField(large, new TypedNumber('int64', 2n ** 60n + 1n))).toBe(false);
  });

  test('of different kinds are never the same', () => {
    const kinds: Field[] = [null, 'a', true, 1, new Timestamp(1), new Decimal(0, 1), [], new Map()];
    kinds.push(Buffer.from('a'), new OpaqueString(Buffer.from('a')));
    for (const a of kinds) {
      for (const b of kinds) if (a !== b) expect(sameField(a, b)).toBe(false);
      expect(sameField(a, undefined)).toBe(false);
    }
  });

  test('compare tables by names and values in whatever order', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        expect(sameFields(fields, new Map([...fields].reverse()))).toBe(true);
        expect(sameFields(fields, new Map([...fields, ['one more', 1]]))).toBe(false);
      }),
    );
    expect(sameFields(new Map([['a', null]]), new Map([['b', null]]))).toBe(false);
  });
});

function structuredCopy(field: Field): Field {
  if (Buffer.isBuffer(field)) return Buffer.from(field);
  if (field instanceof OpaqueString) return new OpaqueString(Buffer.from(field.bytes));
  if (field instanceof TypedNumber) return new TypedNumber(field.type, field.value);
  if (field instanceof Timestamp) return new Timestamp(field.seconds);
  if (field instanceof Decimal) return new Decimal(field.scale, field.unscaled);
  if (Array.isArray(field)) return field.map(structuredCopy);
  if (field instanceof Map) return new Map([...field].map(([k, v]) => [k, structuredCopy(v)]));
  return field;
}
