/** stop_app, start_app and reset: a node without its broker, and with it again. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib, { type ChannelModel } from 'amqplib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerNode } from '../../src/broker-node.ts';
import { ACCESS_COMMANDS } from '../../src/commands/access-commands.ts';
import { APP_COMMANDS } from '../../src/commands/app-commands.ts';
import { CHECK_COMMANDS } from '../../src/commands/check-commands.ts';
import { LIST_COMMANDS } from '../../src/commands/list-commands.ts';
import { CONTROL_COMMANDS, NODE_COMMANDS } from '../../src/commands/node-commands.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { caller, startApi } from '../support/management.ts';
import { runTool } from '../support/tool.ts';

const COMMANDS = [
  ...NODE_COMMANDS,
  ...CONTROL_COMMANDS,
  ...APP_COMMANDS,
  ...CHECK_COMMANDS,
  ...LIST_COMMANDS,
  ...ACCESS_COMMANDS,
];

let folder: string;
let node: BrokerNode;
let port: number;
let ended = 0;

const ctl = (...words: string[]) => runTool(COMMANDS, folder, ['-q', ...words]);

function listen(onPort: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(onPort, '127.0.0.1', () => resolve(server));
  });
}

/** One that nobody has just now. */
async function freePort(): Promise<number> {
  const server = await listen(0);
  const { port: free } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return free;
}

async function connect(): Promise<ChannelModel> {
  const client = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  client.on('error', () => {});
  return client;
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-app-'));
  port = await freePort();
  const config = loopbackConfig({
    data_dir: folder,
    'listeners.tcp.default': `127.0.0.1:${port}`,
    'management.tcp.port': '127.0.0.1:0',
  });
  ended = 0;
  node = await BrokerNode.start({ config, log: silentLog, stop: () => ended++ });
});

afterEach(async () => {
  await node?.stop('shutdown');
  rmSync(folder, { recursive: true, force: true });
});

describe('stop_app', () => {
  test('sends clients away with RabbitMQ’s words and closes every port', async () => {
    const apiPort = node.running?.http?.portOf('http') as number;
    const client = await connect();
    const closed = once(client, 'close');
    expect(await ctl('stop_app')).toEqual({ code: 0, out: '', err: '' });
    const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
    expect(String((await closed)[0])).toContain(`320 (CONNECTION-FORCED) with message "${text}"`);
    await expect(connect()).rejects.toThrow(/ECONNREFUSED/);
    await expect(caller(apiPort)('GET', '/api/overview')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('leaves a process that answers a ping and nothing else', async () => {
    await ctl('stop_app');
    expect(await ctl('ping')).toEqual({ code: 0, out: 'Ping succeeded\n', err: '' });
    expect((await ctl('check_running')).code).toBe(69);
    expect((await ctl('is_running', '--formatter', 'json')).out).toBe('false\n');
    expect((await ctl('await_startup', '--timeout', '0.3')).code).toBe(69);
    const list = await ctl('list_queues');
    expect(list).toMatchObject({ code: 69, out: '' });
    expect(list.err).toContain('rabbitmqctl start_app');
    expect(await ctl('stop_app')).toMatchObject({ code: 0 });
  });

  test('keeps the data directory, so that no other broker takes it', async () => {
    await ctl('stop_app');
    await expect(startApi({ config: { data_dir: folder } })).rejects.toThrow(/is in use/);
  });

  test('a stopped node ends when it is told to', async () => {
    await ctl('stop_app');
    expect((await ctl('stop')).code).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(1);
  });
});

describe('start_app', () => {
  test('brings everything back that was kept', async () => {
    const client = await connect();
    const channel = await client.createConfirmChannel();
    await channel.assertQueue('kept');
    channel.sendToQueue('kept', Buffer.from('x'), { persistent: true });
    await channel.waitForConfirms();
    await ctl('stop_app');
    expect(await ctl('start_app')).toEqual({ code: 0, out: '', err: '' });
    expect((await ctl('check_running')).code).toBe(0);
    expect((await ctl('-s', 'list_queues')).out).toBe('kept\t1\n');
    await (await connect()).close();
    expect((await ctl('start_app')).code).toBe(0);
  });

  test('that fails says why, and can be tried again', async () => {
    await ctl('stop_app');
    const server = await listen(port);
    const failed = await ctl('start_app');
    expect(failed.code).not.toBe(0);
    expect(failed.err).toContain(`port ${port}`);
    expect((await ctl('check_running')).code).toBe(69);
    server.close();
    await once(server, 'close');
    expect((await ctl('start_app')).code).toBe(0);
  });
});

describe('reset', () => {
  test('is refused while the broker runs', async () => {
    const { code, err } = await ctl('reset');
    expect(code).toBe(64);
    expect(err).toContain("Stop it with 'rabbitmqctl stop_app'.");
  });

  test.each(['reset', 'force_reset'])('%s makes the node as new', async (command) => {
    await ctl('add_vhost', 'mine');
    await ctl('add_user', 'me', 'p');
    await ctl('stop_app');
    expect(await ctl(command)).toEqual({ code: 0, out: '', err: '' });
    await ctl('start_app');
    expect((await ctl('-s', 'list_vhosts')).out).toBe('/\n');
    expect((await ctl('-s', 'list_users')).out).toBe('guest\t[administrator]\n');
  });
});

test('a broker inside another program is not stopped for a command', async () => {
  const inside = mkdtempSync(path.join(tmpdir(), 'warren-inside-'));
  const broker = await startApi({ config: { data_dir: inside } });
  const { code, err } = await runTool(COMMANDS, inside, ['stop_app']);
  expect([code, err]).toEqual([65, expect.stringContaining('part of another program')]);
  await broker.stop();
  rmSync(inside, { recursive: true, force: true });
});
