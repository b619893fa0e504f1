/** The checks that Debian has for Nagios and its kin, which watch many a RabbitMQ, in Perl. */
import { spawnSync } from 'node:child_process';
import amqplib, { type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run } from '../support/program.ts';
import { testWith } from '../support/python.ts';

const found =
  spawnSync('check_rabbitmq_server', ['--version'], { timeout: 20_000 }).error === undefined;
const test = testWith(found ? 'perl' : null, 'checks of Nagios', 'nagios-plugins-rabbitmq');

let broker: ApiBroker;
let client: ChannelModel;

beforeAll(async () => {
  // They make the name of the node from that of the machine.
  broker = await startApi({ config: { nodename: 'rabbit@box' } });
  client = await amqplib.connect(broker.url);
  const channel = await client.createChannel();
  await channel.assertQueue('watched');
  await channel.consume('watched', () => {});
});

afterAll(async () => {
  await client?.close();
  await broker?.stop();
});

describe('checks of Nagios', () => {
  for (const line of [
    'aliveness',
    'connections',
    'objects',
    'overview',
    'partition --node=box',
    'queue --queue=watched -w 10 -c 20',
    'server --node=box',
    'watermark --node=box',
  ]) {
    test(`check_rabbitmq_${line} finds nothing wrong`, async () => {
      const [name, ...more] = line.split(' ');
      const login = ['-H', '127.0.0.1', '-u', 'guest', '-p', 'guest'];
      const args = [...login, `--port=${broker.apiPort}`, ...more];
      const { code, stdout } = await run(`check_rabbitmq_${name}`, args);
      expect([code, stdout]).toEqual([0, expect.stringContaining(' OK ')]);
    });
  }

  test('a queue with more than it may have is reported', async () => {
    await broker.call('PUT', '/api/queues/%2F/full', {});
    for (let i = 0; i < 3; i++) {
      const message = {
        properties: {},
        routing_key: 'full',
        payload: 'x',
        payload_encoding: 'string',
      };
      await broker.call('POST', '/api/exchanges/%2F/amq.default/publish', message);
    }
    const login = ['-H', '127.0.0.1', '-u', 'guest', '-p', 'guest', `--port=${broker.apiPort}`];
    const outcome = await run('check_rabbitmq_queue', [
      ...login,
      '--queue=full',
      '-w',
      '1',
      '-c',
      '2',
    ]);
    expect([outcome.code, outcome.stdout]).toEqual([2, expect.stringContaining('CRITICAL')]);
  });
});
