/** amqplib as a consumer: delivery, prefetch, fairness, and the ways a consumer ends. */
import type { ConfirmChannel } from 'amqplib';
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  closing,
  Inbox,
  pullTheCable,
  ready,
  refusal,
  send,
  settled,
  texts,
} from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

test('A consumer gets what is there and what comes, in order, with tags from 1.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a', 'b');
  const inbox = await Inbox.of(channel, queue);
  await send(channel, queue, 'c');
  const messages = await inbox.take(3);
  expect(texts(messages)).toEqual(['a', 'b', 'c']);
  expect(messages.map((message) => message.fields)).toEqual(
    [1, 2, 3].map((deliveryTag) => ({
      consumerTag: inbox.tag,
      deliveryTag,
      redelivered: false,
      exchange: '',
      routingKey: queue,
    })),
  );
});

test('A consumer that names no tag gets one from the broker.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const { consumerTag } = await channel.consume(queue, () => {});
  expect(consumerTag).toMatch(/^amq\.ctag-[A-Za-z0-9_-]{22}$/);
});

test('Without acknowledgement a message is gone once it is delivered.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  const inbox = await Inbox.of(channel, queue, { noAck: true });
  await inbox.one();
  await connection.close();
  expect(await ready(await amqp.channel(), queue)).toBe(0);
});

test('A cancelled consumer gets no more, and keeps what it has not acknowledged.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const inbox = await Inbox.of(channel, queue);
  await send(channel, queue, 'a');
  const held = await inbox.one();
  expect(await channel.cancel(inbox.tag)).toEqual({ consumerTag: inbox.tag });
  await send(channel, queue, 'b');
  await settled(channel, queue);
  expect(inbox.received).toHaveLength(1);
  expect(await ready(channel, queue)).toBe(1);
  channel.ack(held);
  await channel.close();
  expect(await ready(await amqp.channel(), queue)).toBe(1);
});

test('Cancelling a consumer that does not exist is no error.', async () => {
  const channel = await amqp.channel();
  expect(await channel.cancel('nobody')).toEqual({ consumerTag: 'nobody' });
});

test('A consumer tag that is in use on the channel closes the connection with 530.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await channel.consume(queue, () => {}, { consumerTag: 'same' });
  const other = await amqp.channel(connection);
  await other.consume(queue, () => {}, { consumerTag: 'same' });
  const closed = closing(connection);
  channel.consume(queue, () => {}, { consumerTag: 'same' }).catch(() => {});
  expect(await closed).toEqual({
    code: 530,
    text: "NOT_ALLOWED - attempt to reuse consumer tag 'same'",
  });
});

test('Consuming from a missing queue is refused with 404.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('missing');
  expect(await refusal(channel.consume(queue, () => {}))).toEqual({
    code: 404,
    text: `NOT_FOUND - no queue '${queue}' in vhost '/'`,
  });
});

test('An exclusive consumer tolerates no other, before or after it.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  const refused = {
    code: 403,
    text: `ACCESS_REFUSED - queue '${queue}' in vhost '/' in exclusive use`,
  };
  const first = await channel.consume(queue, () => {});
  const late = await amqp.channel(connection);
  expect(await refusal(late.consume(queue, () => {}, { exclusive: true }))).toEqual(refused);
  await channel.cancel(first.consumerTag);
  await channel.consume(queue, () => {}, { exclusive: true });
  const another = await amqp.channel(connection);
  expect(await refusal(another.consume(queue, () => {}))).toEqual(refused);
});

test('Deleting a queue cancels its consumers.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const inbox = await Inbox.of(channel, queue);
  await (await amqp.channel()).deleteQueue(queue);
  await inbox.cancelled();
  await channel.assertQueue(queue); // the channel lives on
});

test('Prefetch limits each consumer made after it by itself.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const other = await amqp.queue(channel);
  await channel.prefetch(2);
  const first = await Inbox.of(channel, queue);
  await channel.prefetch(3);
  const second = await Inbox.of(channel, other);
  await send(channel, queue, '1', '2', '3', '4');
  await send(channel, other, '1', '2', '3', '4');
  await first.take(2);
  await second.take(3);
  await settled(channel, queue);
  await settled(channel, other);
  expect([first.received.length, second.received.length]).toEqual([2, 3]);
  channel.ack(first.received[0]!);
  expect(texts([await first.one()])).toEqual(['3']);
  await settled(channel, queue);
  expect(first.received).toHaveLength(3);
});

