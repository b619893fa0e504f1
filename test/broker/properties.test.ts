import { describe, expect, test } from 'vitest';
import { MAX_TTL_MS, NO_PROPERTIES, Properties } from '../../src/broker/properties.ts';

describe('properties', () => {
  test('read an expiration as decimal ms between zero and ten years, and nothing else', () => {
    const ttlOf = (expiration: string) => new Properties({ expiration }).ttlMs;
    expect(NO_PROPERTIES.ttlMs).toBe(-1);
    expect(ttlOf('0')).toBe(0);
    expect(ttlOf('1500')).toBe(1500);
    expect(ttlOf(String(MAX_TTL_MS))).toBe(MAX_TTL_MS);
    for (const bad of [String(MAX_TTL_MS + 1), '-1', '', ' 5', '5 ', '0x10', '1e3', '1.5', 'abc']) {
      expect(ttlOf(bad)).toBeNaN();
    }
  });

  test('are persistent with delivery mode 2 only', () => {
    expect(new Properties({ deliveryMode: 2 }).persistent).toBe(true);
    for (const deliveryMode of [0, 1, 3, undefined]) {
      expect(new Properties({ deliveryMode }).persistent).toBe(false);
    }
  });

  test('are plain when nothing in them asks for a check', () => {
    expect(NO_PROPERTIES.plain).toBe(true);
    expect(new Properties({ contentType: 'a', priority: 1 }).plain).toBe(true);
    expect(new Properties({ headers: new Map() }).plain).toBe(false);
    expect(new Properties({ expiration: '1' }).plain).toBe(false);
    expect(new Properties({ userId: 'u' }).plain).toBe(false);
  });

  test('decode headers when somebody asks for them, and once', () => {
    let decoded = 0;
    const lazy = {
      decode: () => {
        decoded++;
        return new Map([['a', 'b']]);
      },
    };
    const properties = new Properties({ headers: lazy });
    expect(properties.hasHeaders).toBe(true);
    expect(decoded).toBe(0);
    expect(properties.headers?.get('a')).toBe('b');
    expect(properties.headers?.get('a')).toBe('b');
    expect(decoded).toBe(1);
  });

  test('copy with changes, without the encoded form', () => {
    const properties = new Properties({ messageId: 'm', expiration: '5', headers: new Map() });
    properties.wire = { protocol: 'amqp' };
    const copy = properties.with({ expiration: undefined, appId: 'app' });
    expect(copy.messageId).toBe('m');
    expect(copy.expiration).toBeUndefined();
    expect(copy.ttlMs).toBe(-1);
    expect(copy.appId).toBe('app');
    expect(copy.headers).toBe(properties.headers);
    expect(copy.wire).toBeNull();
    expect(properties.ttlMs).toBe(5);
  });

  test('copy headers that nobody has decoded without decoding them', () => {
    const lazy = { decode: () => expect.unreachable() };
    expect(new Properties({ headers: lazy }).with({ appId: 'app' }).hasHeaders).toBe(true);
  });
});
