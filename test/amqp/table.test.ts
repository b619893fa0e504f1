/** Field tables: every type letter, what does not round-trip by itself, and hostile input. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import {
  decodeTable,
  encodeTable,
  LazyTable,
  putTable,
  tableSize,
  validateTable,
} from '../../protocols/amqp/table.ts';
import {
  Decimal,
  type Field,
  type Fields,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import { MAX_TABLE_DEPTH } from '../../src/limits.ts';
import { bytesOf } from './frames/fixture.ts';

function decode(bytes: Buffer): Fields {
  return decodeTable(bytes, 0, bytes.length);
}

/** The one value in a table whose entry is named `v`. */
function valueIn(text: string): Field | undefined {
  return decode(bytesOf(`01 'v' ${text}`)).get('v');
}

function encoded(value: Field): Buffer {
  return encodeTable(new Map([['v', value]]));
}

/** Both ways of reading refuse the bytes, with the same words. */
function refusal(bytes: Buffer): AmqpError {
  const errors = [validateTable, decodeTable, LazyTable.copied].map((read) => {
    try {
      read(bytes, 0, bytes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(AmqpError);
      return error as AmqpError;
    }
    throw new Error('nothing was thrown');
  });
  expect(new Set(errors.map((error) => error.message)).size).toBe(1);
  expect(errors[0]!.kind).toBe('SYNTAX_ERROR');
  return errors[0]!;
}

describe('values', () => {
  it.each<[string, string, Field]>([
    ['a true bool', "'t' 01", true],
    ['a false bool', "'t' 00", false],
    ['an int8', "'b' 80", new TypedNumber('int8', -128)],
    ['a uint8', "'B' ff", new TypedNumber('uint8', 255)],
    ['an int16', "'s' 8000", new TypedNumber('int16', -32_768)],
    ['a uint16', "'u' ffff", new TypedNumber('uint16', 65_535)],
    ['an int32', "'I' 80000000", -2_147_483_648],
    ['a uint32', "'i' ffffffff", new TypedNumber('uint32', 4_294_967_295)],
    ['an int64 that only an int64 holds', "'l' 0000000080000000", 2_147_483_648],
    ['an int64 that an int32 would hold', "'l' ffffffffffffffff", new TypedNumber('int64', -1n)],
    ['a large int64', "'l' 7fffffffffffffff", new TypedNumber('int64', 2n ** 63n - 1n)],
    ['the last exact int64', "'l' 001fffffffffffff", 2 ** 53 - 1],
    ['the first inexact int64', "'l' 0020000000000000", new TypedNumber('int64', 2n ** 53n)],
    ['a float', "'f' 3f800000", new TypedNumber('float', 1)],
    ['a double', "'d' 3ff8000000000000", 1.5],
    ['a double that is whole', "'d' 3ff0000000000000", new TypedNumber('double', 1)],
    ['a double that is minus zero', "'d' 8000000000000000", new TypedNumber('double', -0)],
    ['a double beyond the integers', "'d' 43f0000000000000", 2 ** 64],
    ['an infinite double', "'d' 7ff0000000000000", Number.POSITIVE_INFINITY],
    ['a double that is no number', "'d' 7ff8000000000000", Number.NaN],
    ['a decimal', "'D' 02 ffffffff", new Decimal(2, -1)],
    ['a string', "'S' 00000002 c3a9", 'é'],
    ['an empty string', "'S' 00000000", ''],
    [
      'a string that is not UTF-8',
      "'S' 00000002 c328",
      new OpaqueString(Buffer.from('c328', 'hex')),
    ],
    ['a string that begins with a byte order mark', "'S' 00000003 efbbbf", '\ufeff'],
    ['a timestamp', "'T' 000000006553f100", new Timestamp(1_700_000_000)],
    ['void', "'V'", null],
    ['bytes', "'x' 00000003 00ff80", Buffer.from('00ff80', 'hex')],
    ['an empty table', "'F' 00000000", new Map()],
    ['a table', "'F' 00000004 01 'a' 't' 01", new Map([['a', true]])],
    ['an empty array', "'A' 00000000", []],
    ['an array', "'A' 00000008 'I' 00000001 'V' 't' 00", [1, null, false]],
  ])('decode and encode %s', (_, text, value) => {
    expect(valueIn(text)).toStrictEqual(value);
    expect(encoded(value)).toEqual(bytesOf(`01 'v' ${text}`));
  });

  it('accept L as RabbitMQ does, and write l', () => {
    expect(valueIn("'L' ffffffffffffffff")).toEqual(new TypedNumber('int64', -1n));
  });

  it('take any bool but 0 for true', () => {
    expect(valueIn("'t' 02")).toBe(true);
  });

  it('write a uint64, which RabbitMQ does not know, as an l of the same bits', () => {
    const value = new TypedNumber('uint64', 2n ** 64n - 1n);
    expect(encoded(value)).toEqual(bytesOf("01 'v' 'l' ffffffffffffffff"));
  });

  it('write 64-bit numbers that are not bigints', () => {
    expect(encoded(new TypedNumber('int64', 5))).toEqual(bytesOf("01 'v' 'l' 0000000000000005"));
  });

  it('write minus zero as the int32 that a bare whole number means', () => {
    expect(encoded(-0)).toEqual(bytesOf("01 'v' 'I' 00000000"));
  });

  it('do not change when the read buffer is used again', () => {
    const bytes = bytesOf(
      "01 'x' 'x' 00000002 'ab' 01 'o' 'S' 00000001 ff 01 's' 'S' 00000001 'z'",
    );
    const fields = decode(bytes);
    bytes.fill(0);
    expect(fields.get('x')).toEqual(Buffer.from('ab'));
    expect(fields.get('o')).toEqual(new OpaqueString(Buffer.from([0xff])));
    expect(fields.get('s')).toBe('z');
  });
});

describe('names', () => {
  it('keep the order of the wire', () => {
    const bytes = bytesOf("01 'b' 'V' 01 'a' 'V' 01 '1' 'V' 00 'V'");
    expect([...decode(bytes).keys()]).toEqual(['b', 'a', '1', '']);
    expect(encodeTable(decode(bytes))).toEqual(bytes);
  });

  it('that come twice mean the last', () => {
    const fields = decode(bytesOf("01 'a' 't' 00 01 'b' 'V' 01 'a' 't' 01"));
    expect([...fields]).toEqual([
      ['a', true],
      ['b', null],
    ]);
  });

  it('like __proto__ are names', () => {
    const fields = decode(bytesOf("09 '__proto__' 't' 01"));
    expect(fields.get('__proto__')).toBe(true);
    expect(Object.getPrototypeOf(fields)).toBe(Map.prototype);
  });

  it('that are not UTF-8 do not refuse the table, as in RabbitMQ', () => {
    expect([...decode(bytesOf("01 ff 't' 01")).keys()]).toEqual(['\ufffd']);
  });

  it('of more than 255 bytes are cut when written', () => {
    const fields = new Map([['é'.repeat(200), true]]);
    const room = Buffer.alloc(tableSize(fields) + 1, 0xee);
    expect(putTable(room, 0, fields)).toBe(room.length - 1);
    expect(room.at(-1)).toBe(0xee);
    expect([...decode(room.subarray(4, -1)).keys()]).toEqual(['é'.repeat(127)]);
  });
});

describe('malformed tables', () => {
  it.each([
    ['a name without value', "01 'a'"],
    ['a name that goes beyond the end', "09 'abc'"],
    ['a number that is cut short', "01 'a' 'I' 000000"],
    ['a double that is cut short', "01 'a' 'd' 00"],
    ['a bool without value', "01 'a' 't'"],
    ['a string without a whole length', "01 'a' 'S' 000000"],
    ['a string that goes beyond the end', "01 'a' 'S' 00000003 'ab'"],
    ['bytes of absurd length', "01 'a' 'x' ffffffff 00"],
    ['a nested table that goes beyond the end', "01 'a' 'F' 00000005 01 'b' 't' 01"],
    ['a value that goes beyond its nested table', "01 'a' 'F' 00000003 01 'b' 'I' 00000000"],
    ['a value that goes beyond its array', "01 'a' 'A' 00000002 'I' 00 00 00 00"],
  ])('with %s are cut short', (_, text) => {
    expect(refusal(bytesOf(text)).message).toBe('field table is cut short');
  });

  it.each(['00', 'ff', "'q'", "'U'"])('with a value of type %s are refused', (type) => {
    const error = refusal(bytesOf(`01 'a' ${type} 00000000 00000000`));
    expect(error.message).toMatch(/^field table has a value of unknown type 0x/);
  });

  it('are refused the same in a nested place', () => {
    const error = refusal(bytesOf("01 'a' 'A' 00000009 'F' 00000004 01 'b' ff 01"));
    expect(error.message).toBe('field table has a value of unknown type 0xff');
  });

  it('are not read beyond their end, though the buffer goes on', () => {
    const bytes = bytesOf("01 'a' 'I' 00000007 01 'b' 't' 01");
    expect(() => decodeTable(bytes, 0, 6)).toThrow('cut short');
    expect([...decodeTable(bytes, 7, 11)]).toEqual([['b', true]]);
  });
});

/** `levels` tables in one another, with or without the bytes inside that make them arrays. */
function nested(levels: number, letter: 'F' | 'A'): Buffer {
  let bytes = Buffer.alloc(0);
  for (let level = 1; level < levels; level += 1) {
    const head = Buffer.alloc(letter === 'F' ? 7 : 5);
    let at = 0;
    if (letter === 'F') at = head.write('\u0001n', 0, 'latin1');
    at += head.write(letter, at, 'latin1');
    head.writeUInt32BE(bytes.length, at);
    bytes = Buffer.concat([head, bytes]);
  }
  if (letter === 'F') return bytes;
  return Buffer.concat([Buffer.from('\u0001n', 'latin1'), bytes]);
}

describe('nesting', () => {
  it.each(['F', 'A'] as const)('of %s up to the bound is read and written', (letter) => {
    const bytes = nested(MAX_TABLE_DEPTH, letter);
    expect(encodeTable(decode(bytes))).toEqual(bytes);
  });

  it.each(['F', 'A'] as const)('of %s deeper than the bound is refused', (letter) => {
    const text = `field tables are nested deeper than ${MAX_TABLE_DEPTH}`;
    expect(refusal(nested(MAX_TABLE_DEPTH + 1, letter)).message).toBe(text);
    expect(refusal(nested(1000, letter)).message).toBe(text);
    expect(refusal(nested(20_000, letter)).message).toBe(text);
  });

  it('deeper than the bound is written as void, so that the rest can be delivered', () => {
    let fields: Fields = new Map([['bottom', true]]);
    for (let level = 0; level < 1000; level += 1) fields = new Map([['n', fields]]);
    let inner: Field | undefined = decode(encodeTable(new Map([['deep', fields]])));
    let depth = 0;
    while (inner instanceof Map) {
      inner = inner.values().next().value;
      depth += 1;
    }
    expect(inner).toBeNull();
    expect(depth).toBe(MAX_TABLE_DEPTH);
  });
});

describe('a lazy table', () => {
  it('keeps bytes of its own', () => {
    const bytes = bytesOf("ff 01 'a' 'S' 00000001 'z' ff");
    const lazy = LazyTable.copied(bytes, 1, 9);
    bytes.fill(0);
    expect([...lazy.decode()]).toEqual([['a', 'z']]);
  });
});
