/**
 * Users and their limits, judged by clients: pika meets every refusal (access/refusals.py) and must
 * be told what RabbitMQ 4.0 told it (access/rabbitmq-4.0.json); amqplib is there when an operator
 * changes things under it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Administration } from '../../src/broker/administration/administration.ts';
import { ManualClock } from '../../src/clock.ts';
import { LOGIN_FAILURE_INTERVAL_MS, LOGIN_FAILURES_BURST } from '../../src/limits.ts';
import { closing, refusal } from '../support/amqplib.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { pythonWithPika, runPython, testWithPika } from '../support/python.ts';

vi.setConfig({ testTimeout: 30_000 });

const FOLDER = join(import.meta.dirname, 'access');
const ALL = { configure: '.*', write: '.*', read: '.*' };

let observed: ObservedBroker;
let desk: Administration;
const connections: ChannelModel[] = [];

beforeAll(async () => {
  observed = await startObserved();
  desk = observed.broker.administration('guest');
});
afterEach(async () => {
  await Promise.all(connections.splice(0).map((one) => one.close().catch(() => {})));
});
afterAll(() => observed.stop());

async function dial(user: string, vhost = '%2f', options = {}): Promise<ChannelModel> {
  const url = `amqp://${user}:${user}@127.0.0.1:${observed.port}/${vhost}`;
  const connection = await connect(url, options);
  connection.on('error', () => {});
  connections.push(connection);
  return connection;
}

/** amqplib does not count it as an error if an operator closes a connection. */
function closedByForce(connection: ChannelModel): Promise<string> {
  return new Promise((resolve) => {
    connection.once('close', (why: Error) => resolve(why.message));
  });
}

async function addUser(name: string, vhost = '/'): Promise<void> {
  await desk.users.put(name, { password: name, tags: '' });
  await desk.permissions.put(name, vhost, ALL);
}

describe('pika', () => {
  /** What access/setup.py makes on a RabbitMQ. */
  async function setUp(): Promise<void> {
    for (const name of ['access_v', 'access_none', 'access_none_in']) await desk.vhosts.put(name);
    for (const word of ['all', 'blank', 'unconnected', 'unchannelled', 'topical', 'little']) {
      await addUser(`access_${word}`, 'access_v');
    }
    await desk.users.put('access_blank', { password: '', tags: '' });
    const little = { configure: '^own', write: '^nothing$', read: '^nothing$' };
    await desk.permissions.put('access_little', 'access_v', little);
    await desk.permissions.put('access_all', 'access_none_in', ALL);
    await desk.parameters.setLimits('access_none_in', { 'max-connections': 0 });
    await desk.parameters.setLimits('access_v', { 'max-queues': 1 });
    await desk.users.setLimits('access_unconnected', { 'max-connections': 0 });
    await desk.users.setLimits('access_unchannelled', { 'max-channels': 1 });
    const topic = { write: '^a', read: '^b' };
    await desk.topicPermissions.put('access_topical', 'access_v', 'amq.topic', topic);
  }

  /** Where Warren follows a later RabbitMQ: 4.0 asks for no right, and names the wrong thing. */
  const LATER: Readonly<Record<string, string>> = {
    'permission to passive declare':
      "403 ACCESS_REFUSED - configure access to queue 'access_q' in vhost 'access_v' refused for " +
      "user 'access_little'",
    'user has enough channels':
      "530 NOT_ALLOWED - number of channels opened for user 'access_unchannelled' has reached " +
      'the maximum allowed user limit of (1)',
  };

  testWithPika('is refused in the words of RabbitMQ 4.0, whatever it tries', async () => {
    if (pythonWithPika === null) throw new Error('pika is missing');
    await setUp();
    const env = { AMQP_PORT: String(observed.port) };
    const outcome = await runPython([join(FOLDER, 'refusals.py')], env);
    expect(outcome.stderr).toBe('');
    const lines = outcome.stdout.trim().split('\n');
    const found = lines.map((line) => JSON.parse(line) as { step: string; outcome: string });
    const recorded = JSON.parse(readFileSync(join(FOLDER, 'rabbitmq-4.0.json'), 'utf8'));
    expect(Object.fromEntries(found.map(({ step, outcome: text }) => [step, text]))).toEqual({
      ...recorded,
      ...LATER,
    });
  });
});

describe('guessing passwords', () => {
  test('makes that user wait at that address, and nobody else', async () => {
    const clock = new ManualClock();
    const slow = await startObserved({}, clock);
    try {
      const timers = clock.pending;
      const { users, permissions } = slow.broker.administration('guest');
      await users.put('victim', { password: 'right', tags: '' });
      await permissions.put('victim', '/', ALL);
      const login = (who: string) => connect(`amqp://${who}@127.0.0.1:${slow.port}`);
      for (let i = 0; i < LOGIN_FAILURES_BURST; i++) {
        expect((await refusal(login('victim:wrong'))).code).toBe(403);
      }
      await vi.waitFor(() => expect(clock.pending).toBe(timers));
      let isIn = false;
      const late = login('victim:right').then((connection) => {
        isIn = true;
        return connection;
      });
      // One timer is the handshake's, the other its turn.
      await vi.waitFor(() => expect(clock.pending).toBe(timers + 2));
      await (await login('guest:guest')).close();
      expect(isIn).toBe(false);
      clock.advance(LOGIN_FAILURE_INTERVAL_MS);
      await (await late).close();
    } finally {
      await slow.stop();
    }
  });
});

