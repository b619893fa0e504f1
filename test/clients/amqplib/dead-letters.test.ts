/** amqplib against dead-lettering: the reasons, the headers that tell the story, the circles. */
import type { ConfirmChannel, GetMessage, Options } from 'amqplib';
import { expect, test } from 'vitest';
import { AmqplibFixture, drain, ready, send, texts } from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

interface Setup {
  readonly channel: ConfirmChannel;
  /** Where messages die. */
  readonly queue: string;
  readonly dlx: string;
  /** Bound to the dead-letter exchange with every key. */
  readonly dead: string;
}

async function setUp(options: Options.AssertQueue = {}): Promise<Setup> {
  const channel = await amqp.channel();
  const dlx = await amqp.exchange(channel, 'topic');
  const dead = await amqp.queue(channel);
  await channel.bindQueue(dead, dlx, '#');
  const queue = await amqp.queue(channel, { ...options, deadLetterExchange: dlx });
  return { channel, queue, dlx, dead };
}

/** Rejects the first message of the queue. */
async function rejectOne(channel: ConfirmChannel, queue: string): Promise<void> {
  channel.nack((await channel.get(queue)) as GetMessage, false, false);
}

/** The dead letters, once there are `count`. */
async function deadLetters({ channel, dead }: Setup, count: number): Promise<GetMessage[]> {
  await expect.poll(() => ready(channel, dead), { timeout: 5000 }).toBe(count);
  return drain(channel, dead);
}

const timestamp = { '!': 'timestamp', value: expect.any(Number) };

test('A rejected message is dead-lettered with its whole story.', async () => {
  const setup = await setUp();
  const { channel, queue, dlx } = setup;
  const sent = { headers: { mine: 1 }, deliveryMode: 2, messageId: 'm', priority: 3 };
  channel.publish('', queue, Buffer.from('bad'), sent);
  await channel.waitForConfirms();
  const before = Math.floor(Date.now() / 1000);
  await rejectOne(channel, queue);
  const [letter] = await deadLetters(setup, 1);
  expect(letter?.content.toString()).toBe('bad');
  expect(letter?.fields).toMatchObject({ exchange: dlx, routingKey: queue, redelivered: false });
  expect(letter?.properties).toMatchObject({ deliveryMode: 2, messageId: 'm', priority: 3 });
  expect(headersOf(letter!)).toEqual({
    mine: 1,
    'x-death': [
      {
        count: 1,
        exchange: '',
        queue,
        reason: 'rejected',
        'routing-keys': [queue],
        time: timestamp,
      },
    ],
    'x-first-death-exchange': '',
    'x-first-death-queue': queue,
    'x-first-death-reason': 'rejected',
  });
  const time = letter?.properties.headers?.['x-death']?.[0]?.time as unknown as { value: number };
  expect(Math.abs(time.value - before)).toBeLessThan(60); // seconds, not milliseconds
});

/** RabbitMQ 3.13 added `x-last-death-*`: there with the right values, or not there at all. */
function headersOf(letter: GetMessage): Record<string, unknown> {
  const headers: Record<string, unknown> = { ...letter.properties.headers };
  for (const name of ['reason', 'queue', 'exchange']) delete headers[`x-last-death-${name}`];
  return headers;
}

test('An expired message is dead-lettered without its expiration, which x-death keeps.', async () => {
  const setup = await setUp();
  const { channel, queue } = setup;
  channel.sendToQueue(queue, Buffer.from('late'), { expiration: '20' });
  const [letter] = await deadLetters(setup, 1);
  expect(letter?.properties.expiration).toBeUndefined();
  expect(letter?.properties.headers?.['x-death']).toEqual([
    {
      count: 1,
      exchange: '',
      queue,
      reason: 'expired',
      'routing-keys': [queue],
      time: timestamp,
      'original-expiration': '20',
    },
  ]);
});

test('A message that its queue let expire is dead-lettered as expired.', async () => {
  const setup = await setUp({ messageTtl: 20 });
  const { channel, queue } = setup;
  await send(channel, queue, '1', '2', '3');
  const letters = await deadLetters(setup, 3);
  expect(texts(letters)).toEqual(['1', '2', '3']);
  expect(letters[0]?.properties.headers).toMatchObject({ 'x-first-death-reason': 'expired' });
  expect(letters[0]?.properties.headers?.['x-death']?.[0]).not.toHaveProperty(
    'original-expiration',
  );
});

test('What a full queue drops is dead-lettered, oldest first, as maxlen.', async () => {
  const setup = await setUp({ maxLength: 1 });
  await send(setup.channel, setup.queue, '1', '2', '3');
  const letters = await deadLetters(setup, 2);
  expect(texts(letters)).toEqual(['1', '2']);
  expect(letters[0]?.properties.headers?.['x-death']).toMatchObject([
    { count: 1, queue: setup.queue, reason: 'maxlen' },
  ]);
});

test('A publish that a full queue rejects to its dead-letter exchange is nacked and kept there.', async () => {
  const setup = await setUp({ maxLength: 1, overflow: 'reject-publish-dlx' });
  const { channel, queue } = setup;
  await send(channel, queue, 'kept');
  await expect(send(channel, queue, 'rejected')).rejects.toThrow();
  const letters = await deadLetters(setup, 1);
  expect(texts(letters)).toEqual(['rejected']);
  expect(letters[0]?.properties.headers?.['x-death']).toMatchObject([{ reason: 'maxlen' }]);
  expect(texts(await drain(channel, queue))).toEqual(['kept']);
});

