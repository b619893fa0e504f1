/** amqplib against exchanges: which queues a message reaches, and which it must not. */
import type { ConfirmChannel, Options } from 'amqplib';
import { expect, test } from 'vitest';
import { AmqplibFixture, closing, drain, refusal, texts } from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

async function publish(
  channel: ConfirmChannel,
  exchange: string,
  key: string,
  options: Options.Publish = {},
) {
  channel.publish(exchange, key, Buffer.from(key), options);
  await channel.waitForConfirms();
}

test('The default exchange routes by queue name.', async () => {
  const channel = await amqp.channel();
  const [one, two] = [await amqp.queue(channel), await amqp.queue(channel)];
  await publish(channel, '', one);
  expect(texts(await drain(channel, one))).toEqual([one]);
  expect(texts(await drain(channel, two))).toEqual([]);
});

test('A direct exchange routes by equal key, to every queue bound with it.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'direct');
  const [one, two] = [await amqp.queue(channel), await amqp.queue(channel)];
  await channel.bindQueue(one, exchange, 'a');
  await channel.bindQueue(one, exchange, 'b');
  await channel.bindQueue(two, exchange, 'b');
  for (const key of ['a', 'b', 'c', '']) await publish(channel, exchange, key);
  expect(texts(await drain(channel, one))).toEqual(['a', 'b']);
  expect(texts(await drain(channel, two))).toEqual(['b']);
});

test('A fanout exchange routes to every bound queue, once however often bound.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'fanout');
  const [one, two] = [await amqp.queue(channel), await amqp.queue(channel)];
  await channel.bindQueue(one, exchange, 'a');
  await channel.bindQueue(one, exchange, 'b');
  await channel.bindQueue(two, exchange, '');
  await publish(channel, exchange, 'whatever');
  expect(texts(await drain(channel, one))).toEqual(['whatever']);
  expect(texts(await drain(channel, two))).toEqual(['whatever']);
});

test.each([
  ['orders.*', ['orders.eu', 'orders.'], ['orders', 'orders.eu.paid', 'eu.orders']],
  ['orders.#', ['orders', 'orders.eu', 'orders.eu.paid', 'orders.'], ['order', 'ordersx.eu']],
  ['#', ['', 'a', 'a.b.c', '..'], []],
  ['*', ['a'], ['a.b', '']],
  ['#.paid', ['paid', 'eu.paid', 'orders.eu.paid'], ['paid.eu']],
  ['*.#', ['a', 'a.b'], []],
  ['#.*.#', ['a', 'a.b.c'], []],
  ['a.*.c.#', ['a.b.c', 'a.b.c.d', 'a..c'], ['a.c', 'a.b.b.c']],
  ['', [''], ['a', '.']],
  ['a*.b', ['a*.b'], ['ax.b']],
])('A topic binding %s matches %o and not %o.', async (pattern, matching, others) => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'topic');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, pattern);
  for (const key of [...matching, ...others]) await publish(channel, exchange, key);
  expect(texts(await drain(channel, queue))).toEqual(matching);
});

test.each([
  [{ 'x-match': 'all', a: 1, b: 'x' }, { a: 1, b: 'x', c: 0 }, { a: 1 }],
  [{ a: 1, b: 'x' }, { a: 1, b: 'x' }, { b: 'x' }],
  [{ 'x-match': 'any', a: 1, b: 'x' }, { b: 'x' }, { a: 2 }],
  [{ 'x-match': 'all', a: null }, { a: 'present' }, { b: 1 }],
  [{ 'x-match': 'all', a: 1, 'x-ignored': 1 }, { a: 1 }, { 'x-ignored': 1 }],
  [{ 'x-match': 'all', a: 1 }, { a: 1 }, { a: '1' }],
  [{ 'x-match': 'any', a: true }, { a: true }, { a: false }],
])('A headers binding %o takes %o and not %o.', async (binding, taken, ignored) => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'headers');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, '', binding);
  await publish(channel, exchange, 'ignored', { headers: ignored });
  await publish(channel, exchange, 'taken', { headers: taken });
  await publish(channel, exchange, 'none');
  expect(texts(await drain(channel, queue))).toEqual(['taken']);
});

test('A headers binding with nothing to match takes everything with all, nothing with any.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'headers');
  const [all, any] = [await amqp.queue(channel), await amqp.queue(channel)];
  await channel.bindQueue(all, exchange, '', { 'x-match': 'all' });
  await channel.bindQueue(any, exchange, '', { 'x-match': 'any' });
  await publish(channel, exchange, 'k', { headers: { a: 1 } });
  expect(texts(await drain(channel, all))).toEqual(['k']);
  expect(texts(await drain(channel, any))).toEqual([]);
});

test('A headers binding with an unknown x-match is refused with 406.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'headers');
  const queue = await amqp.queue(channel);
  const { code, text } = await refusal(
    channel.bindQueue(queue, exchange, '', { 'x-match': 'some', a: 1 }),
  );
  expect(code).toBe(406);
  expect(text).toMatch(/^PRECONDITION_FAILED - Invalid x-match field value/);
});

