/**
 * amqplib against quorum queues. Where RabbitMQ 4.0 differs from 4.3, which Warren follows, the
 * tests ask whose broker it is: there basic.nack counts as a failure, and consumers time out by
 * the minute.
 */
import type { ConfirmChannel, GetMessage } from 'amqplib';
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  closing,
  drain,
  Inbox,
  ready,
  refusal,
  send,
  texts,
} from '../../support/amqplib.ts';
import { external } from '../../support/broker.ts';

const amqp = new AmqplibFixture();
const QUORUM = { 'x-queue-type': 'quorum' };

async function quorum(channel: ConfirmChannel, args: Record<string, unknown> = {}) {
  return amqp.queue(channel, { durable: true, arguments: { ...QUORUM, ...args } });
}

/** The head of the queue, which in RabbitMQ may take a moment to be back. */
async function next(channel: ConfirmChannel, queue: string): Promise<GetMessage> {
  let message: GetMessage | false = false;
  const get = async () => {
    message = await channel.get(queue);
    return message !== false;
  };
  await expect.poll(get, { timeout: 5000 }).toBe(true);
  return message as unknown as GetMessage;
}

test('A message that fails too often is dead-lettered, and says how often it failed.', async () => {
  const channel = await amqp.channel();
  const dead = await amqp.queue(channel);
  const queue = await quorum(channel, {
    'x-delivery-limit': 2,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': dead,
  });
  await send(channel, queue, 'poison');
  for (const failures of [undefined, 1, 2]) {
    const message = await next(channel, queue);
    expect(message.fields.redelivered).toBe(failures !== undefined);
    expect(message.properties.headers?.['x-delivery-count']).toBe(failures);
    channel.reject(message, true);
  }
  await expect.poll(() => ready(channel, dead), { timeout: 5000 }).toBe(1);
  const [letter] = await drain(channel, dead);
  expect(letter?.properties.headers?.['x-death']?.[0]).toMatchObject({
    reason: 'delivery_limit',
    queue,
    count: 1,
  });
  expect(letter?.properties.headers?.['x-first-death-reason']).toBe('delivery_limit');
});

test('What is put back by basic.nack is counted as handed out, not as failed.', async () => {
  const channel = await amqp.channel();
  const queue = await quorum(channel, { 'x-delivery-limit': 2 });
  await send(channel, queue, 'm');
  if (external) return;
  for (let i = 0; i < 5; i++) channel.nack(await next(channel, queue), false, true);
  const { headers } = (await next(channel, queue)).properties;
  expect(headers).toMatchObject({ 'x-acquired-count': 5, 'x-delivery-count': 0 });
});

test('A lost channel counts as a failure of what it held.', async () => {
  const channel = await amqp.channel();
  const queue = await quorum(channel);
  await send(channel, queue, 'm');
  const other = await amqp.channel();
  await Inbox.of(other, queue).then((inbox) => inbox.one());
  await other.close();
  const { properties } = await next(channel, queue);
  expect(properties.headers?.['x-delivery-count']).toBe(1);
});

test('What came back is delivered first, in the order of coming back.', async () => {
  const channel = await amqp.channel();
  const queue = await quorum(channel);
  await send(channel, queue, '0', '1', '2', '3');
  const held: GetMessage[] = [];
  for (let i = 0; i < 3; i++) held.push(await next(channel, queue));
  for (const [i, index] of [2, 0, 1].entries()) {
    channel.reject(held[index] as GetMessage, true);
    await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(i + 2);
  }
  expect(texts(await drain(channel, queue))).toEqual(['2', '0', '1', '3']);
});

test('A persistent and a transient message are confirmed alike.', async () => {
  const channel = await amqp.channel();
  const queue = await quorum(channel);
  channel.sendToQueue(queue, Buffer.from('persistent'), { persistent: true });
  channel.sendToQueue(queue, Buffer.from('transient'), { persistent: false });
  await channel.waitForConfirms();
  expect(texts(await drain(channel, queue))).toEqual(['persistent', 'transient']);
});

test('Priorities go from 0 to 31, and messages without one are of priority 4.', async () => {
  if (external) return; // 4.0 knows two priorities only
  const channel = await amqp.channel();
  const queue = await quorum(channel);
  channel.sendToQueue(queue, Buffer.from('none'));
  for (const priority of [0, 3, 5, 31]) {
    channel.sendToQueue(queue, Buffer.from(String(priority)), { priority });
  }
  await channel.waitForConfirms();
  expect(texts(await drain(channel, queue))).toEqual(['31', '5', 'none', '3', '0']);
});

test('A queue is refused that is not for all and for ever.', async () => {
  const declaring = async (name: string, options: object) => {
    const channel = await amqp.channel();
    const { code, text } = await refusal(
      channel.assertQueue(name, { arguments: QUORUM, ...options }),
    );
    return `${code} ${text}`;
  };
  const name = amqp.name('q');
  const invalid = (property: string) =>
    `406 PRECONDITION_FAILED - invalid property '${property}' for queue '${name}' in vhost '/'`;
  expect(await declaring(name, { durable: false })).toBe(invalid('non-durable'));
  expect(await declaring(name, { exclusive: true })).toBe(invalid('exclusive-owner'));
  expect(await declaring(name, { durable: true, autoDelete: true })).toBe(invalid('auto-delete'));
  expect(await declaring('', { durable: true })).toBe(
    '406 PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
  );
  expect(await declaring(name, { durable: true, maxPriority: 5 })).toBe(
    `406 PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue '${name}' in vhost '/' ` +
      'of queue type rabbit_quorum_queue',
  );
});

test('A deletion on conditions costs the connection.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await quorum(channel);
  const closed = closing(connection);
  channel.deleteQueue(queue, { ifUnused: true }).catch(() => {});
  expect(await closed).toEqual({
    code: 540,
    text:
      `NOT_IMPLEMENTED - cannot delete queue '${queue}' in vhost '/'. queue.delete operations ` +
      'with if-unused flag set are not supported by quorum queues',
  });
});

test('A consumer that holds a message for too long is cancelled and the message given on.', async () => {
  if (external) return;
  const channel = await amqp.channel();
  const queue = await quorum(channel, { 'x-consumer-timeout': 300 });
  await send(channel, queue, 'm');
  const slow = await Inbox.of(channel, queue);
  const held = await slow.one();
  await slow.cancelled();
  const message = await next(channel, queue);
  expect(message.properties.headers).toMatchObject({ 'x-acquired-count': 1 });
  channel.ack(held);
  channel.ack(message);
  expect(await ready(channel, queue)).toBe(0);
});

test('A prefetch for the channel holds for all of its consumers.', async () => {
  if (external) return; // 540 there
  const channel = await amqp.channel();
  const queue = await quorum(channel);
  await channel.prefetch(2, true);
  const inboxes = [await Inbox.of(channel, queue), await Inbox.of(channel, queue)];
  await send(channel, queue, '1', '2', '3', '4');
  const received = () => inboxes.flatMap((inbox) => inbox.received).length;
  await expect.poll(received, { timeout: 5000 }).toBe(2);
  await channel.prefetch(3, true);
  await expect.poll(received, { timeout: 5000 }).toBe(3);
});