test('A dead letter takes the configured key, and its old keys stay in x-death.', async () => {
  const setup = await setUp({ deadLetterRoutingKey: 'buried' });
  const { channel, queue, dlx } = setup;
  const copy = await amqp.queue(channel);
  channel.sendToQueue(queue, Buffer.from('x'), { CC: [copy], BCC: [amqp.name('hidden')] });
  await channel.waitForConfirms();
  await rejectOne(channel, queue);
  const [letter] = await deadLetters(setup, 1);
  expect(letter?.fields).toMatchObject({ exchange: dlx, routingKey: 'buried' });
  expect(letter?.properties.headers).not.toHaveProperty('CC');
  expect(letter?.properties.headers).not.toHaveProperty('BCC');
  expect(letter?.properties.headers?.['x-death']).toMatchObject([
    { 'routing-keys': [queue, copy] },
  ]);
});

test('Dying twice for the same reason in the same queue is counted in one entry.', async () => {
  const setup = await setUp();
  const { channel, queue, dlx, dead } = setup;
  await send(channel, queue, 'x');
  for (let turn = 1; turn <= 3; turn++) {
    await rejectOne(channel, queue);
    await expect.poll(() => ready(channel, dead)).toBe(1);
    const letter = (await channel.get(dead, { noAck: true })) as GetMessage;
    expect(letter.properties.headers?.['x-death']).toMatchObject([
      // The first exchange stays, although the message now comes from another.
      { count: turn, queue, reason: 'rejected', exchange: '' },
    ]);
    await channel.bindQueue(queue, dlx, 'again');
    channel.publish(dlx, 'again', letter.content, { headers: letter.properties.headers });
    await channel.waitForConfirms();
    await drain(channel, dead);
  }
});

test('The newest death comes first, and the first death stays the first.', async () => {
  const channel = await amqp.channel();
  const dead = await amqp.queue(channel);
  const second = await amqp.queue(channel, {
    deadLetterExchange: '',
    deadLetterRoutingKey: dead,
    messageTtl: 20,
  });
  const first = await amqp.queue(channel, { deadLetterExchange: '', deadLetterRoutingKey: second });
  await send(channel, first, 'x');
  await rejectOne(channel, first);
  await expect.poll(() => ready(channel, dead), { timeout: 5000 }).toBe(1);
  const [letter] = await drain(channel, dead);
  expect(letter?.properties.headers).toMatchObject({
    'x-death': [
      { count: 1, queue: second, reason: 'expired', 'routing-keys': [second], exchange: '' },
      { count: 1, queue: first, reason: 'rejected', 'routing-keys': [first], exchange: '' },
    ],
    'x-first-death-queue': first,
    'x-first-death-reason': 'rejected',
    'x-first-death-exchange': '',
  });
});

test('A message that would expire in a circle is dropped.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  await channel.assertQueue(queue, {
    messageTtl: 20,
    deadLetterExchange: '',
    deadLetterRoutingKey: queue,
  });
  await send(channel, queue, 'x');
  await expect.poll(() => ready(channel, queue), { timeout: 5000 }).toBe(0);
  expect(await channel.get(queue)).toBe(false);
});

test('A message that is rejected in a circle goes round.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  await channel.assertQueue(queue, { deadLetterExchange: '', deadLetterRoutingKey: queue });
  await send(channel, queue, 'x');
  for (let turn = 1; turn <= 3; turn++) {
    await rejectOne(channel, queue);
    await expect.poll(() => ready(channel, queue)).toBe(1);
  }
  const [letter] = await drain(channel, queue);
  expect(letter?.properties.headers?.['x-death']).toMatchObject([{ count: 3, queue }]);
});

test('A rejection within an expiry circle lets it go round: retry by waiting.', async () => {
  const channel = await amqp.channel();
  const work = amqp.name('work');
  const wait = amqp.name('wait');
  await channel.assertQueue(work, { deadLetterExchange: '', deadLetterRoutingKey: wait });
  await channel.assertQueue(wait, {
    messageTtl: 20,
    deadLetterExchange: '',
    deadLetterRoutingKey: work,
  });
  await send(channel, work, 'x');
  for (let turn = 1; turn <= 2; turn++) {
    await rejectOne(channel, work);
    await expect.poll(() => ready(channel, work), { timeout: 5000 }).toBe(1);
  }
  const [letter] = await drain(channel, work);
  expect(letter?.properties.headers?.['x-death']).toMatchObject([
    { count: 2, queue: wait, reason: 'expired' },
    { count: 2, queue: work, reason: 'rejected' },
  ]);
});

test('A dead letter without an exchange to go to is dropped in silence.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { deadLetterExchange: amqp.name('missing') });
  await send(channel, queue, 'x');
  await rejectOne(channel, queue);
  expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 0 });
});

test('What is purged, deleted with its queue or acknowledged is not dead-lettered.', async () => {
  const setup = await setUp();
  const { channel, queue, dead } = setup;
  await send(channel, queue, '1', '2', '3');
  channel.ack((await channel.get(queue)) as GetMessage);
  await channel.purgeQueue(queue);
  await send(channel, queue, '4');
  await channel.deleteQueue(queue);
  expect(await ready(channel, dead)).toBe(0);
});
