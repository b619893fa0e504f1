/** amqplib against queues with bounds: time to live, expiry, length, priority. */
import type { ConfirmChannel } from 'amqplib';
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

const amqp = new AmqplibFixture();

async function sendWith(
  channel: ConfirmChannel,
  queue: string,
  options: { priority?: number; expiration?: string },
  ...bodies: string[]
) {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), options);
  await channel.waitForConfirms();
}

test('Messages outlive their time in the queue by nothing.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { messageTtl: 50 });
  await send(channel, queue, 'a', 'b');
  await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(0);
  expect(await channel.get(queue)).toBe(false);
});

test('The shorter of the two times to live counts.', async () => {
  const channel = await amqp.channel();
  const short = await amqp.queue(channel, { messageTtl: 50 });
  const long = await amqp.queue(channel, { messageTtl: 600_000 });
  await sendWith(channel, short, { expiration: '600000' }, 'a');
  await sendWith(channel, long, { expiration: '50' }, 'b');
  await expect.poll(() => ready(channel, short), { timeout: 5000 }).toBe(0);
  await expect.poll(() => ready(channel, long), { timeout: 5000 }).toBe(0);
});

test('A time to live of 0 delivers at once or not at all.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await sendWith(channel, queue, { expiration: '0' }, 'nobody waits');
  await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(0);
  const inbox = await Inbox.of(channel, queue);
  await sendWith(channel, queue, { expiration: '0' }, 'somebody waits');
  expect(texts([await inbox.one()])).toEqual(['somebody waits']);
});

test('A queue whose messages live for 0 ms works for consumers that wait.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { messageTtl: 0 });
  const inbox = await Inbox.of(channel, queue, { noAck: true });
  await send(channel, queue, 'a', 'b');
  expect(texts(await inbox.take(2))).toEqual(['a', 'b']);
});

test('A message that a consumer holds does not expire, and keeps its time when requeued.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { messageTtl: 50 });
  const inbox = await Inbox.of(channel, queue, { consumerTag: 'c' });
  await send(channel, queue, 'a');
  const held = await inbox.one();
  await channel.cancel('c');
  const witness = await amqp.queue(channel, { messageTtl: 100 });
  await send(channel, witness, 'b');
  await expect.poll(() => ready(channel, witness), { timeout: 5000 }).toBe(0);
  channel.nack(held, false, true);
  await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(0);
  expect(await channel.get(queue)).toBe(false);
});

test('A queue that nobody uses expires.', async () => {
  const connection = await amqp.connect();
  const queue = await amqp.queue(await amqp.channel(connection), { expires: 100 });
  const channel = await amqp.channel(connection);
  await expect
    .poll(() => missing(channel, queue), { timeout: 5000, interval: 150 })
    .toMatchObject({ code: 404 });
});

/** Asks by purging, which unlike a declare is not a use of the queue. */
async function missing(channel: ConfirmChannel, queue: string) {
  return refusal(channel.purgeQueue(queue)).catch(() => null);
}

test('A queue with a consumer does not expire.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const used = await amqp.queue(channel, { expires: 100 });
  const unused = await amqp.queue(channel, { expires: 200 });
  await channel.consume(used, () => {});
  const asking = await amqp.channel(connection);
  await expect
    .poll(() => missing(asking, unused), { timeout: 5000, interval: 250 })
    .toMatchObject({ code: 404 });
  await channel.checkQueue(used);
});

test('A full queue drops its oldest messages.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxLength: 3 });
  await send(channel, queue, '1', '2', '3', '4', '5');
  expect(texts(await drain(channel, queue))).toEqual(['3', '4', '5']);
});

test('A queue of length 0 keeps nothing, but delivers.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxLength: 0 });
  await send(channel, queue, '1');
  expect(await ready(channel, queue)).toBe(0);
  const inbox = await Inbox.of(channel, queue, { noAck: true });
  await send(channel, queue, '2');
  expect(texts([await inbox.one()])).toEqual(['2']);
});

test('Bytes are counted by body, and the oldest go.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: { 'x-max-length-bytes': 10 } });
  await send(channel, queue, 'aaaa', 'bbbb', 'cc');
  expect(await ready(channel, queue)).toBe(3);
  await send(channel, queue, 'd');
  expect(texts(await drain(channel, queue))).toEqual(['bbbb', 'cc', 'd']);
});

test('A body larger than the whole queue may hold is dropped, or refused where publishes are.', async () => {
  const channel = await amqp.channel();
  const bytes = { 'x-max-length-bytes': 3 };
  const dropping = await amqp.queue(channel, { arguments: bytes });
  await send(channel, dropping, 'abcdef');
  expect(await ready(channel, dropping)).toBe(0);
  const rejecting = await amqp.queue(channel, { arguments: bytes, overflow: 'reject-publish' });
  await send(channel, rejecting, 'aa');
  await expect(send(channel, rejecting, 'bbb')).rejects.toThrow();
  await send(channel, rejecting, 'c');
  expect(texts(await drain(channel, rejecting))).toEqual(['aa', 'c']);
});

