import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Message } from '../../src/broker/message.ts';
import { Properties, type PropertyValues } from '../../src/broker/properties.ts';
import { decodeStoredHeader, encodeStoredHeader } from '../../src/broker/stored-header.ts';
import { anyFields, anyText } from '../support/fields.ts';

const NAMES = [
  'contentType',
  'contentEncoding',
  'headers',
  'deliveryMode',
  'priority',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'timestamp',
  'type',
  'userId',
  'appId',
  'clusterId',
] as const;

const octet = fc.integer({ min: 0, max: 255 });

/** Each property may be there or not. */
const anyValues: fc.Arbitrary<PropertyValues> = fc.record(
  {
    contentType: anyText,
    contentEncoding: anyText,
    headers: anyFields,
    deliveryMode: octet,
    priority: octet,
    correlationId: anyText,
    replyTo: anyText,
    expiration: anyText,
    messageId: anyText,
    timestamp: fc.nat(),
    type: anyText,
    userId: anyText,
    appId: anyText,
    clusterId: anyText,
  },
  { requiredKeys: [] },
);

describe('the stored header', () => {
  test('gives back exchange, routing key and every property that was there', () => {
    fc.assert(
      fc.property(anyText, anyText, anyValues, (exchange, routingKey, values) => {
        const body = Buffer.from('body');
        const message = new Message(exchange, routingKey, new Properties(values), body);
        const back = decodeStoredHeader(encodeStoredHeader(message));
        expect([back.exchange, back.routingKey]).toEqual([exchange, routingKey]);
        for (const name of NAMES) expect(back.properties[name]).toEqual(values[name]);
        expect(back.properties.hasHeaders).toBe(values.headers !== undefined);
        expect(back.properties.ttlMs).toEqual(message.properties.ttlMs);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses bytes of another version, and bytes that end too early', () => {
    const properties = new Properties({ messageId: 'id', headers: new Map([['a', 'b']]) });
    const message = new Message('x', 'key', properties, Buffer.alloc(0));
    const stored = encodeStoredHeader(message);
    for (let length = 0; length < stored.length; length++) {
      expect(() => decodeStoredHeader(stored.subarray(0, length))).toThrow(RangeError);
    }
    stored[0] = 9;
    expect(() => decodeStoredHeader(stored)).toThrow('unknown version 9');
  });
});
