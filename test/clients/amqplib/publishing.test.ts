/** amqplib as a publisher: confirms, returns, bodies of every size, every property and header. */
import { createHash } from 'node:crypto';
import type { Message } from 'amqplib';
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  closing,
  drain,
  Inbox,
  ready,
  send,
  texts,
} from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

test('Every publish is confirmed exactly once, singly or with others.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const acks: { deliveryTag: number; multiple: boolean }[] = [];
  channel.on('ack', (fields) => acks.push(fields));
  const confirmed = new Map<number, number>();
  for (let number = 1; number <= 500; number++) {
    const count = () => confirmed.set(number, (confirmed.get(number) ?? 0) + 1);
    channel.sendToQueue(queue, Buffer.from(`${number}`), { persistent: number % 2 === 0 }, count);
  }
  await channel.waitForConfirms();
  expect([...confirmed.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
  expect([...confirmed.values()].every((times) => times === 1)).toBe(true);
  expect(Math.max(...acks.map((ack) => ack.deliveryTag))).toBe(500);
  expect(texts(await drain(channel, queue))).toEqual(
    Array.from({ length: 500 }, (_, index) => `${index + 1}`),
  );
});

test('Sequence numbers of confirms begin at 1 on every channel.', async () => {
  const connection = await amqp.connect();
  const queue = await amqp.queue(await amqp.channel(connection));
  for (let turn = 0; turn < 2; turn++) {
    const channel = await amqp.channel(connection);
    const ack = new Promise((resolve) => channel.once('ack', resolve));
    channel.sendToQueue(queue, Buffer.from('x'));
    expect(await ack).toEqual({ deliveryTag: 1, multiple: false });
  }
});

test('What cannot be routed is confirmed all the same.', async () => {
  const channel = await amqp.channel();
  channel.publish('amq.direct', amqp.name('nowhere'), Buffer.from('x'));
  await channel.waitForConfirms();
});

test('A mandatory message without a queue is returned before it is confirmed.', async () => {
  const channel = await amqp.channel();
  const key = amqp.name('nowhere');
  const events: string[] = [];
  let returned: Message | null = null;
  channel.on('return', (message) => {
    events.push('return');
    returned = message;
  });
  const sent = { mandatory: true, messageId: 'm1', headers: { a: 1 }, contentType: 'text/plain' };
  channel.publish('amq.direct', key, Buffer.from('lost'), sent, () => events.push('confirm'));
  await channel.waitForConfirms();
  expect(events).toEqual(['return', 'confirm']);
  expect(returned).toMatchObject({
    fields: { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'amq.direct', routingKey: key },
    properties: { messageId: 'm1', headers: { a: 1 }, contentType: 'text/plain' },
    content: Buffer.from('lost'),
  });
});

test('A mandatory message with a queue is not returned.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const returned: Message[] = [];
  channel.on('return', (message) => returned.push(message));
  channel.sendToQueue(queue, Buffer.from('x'), { mandatory: true });
  await channel.waitForConfirms();
  expect(returned).toEqual([]);
});

test.each([0, 1, 4088, 4089, 131_063, 131_064, 131_065, 262_128, 5 * 1024 * 1024])(
  'A body of %i bytes comes back as it was.',
  async (size) => {
    const channel = await amqp.channel();
    const queue = await amqp.queue(channel);
    const body = patterned(size);
    channel.sendToQueue(queue, body);
    await channel.waitForConfirms();
    const [message] = await drain(channel, queue);
    expect(message?.content.length).toBe(size);
    expect(digest(message!.content)).toBe(digest(body));
  },
);

test('A large body crosses a connection with the smallest frames.', async () => {
  const connection = await amqp.connect('?frameMax=8192');
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  const body = patterned(300_000);
  const inbox = await Inbox.of(channel, queue);
  channel.sendToQueue(queue, body);
  channel.sendToQueue(queue, Buffer.from('after'));
  const [large, after] = await inbox.take(2);
  expect(digest(large!.content)).toBe(digest(body));
  expect(after!.content.toString()).toBe('after');
});

function patterned(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 31) ^ (index >> 8)));
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