test('Exchanges bound to exchanges pass messages on, and a circle ends.', async () => {
  const channel = await amqp.channel();
  const [from, to] = [
    await amqp.exchange(channel, 'topic'),
    await amqp.exchange(channel, 'fanout'),
  ];
  const queue = await amqp.queue(channel);
  await channel.bindExchange(to, from, 'a.#');
  await channel.bindExchange(from, to, '');
  await channel.bindQueue(queue, to, '');
  await publish(channel, from, 'a.b');
  await publish(channel, from, 'b');
  expect(texts(await drain(channel, queue))).toEqual(['a.b']);
  await channel.unbindExchange(to, from, 'a.#');
  await publish(channel, from, 'a.b');
  expect(texts(await drain(channel, queue))).toEqual([]);
});

test('An unbound queue gets no more.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'topic');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, 'a.*');
  await channel.bindQueue(queue, exchange, '#.b');
  await publish(channel, exchange, 'a.b');
  await channel.unbindQueue(queue, exchange, 'a.*');
  await publish(channel, exchange, 'a.c');
  await publish(channel, exchange, 'x.b');
  expect(texts(await drain(channel, queue))).toEqual(['a.b', 'x.b']);
});

test('Bindings with different arguments are different bindings.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'headers');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, 'k', { a: 1 });
  await channel.bindQueue(queue, exchange, 'k', { b: 1 });
  await channel.unbindQueue(queue, exchange, 'k', { a: 1 });
  await publish(channel, exchange, 'a', { headers: { a: 1 } });
  await publish(channel, exchange, 'b', { headers: { b: 1 } });
  expect(texts(await drain(channel, queue))).toEqual(['b']);
});

test('What an exchange cannot route goes to its alternate exchange.', async () => {
  const channel = await amqp.channel();
  const alternate = await amqp.exchange(channel, 'fanout');
  const exchange = await amqp.exchange(channel, 'direct', { alternateExchange: alternate });
  const [routed, stray] = [await amqp.queue(channel), await amqp.queue(channel)];
  await channel.bindQueue(routed, exchange, 'known');
  await channel.bindQueue(stray, alternate, '');
  const returned: string[] = [];
  channel.on('return', (message) => returned.push(message.fields.routingKey));
  await publish(channel, exchange, 'known', { mandatory: true });
  await publish(channel, exchange, 'unknown', { mandatory: true });
  expect(texts(await drain(channel, routed))).toEqual(['known']);
  const [message] = await drain(channel, stray);
  expect(message?.fields).toMatchObject({ exchange, routingKey: 'unknown' });
  expect(returned).toEqual([]);
});

test('An internal exchange is not published to by clients, but passes messages on.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const internal = await amqp.exchange(channel, 'fanout', { internal: true });
  const front = await amqp.exchange(channel, 'fanout');
  const queue = await amqp.queue(channel);
  await channel.bindExchange(internal, front, '');
  await channel.bindQueue(queue, internal, '');
  await publish(channel, front, 'k');
  expect(texts(await drain(channel, queue))).toEqual(['k']);
  const closed = closing(channel);
  channel.publish(internal, 'k', Buffer.from('no'));
  expect(await closed).toEqual({
    code: 403,
    text: `ACCESS_REFUSED - cannot publish to internal exchange '${internal}' in vhost '/'`,
  });
});

test('Deleting an exchange ends its bindings, and publishing to it is refused with 404.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'fanout');
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, '');
  await channel.deleteExchange(exchange);
  await channel.assertExchange(exchange, 'fanout');
  await publish(channel, exchange, 'k');
  expect(texts(await drain(channel, queue))).toEqual([]);
  await channel.deleteExchange(exchange);
  const closed = closing(channel);
  channel.publish(exchange, 'k', Buffer.from('no'));
  expect(await closed).toEqual({
    code: 404,
    text: `NOT_FOUND - no exchange '${exchange}' in vhost '/'`,
  });
});

test('CC and BCC add routing keys, and BCC is not shown to consumers.', async () => {
  const channel = await amqp.channel();
  const [to, cc, bcc] = [
    await amqp.queue(channel),
    await amqp.queue(channel),
    await amqp.queue(channel),
  ];
  await publish(channel, '', to, { CC: [cc, to], BCC: [bcc], headers: { kept: true } });
  for (const queue of [to, cc, bcc]) {
    const messages = await drain(channel, queue);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.fields.routingKey).toBe(to);
    expect(messages[0]?.properties.headers).toEqual({ kept: true, CC: [cc, to] });
  }
});

test.each(['CC', 'BCC'])('A %s header that is no list is refused with 406.', async (name) => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const closed = closing(channel);
  channel.publish('', queue, Buffer.from('x'), { headers: { [name]: 'no-list' } });
  const { code, text } = await closed;
  expect(code).toBe(406);
  expect(text).toBe(
    `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"${name}",longstr}`,
  );
});
