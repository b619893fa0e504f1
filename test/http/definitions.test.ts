/** Definitions: files that RabbitMQ 3.10 and 4.0 have exported, our own, and what a start says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { StartOptions } from '../../src/embed.ts';
import type { Log } from '../../src/log.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { exportOf, RECORDED } from './definitions/round-trip.ts';

const started: ApiBroker[] = [];
const folders: string[] = [];
let logged: string[] = [];

afterEach(async () => {
  for (const broker of started.splice(0)) await broker.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  logged = [];
});

async function start(options: StartOptions = {}): Promise<ApiBroker> {
  const note = (text: string): void => void logged.push(text);
  const log: Log = { debug: () => {}, info: note, warning: note, error: note };
  const broker = await startApi({ log, ...options });
  started.push(broker);
  return broker;
}

function fileOf(name: string): string {
  return path.join(import.meta.dirname, 'definitions', name);
}

// biome-ignore lint/suspicious/noExplicitAny: whatever RabbitMQ wrote
function exported(name: string): any {
  return JSON.parse(readFileSync(fileOf(name), 'utf8'));
}

/** A file in a folder that goes away. */
function written(name: string, document: unknown): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'warren-definitions-'));
  folders.push(folder);
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

const sorted = (items: readonly unknown[]): string[] =>
  items.map((item) => JSON.stringify(item, Object.keys(flat(item)).sort())).sort();

/** Every key in a value, for an order of keys that is always the same. */
function flat(value: unknown): Record<string, true> {
  const keys: Record<string, true> = {};
  JSON.stringify(value, (key, inside) => {
    keys[key] = true;
    return inside;
  });
  return keys;
}

describe.each(['rabbitmq-3.10.json', 'rabbitmq-4.0.json'])('a file exported as %s', (name) => {
  test('is imported as it is, and exported again with the same content', async () => {
    const broker = await start();
    const document = exported(name);
    const { status, text } = await broker.call('POST', '/api/definitions', document);
    expect(status, text).toBe(204);
    const { body } = await broker.get('/api/definitions');
    const mine = (items: { vhost?: string }[]) =>
      items.filter(({ vhost }) => vhost === 'http-defs');
    const known = document.queues.filter(
      (queue: { arguments: Record<string, unknown> }) =>
        queue.arguments['x-queue-type'] !== 'stream',
    );
    expect(sorted(mine(body.queues))).toEqual(sorted(known));
    for (const kind of ['exchanges', 'bindings', 'permissions', 'topic_permissions']) {
      const ours = mine(body[kind]).filter((item) => (item as { user?: string }).user !== 'guest');
      expect(sorted(ours), kind).toEqual(sorted(document[kind]));
    }
    expect(sorted(mine(body.policies))).toEqual(sorted(document.policies));
    expect(sorted(mine(body.parameters))).toEqual(sorted(document.parameters));
    const [user] = body.users.filter((one: { name: string }) => one.name === 'http-app');
    expect(user).toEqual(document.users[0]);
    expect(logged.join('\n')).toMatch(/queue 'app.stream' is left out/);
  });

  test('lets its users in with the passwords that they had', async () => {
    const broker = await start();
    await broker.call('POST', '/api/definitions', exported(name));
    const { body } = await broker.get('/api/whoami', { as: 'http-app:secret' });
    expect(body).toEqual({ name: 'http-app', tags: ['monitoring', 'management'] });
  });

  test('at the start of a new broker replaces the default user, and the log says so', async () => {
    const broker = await start({ config: { load_definitions: fileOf(name) } });
    expect((await broker.get('/api/whoami', { as: 'http-app:secret' })).status).toBe(200);
    expect((await broker.get('/api/whoami')).status).toBe(401);
    expect(logged.join('\n')).toContain(
      "users that exist: http-app; the default user 'guest' was not created because definitions " +
        'were imported',
    );
  });
});

describe('what RabbitMQ 4 has imported from here and exported again', () => {
  const KINDS = ['queues', 'exchanges', 'bindings', 'policies', 'parameters'];

  test('is what was exported here', async () => {
    const document = await exportOf(await start());
    const recorded = JSON.parse(readFileSync(RECORDED, 'utf8'));
    for (const kind of KINDS) {
      expect(sorted(document[kind] as unknown[]), kind).toEqual(sorted(recorded[kind]));
    }
  });

  test('is imported here, and exported as it came', async () => {
    const broker = await start();
    const recorded = JSON.parse(readFileSync(RECORDED, 'utf8'));
    await broker.call('PUT', '/api/vhosts/back', {});
    const { status, text } = await broker.call('POST', '/api/definitions/back', recorded);
    expect(status, text).toBe(204);
    const { body } = await broker.get('/api/definitions/back');
    for (const kind of KINDS) expect(sorted(body[kind]), kind).toEqual(sorted(recorded[kind]));
  });
});

