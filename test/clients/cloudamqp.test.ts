/**
 * @cloudamqp/amqp-client over TCP against the broker: the official client of LavinMQ, whose codec
 * shares nothing with amqplib's or rabbitmq-client's.
 */
import { type AMQPBaseClient, type AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { Scratch } from '../support/scratch.ts';

vi.setConfig({ testTimeout: 20_000 });

const scratch = new Scratch();
let broker: TestBroker;
let connection: AMQPBaseClient;
let channel: AMQPChannel;

beforeAll(async () => {
  broker = await startTestBroker();
});
beforeEach(async () => {
  connection = await new AMQPClient(broker.url, undefined, null).connect();
  channel = await connection.channel();
  await channel.confirmSelect();
});
afterEach(async () => {
  if (!connection.closed) await connection.close();
});
afterAll(async () => {
  await scratch.clean(broker.url);
  await broker.stop();
});

async function queue(args: Record<string, unknown> = {}): Promise<string> {
  return (await channel.queueDeclare(scratch.name('q'), {}, args)).name;
}

async function drain(name: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const message = await channel.basicGet(name, { noAck: true });
    if (message === null) return bodies;
    bodies.push(message.bodyString() ?? '');
  }
}

test('Publishes are confirmed with their numbers.', async () => {
  const name = await queue();
  const tags = await Promise.all(
    Array.from({ length: 20 }, (_, index) => channel.basicPublish('', name, `${index}`)),
  );
  expect(tags).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(await drain(name)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
});

test('Deliveries come with everything that was sent.', async () => {
  const name = await queue();
  const sent = {
    contentType: 'text/plain',
    contentEncoding: 'identity',
    headers: { text: 'Größe', yes: true, whole: 5, half: 0.5, nothing: null, list: [1, 'a'] },
    deliveryMode: 2,
    priority: 1,
    correlationId: 'c',
    replyTo: 'r',
    expiration: '600000',
    messageId: 'm',
    timestamp: new Date(1_700_000_000_000),
    type: 't',
    userId: 'guest',
    appId: 'a',
  };
  const consumer = await channel.basicConsume(name, { noAck: false });
  await channel.basicPublish('', name, 'body', sent);
  for await (const message of consumer.messages) {
    expect(message).toMatchObject({ deliveryTag: 1, redelivered: false, routingKey: name });
    expect(message.bodyString()).toBe('body');
    expect(message.properties).toMatchObject(sent);
    await message.ack();
    break;
  }
  await channel.close();
  channel = await connection.channel();
  expect(await drain(name)).toEqual([]);
});

test.each([0, 1, 4096, 131_064, 131_065, 1_000_000])(
  'A body of %i bytes returns.',
  async (size) => {
    const name = await queue();
    const body = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 0xff);
    await channel.basicPublish('', name, body);
    const message = await channel.basicGet(name, { noAck: true });
    const received = message?.body ?? new Uint8Array();
    expect(message?.bodySize).toBe(size);
    expect(Buffer.compare(received, body)).toBe(0);
  },
);

test('Messages are acknowledged, rejected, requeued and recovered.', async () => {
  const name = await queue();
  for (const body of ['1', '2', '3', '4']) await channel.basicPublish('', name, body);
  const messages = [];
  for (let turn = 0; turn < 4; turn++)
    messages.push(await channel.basicGet(name, { noAck: false }));
  await messages[0]?.ack();
  await messages[1]?.reject(false);
  await messages[2]?.nack(true);
  const again = await channel.basicGet(name, { noAck: false });
  expect(again).toMatchObject({ redelivered: true, deliveryTag: 5 });
  expect(again?.bodyString()).toBe('3');
  await channel.basicRecover(true);
  expect(await drain(name)).toEqual(['3', '4']);
});

test('A returned message comes with its reason and before its confirm.', async () => {
  const events: string[] = [];
  channel.onReturn = (message) => {
    events.push(`${message.replyCode} ${message.replyText} ${message.bodyString()}`);
  };
  await channel.basicPublish('amq.direct', scratch.name('nowhere'), 'lost', {}, true);
  events.push('confirm');
  expect(events).toEqual(['312 NO_ROUTE lost', 'confirm']);
});

