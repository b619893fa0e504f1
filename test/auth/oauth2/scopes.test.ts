/** Scopes: what is one, what it matches, and where in a token it may be. */
import { describe, expect, test } from 'vitest';
import { type ResourceServer, resourceServerOf } from '../../../src/auth/oauth2/resource-server.ts';
import { ScopeRights } from '../../../src/auth/oauth2/scope-rights.ts';
import { SegmentPattern } from '../../../src/auth/oauth2/segment-pattern.ts';
import { scopesOf } from '../../../src/auth/oauth2/token-scopes.ts';

const SERVER: ResourceServer = {
  id: 'rabbitmq',
  verifyAudience: true,
  scopePrefix: 'rabbitmq.',
  additionalScopesPaths: [],
  type: 'broker',
  usernameClaims: ['sub'],
  scopeAliases: new Map([['reader', ['rabbitmq.read:*/*', 'other.write:*/*']]]),
  provider: '',
};

describe('a segment', () => {
  test.each<[pattern: string, name: string, matches: boolean]>([
    ['*', '', true],
    ['*', 'anything/at all', true],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*b*c', 'axbxc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['a*a', 'a', false],
    ['**', 'x', true],
    ['a', 'A', false],
    ['%2F', '/', true],
    ['%2A', '*', true],
    ['%2A', 'x', false],
    ['100%', '100%', true],
    ['{sub}.*', 'ann.x', true],
    ['{sub}.*', 'bob.x', false],
    ['{nothing}', 'nothing', true],
  ])('%j beside %j: %j', (pattern, name, matches) => {
    const lookup = (wanted: string): string => (wanted === 'sub' ? 'ann' : wanted);
    expect(new SegmentPattern(pattern, lookup).matches(name)).toBe(matches);
  });

  test('takes what a claim says as it is: nobody gives himself a wildcard', () => {
    const pattern = new SegmentPattern('{sub}', () => '*');
    expect([pattern.matches('*'), pattern.matches('ann')]).toEqual([true, false]);
  });

  test('with many wildcards takes no longer for a long name', () => {
    const pattern = new SegmentPattern('a*'.repeat(5000), (name) => name);
    expect(pattern.matches(`${'a'.repeat(4999)}${'b'.repeat(50_000)}`)).toBe(false);
  });
});

describe('rights', () => {
  const scopes = ['read:v*/q*', 'write:*/x/a.*', 'configure:other/*', 'tag:administrator', 'odd'];
  const claim = (): undefined => undefined;

  test('are those of the scopes for this vhost', () => {
    const rights = new ScopeRights(scopes, 'v1', claim);
    expect(rights.open).toBe(true);
    expect(rights.allows('read', 'q1')).toBe(true);
    expect(rights.allows('read', 'x')).toBe(false);
    expect(rights.allows('write', 'x')).toBe(true);
    expect(rights.allows('configure', 'q1')).toBe(false);
    const keys = rights.topic('x').of(new Map());
    expect([keys.allows('write', 'a.b'), keys.allows('write', 'b')]).toEqual([true, false]);
    expect(keys.allows('read', 'a.b')).toBe(false);
  });

  test('are none where no scope is for the vhost; a tag opens none', () => {
    expect(new ScopeRights(['read:a/*', 'tag:administrator'], 'b', claim).open).toBe(false);
    expect(new ScopeRights(['read:{vhost}/*'], '*', claim).open).toBe(true);
  });
});

describe('the scopes of a token', () => {
  test('are those with our prefix, once, with aliases resolved', () => {
    const scope = 'rabbitmq.read:*/* reader other.read:*/* rabbitmq.tag:management';
    expect(scopesOf({ scope }, SERVER)).toEqual(['read:*/*', 'tag:management']);
  });

  test('come from other claims, too, by paths through lists', () => {
    const claims = {
      scope: ['rabbitmq.read:a/*'],
      roles: { rabbitmq: ['write:a/*'] },
      deep: [{ list: [{ of: 'rabbitmq.configure:a/*' }] }, 'nothing', { list: 7 }],
    };
    const server = { ...SERVER, additionalScopesPaths: ['roles', 'deep.list.of', 'not.there'] };
    expect(scopesOf(claims, server)).toEqual(['read:a/*', 'write:a/*', 'configure:a/*']);
  });

  test('come from rich authorization requests of our type and cluster [RFC 9396]', () => {
    const detail = (location: string, actions: unknown, type = 'broker') => ({
      ...{ type, locations: [location], actions },
    });
    const authorization_details = [
      detail('cluster:rabbit*/vhost:v/queue:q', ['read', 'drop']),
      detail('cluster:rabbitmq/vhost:v/exchange:x/routing-key:k', 'write'),
      detail('cluster:rabbitmq', ['administrator']),
      detail('cluster:elsewhere', ['read']),
      detail('vhost:v', ['read']),
      detail('cluster:rabbitmq', ['read'], 'bank'),
      detail('cluster:rabbitmq/queue:a/exchange:b', ['read']),
      'nonsense',
    ];
    const scopes = ['read:v/q/*', 'write:v/x/k', 'tag:administrator'];
    expect(scopesOf({ authorization_details }, SERVER)).toEqual(scopes);
    expect(scopesOf({ authorization_details }, { ...SERVER, type: null })).toEqual([]);
  });
});

test('the audience says which server is meant, or the only one that does not care', () => {
  const other = { ...SERVER, id: 'other' };
  const lax = { ...SERVER, id: 'lax', verifyAudience: false };
  expect(resourceServerOf([SERVER, other], { aud: ['x', 'other'] })).toBe(other);
  expect(resourceServerOf([SERVER, other], { aud: 'x rabbitmq' })).toBe(SERVER);
  expect(resourceServerOf([SERVER, lax], {})).toBe(lax);
  expect(() => resourceServerOf([SERVER, other], { aud: ['rabbitmq', 'other'] })).toThrow(
    'several',
  );
  expect(() => resourceServerOf([SERVER], {})).toThrow('no audience');
  expect(() => resourceServerOf([SERVER], { aud: 7 })).toThrow('not for us');
});
