/** amqplib on what it was given: get, ack, nack, reject, recover, and where messages go back to. */
import type { Channel, GetMessage } from 'amqplib';
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  closing,
  drain,
  Inbox,
  ready,
  send,
  settled,
  texts,
} from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

async function get(channel: Channel, queue: string): Promise<GetMessage> {
  const message = await channel.get(queue);
  if (message === false) throw new Error('the queue is empty');
  return message;
}

test('Get takes the oldest and counts what is left behind it.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a', 'b', 'c');
  for (const [index, body] of ['a', 'b', 'c'].entries()) {
    const message = await get(channel, queue);
    expect(message.content.toString()).toBe(body);
    expect(message.fields).toEqual({
      deliveryTag: index + 1,
      redelivered: false,
      exchange: '',
      routingKey: queue,
      messageCount: 2 - index,
    });
  }
  expect(await channel.get(queue)).toBe(false);
});

test('Gets and deliveries of a channel share their tags.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  expect((await get(channel, queue)).fields.deliveryTag).toBe(1);
  const inbox = await Inbox.of(channel, queue);
  await send(channel, queue, 'b');
  expect((await inbox.one()).fields.deliveryTag).toBe(2);
  await channel.cancel(inbox.tag);
  await send(channel, queue, 'c');
  expect((await get(channel, queue)).fields.deliveryTag).toBe(3);
});

test('Get without acknowledgement takes for good.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  await channel.get(queue, { noAck: true });
  await channel.close();
  expect(await ready(await amqp.channel(), queue)).toBe(0);
});

// RabbitMQ refuses it on quorum queues only.
test('Get from a classic queue with a single active consumer is allowed.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: { 'x-single-active-consumer': true } });
  expect(await channel.get(queue)).toBe(false);
});

test('An ack settles one message, with multiple all up to it.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3', '4', '5');
  const inbox = await Inbox.of(channel, queue);
  const messages = await inbox.take(5);
  channel.ack(messages[4]!);
  channel.ack(messages[1]!, true);
  await settled(channel, queue);
  await channel.close();
  const left = await drain(await amqp.channel(connection), queue);
  expect(texts(left)).toEqual(['3', '4']);
});

test('An ack of tag 0 with multiple settles everything, and nothing is no error.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  channel.ackAll();
  await send(channel, queue, '1', '2');
  await (await Inbox.of(channel, queue)).take(2);
  channel.ackAll();
  channel.ackAll();
  await settled(channel, queue);
  await channel.close();
  expect(await drain(await amqp.channel(connection), queue)).toEqual([]);
});

test.each([
  ['an ack', (channel: Channel, message: GetMessage) => channel.ack(message)],
  ['a nack', (channel: Channel, message: GetMessage) => channel.nack(message)],
  ['a reject', (channel: Channel, message: GetMessage) => channel.reject(message)],
])('%s of an unknown tag closes the channel with 406.', async (_, answer) => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  const message = await get(channel, queue);
  message.fields.deliveryTag = 77;
  const closed = closing(channel);
  answer(channel, message);
  expect(await closed).toEqual({
    code: 406,
    text: 'PRECONDITION_FAILED - unknown delivery tag 77',
  });
});

test('A second ack of the same tag closes the channel with 406.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  const message = await get(channel, queue);
  const closed = closing(channel);
  channel.ack(message);
  channel.ack(message);
  expect(await closed).toEqual({ code: 406, text: 'PRECONDITION_FAILED - unknown delivery tag 1' });
});

test('Tags are valid on the channel that they were delivered on only.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  const message = await get(channel, queue);
  const other = await amqp.channel(connection);
  const closed = closing(other);
  other.ack(message);
  expect(await closed).toMatchObject({ code: 406 });
  channel.ack(message); // the first channel is untouched
  await settled(channel, queue);
});

test('A requeued message goes back to its old place, marked redelivered.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3', '4', '5');
  const [, second, third, fourth] = [
    await get(channel, queue),
    await get(channel, queue),
    await get(channel, queue),
    await get(channel, queue),
  ];
  channel.nack(fourth!);
  channel.reject(second!, true);
  expect(texts([await get(channel, queue)])).toEqual(['2']);
  channel.nack(third!, false, true);
  const left = await drain(channel, queue);
  expect(texts(left)).toEqual(['3', '4', '5']);
  expect(left.map((message) => message.fields.redelivered)).toEqual([true, true, false]);
});

test('A nack with multiple returns all up to it, in their old order.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3', '4');
  const messages = await (await Inbox.of(channel, queue, { consumerTag: 'c' })).take(4);
  await channel.cancel('c');
  channel.nack(messages[2]!, true, true);
  const left = await drain(channel, queue);
  expect(texts(left)).toEqual(['1', '2', '3']);
  channel.nackAll(true);
  expect(texts(await drain(channel, queue))).toEqual(['4']);
});

test('What is rejected without requeue is gone.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3', '4');
  channel.reject(await get(channel, queue), false);
  channel.nack(await get(channel, queue), false, false);
  await get(channel, queue);
  channel.nackAll(false);
  await settled(channel, queue);
  await channel.close();
  expect(texts(await drain(await amqp.channel(connection), queue))).toEqual(['4']);
});

test('A consumer that requeues gets the message again.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'again');
  await channel.prefetch(1);
  const inbox = await Inbox.of(channel, queue);
  const first = await inbox.one();
  channel.nack(first);
  const second = await inbox.one();
  expect([first.fields.redelivered, second.fields.redelivered]).toEqual([false, true]);
  expect(second.fields.deliveryTag).toBe(2);
});

test('Recover returns everything unacknowledged to the queue, to be delivered anew.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2');
  const inbox = await Inbox.of(channel, queue);
  const before = await inbox.take(2);
  channel.ack(before[0]!);
  await channel.recover();
  const again = await inbox.one();
  expect(again.content.toString()).toBe('2');
  expect(again.fields).toMatchObject({ redelivered: true, deliveryTag: 3 });
});

test('Closing a channel returns what it held, redelivered and in order.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3', '4');
  const messages = await (await Inbox.of(channel, queue)).take(4);
  channel.ack(messages[1]!);
  await settled(channel, queue);
  await channel.close();
  const left = await drain(await amqp.channel(connection), queue);
  expect(texts(left)).toEqual(['1', '3', '4']);
  expect(left.every((message) => message.fields.redelivered)).toBe(true);
});
