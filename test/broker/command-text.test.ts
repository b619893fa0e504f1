import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/broker/catalog.ts';
import { decodeCommand, encodeCommand } from '../../src/broker/command-text.ts';
import {
  Decimal,
  type Field,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import { anyFields } from '../support/fields.ts';

function bindingWith(args: ReadonlyMap<string, Field>): Command {
  const ends = { source: 'x', destinationKind: 'queue', destination: 'q' } as const;
  const record = { vhost: '/', ...ends, routingKey: 'k', arguments: args };
  return { version: 1, op: 'binding.put', record };
}

test('arguments of every type come back as they were', () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const command = bindingWith(fields);
      const text = encodeCommand(command);
      expect(text).not.toContain('\n');
      expect(decodeCommand(text)).toEqual(command);
    }),
  );
});

test('values that JSON would change come back as they were', () => {
  const args = new Map<string, Field>([
    ['zero', -0],
    ['infinite', Number.POSITIVE_INFINITY],
    ['huge', new TypedNumber('uint64', 18_446_744_073_709_551_615n)],
    ['float', new TypedNumber('float', 1.5)],
    ['time', new Timestamp(1_700_000_000)],
    ['decimal', new Decimal(2, -12_345)],
    ['opaque', new OpaqueString(Buffer.from([0xff, 0x00]))],
    ['bytes', Buffer.from([1, 2, 3])],
    ['void', null],
    ['__proto__', new Map([['$', ['map', new Map()]]])],
  ]);
  const decoded = decodeCommand(encodeCommand(bindingWith(args)));
  expect(decoded).toEqual(bindingWith(args));
  const zero = (decoded as unknown as { record: { arguments: Map<string, Field> } }).record
    .arguments;
  expect(Object.is(zero.get('zero'), -0)).toBe(true);
});

test('plain objects keep names that mean something elsewhere', () => {
  const odd = JSON.parse('{"__proto__": 1, "$": "map", "v": []}');
  const command = { version: 1, op: 'policy.put', record: odd } as unknown as Command;
  const decoded = decodeCommand(encodeCommand(command)) as unknown as { record: object };
  expect(Object.entries(decoded.record)).toEqual(Object.entries(odd));
});

test('a value of a kind that is not known is refused, not guessed', () => {
  expect(() => decodeCommand('{"version":1,"op":"x","v":{"$":"quaternion","v":1}}')).toThrow(
    'unknown kind quaternion',
  );
});
