/** A request and its reply in one HTTP call; amqplib responds. */
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/clock.ts';
import { ready } from '../../support/amqplib.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const clock = new ManualClock();
let broker: ApiBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  broker = await startApi({ clock, config: { heartbeat: '0' } });
  connection = await connect(broker.url);
});

beforeEach(async () => {
  channel = await connection.createConfirmChannel();
  await channel.deleteQueue('service');
  await channel.assertQueue('service');
});

afterEach(() => channel.close());

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

const ask = (raw: string, query = '', headers = {}) =>
  broker.call(
    'POST',
    `/v1/vhosts/%2F/exchanges/amq.default/requests?routing_key=service${query}`,
    undefined,
    { raw, headers },
  );

const serve = (answer: (request: ConsumeMessage) => void) =>
  channel.consume('service', (request) => answer(request as ConsumeMessage), { noAck: true });

test('the answer is the reply, with its properties as headers', async () => {
  await serve(({ content, properties }) => {
    const { replyTo, correlationId, headers } = properties;
    channel.sendToQueue(replyTo, Buffer.from(`<b>${content}</b> ${headers?.lang}`), {
      contentType: 'text/html',
      contentEncoding: 'utf-8',
      correlationId,
      headers: { 'took-ms': 3, Über: 'ü', 'two\nlines': 'a\nb' },
    });
  });
  const { status, text, headers } = await ask('hello', '', {
    'warren-header-lang': 'en',
    'warren-correlation-id': 'mine',
  });
  expect([status, text]).toEqual([200, '<b>hello</b> en']);
  expect(headers).toMatchObject({
    'content-type': 'text/html',
    'warren-content-encoding': 'utf-8',
    'warren-correlation-id': 'mine',
    'warren-header-took-ms': '3',
    // Names that cannot be names of headers.
    'warren-omitted': '2',
    'x-content-type-options': 'nosniff',
  });
  expect(headers['content-encoding']).toBeUndefined();
});

test('many at once each get their own, whatever the responder does with correlation ids', async () => {
  const requests: ConsumeMessage[] = [];
  await serve((request) => {
    requests.push(request);
    if (requests.length < 20) return;
    // The last one first, and without a correlation id.
    for (const { content, properties } of requests.reverse()) {
      channel.sendToQueue(properties.replyTo, content);
    }
  });
  const words = Array.from({ length: 20 }, (_, index) => `word ${index}`);
  const replies = await Promise.all(words.map((word) => ask(word)));
  expect(replies.map(({ text }) => text)).toEqual(words);
});

test('without a reply in time it is 504, and the request has expired', async () => {
  const asked = ask('anybody?', '&timeout_ms=5000');
  await vi.waitFor(async () => expect(await ready(channel, 'service')).toBe(1), {
    timeout: 20_000,
  });
  clock.advance(5_000);
  const { status, body } = await asked;
  expect([status, body.kind]).toEqual([504, 'NO_REPLY']);
  expect(await ready(channel, 'service')).toBe(0);
});

test('that no queue takes is 422 at once', async () => {
  await channel.deleteQueue('service');
  const { status, body } = await ask('anybody?');
  expect([status, body.kind]).toEqual([422, 'NO_ROUTE']);
});

test('where the reply goes is not for the client to say', async () => {
  const { status } = await ask('x', '', { 'warren-reply-to': 'elsewhere' });
  expect(status).toBe(400);
});
