/**
 * What the test suites of clients and containers do to a broker besides talking to it: make vhosts
 * and users, take rights away, close connections. Command lines and requests are theirs.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCESS_COMMANDS } from '../../src/commands/access-commands.ts';
import type { Command } from '../../src/commands/command.ts';
import { LIST_COMMANDS } from '../../src/commands/list-commands.ts';
import { CONTROL_COMMANDS, NODE_COMMANDS } from '../../src/commands/node-commands.ts';
import { PLUGIN_COMMANDS } from '../../src/commands/plugin-commands.ts';
import { POLICY_COMMANDS } from '../../src/commands/policy-commands.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run } from '../support/program.ts';
import { testWith } from '../support/python.ts';
import { runTool } from '../support/tool.ts';

const CTL: readonly Command[] = [
  ...NODE_COMMANDS,
  ...CONTROL_COMMANDS,
  ...LIST_COMMANDS,
  ...ACCESS_COMMANDS,
  ...POLICY_COMMANDS,
];

let broker: ApiBroker;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-suites-'));
  broker = await startApi({ config: { data_dir: folder } });
});

afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A command line as a script has it: words, and patterns in quotes. */
async function ctl(line: string): Promise<string> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
  const { code, out, err } = await runTool(CTL, folder, words as string[]);
  expect(code, `${line}: ${err}`).toBe(0);
  return out;
}

async function connect(login: string, vhost = '%2F'): Promise<ChannelModel> {
  const client = await amqplib.connect(`amqp://${login}@127.0.0.1:${broker.port}/${vhost}`);
  client.on('error', () => {});
  return client;
}

describe('bunny', () => {
  test('sets up vhosts and users with rabbitmqctl before it runs', async () => {
    const plugins = await runTool(PLUGIN_COMMANDS, folder, ['enable', 'rabbitmq_management']);
    expect(plugins.code).toBe(0);
    await ctl('add_vhost /');
    await ctl('set_user_tags guest "administrator"');
    await ctl('set_permissions -p / guest ".*" ".*" ".*"');
    await ctl('add_vhost bunny_testbed');
    await ctl('add_vhost bunny_dqt_classic --default-queue-type "classic"');
    await ctl('add_vhost bunny_dqt_quorum --default-queue-type "quorum"');
    await ctl('add_user bunny_gem bunny_password');
    await ctl('add_user bunny_reader reader_password');
    for (const vhost of ['testbed', 'dqt_classic', 'dqt_quorum']) {
      await ctl(`set_permissions -p bunny_${vhost} bunny_gem ".*" ".*" ".*"`);
      await ctl(`set_permissions -p bunny_${vhost} guest ".*" ".*" ".*"`);
    }
    await ctl('set_permissions -p bunny_testbed bunny_reader "^---$" "^---$" ".*"');
    const again = await runTool(CTL, folder, ['add_user', 'bunny_gem', 'bunny_password']);
    expect([again.code, again.err]).toEqual([70, expect.stringContaining('already exists')]);

    const writer = await connect('bunny_gem:bunny_password', 'bunny_dqt_quorum');
    await (await writer.createChannel()).assertQueue('q');
    const { body } = await broker.get('/api/queues/bunny_dqt_quorum/q');
    expect(body.type).toBe('quorum');
    await writer.close();
    const reader = await connect('bunny_reader:reader_password', 'bunny_testbed');
    const channel = await reader.createChannel();
    channel.on('error', () => {});
    await expect(channel.assertQueue('mine')).rejects.toThrow(/403/);
    await reader.close();
  });

  const ruby = spawnSync('ruby', ['-e', "require 'bunny'"], { timeout: 60_000 }).status === 0;
  const testBunny = testWith(ruby ? 'ruby' : null, 'bunny', 'ruby-bunny');
  testBunny('recovers after its connections are closed over the API', async () => {
    const program = path.join(import.meta.dirname, 'ruby', 'recovery.rb');
    const api = `http://127.0.0.1:${broker.apiPort}`;
    const outcome = await run('ruby', [program], { AMQP_URL: broker.url, API_URL: api });
    expect(outcome.stdout, outcome.stderr).toContain('recovered');
  });
});

describe('suites in Java, .NET and Python', () => {
  test('find their connection by its port and close it by its name', async () => {
    const client = await connect('guest:guest');
    const [name = ''] = (await ctl('-q list_connections pid')).trim().split('\n').slice(-1);
    const ports = await ctl('list_connections -q pid peer_port');
    expect(ports).toMatch(/127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+\t\d+\n$/);
    const closed = once(client, 'close');
    await ctl(`close_connection "${name}" "Closed via rabbitmqctl"`);
    expect(String((await closed)[0])).toContain('Closed via rabbitmqctl');
  });

  test('close all connections, of a vhost or a number of them', async () => {
    await ctl('add_vhost other');
    await ctl('set_permissions -p other guest ".*" ".*" ".*"');
    const clients = await Promise.all(
      ['%2F', '%2F', 'other'].map((v) => connect('guest:guest', v)),
    );
    const closes = clients.map((client) => once(client, 'close'));
    const one = 'close_all_connections --vhost / --limit 1 --per-connection-delay 1 "one"';
    expect(await ctl(`-q ${one}`)).toBe('Closed 1 connections\n');
    await Promise.race(closes.slice(0, 2));
    expect(await ctl('-q close_all_connections --global "Force-closing from a test."')).toMatch(
      /^Closed [23] connections/,
    );
    const reasons = await Promise.all(closes);
    expect(String(reasons[2]?.[0])).toContain('Force-closing from a test.');
    const bad = await runTool(CTL, folder, ['close_all_connections', '--limit', 'x', 'y']);
    expect(bad.code).toBe(64);
  });

  test('raise a memory alarm to be blocked, and take it back', async () => {
    const client = await connect('guest:guest');
    const blocked = once(client, 'blocked');
    const channel = await client.createChannel();
    await ctl('set_vm_memory_high_watermark 0.000000001');
    channel.publish('amq.fanout', '', Buffer.from('x'));
    expect((await blocked)[0]).toBe('low on memory');
    const unblocked = once(client, 'unblocked');
    await ctl('set_vm_memory_high_watermark 0.9');
    await unblocked;
    await client.close();
  });

  test('take rights away while a client is there', async () => {
    await ctl('add_user moody p');
    await ctl('set_permissions -p / moody ".*" ".*" ".*"');
    const client = await connect('moody:p');
    const channel = await client.createConfirmChannel();
    channel.on('error', () => {});
    channel.publish('amq.fanout', '', Buffer.from('x'));
    await channel.waitForConfirms();
    const closed = once(channel, 'error');
    await ctl('clear_permissions -p / moody');
    channel.publish('amq.fanout', '', Buffer.from('x'));
    expect(String((await closed)[0])).toContain('403');
    await ctl('delete_user moody');
  });
});
