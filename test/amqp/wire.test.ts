/** Elementary types: bounds, exactness and what becomes of names. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import {
  copyOf,
  lenientNameAt,
  longlongAt,
  nameAt,
  putLong,
  putLonglong,
  putLongstr,
  putShort,
  putShortstr,
  putTimestamp,
  readLong,
  readLonglong,
  readLongstr,
  readOctet,
  readShort,
  readShortstr,
  sameBytes,
  shortstrSize,
} from '../../protocols/amqp/wire.ts';

function errorOf(act: () => unknown): AmqpError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError);
    return error as AmqpError;
  }
  throw new Error('nothing was thrown');
}

/** The bytes that putShortstr writes for a text, in exactly the room it asks for. */
function shortstr(text: string): Buffer {
  const buf = Buffer.alloc(shortstrSize(text));
  expect(putShortstr(buf, 0, text)).toBe(buf.length);
  return buf;
}

describe('numbers', () => {
  it('are read as unsigned and in network order', () => {
    const buf = Buffer.from('00fffefdfcfbfaf9f8', 'hex');
    expect(readOctet(buf, 1, 9)).toBe(0xff);
    expect(readShort(buf, 1, 9)).toBe(0xfffe);
    expect(readLong(buf, 1, 9)).toBe(0xfffe_fdfc);
    expect(readLonglong(buf, 1, 9)).toBe(Number(0xfffe_fdfc_fbfa_f9f8n));
  });

  it.each([0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER])(
    'as a longlong keep %d exactly',
    (value) => {
      const buf = Buffer.alloc(10, 0xee);
      expect(putLonglong(buf, 1, value)).toBe(9);
      expect(buf.readBigUInt64BE(1)).toBe(BigInt(value));
      expect(longlongAt(buf, 1)).toBe(value);
      expect(buf[9]).toBe(0xee);
    },
  );

  it('are written in network order', () => {
    const buf = Buffer.alloc(6);
    expect(putLong(buf, putShort(buf, 0, 0xfffe), 0xfdfc_fbfa)).toBe(6);
    expect(buf.toString('hex')).toBe('fffefdfcfbfa');
  });

  it.each([
    ['octet', readOctet, 1],
    ['short', readShort, 2],
    ['long', readLong, 4],
    ['longlong', readLonglong, 8],
  ] as const)('of type %s are not read beyond the end', (name, read, bytes) => {
    const buf = Buffer.alloc(20);
    expect(read(buf, 10 - bytes, 10)).toBe(0);
    const error = errorOf(() => read(buf, 11 - bytes, 10));
    expect(error.kind).toBe('SYNTAX_ERROR');
    expect(error.message).toBe(`${name} is cut short`);
  });

  it.each([
    [1.9, 1n],
    [-1, 0n],
    [Number.NaN, 0n],
    [2 ** 53, 2n ** 53n],
    [2 ** 64, 2n ** 64n - 1n],
    [Number.POSITIVE_INFINITY, 2n ** 64n - 1n],
  ])('as a timestamp, %d seconds stay in range', (seconds, written) => {
    const buf = Buffer.alloc(8);
    expect(putTimestamp(buf, 0, seconds)).toBe(8);
    expect(buf.readBigUInt64BE(0)).toBe(written);
  });
});

describe('short strings', () => {
  it.each([
    '',
    'a',
    'orders.eu',
    'x'.repeat(16),
    'x'.repeat(17),
    'x'.repeat(255),
    'zażółć',
    '€'.repeat(85),
    '😀',
  ])('hold %s', (text) => {
    const bytes = shortstr(text);
    expect(bytes.subarray(1).toString()).toBe(text);
    expect(readShortstr(bytes, 0, bytes.length)).toBe(text);
    expect(readShortstr(bytes, 0, bytes.length)).toBe(text);
  });

  it('of more than 255 bytes are cut after the last whole character', () => {
    expect(shortstr('x'.repeat(300))).toHaveLength(256);
    expect(shortstr(`ab${'€'.repeat(100)}`)).toHaveLength(1 + 2 + 84 * 3);
    expect(
      shortstr(`x${'😀'.repeat(100)}`)
        .subarray(1)
        .toString(),
    ).toBe(`x${'😀'.repeat(63)}`);
  });

  it('with half a surrogate pair are written as valid UTF-8', () => {
    expect(shortstr('a\ud800').toString('hex')).toBe('0461efbfbd');
  });

  it('are not read beyond the end, though the buffer goes on', () => {
    const buf = Buffer.from('..\u0005abcdefgh');
    expect(readShortstr(buf, 2, 8)).toBe('abcde');
    expect(errorOf(() => readShortstr(buf, 2, 7)).kind).toBe('SYNTAX_ERROR');
    expect(errorOf(() => readShortstr(buf, 2, 2)).kind).toBe('SYNTAX_ERROR');
    expect(errorOf(() => readShortstr(buf, buf.length, buf.length)).kind).toBe('SYNTAX_ERROR');
  });

  it('that are not UTF-8 are refused where they name something', () => {
    const buf = Buffer.from([3, 0x61, 0xff, 0x62]);
    expect(errorOf(() => readShortstr(buf, 0, 4)).message).toBe('malformed UTF-8 in shortstr');
    expect(lenientNameAt(buf, 1, 3)).toBe('a\ufffdb');
    expect(errorOf(() => nameAt(buf, 1, 3)).kind).toBe('SYNTAX_ERROR');
  });
});

describe('remembered names', () => {
  it('stay right when more names come than can be remembered', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `key.${i}.${(i * 7919) % 1000}`);
    const buf = Buffer.alloc(64);
    for (const name of [...names, ...names]) {
      expect(nameAt(buf, 3, buf.write(name, 3, 'latin1')) === name).toBe(true);
    }
  });

  it('do not change when the read buffer is used again', () => {
    const buf = Buffer.from('orders');
    const name = nameAt(buf, 0, 6);
    buf.write('prices');
    expect(name).toBe('orders');
    expect(nameAt(buf, 0, 6)).toBe('prices');
  });

  it('are told apart though one begins like the other', () => {
    const buf = Buffer.from('a\0');
    expect(nameAt(buf, 0, 1)).toBe('a');
    expect(nameAt(buf, 0, 2)).toBe('a\0');
  });
});

describe('long strings', () => {
  it('are copied, so that the read buffer can be used again', () => {
    const buf = Buffer.alloc(9);
    expect(putLongstr(buf, 0, Buffer.from('hello'))).toBe(9);
    const read = readLongstr(buf, 0, 9);
    buf.fill(0);
    expect(read.toString()).toBe('hello');
  });

  it.each([
    ['without a whole length', '000000'],
    ['with fewer bytes than announced', '0000000361ff'],
    ['with an absurd length', 'ffffffff61'],
  ])('%s are refused', (_, hex) => {
    const buf = Buffer.from(hex, 'hex');
    expect(errorOf(() => readLongstr(buf, 0, buf.length)).kind).toBe('SYNTAX_ERROR');
  });
});

describe('bytes', () => {
  it('are compared with a part of a buffer', () => {
    const buf = Buffer.from('xxabcxx');
    expect(sameBytes(buf, 2, 5, Buffer.from('abc'))).toBe(true);
    expect(sameBytes(buf, 2, 5, Buffer.from('abd'))).toBe(false);
    expect(sameBytes(buf, 2, 6, Buffer.from('abc'))).toBe(false);
  });

  it('that are copied stay', () => {
    const buf = Buffer.from('abc');
    const copy = copyOf(buf, 1, 3);
    buf.fill(0);
    expect(copy.toString()).toBe('bc');
  });
});
