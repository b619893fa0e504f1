/** Content header properties: refused, cached, shared and cut. Bytes: golden-frames.test.ts. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import {
  type AmqpHeader,
  decodeProperties,
  encodeProperties,
  headerOf,
} from '../../protocols/amqp/properties.ts';
import { NO_PROPERTIES, Properties } from '../../src/broker/properties.ts';
import { bytesOf } from './frames/fixture.ts';

function decode(text: string): Properties {
  const bytes = bytesOf(text);
  return decodeProperties(bytes, 0, bytes.length);
}

function refusal(text: string): AmqpError {
  try {
    decode(text);
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError);
    return error as AmqpError;
  }
  throw new Error('nothing was thrown');
}

describe('decoding', () => {
  it('keeps the bytes as they came', () => {
    const bytes = bytesOf("ee 9000 0a 'text/plain' 02 ee");
    const properties = decodeProperties(bytes, 1, bytes.length - 1);
    bytes.fill(0);
    expect(properties.persistent).toBe(true);
    expect(headerOf(properties).bytes).toEqual(bytesOf("9000 0a 'text/plain' 02"));
    expect(headerOf(properties).protocol).toBe('amqp-0-9-1');
  });

  it('leaves headers alone until somebody asks', () => {
    const properties = decode("2000 00000004 01 'a' 't' 01");
    expect(properties.hasHeaders).toBe(true);
    expect([...properties.headers!]).toEqual([['a', true]]);
    expect(properties.headers).toBe(properties.headers);
  });

  it('gives the shared empty properties if none is set', () => {
    expect(decode('0000')).toBe(NO_PROPERTIES);
    expect(headerOf(NO_PROPERTIES).bytes).toEqual(bytesOf('0000'));
  });

  it('accepts strings that are not UTF-8, and passes them on unchanged', () => {
    const properties = decode('0400 02 61ff');
    expect(properties.correlationId).toBe('a\ufffd');
    expect(headerOf(properties).bytes).toEqual(bytesOf('0400 02 61ff'));
  });

  it.each(['0001', '0002', '8001 00', '0001 0000'])(
    'refuses the undefined flags of %s, continuation included',
    (text) => {
      const error = refusal(text);
      expect(error).toMatchObject({ kind: 'SYNTAX_ERROR', code: 502 });
      expect(error.message).toBe('content header has undefined property flags');
    },
  );

  it.each([
    ['no flags', ''],
    ['half the flags', '80'],
    ['a string without length', '8000'],
    ['a string that goes beyond the end', "8000 05 'text'"],
    ['a message id that goes beyond the end', "0080 05 'text'"],
    ['no delivery mode', '1000'],
    ['half a timestamp', '0040 00000000'],
    ['half a table length', '2000 0000'],
    ['a table that goes beyond the end', '2000 00000001'],
    ['a table of absurd length', '2000 ffffffff'],
  ])('refuses %s', (_, text) => {
    expect(refusal(text).message).toBe('content header is cut short');
  });

  it('refuses a malformed header table at once, not when somebody asks', () => {
    expect(refusal("2000 00000004 01 'a' 'q' 01").kind).toBe('SYNTAX_ERROR');
    expect(refusal("2000 00000003 01 'a' 't'").message).toBe('field table is cut short');
  });

  it.each(['0000 00', "8000 01 'a' 00"])('refuses bytes after the last property: %s', (text) => {
    expect(refusal(text).message).toMatch(/^content header is followed by/);
  });

  it('does not read what follows in the same buffer', () => {
    const bytes = bytesOf("8000 04 'text'");
    expect(() => decodeProperties(bytes, 0, bytes.length - 1)).toThrow(AmqpError);
  });

  it('works on after it has refused', () => {
    expect(() => decode("8000 05 'text'")).toThrow(AmqpError);
    expect(decode("8000 04 'text'").contentType).toBe('text');
  });
});

describe('the cached header', () => {
  it('is encoded once', () => {
    const properties = new Properties({ messageId: 'm' });
    expect(properties.wire).toBeNull();
    expect(headerOf(properties)).toBe(headerOf(properties));
    expect(properties.wire).toBe(headerOf(properties));
  });

  it('is ours though another protocol has left its own', () => {
    const properties = new Properties({ messageId: 'm' });
    properties.wire = { protocol: 'mqtt' };
    expect(headerOf(properties).bytes).toEqual(bytesOf("0080 01 'm'"));
  });

  it('does not outlive a change', () => {
    const changed = decode("9000 01 'a' 02").with({ contentType: 'b' });
    expect(headerOf(changed).bytes).toEqual(bytesOf("9000 01 'b' 02"));
  });

  it('tells whether the next message says the same', () => {
    const header = decode("9000 01 'a' 02").wire as AmqpHeader;
    const chunk = bytesOf("ee 9000 01 'a' 02 ee");
    expect(header.equals(chunk, 1, 5)).toBe(false);
    expect(header.equals(chunk, 1, chunk.length - 1)).toBe(true);
    chunk[5] = 1;
    expect(header.equals(chunk, 1, chunk.length - 1)).toBe(false);
  });
});

describe('encoding', () => {
  it('sets the highest bit for the first property and bit 2 for the last [AMQP 4.2.6.1]', () => {
    expect(encodeProperties(new Properties({ contentType: '' }))).toEqual(bytesOf('8000 00'));
    expect(encodeProperties(new Properties({ clusterId: '' }))).toEqual(bytesOf('0004 00'));
  });

  it('cuts strings that another protocol made longer than 255 bytes', () => {
    const values = { contentType: 'x'.repeat(300), correlationId: '€'.repeat(100), appId: 'end' };
    const bytes = encodeProperties(new Properties(values));
    const decoded = decodeProperties(bytes, 0, bytes.length);
    expect(decoded.contentType).toBe('x'.repeat(255));
    expect(decoded.correlationId).toBe('€'.repeat(85));
    expect(decoded.appId).toBe('end');
  });

  it('works on after the value of a header could not be encoded', () => {
    const broken = {
      decode: () => {
        throw new Error('broken');
      },
    };
    expect(() => encodeProperties(new Properties({ headers: broken }))).toThrow('broken');
    expect(encodeProperties(new Properties({ priority: 9 }))).toEqual(bytesOf('0800 09'));
  });
});

it('a content header survives from one buffer to the next', () => {
  const values = bytesOf("b0c0 01 'a' 00000000 02 01 'm' 0000000000000001");
  const first = decodeProperties(values, 0, values.length);
  const second = decodeProperties(Buffer.from(headerOf(first).bytes), 0, values.length);
  expect(second.messageId).toBe('m');
  expect(second.timestamp).toBe(1);
  expect(second.headers).toEqual(new Map());
});
