/** amqplib against the exchange types that RabbitMQ has as plugins. */
import { expect, test } from 'vitest';
import { AmqplibFixture, drain, Inbox, ready, refusal, texts } from '../../support/amqplib.ts';
import { external } from '../../support/broker.ts';

const amqp = new AmqplibFixture();

test('A consistent hash exchange spreads keys over queues by their weights.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'x-consistent-hash', { autoDelete: true });
  const queues: string[] = [];
  for (const weight of ['1', '1', '2']) {
    const queue = await amqp.queue(channel);
    await channel.bindQueue(queue, exchange, weight);
    queues.push(queue);
  }
  for (let i = 0; i < 1000; i++) channel.publish(exchange, `key.${i}`, Buffer.from(`${i}`));
  await channel.waitForConfirms();
  const sizes: number[] = [];
  for (const queue of queues) sizes.push(await ready(channel, queue));
  expect(sizes.reduce((sum, size) => sum + size)).toBe(1000);
  for (const [i, share] of [250, 250, 500].entries()) {
    expect(sizes[i]).toBeGreaterThan(share * 0.7);
    expect(sizes[i]).toBeLessThan(share * 1.3);
  }
});

test('A delayed message comes when its delay is over, and others before it.', async () => {
  if (external) return; // the plugin is not among those that come with RabbitMQ
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'x-delayed-message', {
    arguments: { 'x-delayed-type': 'topic' },
    autoDelete: true,
  });
  const queue = await amqp.queue(channel);
  await channel.bindQueue(queue, exchange, 'a.*');
  const inbox = await Inbox.of(channel, queue, { noAck: true });
  channel.publish(exchange, 'a.b', Buffer.from('late'), { headers: { 'x-delay': 400 } });
  channel.publish(exchange, 'a.b', Buffer.from('soon'), { headers: { 'x-delay': 100 } });
  channel.publish(exchange, 'a.b', Buffer.from('now'));
  await channel.waitForConfirms();
  const messages = await inbox.take(3);
  expect(texts(messages)).toEqual(['now', 'soon', 'late']);
  expect(messages[2]?.properties.headers?.['x-delay']).toBe(-400);
});

test('A recent history exchange tells latecomers what was last.', async () => {
  if (external) return;
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'x-recent-history', {
    arguments: { 'x-recent-history-length': 2 },
    autoDelete: true,
  });
  const early = await amqp.queue(channel);
  await channel.bindQueue(early, exchange, '');
  for (const text of ['1', '2', '3']) channel.publish(exchange, '', Buffer.from(text));
  await channel.waitForConfirms();
  const late = await amqp.queue(channel);
  await channel.bindQueue(late, exchange, '');
  expect(texts(await drain(channel, late))).toEqual(['2', '3']);
});

test('A delayed message exchange has to say by what type it routes.', async () => {
  if (external) return;
  const channel = await amqp.channel();
  const { code, text } = await refusal(amqp.exchange(channel, 'x-delayed-message'));
  expect(code).toBe(406);
  expect(text).toContain("'x-delayed-type' must be an existing exchange type");
});
