/**
 * Who may use which path of the management API: all of them, as the page at /api/index.html lists
 * them, so that a new one is held to the rules, too.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiBroker, startApi } from '../support/management.ts';

let broker: ApiBroker;
let routes: readonly (readonly [method: string, path: string])[];

beforeAll(async () => {
  broker = await startApi();
  const users = [
    ['untagged', '', true],
    ['stranger', 'management', false],
    ['worker', 'management', true],
    ['monitor', 'monitoring', true],
    ['maker', 'policymaker', true],
  ] as const;
  for (const [name, tags, enters] of users) {
    await broker.call('PUT', `/api/users/${name}`, { password: 'p', tags });
    const rights = { configure: '.*', write: '.*', read: '.*' };
    if (enters) await broker.call('PUT', `/api/permissions/%2F/${name}`, rights);
  }
  const { text } = await broker.get('/api/index.html');
  routes = [...text.matchAll(/<td>([A-Z ]+)<\/td><td>([^<]+)<\/td>/g)].flatMap(
    ([, methods = '', path = '']) => methods.split(' ').map((method) => [method, path] as const),
  );
});

afterAll(() => broker?.stop());

/** A path with something in the place of every parameter. */
function filled(path: string): string {
  const values: Readonly<Record<string, string>> = { vhost: '%2F', place: '%2F', kind: 'q' };
  return path.replace(/:(\w+)(\([^)]*\))?/g, (_all, name: string) => values[name] ?? 'x');
}

async function statusOf(method: string, path: string, as: string | null): Promise<number> {
  const body = method === 'GET' || method === 'DELETE' ? undefined : {};
  return (await broker.call(method, filled(path), body, { as })).status;
}

/** The routes whose answer is not among those that it may be. */
async function others(
  as: string | null,
  allowed: readonly number[],
  wanted: (method: string, path: string) => boolean = () => true,
): Promise<string[]> {
  const found: string[] = [];
  for (const [method, path] of routes) {
    if (!wanted(method, path)) continue;
    const status = await statusOf(method, path, as);
    if (!allowed.includes(status)) found.push(`${status} ${method} ${path}`);
  }
  return found;
}

test('the page lists every path', () => {
  expect(routes.length).toBeGreaterThan(120);
});

/** Told to everybody, so that a page can say how to log in. */
const OPEN = ['/api/auth'];

test('nobody gets anywhere without a login', async () => {
  expect(await others(null, [401], (_method, path) => !OPEN.includes(path))).toEqual([]);
});

test('a user without a tag gets nowhere, whatever rights it has in a vhost', async () => {
  const closed = (_method: string, path: string): boolean => !OPEN.includes(path);
  expect(await others('untagged:p', [401], closed)).toEqual([]);
});

test('who may not enter a vhost gets nowhere in it', async () => {
  const inside = (_method: string, path: string): boolean => path.includes('/:vhost');
  expect(await others('stranger:p', [401], inside)).toEqual([]);
});

/** What only administrators may do. */
const ADMINISTRATION = new RegExp(
  `^/api/(${[
    ...['users', 'user-limits', 'permissions', 'topic-permissions', 'vhosts', 'vhost-limits'],
    ...['definitions', 'all-configuration', 'cluster-name', 'global-parameters', 'config'],
    ...['feature-flags', 'operator-policies', 'reset', 'rebalance', 'auth/attempts'],
  ].join('|')})\\b`,
);

/** Changes below such a path that are for others, too. */
const NOT_ADMINISTRATION = /^\/api\/(vhosts\/:vhost\/(connections|channels))/;

test.each(['worker:p', 'monitor:p', 'maker:p'])('%s administers nothing', async (as) => {
  const changes = (method: string, path: string): boolean =>
    method !== 'GET' && ADMINISTRATION.test(path) && !NOT_ADMINISTRATION.test(path);
  expect(await others(as, [401, 404], changes)).toEqual([]);
  const secrets = ['/api/users', '/api/definitions', '/api/config/effective', '/api/permissions'];
  const reads = (method: string, path: string): boolean =>
    method === 'GET' && secrets.includes(path);
  expect(await others(as, [401], reads)).toEqual([]);
});

test('nothing that anybody may ask for is our fault', async () => {
  const reads = (method: string, path: string): boolean =>
    method === 'GET' && !path.includes('stream');
  const fine = [200, 201, 204, 400, 404, 503];
  expect(await others('guest:guest', fine, reads)).toEqual([]);
});
