/**
 * rabbitmq-client (no dependencies, reconnects by itself) against the broker: what it does
 * differently from amqplib, such as recovering consumers, transactions and request-reply by queue.
 */
import { type AsyncMessage, type Channel, Connection, ConsumerStatus } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { Scratch } from '../support/scratch.ts';

vi.setConfig({ testTimeout: 20_000 });

const scratch = new Scratch();
let broker: TestBroker;
let rabbit: Connection;

beforeAll(async () => {
  broker = await startTestBroker();
});
beforeEach(() => {
  rabbit = new Connection(broker.url);
  rabbit.on('error', () => {}); // it reports and reconnects
});
afterEach(() => rabbit.close());
afterAll(async () => {
  await scratch.clean(broker.url);
  await broker.stop();
});

async function bodiesOf(channel: Channel, queue: string): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (;;) {
    const message = await channel.basicGet({ queue, noAck: true });
    if (message === undefined) return bodies;
    bodies.push(message.body);
  }
}

test('A publisher declares its topology and sends what a consumer receives.', async () => {
  const exchange = scratch.name('x');
  const queue = scratch.name('q');
  const received: AsyncMessage[] = [];
  const consumer = rabbit.createConsumer(
    {
      queue,
      queueOptions: { durable: true },
      qos: { prefetchCount: 2 },
      exchanges: [{ exchange, type: 'topic' }],
      queueBindings: [{ exchange, queue, routingKey: 'users.*' }],
    },
    (message) => void received.push(message),
  );
  await new Promise<void>((resolve) => consumer.once('ready', resolve));
  const publisher = rabbit.createPublisher({ confirm: true });
  await publisher.send({ exchange, routingKey: 'users.visit', durable: true }, { id: 1 });
  await publisher.send({ exchange, routingKey: 'users.leave', headers: { a: 1 } }, 'plain');
  await publisher.send({ exchange, routingKey: 'others' }, 'nobody hears');
  await expect.poll(() => received.length).toBe(2);
  await consumer.close();
  await publisher.close();
  expect(received[0]).toMatchObject({
    body: { id: 1 },
    contentType: 'application/json',
    durable: true,
    exchange,
    routingKey: 'users.visit',
    redelivered: false,
  });
  expect(received[1]).toMatchObject({ body: 'plain', headers: { a: 1 } });
  expect(consumer.stats.acknowledged).toBe(2);
  expect(await rabbit.queueDeclare({ queue, passive: true })).toMatchObject({ messageCount: 0 });
});

test('A handler that throws requeues, one that drops dead-letters.', async () => {
  const dead = scratch.name('dead');
  const queue = scratch.name('q');
  await rabbit.queueDeclare({ queue: dead });
  const seen: boolean[] = [];
  const consumer = rabbit.createConsumer(
    {
      queue,
      queueOptions: {
        arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead },
      },
    },
    (message) => {
      seen.push(message.redelivered);
      if (!message.redelivered) throw new Error('try again');
      return ConsumerStatus.DROP;
    },
  );
  consumer.on('error', () => {}); // the handler's
  await new Promise<void>((resolve) => consumer.once('ready', resolve));
  const publisher = rabbit.createPublisher({ confirm: true });
  await publisher.send(queue, 'x');
  await expect
    .poll(async () => (await rabbit.queueDeclare({ queue: dead, passive: true })).messageCount)
    .toBe(1);
  await consumer.close();
  await publisher.close();
  expect(seen).toEqual([false, true]);
  const letter = await rabbit.basicGet({ queue: dead, noAck: true });
  expect(letter?.headers?.['x-death']).toMatchObject([{ queue, reason: 'rejected', count: 1 }]);
});

test('A mandatory message without a queue is returned.', async () => {
  const returned: unknown[] = [];
  const publisher = rabbit.createPublisher({ confirm: true });
  publisher.on('basic.return', (message) => returned.push(message));
  const routingKey = scratch.name('nowhere');
  await publisher.send({ exchange: 'amq.direct', routingKey, mandatory: true }, 'lost');
  // The client emits it a little after it has resolved the confirm that came behind it.
  await expect.poll(() => returned).toHaveLength(1);
  expect(returned).toMatchObject([{ replyCode: 312, replyText: 'NO_ROUTE', routingKey }]);
  await publisher.close();
});

test('A publish that a full queue rejects fails.', async () => {
  const queue = scratch.name('q');
  await rabbit.queueDeclare({
    queue,
    arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
  });
  const publisher = rabbit.createPublisher({ confirm: true });
  await publisher.send(queue, 'kept');
  await expect(publisher.send(queue, 'rejected')).rejects.toMatchObject({ code: 'NACK' });
  await publisher.close();
});

// This client counts body frames instead of bytes: all but the last must be of full size.
test('Large bodies come in as few frames as the negotiated size allows.', async () => {
  const queue = scratch.name('q');
  await rabbit.queueDeclare({ queue });
  const channel = await rabbit.acquire();
  await channel.confirmSelect();
  for (const size of [0, 1, 4088, 4089, 8176, 131_064, 131_065, 1_000_000]) {
    const body = Buffer.alloc(size, 'warren');
    await channel.basicPublish(queue, body);
    const message = await channel.basicGet({ queue, noAck: true });
    expect((message!.body as Buffer).equals(body)).toBe(true);
  }
  await channel.close();
});

