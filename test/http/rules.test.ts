/** The rules that hold for every resource of the management API [management-api.md §1.1]. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiBroker, startApi } from '../support/management.ts';

let broker: ApiBroker;

beforeAll(async () => {
  broker = await startApi({
    config: {
      'management.cors.allow_origins.1': 'https://console.example',
      'management.path_prefix': '/rabbit',
    },
  });
  for (const name of ['a.one', 'a.two', 'b.one']) {
    await broker.call('PUT', `/rabbit/api/queues/%2F/${name}`, { durable: true });
  }
  await broker.call('PUT', '/rabbit/api/vhosts/other');
  await broker.call('PUT', '/rabbit/api/queues/other/hidden', {});
  const users = [
    ['watcher', 'monitoring'],
    ['worker', 'management'],
    ['maker', 'policymaker'],
    ['client', ''],
  ];
  for (const [name, tags] of users) {
    await broker.call('PUT', `/rabbit/api/users/${name}`, { password: 'p', tags });
    if (name === 'watcher') continue;
    const rights = { configure: '^w', write: '.*', read: '.*' };
    await broker.call('PUT', `/rabbit/api/permissions/%2F/${name}`, rights);
  }
});

afterAll(() => broker?.stop());

const get = (path: string, as = 'guest:guest') => broker.get(`/rabbit/api${path}`, { as });

describe('paths', () => {
  test('nothing is served outside the prefix', async () => {
    expect((await broker.get('/api/overview')).status).toBe(404);
  });

  test('a slash at the end does not matter', async () => {
    for (const path of ['/users/', '/permissions/', '/bindings/', '/cluster-name/']) {
      expect((await get(path)).status, path).toBe(200);
    }
  });

  test.each(['/', 'a/b', 'a%2Fb', '100%', 'two words', '+', '~', 'ü', '..', '.', 'x'.repeat(255)])(
    'a queue may be called %j',
    async (name) => {
      const path = `/rabbit/api/queues/%2F/${encodeURIComponent(name).replaceAll('.', '%2E')}`;
      expect((await broker.call('PUT', path, {})).status).toBe(201);
      expect((await broker.get(path)).body.name).toBe(name);
      expect((await broker.call('DELETE', path)).status).toBe(204);
      expect((await broker.call('DELETE', path)).status).toBe(404);
    },
  );

  test('what does not exist is 404 with JSON, logged in or not', async () => {
    const { status, body } = await get('/nothing/here');
    expect([status, body.error]).toEqual([404, 'Object Not Found']);
  });
});

describe('methods', () => {
  test('HEAD is GET without the body', async () => {
    const head = await broker.call('HEAD', '/rabbit/api/queues');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers['content-type']).toBe('application/json');
  });

  test('OPTIONS and a method that is not there name those that are', async () => {
    const options = await broker.call('OPTIONS', '/rabbit/api/queues/%2F/a.one');
    expect([options.status, options.headers.allow]).toEqual([
      200,
      'HEAD, GET, PUT, DELETE, OPTIONS',
    ]);
    const patch = await broker.call('PATCH', '/rabbit/api/overview');
    expect([patch.status, patch.headers.allow]).toEqual([405, 'HEAD, GET, OPTIONS']);
  });

  test('pages of other origins may call if they are on the list', async () => {
    const ask = (origin: string) =>
      broker.call('OPTIONS', '/rabbit/api/overview', undefined, {
        headers: { origin, 'access-control-request-headers': 'authorization' },
      });
    const { headers } = await ask('https://console.example');
    expect(headers['access-control-allow-origin']).toBe('https://console.example');
    expect(headers['access-control-allow-headers']).toBe('authorization');
    const other = await ask('https://evil.example');
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('JSON is read whatever the content type says', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      const headers = { 'content-type': type };
      const path = '/rabbit/api/queues/%2F/a.one';
      const { status } = await broker.call('PUT', path, { durable: true }, { headers });
      expect(status, type).toBe(204);
    }
  });

  test('long answers are compressed for those who understand', async () => {
    const raw = await fetch(`http://127.0.0.1:${broker.apiPort}/rabbit/api/overview`, {
      headers: { authorization: `Basic ${btoa('guest:guest')}`, 'accept-encoding': 'gzip' },
    });
    expect(raw.headers.get('content-encoding')).toBe('gzip');
    expect(await raw.json()).toMatchObject({ product_name: 'Warren' });
  });
});

describe('lists', () => {
  const names = (items: { name: string }[]) => items.map(({ name }) => name);

  test('come in pages, sorted and filtered, with chosen columns', async () => {
    const query = 'page=1&page_size=2&name=.one&sort=name&sort_reverse=true&columns=name';
    const { body } = await get(`/queues/%2F?${query}`);
    expect(body).toEqual({
      filtered_count: 2,
      item_count: 2,
      items: [{ name: 'b.one' }, { name: 'a.one' }],
      page: 1,
      page_count: 1,
      page_size: 2,
      total_count: 3,
    });
  });

  test('a page size alone asks for the first page; 500 is the most', async () => {
    const { body } = await get('/queues/%2F?page_size=1');
    expect([body.page, body.page_count, body.item_count]).toEqual([1, 3, 1]);
    expect((await get('/queues?page=1&page_size=501')).body.error).toBe(
      'invalid_pagination_parameters',
    );
    expect((await get('/queues?page=0')).status).toBe(400);
    expect((await get('/queues?page=x')).status).toBe(400);
  });

  test('sort by nested numbers, empty sorts and unknown columns are fine', async () => {
    const message = {
      properties: {},
      routing_key: 'b.one',
      payload: 'x',
      payload_encoding: 'string',
    };
    await broker.call('POST', '/rabbit/api/exchanges/%2F/amq.default/publish', message);
    const sorted = await get('/queues/%2F?sort=message_stats.publish&sort_reverse=true');
    expect(names(sorted.body)[0]).toBe('b.one');
    expect((await get('/queues?sort=')).status).toBe(200);
    expect((await get('/queues/%2F?columns=nothing')).body).toEqual([{}, {}, {}]);
    const nested = await get('/queues/%2F/b.one?columns=message_stats.publish_details.rate,name');
    expect(nested.body).toEqual({
      message_stats: { publish_details: { rate: expect.any(Number) } },
      name: 'b.one',
    });
  });

  test('a regular expression that never ends is stopped', async () => {
    await broker.call('PUT', `/rabbit/api/queues/%2F/${'a'.repeat(100)}`, {});
    const { status } = await get(
      `/queues?page=1&use_regex=true&name=${encodeURIComponent('(a+)+$b')}`,
    );
    expect(status).toBe(400);
    await broker.call('DELETE', `/rabbit/api/queues/%2F/${'a'.repeat(100)}`);
  });
});

describe('rights', () => {
  test('without a management tag there is no access', async () => {
    const { status, body } = await get('/overview', 'client:p');
    expect(status).toBe(401);
    expect(body).toEqual({ error: 'not_authorised', reason: 'Not management user' });
  });

  test('who monitors sees every vhost and connection, but not the users or foreign queues', async () => {
    expect((await get('/vhosts', 'watcher:p')).body).toHaveLength(2);
    expect((await get('/nodes', 'watcher:p')).status).toBe(200);
    expect((await get('/queues', 'watcher:p')).body).toEqual([]);
    expect((await get('/users', 'watcher:p')).body.reason).toBe('Not administrator user');
    const put = await broker.call('PUT', '/rabbit/api/queues/%2F/xx', {}, { as: 'watcher:p' });
    expect([put.status, put.body.reason]).toEqual([
      401,
      'User not authorised to access virtual host',
    ]);
  });

  test('who manages sees the vhosts that are open to it, and acts with its permissions', async () => {
    const vhosts = (await get('/vhosts', 'worker:p')).body;
    expect(vhosts.map(({ name }: { name: string }) => name)).toEqual(['/']);
    expect((await get('/queues/other', 'worker:p')).status).toBe(401);
    expect((await get('/nodes', 'worker:p')).body.reason).toBe('Not monitor user');
    const declare = (name: string) =>
      broker.call('PUT', `/rabbit/api/queues/%2F/${name}`, {}, { as: 'worker:p' });
    expect((await declare('work')).status).toBe(201);
    const refused = await declare('a.new');
    expect(refused.status).toBe(401);
    expect(refused.body).toEqual({
      error: 'not_authorised',
      reason: "configure access to queue 'a.new' in vhost '/' refused for user 'worker'",
    });
    await broker.call('DELETE', '/rabbit/api/queues/%2F/work');
  });

  test('parameters are for policymakers', async () => {
    expect((await get('/parameters', 'worker:p')).status).toBe(401);
    expect((await get('/parameters', 'maker:p')).status).toBe(200);
    expect((await get('/whoami', 'maker:p')).body).toEqual({
      name: 'maker',
      tags: ['policymaker'],
    });
  });
});