test('A publish that a full queue rejects is rejected.', async () => {
  const name = await queue({ 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  await channel.basicPublish('', name, 'kept');
  await expect(channel.basicPublish('', name, 'too much')).rejects.toBeDefined();
  expect(await drain(name)).toEqual(['kept']);
});

test('A transaction commits and rolls back.', async () => {
  const name = await queue();
  const tx = await connection.channel();
  await tx.txSelect();
  await tx.basicPublish('', name, 'never');
  await tx.txRollback();
  await tx.basicPublish('', name, 'once');
  await tx.txCommit();
  expect(await drain(name)).toEqual(['once']);
});

test('Prefetch holds deliveries back until an ack.', async () => {
  const name = await queue();
  for (const body of ['1', '2', '3']) await channel.basicPublish('', name, body);
  await channel.basicQos(1);
  const bodies: (string | null)[] = [];
  await channel.basicConsume(
    name,
    { noAck: false },
    (message) => void bodies.push(message.bodyString()),
  );
  await expect.poll(() => bodies.length).toBe(1);
  await channel.queueDeclare(name, { passive: true });
  await channel.queueDeclare(name, { passive: true });
  expect(bodies).toEqual(['1']);
  await channel.basicAck(1);
  await expect.poll(() => bodies).toEqual(['1', '2']);
});

test('A refusal carries code and text and closes the channel only.', async () => {
  const name = scratch.name('missing');
  await expect(channel.queueDeclare(name, { passive: true })).rejects.toThrow(
    `NOT_FOUND - no queue '${name}' in vhost '/'`,
  );
  expect([channel.closed, connection.closed]).toEqual([true, false]);
  channel = await connection.channel();
  await channel.queueDeclare(name);
});

test('Exchanges route, are bound to each other, and are deleted.', async () => {
  const [from, to, name] = [scratch.name('x'), scratch.name('x'), await queue()];
  await channel.exchangeDeclare(from, 'topic');
  await channel.exchangeDeclare(to, 'headers', {}, { 'alternate-exchange': 'amq.fanout' });
  await channel.exchangeBind(to, from, 'a.*');
  await channel.queueBind(name, to, '', { 'x-match': 'any', kind: 'good' });
  await channel.basicPublish(from, 'a.b', 'yes', { headers: { kind: 'good' } });
  await channel.basicPublish(from, 'a.b', 'no', { headers: { kind: 'bad' } });
  await channel.basicPublish(from, 'b', 'no', { headers: { kind: 'good' } });
  expect(await drain(name)).toEqual(['yes']);
  await channel.exchangeUnbind(to, from, 'a.*');
  await channel.exchangeDelete(from);
  await expect(channel.basicPublish(from, 'a.b', 'x')).rejects.toThrow(/NOT_FOUND - no exchange/);
});

test('A deleted queue ends its consumers.', async () => {
  const name = await queue();
  const consumer = await channel.basicConsume(name, {}, () => {});
  const ended = consumer.wait().catch((error: Error) => error.message);
  const other = await connection.channel();
  await other.queueDelete(name);
  expect(await ended).toMatch(/cancel/i);
  expect(channel.closed).toBe(false);
});

test('Counts are right on declare, purge and delete.', async () => {
  const name = await queue();
  for (const body of ['1', '2', '3']) await channel.basicPublish('', name, body);
  expect(await channel.queueDeclare(name, { passive: true })).toEqual({
    name,
    messageCount: 3,
    consumerCount: 0,
  });
  expect(await channel.queuePurge(name)).toEqual({ messageCount: 3 });
  await channel.basicPublish('', name, '4');
  expect(await channel.queueDelete(name)).toEqual({ messageCount: 1 });
});

test('A wrong password is refused with the text of the broker.', async () => {
  const { host, port } = broker;
  const stranger = new AMQPClient(`amqp://guest:wrong@${host}:${port}`, undefined, null);
  await expect(stranger.connect()).rejects.toThrow(/ACCESS_REFUSED - Login was refused/);
});

test('An unknown vhost is refused with the text of the broker.', async () => {
  const stranger = new AMQPClient(`${broker.url}/nowhere`, undefined, null);
  await expect(stranger.connect()).rejects.toThrow(/NOT_ALLOWED - vhost nowhere not found/);
});
