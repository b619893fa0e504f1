/** What compiled codecs refuse, and how methods are found. Bytes: golden-frames.test.ts. */
import { Buffer } from 'node:buffer';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  decoderOf,
  encodeMethod,
  methodById,
  methodName,
  methodOf,
  methodSize,
} from '../../protocols/amqp/compile.ts';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import {
  type ClientMethod,
  type ContentMethod,
  METHODS,
  type MethodArguments,
  type MethodName,
} from '../../protocols/amqp/spec.ts';
import type { Fields } from '../../src/broker/field.ts';
import { bytesOf } from './frames/fixture.ts';

function refusal(name: MethodName, text: string): AmqpError {
  const bytes = bytesOf(text);
  try {
    decoderOf(name)(bytes, 0, bytes.length);
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError);
    return error as AmqpError;
  }
  throw new Error('nothing was thrown');
}

describe('methods', () => {
  it('are found by their ids', () => {
    expect(methodName(60, 40)).toBe('basic.publish');
    expect(methodName(40, 51)).toBe('exchange.unbind-ok');
    expect(methodById(60, 60)).toBe(methodOf('basic.deliver'));
    expect(methodOf('basic.deliver')).toMatchObject({ from: 'server', content: true });
  });

  it.each([
    [0, 0],
    [60, 41],
    [61, 40],
    [65_535, 65_535],
    [60, 65_535],
  ])('that do not exist (%i, %i) are undefined', (classId, methodId) => {
    expect(methodName(classId, methodId)).toBeUndefined();
    expect(methodById(classId, methodId)).toBeUndefined();
  });

  it('have distinct ids', () => {
    const ids = Object.values(METHODS).map((method) => method.id.join('.'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(66);
  });

  it('followed by content are publish, return, deliver and get-ok', () => {
    const names = Object.keys(METHODS).map((name) => methodOf(name as MethodName));
    expect(names.filter((method) => method.content).map((method) => method.name)).toEqual([
      'basic.publish',
      'basic.return',
      'basic.deliver',
      'basic.get-ok',
    ]);
  });
});

describe('a decoder', () => {
  it.each(Object.keys(METHODS) as MethodName[])(
    'refuses %s if a byte is missing or too many',
    (name) => {
      const whole = shortestOf(name);
      const decode = decoderOf(name);
      expect(() => decode(whole, 0, whole.length)).not.toThrow();
      const longer = Buffer.concat([whole, Buffer.alloc(8)]);
      expect(() => decode(longer, 0, whole.length + 1)).toThrow(AmqpError);
      expect(() => decode(longer, 0, whole.length + 1)).toThrow('is followed by');
      for (let end = 0; end < whole.length; end += 1) {
        // The bytes that are missing are there, but they belong to somebody else.
        expect(() => decode(longer, 0, end)).toThrow(`${name} is cut short`);
      }
    },
  );

  it('refuses a short string that goes beyond the frame', () => {
    const error = refusal('basic.publish', "0000 ff 'amq.topic' 00 00");
    expect(error).toMatchObject({ kind: 'SYNTAX_ERROR', message: 'basic.publish is cut short' });
  });

  it('refuses a table that goes beyond the frame', () => {
    expect(refusal('queue.declare', "0000 01 'q' 00 ffffffff").code).toBe(502);
  });

  it('refuses a table whose entries go beyond the table', () => {
    const error = refusal('queue.declare', "0000 01 'q' 00 00000004 01 'a' 'I' 00");
    expect(error.message).toBe('field table is cut short');
  });

  it('refuses names that are not UTF-8', () => {
    expect(refusal('queue.purge', '0000 01 ff 00').message).toBe('malformed UTF-8 in shortstr');
  });

  it('ignores the bits that a method does not have', () => {
    const bytes = bytesOf('0000 00 00 fd');
    expect(decoderOf('basic.publish')(bytes, 0, bytes.length)).toEqual({
      exchange: '',
      routingKey: '',
      mandatory: true,
      immediate: false,
    });
  });

  it('reads a delivery tag beyond 2⁵³ as a number that no delivery has', () => {
    const bytes = bytesOf('ffffffffffffffff 00');
    expect(decoderOf('basic.ack')(bytes, 0, 9).deliveryTag).toBe(2 ** 64);
  });
});

describe('an encoder', () => {
  it('cuts a routing key that another protocol made too long', () => {
    const args = { replyCode: 312, replyText: '', exchange: 'x', routingKey: '€'.repeat(100) };
    const size = methodSize('basic.return', args);
    const buf = Buffer.alloc(size + 1, 0xff);
    expect(encodeMethod('basic.return', args, buf, 0)).toBe(size);
    expect(buf[size]).toBe(0xff);
    const decoded = decoderOf('basic.return')(buf, 4, size);
    expect(decoded.routingKey).toBe('€'.repeat(85));
  });
});

describe('the types of the specification', () => {
  it('name the arguments and what they are', () => {
    expectTypeOf<MethodArguments<'queue.declare'>>().toEqualTypeOf<{
      readonly queue: string;
      readonly passive: boolean;
      readonly durable: boolean;
      readonly exclusive: boolean;
      readonly autoDelete: boolean;
      readonly noWait: boolean;
      readonly arguments: Fields;
    }>();
    expectTypeOf<MethodArguments<'connection.secure'>>().toEqualTypeOf<{
      readonly challenge: Buffer;
    }>();
    expectTypeOf<MethodArguments<'basic.ack'>>().toEqualTypeOf<{
      readonly deliveryTag: number;
      readonly multiple: boolean;
    }>();
  });

  it('know who may send what', () => {
    expectTypeOf<'basic.publish'>().toExtend<ClientMethod>();
    expectTypeOf<'basic.ack'>().toExtend<ClientMethod>();
    expectTypeOf<'basic.deliver'>().not.toExtend<ClientMethod>();
    expectTypeOf<ContentMethod>().toEqualTypeOf<
      'basic.publish' | 'basic.return' | 'basic.deliver' | 'basic.get-ok'
    >();
  });
});

/** Arguments with every string and table empty and every number 0. */
function shortestOf(name: MethodName): Buffer {
  let bytes = 0;
  let bits = 0;
  for (const type of Object.values(METHODS[name].fields) as string[]) {
    bits = type === 'bit' ? bits + 1 : 0;
    if (type === 'bit') bytes += bits % 8 === 1 ? 1 : 0;
    else bytes += { octet: 1, short: 2, shortstr: 1, longlong: 8, timestamp: 8 }[type] ?? 4;
  }
  return Buffer.alloc(bytes);
}