describe('what operators have said', () => {
  test('is there after a restart, and what they deleted is not', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'warren-access-'));
    const open = () => startObserved({ data_dir: directory });
    const all = ({ users, vhosts, permissions, topicPermissions, parameters }: Administration) => ({
      users: users.list(),
      vhosts: vhosts.list().map(({ name, metadata, limits }) => ({ name, metadata, limits })),
      permissions: [...permissions.list(), ...topicPermissions.list()],
      parameters: [...parameters.list(), ...parameters.listGlobal()],
    });
    let kept = await open();
    try {
      const first = kept.broker.administration('guest');
      await first.vhosts.put('kept', { description: 'd', tags: 'a', tracing: true });
      await first.vhosts.put('gone');
      await first.users.put('u', { password: 'p', tags: 't', limits: { 'max-channels': 5 } });
      await first.permissions.put('u', 'gone', ALL);
      await first.permissions.put('u', 'kept', ALL);
      await first.topicPermissions.put('u', 'kept', 'amq.topic', { write: '^a', read: '^b' });
      await first.parameters.setLimits('kept', { 'max-queues': 3 });
      await first.parameters.putGlobal('g', { a: [1, null, 'x'] });
      const connection = await connect(`amqp://u:p@127.0.0.1:${kept.port}/gone`);
      connection.on('error', () => {});
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue('q');
      channel.sendToQueue('q', Buffer.from('a'), { persistent: true });
      await channel.waitForConfirms();
      const forced = closedByForce(connection);
      await first.vhosts.delete('gone');
      await forced;
      const said = all(first);
      await kept.stop();
      kept = await open();
      expect(all(kept.broker.administration())).toEqual(said);
      expect(kept.broker.store.stats().messages).toBe(0);
      const again = kept.broker.administration('guest');
      await again.vhosts.put('gone');
      expect(again.permissions.get('u', 'gone')).toBeNull();
      expect(kept.broker.vhosts.get('gone')?.topology.queues.size).toBe(0);
    } finally {
      await kept.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('amqplib', () => {
  test('is told when its user is deleted, and a new one of that name may come', async () => {
    await addUser('leaver');
    const connection = await dial('leaver');
    const forced = closedByForce(connection);
    await desk.users.delete('leaver');
    expect(await forced).toMatch(/320.*"CONNECTION_FORCED - user 'leaver' is deleted"/);
    expect((await refusal(dial('leaver'))).code).toBe(403);
    await addUser('leaver');
    expect(await dial('leaver')).toBeDefined();
  });

  test('is told when its vhost is deleted, and nobody else is', async () => {
    await desk.vhosts.put('doomed');
    const [inside, outside] = [await dial('guest', 'doomed'), await dial('guest')];
    const channel = await inside.createChannel();
    await channel.assertQueue('q');
    const forced = closedByForce(inside);
    await desk.vhosts.delete('doomed');
    expect(await forced).toMatch(/320.*"CONNECTION_FORCED - vhost 'doomed' is down"/);
    const other = await outside.createChannel();
    const { queue } = await other.assertQueue('', { exclusive: true });
    expect(queue).toMatch(/^amq\.gen-/);
  });

  test('enters a vhost that was made while the broker runs, and not before', async () => {
    await expect(dial('guest', 'late')).rejects.toThrow();
    await desk.vhosts.put('late');
    const channel = await (await dial('guest', 'late')).createChannel();
    expect(await channel.checkExchange('amq.topic')).toEqual({});
    await desk.vhosts.delete('late');
  });

  test('feels a changed permission on the next publish', async () => {
    await addUser('writer');
    const channel = await (await dial('writer')).createConfirmChannel();
    channel.on('error', () => {});
    channel.publish('amq.fanout', '', Buffer.from('a'));
    await channel.waitForConfirms();
    await desk.permissions.put('writer', '/', { ...ALL, write: '^none$' });
    const closed = closing(channel);
    channel.publish('amq.fanout', '', Buffer.from('b'));
    expect(await closed).toEqual({
      code: 403,
      text:
        "ACCESS_REFUSED - write access to exchange 'amq.fanout' in vhost '/' refused for " +
        "user 'writer'",
    });
  });

  test('may connect again as soon as one of its connections is gone', async () => {
    await addUser('single');
    await desk.users.setLimits('single', { 'max-connections': 1 });
    const first = await dial('single');
    await expect(dial('single')).rejects.toThrow();
    await first.close();
    expect(await dial('single')).toBeDefined();
  });

  test('logs in after a password was changed with the new one only', async () => {
    await addUser('changer');
    await dial('changer');
    await desk.users.changePassword('changer', 'other');
    expect((await refusal(dial('changer'))).code).toBe(403);
  });

  test('renews its secret, and loses the consumers that it may no longer have', async () => {
    await addUser('renewer');
    const connection = await dial('renewer');
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const cancelled = new Promise((resolve) => {
      void channel.consume(queue, (message) => message === null && resolve('cancelled'));
    });
    await channel.checkQueue(queue);
    await connection.updateSecret(Buffer.from('renewed'), 'because');
    await desk.permissions.put('renewer', '/', { ...ALL, read: '^none$' });
    await connection.updateSecret(Buffer.from('renewed'), 'because');
    expect(await cancelled).toBe('cancelled');
    const closed = closing(connection);
    await desk.permissions.delete('renewer', '/');
    connection.updateSecret(Buffer.from('renewed'), 'because').catch(() => {});
    expect(await closed).toEqual({
      code: 530,
      text: "NOT_ALLOWED - access to vhost '/' refused for user 'renewer'",
    });
  });
});
