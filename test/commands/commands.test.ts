/**
 * The commands with RabbitMQ's names against a running broker, over its control socket: grammar,
 * output and exit codes. They run in this process; one is run as a program, as probes do.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCESS_COMMANDS } from '../../src/commands/access-commands.ts';
import { CHECK_COMMANDS } from '../../src/commands/check-commands.ts';
import type { Command } from '../../src/commands/command.ts';
import { LIST_COMMANDS } from '../../src/commands/list-commands.ts';
import { CONTROL_COMMANDS, NODE_COMMANDS } from '../../src/commands/node-commands.ts';
import { PLUGIN_COMMANDS } from '../../src/commands/plugin-commands.ts';
import { POLICY_COMMANDS } from '../../src/commands/policy-commands.ts';
import { QUEUE_COMMANDS } from '../../src/commands/queue-commands.ts';
import { controlSocketOf } from '../../src/control-socket.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run as runProgram } from '../support/program.ts';
import { runTool } from '../support/tool.ts';

const CTL: readonly Command[] = [
  ...NODE_COMMANDS,
  ...CONTROL_COMMANDS,
  ...LIST_COMMANDS,
  ...ACCESS_COMMANDS,
  ...POLICY_COMMANDS,
];
const DIAGNOSTICS: readonly Command[] = [...NODE_COMMANDS, ...CHECK_COMMANDS];

let broker: ApiBroker;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-commands-'));
  broker = await startApi({ config: { data_dir: folder } });
});

afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ctl = (...words: string[]) => runTool(CTL, folder, words);
const diagnostics = (...words: string[]) => runTool(DIAGNOSTICS, folder, words);

test('the control socket is for the owner of the broker alone', () => {
  expect(statSync(controlSocketOf(folder)).mode & 0o777).toBe(0o600);
});

test('a data directory with a long name has its socket elsewhere, within the limit', () => {
  const long = `/${'x'.repeat(200)}`;
  expect(Buffer.byteLength(controlSocketOf(long))).toBeLessThanOrEqual(100);
  expect(controlSocketOf(long)).toBe(controlSocketOf(`${long}/`));
});

test('a health check runs as a program', async () => {
  const file = path.join(import.meta.dirname, '../../src/commands/rabbitmq-diagnostics.ts');
  const env = { WARREN_DATA_DIR: folder };
  const outcome = await runProgram(process.execPath, [file, '-q', 'ping'], env);
  expect(outcome).toMatchObject({ code: 0, stdout: 'Ping succeeded\n', stderr: '' });
});

describe('grammar', () => {
  test('an unknown command, a wrong number of arguments and an unknown option are 64', async () => {
    expect(await ctl('frobnicate')).toMatchObject({ code: 64, out: '' });
    const few = await ctl('add_vhost');
    expect(few.code).toBe(64);
    expect(few.err).toContain('not enough arguments');
    expect(few.err).toContain('add_vhost <vhost>');
    expect((await ctl('list_vhosts', '--formatter', 'xml')).code).toBe(64);
    expect((await ctl('--frobnicate', 'list_vhosts')).code).toBe(64);
  });

  test('options stand anywhere; -q drops the banner, -s the header too', async () => {
    expect((await ctl('list_users')).out).toBe(
      'Listing users ...\nuser\ttags\nguest\t[administrator]\n',
    );
    expect((await ctl('list_users', '-q')).out).toBe('user\ttags\nguest\t[administrator]\n');
    expect((await ctl('--silent', 'list_users')).out).toBe('guest\t[administrator]\n');
    expect((await ctl('list_users', '-q', '--no-table-headers')).out).toBe(
      'guest\t[administrator]\n',
    );
  });

  test('formats are JSON, CSV and a drawn table', async () => {
    const json = await ctl('list_users', '--formatter=json');
    expect(JSON.parse(json.out)).toEqual([{ user: 'guest', tags: ['administrator'] }]);
    expect((await ctl('list_users', '--formatter', 'csv')).out).toBe(
      'user,tags\nguest,[administrator]\n',
    );
    expect((await ctl('-q', 'list_users', '--formatter', 'pretty_table')).out).toContain(
      '│ guest │ [administrator] │',
    );
  });

  test('help names every command, and says how one is used', async () => {
    const { code, out } = await ctl('help');
    expect(code).toBe(0);
    for (const name of ['status', 'list_queues', 'add_user', 'set_policy']) {
      expect(out).toContain(`  ${name} `);
    }
    expect((await ctl('help', 'set_permissions')).out).toContain(
      'set_permissions <username> <configure> <write> <read>',
    );
  });

  test('without a broker it is 69', async () => {
    const elsewhere = await runTool(DIAGNOSTICS, folder, ['--data-dir', '/nowhere/at/all', 'ping']);
    expect(elsewhere.code).toBe(69);
    expect(elsewhere.err).toContain('unable to reach the broker');
  });
});

describe('what operators do', () => {
  test('a user is made, known, changed and deleted', async () => {
    expect((await ctl('add_user', 'anna', 'one')).code).toBe(0);
    expect(await ctl('add_user', 'anna', 'two')).toMatchObject({ code: 70 });
    expect((await ctl('authenticate_user', 'anna', 'one')).code).toBe(0);
    expect((await ctl('authenticate_user', 'anna', 'two')).code).toBe(65);
    expect((await ctl('clear_auth_backend_cache')).code).toBe(0);
    await ctl('set_user_tags', 'anna', 'monitoring', 'policymaker');
    expect((await ctl('authenticate_user', 'anna', 'one')).code).toBe(0);
    await ctl('change_password', 'anna', 'two');
    expect((await ctl('authenticate_user', 'anna', 'two')).code).toBe(0);
    expect((await ctl('-q', 'list_users')).out).toContain('anna\t[monitoring, policymaker]');
    expect((await ctl('delete_user', 'anna')).code).toBe(0);
    const gone = await ctl('delete_user', 'anna');
    expect([gone.code, gone.err]).toEqual([67, 'Error:\nUser "anna" does not exist\n']);
  });

  test('vhosts and permissions', async () => {
    await ctl('add_vhost', 'v1', '--description', 'the first', '--tags=a,b');
    await ctl('add_user', 'ben', 'p');
    expect((await ctl('-p', 'v1', 'set_permissions', 'ben', '^b', '.*', '.*')).code).toBe(0);
    expect((await ctl('-q', 'list_permissions', '-p', 'v1')).out).toContain('ben\t^b\t.*\t.*');
    expect((await ctl('-q', 'list_user_permissions', 'ben')).out).toContain('v1\t^b\t.*\t.*');
    expect((await ctl('set_permissions', 'nobody', '', '', '')).code).toBe(67);
    await ctl('clear_permissions', 'ben', '-p', 'v1');
    expect((await ctl('-q', 'list_permissions', '-p', 'v1')).out).not.toContain('ben');
    expect((await ctl('-q', 'list_vhosts', 'name', 'description')).out).toContain('v1\tthe first');
    expect((await ctl('delete_vhost', 'v1')).code).toBe(0);
    expect((await ctl('delete_vhost', 'v1')).code).toBe(65);
    await ctl('delete_user', 'ben');
  });

  test('queues and connections', async () => {
    const client = await amqplib.connect(broker.url);
    // amqplib takes an operator's reason for no error.
    const closed = new Promise<Error>((resolve) => client.once('close', resolve));
    const channel = await client.createChannel();
    await channel.assertQueue('q one', { arguments: { 'x-max-length': 5 } });
    channel.sendToQueue('q one', Buffer.from('x'));
    await channel.checkQueue('q one');
    const listed = await ctl('-q', 'list_queues', 'name', 'messages', 'arguments');
    expect(listed.out).toContain('q one\t1\t{"x-max-length":5}');
    expect((await ctl('-q', 'list_bindings')).out).toContain('\texchange\tq one\tqueue\tq one\t');
    expect((await ctl('-q', 'list_channels')).out).toMatch(/\(1\)\tguest\t0\t0/);
    await ctl('purge_queue', 'q one');
    expect((await ctl('delete_queue', 'q one')).out).toContain('with 0 ready messages');
    expect((await ctl('delete_queue', 'q one')).code).toBe(65);
    const name = (await ctl('-s', 'list_connections', 'pid')).out.trim();
    expect((await ctl('close_connection', name, 'time to go')).code).toBe(0);
    expect((await closed).message).toContain('CONNECTION_FORCED - time to go');
  });

  test('policies, parameters and limits', async () => {
    const set = ['set_policy', 'cap', '^a', '{"max-length":3}', '--apply-to', 'queues'];
    expect((await ctl(...set, '--priority', '2')).code).toBe(0);
    expect((await ctl('-q', 'list_policies')).out).toContain(
      '/\tcap\t^a\tqueues\t{"max-length":3}\t2',
    );
    expect((await ctl('set_policy', 'bad', '^a', '{"bogus":3}')).code).toBe(65);
    expect((await ctl('set_policy', 'bad', '^a', '{')).code).toBe(65);
    expect((await ctl('clear_policy', 'cap')).code).toBe(0);
    await ctl('set_vhost_limits', '{"max-queues":7}');
    expect((await ctl('-q', 'list_vhost_limits')).out).toContain('/\t{"max-queues":7}');
    await ctl('clear_vhost_limits');
    expect((await ctl('-q', 'list_vhost_limits')).out).toBe('');
    await ctl('set_global_parameter', 'gp', '{"a":1}');
    expect((await ctl('-q', 'list_global_parameters')).out).toContain('gp\t{"a":1}');
  });

  test('limits of memory and disk change while the broker runs', async () => {
    const limits = async () => (await broker.get('/api/nodes')).body[0];
    await ctl('set_vm_memory_high_watermark', 'absolute', '7GiB');
    expect((await limits()).mem_limit).toBe(7 * 2 ** 30);
    await ctl('set_disk_free_limit', '3MB');
    expect((await limits()).disk_free_limit).toBe(3_000_000);
    expect((await ctl('set_disk_free_limit', 'much')).code).toBe(64);
  });

  test('listeners are suspended and come back', async () => {
    expect((await ctl('suspend_listeners')).code).toBe(0);
    await expect(amqplib.connect(broker.url)).rejects.toThrow();
    const checks = ['is-in-service', 'ready-to-serve-clients', 'protocol-listener/amqp'];
    const statuses = async () => {
      const answers = checks.map((check) => broker.get(`/api/health/checks/${check}`));
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses()).toEqual([503, 503, 503]);
    expect((await ctl('resume_listeners')).code).toBe(0);
    expect(await statuses()).toEqual([200, 200, 200]);
    await (await amqplib.connect(broker.url)).close();
  });

  test('definitions go to a file and come back', async () => {
    const file = path.join(folder, 'definitions.json');
    expect((await ctl('export_definitions', file)).code).toBe(0);
    const definitions = JSON.parse(readFileSync(file, 'utf8'));
    definitions.vhosts.push({ name: 'from-file' });
    writeFileSync(file, JSON.stringify(definitions));
    expect((await ctl('import_definitions', file)).code).toBe(0);
    expect((await ctl('-q', 'list_vhosts')).out).toContain('from-file');
  });

  test('status, environment and cluster_status tell about the node', async () => {
    expect((await ctl('status')).out).toContain('RabbitMQ version: 4.');
    expect((await ctl('cluster_status')).out).toMatch(/Running Nodes\n\nrabbit@/);
    const { out } = await ctl('environment');
    expect(out).toContain('heartbeat = 60');
    expect(out).toContain('default_pass = "***"');
    expect(await ctl('await_startup')).toMatchObject({ code: 0, out: '' });
  });
});

describe('what probes ask', () => {
  test.each([
    ['check_running'],
    ['check_alarms'],
    ['check_local_alarms'],
    ['check_port_connectivity'],
    ['check_protocol_listener', 'amqp'],
    ['check_virtual_hosts'],
    ['check_certificate_expiration'],
    ['is_running'],
    ['listeners'],
    ['server_version'],
    ['memory_breakdown'],
    ['status'],
  ])('%s', async (...words) => {
    const { code, out, err } = await diagnostics('-q', ...words);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toBe('');
  });

  test('what is not so is 69', async () => {
    expect((await diagnostics('check_port_listener', '1')).code).toBe(69);
    expect((await diagnostics('check_protocol_listener', 'amqp/ssl')).code).toBe(69);
  });

  test('plugins: what Warren has is enabled already, what it has not is refused', async () => {
    const enable = (name: string) =>
      runTool(PLUGIN_COMMANDS, folder, ['enable', '--offline', name]);
    expect((await enable('rabbitmq_management')).code).toBe(0);
    expect((await enable('rabbitmq_shovel')).code).toBe(64);
    expect((await runTool(PLUGIN_COMMANDS, folder, ['list', '-m'])).out).toContain(
      'rabbitmq_prometheus\n',
    );
  });

  test('rights everywhere, tags of a vhost, and why a queue is as it is', async () => {
    for (const vhost of ['one', 'two']) await ctl('add_vhost', vhost);
    await ctl('add_user', 'everywhere', 'p');
    const granted = await ctl('set_permissions_globally', 'everywhere', '^a', '.*', '.*');
    expect(granted.code).toBe(0);
    for (const vhost of ['/', 'one', 'two']) {
      const { out } = await ctl('-s', '-p', vhost, 'list_permissions');
      expect(out).toContain('everywhere\t^a\t.*\t.*');
    }
    expect((await ctl('set_vhost_tags', 'one', 'blue', 'green')).code).toBe(0);
    expect((await ctl('-s', 'list_vhosts', 'name', 'tags')).out).toContain('one\t[blue, green]');
    await ctl('set_permissions_globally', 'guest', '.*', '.*', '.*');
    await broker.call('PUT', '/api/queues/one/q', { arguments: { 'x-max-length': 9 } });
    await ctl('-p', 'one', 'set_policy', 'short', '^q', '{"max-length":3,"expires":60000}');
    const { out } = await ctl('-s', '-p', 'one', 'explain_queue', 'q');
    expect(out).toContain('max-length\t3\tpolicy\tshort');
    expect((await ctl('explain_queue', 'none')).code).toBe(65);
    for (const vhost of ['one', 'two']) await ctl('delete_vhost', vhost);
    await ctl('delete_user', 'everywhere');
  });

  test('quorum queues have one member, this node', async () => {
    const client = await amqplib.connect(broker.url);
    const channel = await client.createChannel();
    await channel.assertQueue('qq', { arguments: { 'x-queue-type': 'quorum' } });
    await client.close();
    const { out } = await runTool(QUEUE_COMMANDS, folder, ['-q', 'quorum_status', 'qq']);
    expect(out).toMatch(/rabbit@\S+\tleader\tvoter/);
    expect((await runTool(QUEUE_COMMANDS, folder, ['add_member', 'qq', 'rabbit@b'])).code).toBe(65);
  });
});