describe('a document', () => {
  test('about one vhost can be imported into another', async () => {
    const broker = await start();
    await broker.call('POST', '/api/definitions', exported('rabbitmq-4.0.json'));
    const permission = { configure: '.*', write: '.*', read: '.*' };
    await broker.call('PUT', '/api/permissions/http-defs/guest', permission);
    const one = (await broker.get('/api/definitions/http-defs')).body;
    expect(one.queues[0].vhost).toBeUndefined();
    await broker.call('PUT', '/api/vhosts/copy');
    expect((await broker.call('POST', '/api/definitions/copy', one)).status).toBe(204);
    const copy = (await broker.get('/api/definitions/copy')).body;
    for (const kind of ['queues', 'exchanges', 'bindings']) {
      expect(sorted(copy[kind]), kind).toEqual(sorted(one[kind]));
    }
  });

  test('comes as the file of a form, too, as browsers send it', async () => {
    const broker = await start();
    const queue = { name: 'uploaded', vhost: '/', durable: true, auto_delete: false };
    const document = JSON.stringify({ queues: [queue] });
    const raw = [
      '--x1',
      'Content-Disposition: form-data; name="other"',
      '',
      'text',
      '--x1',
      'Content-Disposition: form-data; name="file"; filename="d.json"',
      'Content-Type: application/json',
      '',
      document,
      '--x1--',
      '',
    ].join('\r\n');
    const headers = { 'content-type': 'multipart/form-data; boundary=x1' };
    const reply = await broker.call('POST', '/api/definitions', undefined, { raw, headers });
    expect(reply.status, reply.text).toBe(204);
    expect((await broker.get('/api/queues/%2F/uploaded')).status).toBe(200);
  });

  test('that names a vhost which is not there is refused with its name', async () => {
    const broker = await start();
    const queue = { name: 'imp2', vhost: 'nov', durable: true, auto_delete: false, arguments: {} };
    const { status, body } = await broker.call('POST', '/api/definitions', { queues: [queue] });
    expect([status, body]).toEqual([
      400,
      { error: 'bad_request', reason: ['no_such_vhost', 'nov'] },
    ]);
  });

  test('with parameters of plugins that are not there keeps them, and says so', async () => {
    const broker = await start();
    const shovel = { component: 'shovel', name: 's', vhost: '/', value: { 'src-queue': 'a' } };
    await broker.call('POST', '/api/definitions', { parameters: [shovel] });
    expect((await broker.get('/api/definitions')).body.parameters).toEqual([shovel]);
    expect(logged.join('\n')).toContain("parameter 's' of component 'shovel' is kept");
  });

  test('with policies of plugins that are not there keeps them as they are, and says so', async () => {
    const broker = await start();
    const policies = [
      ['federate', { 'federation-upstream-set': 'all' }],
      ['mirror', { 'ha-mode': 'exactly', 'ha-params': 2, 'max-length': 5 }],
      ['place', { 'queue-master-locator': 'min-masters' }],
      ['shard', { 'shards-per-node': 2, 'routing-key': '1234' }],
    ].map(([name, definition]) => {
      return { vhost: '/', name, pattern: '^f', 'apply-to': 'all', definition, priority: 1 };
    });
    const { status, text } = await broker.call('POST', '/api/definitions', { policies });
    expect(status, text).toBe(204);
    const { body } = await broker.get('/api/definitions');
    expect(sorted(body.policies)).toEqual(sorted(policies));
    expect(logged.join('\n')).toContain(
      "policy 'mirror' in vhost '/': 'ha-mode' (mirrored queues), 'ha-params' (mirrored queues) " +
        'is kept, but has no effect here',
    );
    await broker.call('PUT', '/api/queues/%2F/f1', {});
    const operator = { pattern: '.', definition: { 'ha-mode': 'all' } };
    const refused = await broker.call('PUT', '/api/operator-policies/%2F/o', operator);
    expect(refused.body.reason).toContain('are not recognised policy settings');
  });

  test.each([7, [], { queues: 7 }, { queues: [7] }, { queues: [{}] }, { users: [{ name: 'x' }] }])(
    '%j is refused',
    async (document) => {
      const broker = await start();
      expect((await broker.call('POST', '/api/definitions', document)).status).toBe(400);
    },
  );

  test('is downloaded under a name that browsers save it as', async () => {
    const broker = await start();
    const { headers } = await broker.get(
      '/api/definitions?download=my file.json'.replace(' ', '+'),
    );
    expect(headers['content-disposition']).toBe('attachment; filename=my_file.json');
  });
});

describe('at the start', () => {
  test('a folder is imported file by file, in the order of the names', async () => {
    const vhost = { name: 'v' };
    const file = written('10-vhosts.json', { vhosts: [vhost], users: [] });
    const second = { queues: [{ name: 'q', vhost: 'v', durable: true, auto_delete: false }] };
    writeFileSync(path.join(path.dirname(file), '20-queues.json'), JSON.stringify(second));
    await start({ config: { load_definitions: path.dirname(file) } });
    expect(logged.join('\n')).toMatch(/imported definitions of .*: 1 queues/);
    expect(logged.join('\n')).toContain(
      'nobody can log in: the imported definitions have no users',
    );
  });

  test('what cannot be read or is no JSON stops it, with the reason', async () => {
    const config = { load_definitions: '/nowhere/at/all.json' };
    await expect(start({ config })).rejects.toThrow(/definitions cannot be read: .*all\.json/);
    const broken = written('broken.json', {});
    writeFileSync(broken, '{');
    await expect(start({ config: { load_definitions: broken } })).rejects.toThrow(/are not JSON/);
  });
});
