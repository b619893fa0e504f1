/**
 * What protocols/README.md tells people to type, typed: every curl command of the chapter on HTTP,
 * in its order, and its program for a WebSocket. Missing, curl fails under CI and is skipped
 * elsewhere, loudly.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TargetServer } from '../http/webhooks/target-server.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run } from '../support/program.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const installed = spawnSync('curl', ['--version'], { timeout: 20_000 }).status === 0;
if (!installed) console.warn('CURL IS MISSING: its tests are skipped. apt install curl');
const options = { skip: !installed && process.env.CI !== 'true' };

const README = join(import.meta.dirname, '..', '..', 'protocols', 'README.md');
const [, chapter = ''] = readFileSync(README, 'utf8').split('## HTTP: messages under `/v1`');
const blocks = (language: string): string[] =>
  [...chapter.matchAll(/^```(\w+)\n(.*?)^```/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text as string);

/** Each is one command; comments say what it does. */
const COMMANDS = blocks('sh')
  .join('')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => line.startsWith('curl'));

let broker: ApiBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;
let target: TargetServer;
let folder: string;
/** What messages:receive has answered with. */
let tokens: string[] = [];

beforeAll(async () => {
  broker = await startApi({ config: { 'webhooks.private_targets': true } });
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
  target = await TargetServer.start();
  folder = mkdtempSync(join(tmpdir(), 'warren-curl-'));
  writeFileSync(join(folder, 'photo.jpg'), Buffer.from([255, 216, 255, 0]));
  for (const queue of ['hello', 'service', 'photos']) await channel.assertQueue(queue);
  await channel.bindQueue('photos', 'amq.topic', 'photos.*');
  await channel.consume('service', (message) => {
    const { replyTo, correlationId } = message!.properties;
    channel.sendToQueue(replyTo, Buffer.from('3'), { correlationId });
    channel.ack(message!);
  });
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  target?.stop();
  await connection?.close();
  await broker?.stop();
});

async function type(command: string) {
  const at = `http://127.0.0.1:${broker.apiPort}/v1/vhosts/%2F`;
  const typed = command
    .replace('https://example.com/hook', target.url)
    .replaceAll(/kx…(\d)/g, (_all, number) => tokens[Number(number) - 1] ?? 'none')
    .replace(/^curl /, 'curl -sS --fail-with-body --max-time 3 ');
  return run('bash', ['-c', `at=${at}; cd ${folder}; ${typed}`], {});
}

test('the chapter has the commands that this test is about', () => {
  expect(COMMANDS.length).toBeGreaterThanOrEqual(13);
  expect(blocks('js')).toHaveLength(1);
});

describe('typed one after the other', () => {
  test.each(COMMANDS)('%s', options, async (command) => {
    // A stream goes on until curl has had enough.
    const endless = command.includes('/events');
    if (endless) channel.sendToQueue('hello', Buffer.from('more'));
    const { code, stdout, stderr } = await type(command);
    expect([endless ? 28 : 0, stdout], stderr).toEqual([code, expect.any(String)]);
    if (endless) expect(stdout).toMatch(/^id: .*\ndata: \{/m);
    if (command.includes('messages:receive')) {
      const { messages } = JSON.parse(stdout);
      expect(messages[0].payload).toBe('world');
      tokens = messages.map(({ token }: { token: string }) => token);
    }
    if (command.includes('messages:ack')) expect(stdout).toBe('{"done":1,"unknown":[]}');
    if (command.includes('-X PUT')) {
      await vi.waitFor(() => expect(target.hits.length).toBeGreaterThan(0), { timeout: 20_000 });
    }
    if (command.includes('/requests')) expect(stdout).toBe('3');
  });

  test('leaves behind what it should', options, async () => {
    const photo = await channel.get('photos', { noAck: true });
    if (photo === false) throw new Error('there is no photo');
    expect([...photo.content]).toEqual([255, 216, 255, 0]);
    expect(photo.properties).toMatchObject({ contentType: 'image/jpeg', priority: 5 });
    expect(photo.properties.headers).toEqual({ region: 'eu' });
  });
});

test('the program for a WebSocket says what it got', async () => {
  const program = blocks('js')[0]!.replace('localhost:15672', `127.0.0.1:${broker.apiPort}`);
  const end = 'setTimeout(() => process.exit(1), 30_000).unref();\n';
  const stop = 'if (++seen === 2) process.exit(0);';
  const counted = program
    .replace('console.log(payload);', `console.log(payload); ${stop}`)
    .replace('console.log(event.results);', `console.log(event.results); ${stop}`);
  await channel.purgeQueue('hello');
  const text = `let seen = 0;\n${end}${counted}`;
  const { code, stdout } = await run(process.execPath, ['--input-type=module', '-e', text], {});
  expect([code, stdout.split('\n').sort().join('\n').trim()]).toEqual([
    0,
    '[ { id: 1, routed: 1 } ]\nworld',
  ]);
});