test('A global prefetch is shared by all consumers of the channel.', async () => {
  const channel = await amqp.channel();
  const [queue, other] = [await amqp.queue(channel), await amqp.queue(channel)];
  await channel.prefetch(3, true);
  await send(channel, queue, '1', '2', '3', '4');
  await send(channel, other, '5', '6', '7', '8');
  const received: string[] = [];
  const inboxes = [await Inbox.of(channel, queue), await Inbox.of(channel, other)];
  const arrived = () => inboxes.flatMap((inbox) => inbox.received);
  await expect.poll(() => arrived().length).toBe(3);
  await settled(channel, queue);
  await settled(channel, other);
  expect(arrived()).toHaveLength(3);
  while (received.length < 8) {
    await expect.poll(() => arrived().length).toBeGreaterThan(received.length);
    const next = arrived().find((message) => !received.includes(message!.content.toString()))!;
    received.push(next.content.toString());
    channel.ack(next);
  }
  expect(received.sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
});

test('A prefetch does not limit basic.get.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, '1', '2', '3');
  await channel.prefetch(1, true);
  for (let turn = 0; turn < 3; turn++) expect(await channel.get(queue)).not.toBe(false);
});

test('Consumers of one queue take turns.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const inboxes = [
    await Inbox.of(channel, queue),
    await Inbox.of(channel, queue),
    await Inbox.of(channel, queue),
  ];
  await send(channel, queue, '1', '2', '3', '4', '5', '6', '7', '8', '9');
  for (const inbox of inboxes) expect(await inbox.take(3)).toHaveLength(3);
});

test('A consumer with a higher priority is served first, until its prefetch is used up.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await channel.prefetch(2);
  const low = await Inbox.of(channel, queue, { priority: -1 });
  const normal = await Inbox.of(channel, queue);
  const high = await Inbox.of(channel, queue, { priority: 5 });
  await send(channel, queue, '1');
  await send(channel, queue, '2');
  expect(texts(await high.take(2))).toEqual(['1', '2']);
  await send(channel, queue, '3');
  await send(channel, queue, '4');
  expect(texts(await normal.take(2))).toEqual(['3', '4']);
  await send(channel, queue, '5');
  expect(texts(await low.take(1))).toEqual(['5']);
  channel.ack(high.received[0]!);
  await settled(channel, queue);
  await send(channel, queue, '6');
  expect(texts(await high.take(1))).toEqual(['6']);
});

test('Of a single-active-consumer queue one consumer is served, the oldest that is left.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: { 'x-single-active-consumer': true } });
  const first = await Inbox.of(channel, queue, { noAck: true });
  const second = await Inbox.of(channel, queue, { noAck: true });
  const third = await Inbox.of(channel, queue, { noAck: true });
  expect(await channel.checkQueue(queue)).toMatchObject({ consumerCount: 3 });
  await send(channel, queue, '1', '2', '3');
  expect(texts(await first.take(3))).toEqual(['1', '2', '3']);
  await channel.cancel(first.tag);
  await send(channel, queue, '4', '5');
  expect(texts(await second.take(2))).toEqual(['4', '5']);
  expect(third.received).toEqual([]);
});

test('An exclusive consumer of a single-active-consumer queue is refused with 403.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: { 'x-single-active-consumer': true } });
  expect(await refusal(channel.consume(queue, () => {}, { exclusive: true }))).toEqual({
    code: 403,
    text: `ACCESS_REFUSED - queue '${queue}' in vhost '/' in exclusive use`,
  });
});

test('Unacknowledged messages of a lost connection come back redelivered, in order.', async () => {
  const publisher = await amqp.channel();
  const queue = await amqp.queue(publisher);
  await send(publisher, queue, '1', '2', '3', '4');
  const connection = await amqp.connect();
  const doomed = await Inbox.of(await amqp.channel(connection), queue);
  await doomed.take(4);
  await pullTheCable(connection);
  const survivor = await Inbox.of(publisher, queue);
  const messages = await survivor.take(4);
  expect(texts(messages)).toEqual(['1', '2', '3', '4']);
  expect(messages.map((message) => message.fields.redelivered)).toEqual([true, true, true, true]);
});

test('Work is shared among consumers on different connections.', async () => {
  const publisher = await amqp.channel();
  const queue = await amqp.queue(publisher);
  const channels: ConfirmChannel[] = [await amqp.channel(), await amqp.channel()];
  const inboxes = await Promise.all(
    channels.map(async (channel) => {
      await channel.prefetch(1);
      return Inbox.of(channel, queue);
    }),
  );
  await send(publisher, queue, '1', '2', '3', '4');
  const [one, two] = await Promise.all(inboxes.map((inbox) => inbox.one()));
  expect([one!.content.toString(), two!.content.toString()].sort()).toEqual(['1', '2']);
  channels[1]!.ack(two!);
  expect(texts([await inboxes[1]!.one()])).toEqual(['3']);
});
