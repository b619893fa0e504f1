import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addConsole } from '../../../protocols/http/console/console.ts';
import { ConsoleFiles } from '../../../protocols/http/console/console-files.ts';
import { HttpListener } from '../../../protocols/http/http-listener.ts';
import { silentLog } from '../../../src/log.ts';
import { type ApiBroker, caller, type Reply, startApi } from '../../support/management.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'warren-console-'));
const folder = path.join(scratch, 'ui');

/** A listener with nothing but a console; the files are `folder`'s, unless there are none. */
async function startConsole(prefix: string, where: string | null): Promise<HttpListener> {
  const options = { log: silentLog, maxBodyBytes: 1024, corsOrigins: [], corsMaxAge: 0 };
  const listener = new HttpListener({ ...options, protocol: 'http' });
  const connectOrigins = ['https://login.example'];
  addConsole(listener.app, { prefix, connectOrigins, files: new ConsoleFiles(() => where) });
  await listener.start({ host: '127.0.0.1', port: 0 });
  return listener;
}

let plain: HttpListener;
let prefixed: HttpListener;
let bare: HttpListener;
const get = (listener: HttpListener, where: string, headers = {}): Promise<Reply> =>
  caller(listener.port)('GET', where, undefined, { as: null, headers });

beforeAll(async () => {
  mkdirSync(path.join(folder, 'assets'), { recursive: true });
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>Warren</title>');
  writeFileSync(path.join(folder, 'assets', 'app-1a2b.js'), 'let one = 1;');
  writeFileSync(path.join(folder, 'assets', 'app-1a2b.js.gz'), gzipSync('let one = 1;'));
  writeFileSync(path.join(folder, 'assets', 'app-1a2b.js.br'), 'not really brotli');
  writeFileSync(path.join(folder, 'favicon.svg'), '<svg/>');
  writeFileSync(path.join(scratch, 'secret.json'), '{}');
  plain = await startConsole('', folder);
  prefixed = await startConsole('/rabbit', folder);
  bare = await startConsole('', null);
});

afterAll(async () => {
  await Promise.all([plain, prefixed, bare].map((listener) => listener?.stop()));
  rmSync(scratch, { recursive: true });
});

describe('the console', () => {
  test('is one page, asked for again every time and sent only if it has changed', async () => {
    const page = await get(plain, '/');
    expect(page.status).toBe(200);
    expect(page.text).toContain('<title>Warren</title>');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['cache-control']).toBe('no-cache');
    const again = await get(plain, '/', { 'if-none-match': page.headers.etag });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('may call nobody but the broker and who signs people in, nor be framed', async () => {
    const { headers } = await get(plain, '/', { host: 'broker.example:15672' });
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual([
      "default-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self' ws://broker.example:15672 wss://broker.example:15672 https://login.example",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  test('a host that is none does not get into the policy', async () => {
    const { headers } = await get(plain, '/', { host: "x; script-src 'unsafe-inline'" });
    expect(headers['content-security-policy']).not.toContain('unsafe-inline');
  });

  test('its assets are kept for ever, and sent as the build has compressed them', async () => {
    const asset = await get(plain, '/assets/app-1a2b.js');
    expect(asset.text).toBe('let one = 1;');
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(asset.headers['content-type']).toBe('text/javascript; charset=utf-8');
    const encodings = [
      ['gzip, deflate, br', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
      ['identity', undefined],
    ];
    for (const [accepted, chosen] of encodings) {
      const reply = await get(plain, '/assets/app-1a2b.js', { 'accept-encoding': accepted });
      expect(reply.headers['content-encoding'], accepted).toBe(chosen);
    }
  });

  test('nothing outside its folder is a file of it', async () => {
    for (const where of [
      '/assets/../../secret.json',
      '/assets/%2e%2e/%2e%2e/secret.json',
      '/assets/..%2f..%2fsecret.json',
      '/assets/.hidden.js',
      '/assets/app-1a2b.js.gz',
      '/assets/',
      '/secret.json',
    ]) {
      expect((await get(plain, where)).status, where).toBe(404);
    }
  });

  test('what lies beside the page is there, under a name that stays', async () => {
    writeFileSync(path.join(folder, 'layers.css'), '@layer a, b;');
    const { text, headers } = await get(plain, '/layers.css');
    expect([text, headers['cache-control']]).toEqual(['@layer a, b;', 'no-cache']);
    expect((await get(plain, '/gone.css')).status).toBe(404);
  });

  test('a new build is seen without a restart', async () => {
    await get(plain, '/favicon.svg');
    writeFileSync(path.join(folder, 'favicon.svg'), '<svg>new</svg>');
    expect((await get(plain, '/favicon.svg')).text).toBe('<svg>new</svg>');
  });

  test('below a prefix it is at the prefix with a slash, which the prefix alone leads to', async () => {
    expect((await get(prefixed, '/rabbit/')).text).toContain('<title>Warren</title>');
    const redirect = await get(prefixed, '/rabbit?code=1');
    expect([redirect.status, redirect.headers.location]).toEqual([301, '/rabbit/?code=1']);
    expect((await get(prefixed, '/rabbit/assets/app-1a2b.js')).status).toBe(200);
    expect((await get(prefixed, '/')).status).toBe(404);
  });

  test('that has not been built says so, and how to', async () => {
    const { status, text } = await get(bare, '/');
    expect(status).toBe(503);
    expect(text).toContain('npm start');
  });
});

describe('the policy of a broker with an identity provider', () => {
  const policyOf = async (config: Record<string, string>): Promise<string> => {
    const one = await startApi({ config });
    const { headers } = await one.get('/');
    await one.stop();
    return String(headers['content-security-policy']);
  };

  test('lets pages call that provider, and nobody else', async () => {
    const policy = await policyOf({
      'auth_oauth2.resource_server_id': 'warren',
      'management.oauth_enabled': 'true',
      'management.oauth_client_id': 'console',
      'management.oauth_provider_url': 'https://login.example/realms/work',
    });
    expect(policy).toMatch(/connect-src 'self' \S+ \S+ https:\/\/login\.example;/);
  });

  test('is what an operator says, if one says something', async () => {
    const policy = "default-src 'self'; connect-src *";
    expect(await policyOf({ 'management.csp.policy': policy })).toBe(policy);
  });
});

describe('beside the console', () => {
  let broker: ApiBroker;
  beforeAll(async () => {
    broker = await startApi();
  });
  afterAll(() => broker?.stop());

  test.each([
    ['/api/overview', 200, 'application/json'],
    ['/api/nothing', 404, 'application/json'],
    ['/v1/openapi.json', 200, 'application/json; charset=utf-8'],
    ['/cli/rabbitmqadmin', 404, 'application/json'],
    ['/somewhere', 404, 'application/json'],
  ])('%s is what it was', async (where, status, type) => {
    const reply = await broker.get(where);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, type]);
  });
});
