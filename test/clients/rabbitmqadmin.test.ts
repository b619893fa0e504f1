/**
 * rabbitmqadmin, the script that Debian's rabbitmq-server brings, through its verbs against the
 * management API. Missing, the tests fail under CI and are skipped elsewhere.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run } from '../support/program.ts';

const SCRIPT = ['/usr/bin/rabbitmqadmin', '/usr/sbin/rabbitmqadmin'].find((it) => existsSync(it));
if (SCRIPT === undefined) {
  console.warn('RABBITMQADMIN IS MISSING: its tests are skipped. apt install rabbitmq-server.');
}
const options = { timeout: 60_000, skip: SCRIPT === undefined && process.env.CI !== 'true' };

let broker: ApiBroker;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-rabbitmqadmin-'));
  broker = await startApi();
});

afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a verb that has to succeed. Returns what it prints. */
async function admin(...args: readonly string[]): Promise<string> {
  if (SCRIPT === undefined) throw new Error('rabbitmqadmin is missing');
  const login = ['-H', '127.0.0.1', '-P', String(broker.apiPort), '-u', 'guest', '-p', 'guest'];
  const { code, stdout, stderr } = await run('/usr/bin/python3', [SCRIPT, ...login, ...args]);
  expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

const tsv = (...args: readonly string[]) => admin('-f', 'tsv', '-q', ...args);

test('declares, lists, publishes, gets, purges and deletes', options, async () => {
  await admin('declare', 'exchange', 'name=ra-x', 'type=topic', 'durable=true');
  await admin('declare', 'queue', 'name=ra-q', 'durable=true', 'arguments={"x-max-length":10}');
  await admin(
    ...['declare', 'binding', 'source=ra-x', 'destination=ra-q', 'destination_type=queue'],
    ...['routing_key=ra.#', 'arguments={"k":"v"}'],
  );
  expect(await tsv('list', 'queues', 'name', 'messages')).toContain('ra-q\t0');
  expect(await tsv('list', 'exchanges', 'name', 'type')).toContain('ra-x\ttopic');
  expect(await tsv('list', 'bindings', 'source', 'routing_key')).toContain('ra-x\tra.#');
  const sent = await admin('publish', 'exchange=ra-x', 'routing_key=ra.1', 'payload=hello');
  expect(sent).toContain('Message published');
  expect(await admin('publish', 'exchange=ra-x', 'routing_key=no', 'payload=x')).toContain(
    'NOT routed',
  );
  expect(await tsv('get', 'queue=ra-q', 'ackmode=ack_requeue_true')).toContain('hello');
  expect(await tsv('get', 'queue=ra-q', 'ackmode=ack_requeue_false')).toContain('hello');
  await admin('purge', 'queue', 'name=ra-q');
  const [binding] = (await broker.get('/api/bindings/%2F/e/ra-x/q/ra-q')).body;
  await admin(
    ...['delete', 'binding', 'source=ra-x', 'destination_type=queue', 'destination=ra-q'],
    `properties_key=${binding.properties_key}`,
  );
  await admin('delete', 'queue', 'name=ra-q');
  await admin('delete', 'exchange', 'name=ra-x');
});

test('users, vhosts, permissions, policies, parameters and limits', options, async () => {
  await admin('declare', 'vhost', 'name=ra-v');
  await admin('declare', 'user', 'name=ra-u', 'password=p', 'tags=monitoring');
  await admin(
    ...['declare', 'permission', 'vhost=ra-v', 'user=ra-u'],
    ...['configure=.*', 'write=.*', 'read=.*'],
  );
  await admin('declare', 'vhost_limit', 'vhost=ra-v', 'name=max-queues', 'value=5');
  const policy = ['name=ra-p', 'pattern=^ra', 'definition={"max-length":3}', 'apply-to=queues'];
  await admin('declare', 'policy', ...policy);
  await admin('declare', 'operator_policy', ...policy);
  expect(await tsv('list', 'users', 'name', 'tags')).toContain('ra-u\tmonitoring');
  expect(await tsv('list', 'vhosts', 'name')).toContain('ra-v');
  expect(await tsv('list', 'permissions', 'vhost', 'user')).toContain('ra-v\tra-u');
  expect(await tsv('list', 'policies', 'name')).toContain('ra-p');
  expect(await tsv('list', 'operator_policies', 'name')).toContain('ra-p');
  expect(await tsv('list', 'vhost_limits', 'vhost')).toContain('ra-v');
  await admin('list', 'parameters');
  await admin('delete', 'operator_policy', 'name=ra-p');
  await admin('delete', 'policy', 'name=ra-p');
  await admin('delete', 'vhost_limit', 'vhost=ra-v', 'name=max-queues');
  await admin('delete', 'permission', 'vhost=ra-v', 'user=ra-u');
  await admin('delete', 'user', 'name=ra-u');
  await admin('delete', 'vhost', 'name=ra-v');
});

test('shows overview, nodes, connections and channels, and closes one', options, async () => {
  const client = await amqplib.connect(broker.url);
  const closed = new Promise((resolve) => client.once('close', resolve));
  await client.createChannel();
  expect(await admin('show', 'overview')).toContain('4.3.0');
  expect(await tsv('list', 'nodes', 'name')).toContain('rabbit@');
  const name = (await tsv('list', 'connections', 'name'))
    .split('\n')
    .find((it) => it.includes('->'));
  expect(await tsv('list', 'channels', 'name')).toContain(`${name} (1)`);
  await tsv('list', 'consumers');
  await admin('close', 'connection', `name=${name}`);
  await closed;
});

test('exports and imports definitions', options, async () => {
  const file = path.join(folder, 'definitions.json');
  await admin('declare', 'queue', 'name=ra-kept', 'durable=true');
  await admin('export', file);
  await admin('delete', 'queue', 'name=ra-kept');
  expect(JSON.parse(readFileSync(file, 'utf8')).queues).toHaveLength(1);
  await admin('import', file);
  expect(await tsv('list', 'queues', 'name')).toContain('ra-kept');
});