test('A transaction publishes at its commit and forgets at its rollback.', async () => {
  const queue = scratch.name('q');
  await rabbit.queueDeclare({ queue });
  const channel = await rabbit.acquire();
  await channel.txSelect();
  await channel.basicPublish(queue, 'never');
  await channel.txRollback();
  await channel.basicPublish(queue, 'once');
  expect(await rabbit.queueDeclare({ queue, passive: true })).toMatchObject({ messageCount: 0 });
  await channel.txCommit();
  expect(await bodiesOf(channel, queue)).toEqual(['once']);
  await channel.close();
});

test('An error names its code and closes only its channel.', async () => {
  const queue = scratch.name('missing');
  const channel = await rabbit.acquire();
  const other = await rabbit.acquire();
  await expect(channel.queueDeclare({ queue, passive: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `QueueDeclare: NOT_FOUND - no queue '${queue}' in vhost '/'`,
  });
  expect([channel.active, other.active]).toEqual([false, true]);
  await other.queueDeclare({ queue });
  await other.close();
});

test('Messages are acknowledged, requeued and recovered.', async () => {
  const queue = scratch.name('q');
  await rabbit.queueDeclare({ queue });
  const channel = await rabbit.acquire();
  await channel.confirmSelect();
  for (const body of ['1', '2', '3']) await channel.basicPublish(queue, body);
  const first = await channel.basicGet({ queue });
  const second = await channel.basicGet({ queue });
  channel.basicAck({ deliveryTag: first!.deliveryTag });
  channel.basicNack({ deliveryTag: second!.deliveryTag, requeue: true });
  expect(await channel.basicGet({ queue })).toMatchObject({ body: '2', redelivered: true });
  await channel.basicRecover({ requeue: true });
  expect(await bodiesOf(channel, queue)).toEqual(['2', '3']);
  await channel.close();
});

test('Exchanges are bound to exchanges, and unbound.', async () => {
  const [source, destination] = [scratch.name('x'), scratch.name('x')];
  const queue = scratch.name('q');
  await rabbit.exchangeDeclare({ exchange: source, type: 'direct' });
  await rabbit.exchangeDeclare({ exchange: destination, type: 'fanout' });
  await rabbit.queueDeclare({ queue });
  await rabbit.queueBind({ queue, exchange: destination });
  await rabbit.exchangeBind({ source, destination, routingKey: 'k' });
  const channel = await rabbit.acquire();
  await channel.confirmSelect();
  await channel.basicPublish({ exchange: source, routingKey: 'k' }, 'through');
  await rabbit.exchangeUnbind({ source, destination, routingKey: 'k' });
  await channel.basicPublish({ exchange: source, routingKey: 'k' }, 'not through');
  expect(await bodiesOf(channel, queue)).toEqual(['through']);
  await channel.close();
});

test('A call is answered through a queue that the broker names.', async () => {
  const queue = scratch.name('rpc');
  const server = rabbit.createConsumer({ queue }, async (message, reply) => {
    await reply({ doubled: message.body * 2 });
  });
  await new Promise<void>((resolve) => server.once('ready', resolve));
  const caller = await rabbit.acquire();
  const { queue: answers } = await caller.queueDeclare({ exclusive: true });
  const answer = new Promise<AsyncMessage>((resolve) => {
    caller.basicConsume({ queue: answers, noAck: true }, resolve).catch(() => {});
  });
  await caller.basicPublish({ routingKey: queue, replyTo: answers, correlationId: 'c1' }, 21);
  expect(await answer).toMatchObject({ correlationId: 'c1', body: { doubled: 42 } });
  await caller.close();
  await server.close();
});

test('A consumer whose queue is deleted is told, and comes back when it is declared again.', async () => {
  const queue = scratch.name('q');
  const bodies: unknown[] = [];
  const consumer = rabbit.createConsumer(
    { queue, queueOptions: { durable: false } },
    (message) => void bodies.push(message.body),
  );
  consumer.on('error', () => {}); // the cancel
  const ready = () => new Promise<void>((resolve) => consumer.once('ready', resolve));
  await ready();
  const again = ready();
  await rabbit.queueDelete({ queue });
  await again;
  const publisher = rabbit.createPublisher({ confirm: true });
  await publisher.send(queue, 'after');
  await expect.poll(() => bodies).toEqual(['after']);
  await consumer.close();
  await publisher.close();
});

test('A wrong password is reported with the text of the broker.', async () => {
  const { host, port } = broker;
  const stranger = new Connection(`amqp://guest:wrong@${host}:${port}`);
  const error = await new Promise((resolve) => stranger.once('error', resolve));
  await stranger.close();
  expect(error).toMatchObject({
    code: 'ACCESS_REFUSED',
    message: expect.stringContaining('Login was refused using authentication mechanism PLAIN'),
  });
});

test('An unknown vhost is reported with the text of the broker.', async () => {
  const stranger = new Connection(`${broker.url}/nowhere`);
  const error = await new Promise((resolve) => stranger.once('error', resolve));
  await stranger.close();
  expect(error).toMatchObject({
    code: 'NOT_ALLOWED',
    message: 'ConnectionOpen: NOT_ALLOWED - vhost nowhere not found',
  });
});
