import { describe, expect, test } from 'vitest';
import { TopicPermission } from '../../src/auth/topic-permission.ts';
import { TOPIC_VERDICTS_MAX } from '../../src/limits.ts';

function accessOf(write: string, read: string, variables: Record<string, string> = {}) {
  return new TopicPermission({ write, read }).of(new Map(Object.entries(variables)));
}

describe('a topic permission', () => {
  test('has patterns of its own for writing and reading', () => {
    const access = accessOf('^a', '^b');
    expect(access.allows('write', 'a.b')).toBe(true);
    expect(access.allows('read', 'a.b')).toBe(false);
    expect(access.allows('read', 'b.c')).toBe(true);
    expect(accessOf('', '.*').allows('write', 'a')).toBe(false);
  });

  test('puts variables in, and leaves names that nobody knows as they are', () => {
    const access = accessOf('^{vhost}\\.{username}\\.{client_id}$', '^{nothing}$', {
      vhost: 'v',
      username: 'u',
      client_id: 'c',
    });
    expect(access.allows('write', 'v.u.c')).toBe(true);
    expect(access.allows('write', 'v.u.d')).toBe(false);
    expect(access.allows('read', '{nothing}')).toBe(true);
  });

  test('takes values literally: a client called .* may not do everything', () => {
    const access = accessOf('^{client_id}$', '', { client_id: '.*' });
    expect(access.allows('write', 'secret')).toBe(false);
    expect(access.allows('write', '.*')).toBe(true);
  });

  test('without variables is one for all sessions', () => {
    const permission = new TopicPermission({ write: '^a{2}', read: '' });
    expect(permission.of(new Map())).not.toBeUndefined();
    const plain = new TopicPermission({ write: '^a', read: '' });
    expect(plain.of(new Map([['username', 'x']]))).toBe(plain.of(new Map()));
  });

  test('that is not valid allows nothing', () => {
    expect(accessOf('(', '(').allows('write', '(')).toBe(false);
  });

  test('does not remember keys that are very long', () => {
    const access = accessOf('x$', '');
    const key = 'y'.repeat(60_000);
    expect(access.allows('write', `${key}x`)).toBe(true);
    expect(access.allows('write', key)).toBe(false);
    const { verdicts } = access as unknown as { verdicts: { write: Map<string, boolean> } };
    expect(verdicts.write.size).toBe(0);
  });

  test('remembers a bounded number of verdicts, and answers the same beyond', () => {
    const access = accessOf('5$', '');
    for (let i = 0; i < TOPIC_VERDICTS_MAX + 10; i++) {
      expect(access.allows('write', `k${i}`)).toBe(i % 10 === 5);
    }
  });
});
