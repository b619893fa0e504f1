/**
 * Arbitrary fields for property tests: every type of field.ts, nested a few levels deep.
 */
import fc from 'fast-check';
import {
  Decimal,
  type Field,
  type Fields,
  type NumberType,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

const narrow = fc
  .tuple(
    fc.constantFrom<NumberType>('int8', 'uint8', 'int16', 'uint16', 'uint32', 'float', 'double'),
    fc.integer({ min: 0, max: 100 }),
  )
  .map(([type, value]) => new TypedNumber(type, value));

const wide = fc.oneof(
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => new TypedNumber('int64', value)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => new TypedNumber('uint64', value)),
);

const scalar: fc.Arbitrary<Field> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true }),
  narrow,
  wide,
  fc.integer({ min: 0, max: 2 ** 40 }).map((seconds) => new Timestamp(seconds)),
  fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer())
    .map(([scale, unscaled]) => new Decimal(scale, unscaled)),
  bytes.map((value) => new OpaqueString(value)),
  bytes,
);

const { field } = fc.letrec<{ field: Field }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('field'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('field')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
}));

export const anyField: fc.Arbitrary<Field> = field;

export const anyFields: fc.Arbitrary<Fields> = fc
  .array(fc.tuple(text, field), { maxLength: 6 })
  .map((pairs) => new Map(pairs));

export const anyText: fc.Arbitrary<string> = text;