test('All fourteen properties come back as they were.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const sent = {
    contentType: 'application/json',
    contentEncoding: 'gzip',
    headers: { a: 1 },
    deliveryMode: 2,
    priority: 7,
    correlationId: 'correlation',
    replyTo: 'reply',
    expiration: '600000',
    messageId: 'message',
    timestamp: 1_700_000_000,
    type: 'type',
    userId: 'guest',
    appId: 'app',
  };
  channel.sendToQueue(queue, Buffer.from('x'), sent);
  await channel.waitForConfirms();
  const [message] = await drain(channel, queue);
  expect(message?.properties).toEqual({ ...sent, clusterId: undefined });
});

test('A message without properties comes back without.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  channel.publish('', queue, Buffer.from('x'), { headers: undefined });
  await channel.waitForConfirms();
  const [message] = await drain(channel, queue);
  const set = Object.entries(message!.properties).filter(([, value]) => value !== undefined);
  expect(Object.fromEntries(set)).toEqual({ headers: {} });
});

test('Headers of every type come back as they were.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const headers = {
    text: 'Größe 漢字 \u{1F407}',
    empty: '',
    yes: true,
    no: false,
    nothing: null,
    byte: -128,
    short: -32_768,
    int: -2_147_483_648,
    long: 9_007_199_254_740_991,
    double: 0.1,
    unsignedByte: { '!': 'uint8', value: 255 },
    unsignedShort: { '!': 'uint16', value: 65_535 },
    unsignedInt: { '!': 'uint32', value: 4_294_967_295 },
    float: { '!': 'float', value: 0.5 },
    timestamp: { '!': 'timestamp', value: 1_700_000_000 },
    decimal: { '!': 'decimal', value: { places: 2, digits: 314 } },
    bytes: Buffer.from([0, 255, 10]),
    list: [1, 'two', [3], { four: 4 }, null],
    table: { nested: { deeper: [true] } },
    ['x'.repeat(255)]: 'a long name',
    __proto__x: 'an odd name',
  };
  channel.sendToQueue(queue, Buffer.from('x'), { headers });
  await channel.waitForConfirms();
  const [message] = await drain(channel, queue);
  expect(message?.properties.headers).toEqual({
    ...headers,
    unsignedByte: 255,
    unsignedShort: 65_535,
    unsignedInt: 4_294_967_295,
    float: 0.5,
  });
});

test('A user id other than the own is refused with 406.', async () => {
  const channel = await amqp.channel();
  const closed = closing(channel);
  channel.publish('amq.direct', 'k', Buffer.from('x'), { userId: 'somebody' });
  expect(await closed).toEqual({
    code: 406,
    text:
      "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user " +
      "was 'guest'",
  });
});

test.each([
  ['soon', 'no_integer'],
  ['', 'no_integer'],
  ['-1', '{value_negative,-1}'],
  ['1.5', '{leftover_string,".5"}'],
  ['315360000001', '{value_too_large,315360000001}'],
])('An expiration of %o is refused with 406: %s.', async (expiration, why) => {
  const channel = await amqp.channel();
  const closed = closing(channel);
  channel.publish('amq.direct', 'k', Buffer.from('x'), { expiration });
  expect(await closed).toEqual({
    code: 406,
    text: `PRECONDITION_FAILED - invalid expiration '${expiration}': ${why}`,
  });
});

test('Publishing to a missing exchange closes only that channel, with its confirms open.', async () => {
  const connection = await amqp.connect();
  const other = await amqp.channel(connection);
  const channel = await amqp.channel(connection);
  const exchange = amqp.name('missing');
  const closed = closing(channel);
  const confirm = new Promise((resolve) => {
    channel.publish(exchange, 'k', Buffer.from('x'), {}, resolve);
  });
  expect(await closed).toEqual({
    code: 404,
    text: `NOT_FOUND - no exchange '${exchange}' in vhost '/'`,
  });
  expect(await confirm).toBeInstanceOf(Error);
  const queue = await amqp.queue(other);
  await send(other, queue, 'still here');
  expect(await ready(other, queue)).toBe(1);
});

test('Messages of one publisher keep their order across exchanges.', async () => {
  const channel = await amqp.channel();
  const fanout = await amqp.exchange(channel, 'fanout');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, fanout, '');
  const inbox = await Inbox.of(channel, queue, { noAck: true });
  for (let number = 0; number < 200; number++) {
    channel.publish(number % 3 === 0 ? fanout : '', queue, Buffer.from(`${number}`), {
      persistent: number % 2 === 0,
    });
  }
  expect(texts(await inbox.take(200))).toEqual(Array.from({ length: 200 }, (_, n) => `${n}`));
});