test('The length counts what is ready, not what consumers hold.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxLength: 2 });
  await send(channel, queue, '1', '2');
  await (await Inbox.of(channel, queue, { consumerTag: 'c' })).take(2);
  await channel.cancel('c');
  await send(channel, queue, '3', '4');
  expect(await ready(channel, queue)).toBe(2);
  await send(channel, queue, '5');
  expect(texts(await drain(channel, queue))).toEqual(['4', '5']);
});

test('A requeue into a full queue drops from the front.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxLength: 2 });
  await send(channel, queue, '1', '2');
  const held = await channel.get(queue);
  await send(channel, queue, '3');
  channel.nack(held as never);
  await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(2);
  expect(texts(await drain(channel, queue))).toEqual(['2', '3']);
});

test('A full queue that rejects publishes nacks them and keeps what it has.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxLength: 2, overflow: 'reject-publish' });
  expect(await outcomes(channel, queue, 4)).toEqual(['ack', 'ack', 'nack', 'nack']);
  expect(texts(await drain(channel, queue))).toEqual(['1', '2']);
  expect(await outcomes(channel, queue, 1)).toEqual(['ack']);
});

/** Publishes the numbers 1 to `count` one after the other; how the broker answered each. */
async function outcomes(channel: ConfirmChannel, queue: string, count: number) {
  const results: string[] = [];
  for (let number = 1; number <= count; number++) {
    const error = await new Promise((resolve) => {
      channel.sendToQueue(queue, Buffer.from(`${number}`), {}, resolve);
    });
    results.push(error === null ? 'ack' : 'nack');
  }
  return results;
}

test('A publish that one of several queues rejects is nacked once and stays in the others.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'fanout');
  const full = await amqp.queue(channel, { maxLength: 0, overflow: 'reject-publish' });
  const open = await amqp.queue(channel);
  await channel.bindQueue(full, exchange, '');
  await channel.bindQueue(open, exchange, '');
  const answers: string[] = [];
  channel.on('ack', () => answers.push('ack'));
  channel.on('nack', () => answers.push('nack'));
  channel.publish(exchange, '', Buffer.from('x'));
  await channel.waitForConfirms().catch(() => {});
  await ready(channel, open);
  expect(answers).toEqual(['nack']);
  expect(texts(await drain(channel, open))).toEqual(['x']);
});

test('Higher priorities come first, equal ones in order, and above the maximum is the maximum.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxPriority: 5 });
  await sendWith(channel, queue, { priority: 1 }, 'one');
  await sendWith(channel, queue, {}, 'none');
  await sendWith(channel, queue, { priority: 5 }, 'five', 'five again');
  await sendWith(channel, queue, { priority: 200 }, 'two hundred');
  await sendWith(channel, queue, { priority: 0 }, 'zero');
  await sendWith(channel, queue, { priority: 3 }, 'three');
  expect(texts(await drain(channel, queue))).toEqual([
    'five',
    'five again',
    'two hundred',
    'three',
    'one',
    'none',
    'zero',
  ]);
});

test('A requeued message goes back among those of its own priority.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxPriority: 5 });
  await sendWith(channel, queue, { priority: 5 }, 'a');
  await sendWith(channel, queue, { priority: 1 }, 'b', 'c');
  await channel.get(queue);
  const second = await channel.get(queue);
  await sendWith(channel, queue, { priority: 5 }, 'd');
  channel.nack(second as never);
  await expect.poll(() => ready(channel, queue)).toBe(3);
  expect(texts(await drain(channel, queue))).toEqual(['d', 'b', 'c']);
});

test('A priority queue that is full drops the oldest of the highest priority it drops from.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { maxPriority: 5, maxLength: 3 });
  await sendWith(channel, queue, { priority: 1 }, 'low 1', 'low 2');
  await sendWith(channel, queue, { priority: 5 }, 'high 1', 'high 2');
  expect(texts(await drain(channel, queue))).toEqual(['high 2', 'low 1', 'low 2']);
});

test('Priorities mean nothing to a queue without them.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await sendWith(channel, queue, { priority: 1 }, 'a');
  await sendWith(channel, queue, { priority: 9 }, 'b');
  const messages = await drain(channel, queue);
  expect(texts(messages)).toEqual(['a', 'b']);
  expect(messages.map((message) => message.properties.priority)).toEqual([1, 9]);
});

test('A publish that is refused for its expiration enters no queue.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const closed = closing(channel);
  channel.sendToQueue(queue, Buffer.from('x'), { expiration: 'never' });
  expect(await closed).toMatchObject({ code: 406 });
  expect(await ready(await amqp.channel(), queue)).toBe(0);
});
