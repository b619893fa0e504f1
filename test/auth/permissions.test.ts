import { describe, expect, test } from 'vitest';
import { Permissions } from '../../src/auth/permissions.ts';
import { PERMISSION_VERDICTS_MAX } from '../../src/limits.ts';

function reading(pattern: string): (name: string) => boolean {
  const permissions = new Permissions({ configure: '', write: '', read: pattern });
  return (name) => permissions.allows('read', name);
}

describe('permissions', () => {
  test('are patterns that may match anywhere in a name, as in RabbitMQ', () => {
    const allows = reading('order');
    expect(allows('orders.new')).toBe(true);
    expect(allows('my order')).toBe(true);
    expect(allows('Order')).toBe(false);
    const anchored = reading('^a.*z$');
    expect(anchored('a to z')).toBe(true);
    expect(anchored('ba to z')).toBe(false);
  });

  test('allow nothing with the empty pattern but the empty name', () => {
    const allows = reading('');
    expect(allows('a')).toBe(false);
    expect(allows('')).toBe(true);
  });

  test('take the patterns that RabbitMQ takes, with needless escapes too', () => {
    expect(reading('^amq\\.gen\\-.*$')('amq.gen-abc')).toBe(true);
    expect(reading('^a\\_b$')('a_b')).toBe(true);
    expect(reading('^.$')('𝒳')).toBe(true);
  });

  test('with a pattern that is not valid allow nothing there, and do not stop the start', () => {
    const permissions = new Permissions({ configure: '(', write: '.*', read: '\\K' });
    expect(permissions.allows('configure', '(')).toBe(false);
    expect(permissions.allows('write', 'x')).toBe(true);
    expect(permissions.allows('read', 'K')).toBe(false);
  });

  test('that nobody granted allow nothing, not even the empty name', () => {
    const permissions = new Permissions();
    expect(permissions.patterns).toBeNull();
    expect(permissions.allows('read', '')).toBe(false);
  });

  test('are apart for configure, write and read', () => {
    const permissions = new Permissions({ configure: 'c', write: 'w', read: 'r' });
    expect(permissions.allows('configure', 'c')).toBe(true);
    expect(permissions.allows('write', 'c')).toBe(false);
    expect(permissions.allows('read', 'w')).toBe(false);
    expect(permissions.allows('write', 'w')).toBe(true);
  });

  test('forget their verdicts when they change', () => {
    const permissions = new Permissions({ configure: '.*', write: '.*', read: '.*' });
    expect(permissions.allows('read', 'q')).toBe(true);
    permissions.change({ configure: '', write: '', read: '^p$' });
    expect(permissions.allows('read', 'q')).toBe(false);
    expect(permissions.allows('read', 'p')).toBe(true);
    permissions.change(null);
    expect(permissions.allows('read', 'p')).toBe(false);
  });

  test('remember a bounded number of verdicts, and answer the same beyond', () => {
    const permissions = new Permissions({ configure: '', write: '', read: '5$' });
    for (let i = 0; i < PERMISSION_VERDICTS_MAX + 10; i++) {
      expect(permissions.allows('read', `q${i}`)).toBe(i % 10 === 5);
    }
    const { verdicts } = permissions as unknown as { verdicts: { read: Map<string, boolean> } };
    expect(verdicts.read.size).toBeLessThanOrEqual(PERMISSION_VERDICTS_MAX);
  });
});
