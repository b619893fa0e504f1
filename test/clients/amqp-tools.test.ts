/**
 * The command-line tools of librabbitmq (Debian: amqp-tools) against the broker. They tune and
 * frame in C, unlike every other client here. Missing, they fail under CI and are skipped
 * elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { type Outcome, run } from '../support/program.ts';
import { Scratch } from '../support/scratch.ts';

const installed = spawnSync('amqp-get', ['--help']).error === undefined;
if (!installed) console.warn('AMQP-TOOLS ARE MISSING: their tests are skipped. apt install them.');
const options = { timeout: 30_000, skip: !installed && process.env.CI !== 'true' };

const scratch = new Scratch();
let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(async () => {
  await scratch.clean(broker.url);
  await broker.stop();
});

function tool(name: string, args: readonly string[], input = ''): Promise<Outcome> {
  return run(`amqp-${name}`, [`--url=${broker.url}`, ...args], {}, input);
}

/** A queue that amqp-declare-queue has declared. */
async function declared(): Promise<string> {
  const queue = scratch.name('q');
  expect(await tool('declare-queue', ['-q', queue])).toMatchObject({ code: 0 });
  return queue;
}

test('A queue is declared, filled, read and deleted.', options, async () => {
  const queue = scratch.name('q');
  expect(await tool('declare-queue', ['-d', '-q', queue])).toEqual({
    code: 0,
    stdout: `${queue}\n`,
    stderr: '',
  });
  expect(await tool('publish', ['-r', queue, '-p', '-b', 'hello'])).toMatchObject({ code: 0 });
  expect(await tool('publish', ['-r', queue, '-b', 'world'])).toMatchObject({ code: 0 });
  expect(await tool('get', ['-q', queue])).toMatchObject({ code: 0, stdout: 'hello' });
  expect(await tool('delete-queue', ['-q', queue])).toMatchObject({ code: 0, stdout: '1\n' });
});

test('Properties given to amqp-publish arrive.', options, async () => {
  const queue = await declared();
  await tool('publish', [
    ...['-r', queue, '-p', '-C', 'text/plain', '-E', 'identity', '-t', 'answers'],
    ...['-H', 'colour: red', '-b', 'x'],
  ]);
  const connection = await connect(broker.url);
  const channel = await connection.createChannel();
  const message = await channel.get(queue, { noAck: true });
  await connection.close();
  expect(message).toMatchObject({
    properties: {
      deliveryMode: 2,
      contentType: 'text/plain',
      contentEncoding: 'identity',
      replyTo: 'answers',
      headers: { colour: 'red' },
    },
  });
});

test('A message through an exchange reaches a bound queue.', options, async () => {
  const queue = await declared();
  const connection = await connect(broker.url);
  await (await connection.createChannel()).bindQueue(queue, 'amq.topic', `${queue}.#`);
  await connection.close();
  await tool('publish', ['-e', 'amq.topic', '-r', `${queue}.eu`, '-b', 'routed']);
  expect(await tool('get', ['-q', queue])).toMatchObject({ code: 0, stdout: 'routed' });
});

test(
  'amqp-consume hands each message to its command and stops after its count.',
  options,
  async () => {
    const queue = await declared();
    await tool('publish', ['-r', queue, '-l'], 'one\ntwo\nthree\n');
    const outcome = await tool('consume', ['-q', queue, '-c', '3', '-p', '1', 'cat']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'one\ntwo\nthree\n' });
    expect(await tool('get', ['-q', queue])).toMatchObject({ code: 2, stdout: '' });
  },
);

test('A command that fails leaves its message in the queue.', options, async () => {
  const queue = await declared();
  await tool('publish', ['-r', queue, '-b', 'kept']);
  await tool('consume', ['-q', queue, '-c', '1', 'false']);
  expect(await tool('get', ['-q', queue])).toMatchObject({ code: 0, stdout: 'kept' });
});

test('A body of a megabyte goes through a pipe and back.', options, async () => {
  const queue = await declared();
  const body = '0123456789abcdef'.repeat(65_536);
  expect(await tool('publish', ['-r', queue], body)).toMatchObject({ code: 0 });
  const { stdout } = await tool('get', ['-q', queue]);
  expect(stdout === body).toBe(true);
});

test('The refusals of the broker are printed.', options, async () => {
  const queue = scratch.name('missing');
  const missing = await tool('get', ['-q', queue]);
  expect(missing.code).not.toBe(0);
  expect(missing.stderr).toContain(`NOT_FOUND - no queue '${queue}' in vhost '/'`);
  const { host, port } = broker;
  const url = `--url=amqp://guest:wrong@${host}:${port}`;
  const refused = await run('amqp-get', [url, '-q', queue]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('ACCESS_REFUSED - Login was refused');
});
