/** amqplib asks and answers by direct reply-to: no queue for the answers. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { expect, test } from 'vitest';
import { AmqplibFixture, closing, Inbox, refusal } from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

const REPLY_TO = 'amq.rabbitmq.reply-to';

/** Answers every request of a queue in capitals. Returns the queue, and what was asked. */
async function responder() {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  const requests: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => {
    if (message === null) return;
    requests.push(message);
    const { replyTo, correlationId } = message.properties;
    const answer = Buffer.from(message.content.toString().toUpperCase());
    channel.sendToQueue(replyTo, answer, { correlationId });
    channel.ack(message);
  });
  return { channel, queue, requests };
}

function ask(channel: Channel, queue: string, text: string, correlationId: string): void {
  channel.sendToQueue(queue, Buffer.from(text), { replyTo: REPLY_TO, correlationId });
}

test('Requests are answered to the channel that asked.', async () => {
  const { queue, requests } = await responder();
  const connection = await amqp.connect();
  const channels = [await amqp.channel(connection), await amqp.channel(connection)];
  const inboxes = [];
  for (const channel of channels) {
    inboxes.push(await Inbox.of(channel, REPLY_TO, { noAck: true }));
  }
  ask(channels[0]!, queue, 'a', '1');
  ask(channels[1]!, queue, 'b', '2');
  ask(channels[0]!, queue, 'c', '3');
  const first = await inboxes[0]!.take(2);
  const second = await inboxes[1]!.take(1);
  expect([...first, ...second].map(({ content }) => content.toString())).toEqual(['A', 'C', 'B']);
  expect(first.map(({ properties }) => properties.correlationId)).toEqual(['1', '3']);
  const addresses = new Set(requests.map(({ properties }) => properties.replyTo as string));
  expect(addresses.size).toBe(2);
  for (const address of addresses) expect(address.startsWith(`${REPLY_TO}.`)).toBe(true);
});

test('A responder can find out whether the requester is still there.', async () => {
  const { channel, queue, requests } = await responder();
  const connection = await amqp.connect();
  const requester = await amqp.channel(connection);
  const inbox = await Inbox.of(requester, REPLY_TO, { noAck: true });
  ask(requester, queue, 'a', '1');
  await inbox.one();
  const address = requests[0]!.properties.replyTo as string;
  expect(await channel.checkQueue(address)).toEqual({
    ...{ queue: address, messageCount: 0, consumerCount: 1 },
  });
  await connection.close();
  expect(await refusal(channel.checkQueue(address))).toEqual({
    code: 404,
    text: `NOT_FOUND - no queue '${address}' in vhost '/'`,
  });
});

test('A reply consumer that wants to acknowledge is refused.', async () => {
  const channel = await amqp.channel();
  expect(await refusal(channel.consume(REPLY_TO, () => {}))).toEqual({
    code: 406,
    text: 'PRECONDITION_FAILED - reply consumer cannot acknowledge',
  });
});

test('A request without a reply consumer is refused.', async () => {
  const { queue } = await responder();
  const channel = await amqp.channel();
  const closed = closing(channel);
  ask(channel, queue, 'a', '1');
  expect(await closed).toEqual({
    code: 406,
    text: 'PRECONDITION_FAILED - fast reply consumer does not exist',
  });
});

test('The broker says that it can.', async () => {
  const connection = await amqp.connect();
  const { serverProperties } = connection.connection as unknown as {
    serverProperties: { capabilities: Record<string, boolean> };
  };
  expect(serverProperties.capabilities.direct_reply_to).toBe(true);
});
