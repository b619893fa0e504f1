import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/broker/byte-buffer.ts';
import { anyText } from '../support/fields.ts';

type Part =
  | readonly ['u8' | 'u32' | 'f64', number]
  | readonly ['i64' | 'u64', bigint]
  | readonly ['text', string]
  | readonly ['raw', Buffer];

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(fc.constant('u8' as const), fc.integer({ min: 0, max: 255 })),
  fc.tuple(fc.constant('u32' as const), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  fc.tuple(fc.constant('f64' as const), fc.double()),
  fc.tuple(fc.constant('i64' as const), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  fc.tuple(fc.constant('u64' as const), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  fc.tuple(fc.constant('text' as const), anyText),
  fc.tuple(
    fc.constant('raw' as const),
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  ),
);

function write(out: ByteWriter, [kind, value]: Part): void {
  if (typeof value === 'bigint') out.i64(value);
  else if (typeof value === 'string') out.text(value);
  else if (typeof value !== 'number') out.raw(value);
  else if (kind === 'u8') out.u8(value);
  else if (kind === 'u32') out.u32(value);
  else out.f64(value);
}

describe('byte buffers', () => {
  test('give back what was written, in order, however much it is', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const out = new ByteWriter();
        for (const one of parts) write(out, one);
        const from = new ByteReader(out.bytes());
        expect(parts.map(([kind]) => from[kind]())).toEqual(parts.map(([, value]) => value));
        expect(() => from.u8()).toThrow(RangeError);
      }),
      { numRuns: 200 },
    );
  });

  test('refuse to read beyond the end, wherever the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const out = new ByteWriter();
        for (const one of parts) write(out, one);
        const whole = out.bytes();
        for (let length = 0; length < whole.length; length++) {
          const from = new ByteReader(whole.subarray(0, length));
          expect(() => parts.forEach(([kind]) => void from[kind]())).toThrow(RangeError);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('lend nothing: what was read or written stays when the other side changes', () => {
    const source = Buffer.from('abc');
    const out = new ByteWriter();
    out.raw(source);
    source.fill('x');
    const stored = out.bytes();
    const read = new ByteReader(stored).raw();
    stored.fill(0);
    out.raw(Buffer.from('zzz'));
    expect(read.toString()).toBe('abc');
  });
});
