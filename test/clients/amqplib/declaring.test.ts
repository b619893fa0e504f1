/** amqplib against queues and exchanges: declare, re-declare, delete, purge, and their refusals. */
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  drain,
  Inbox,
  ready,
  refusal,
  send,
  settled,
  texts,
} from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

test('A new queue is empty, and a second declare counts its messages and consumers.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  expect(await channel.assertQueue(queue)).toEqual({ queue, messageCount: 0, consumerCount: 0 });
  await send(channel, queue, 'a', 'b');
  expect(await channel.assertQueue(queue)).toEqual({ queue, messageCount: 2, consumerCount: 0 });
  await channel.prefetch(1);
  const inbox = await Inbox.of(channel, queue);
  await inbox.one();
  expect(await channel.assertQueue(queue)).toEqual({ queue, messageCount: 1, consumerCount: 1 });
});

test('A passive declare finds a queue whatever it was declared with.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { durable: false, arguments: { 'x-expires': 60_000 } });
  expect(await channel.checkQueue(queue)).toMatchObject({ queue, messageCount: 0 });
});

test('A passive declare of a missing queue closes the channel with 404.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('missing');
  expect(await refusal(channel.checkQueue(queue))).toEqual({
    code: 404,
    text: `NOT_FOUND - no queue '${queue}' in vhost '/'`,
  });
});

test('A passive declare of a missing exchange closes the channel with 404.', async () => {
  const channel = await amqp.channel();
  const exchange = amqp.name('missing');
  expect(await refusal(channel.checkExchange(exchange))).toEqual({
    code: 404,
    text: `NOT_FOUND - no exchange '${exchange}' in vhost '/'`,
  });
});

test('A queue declared with no name gets one from the broker.', async () => {
  const channel = await amqp.channel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const { queue: another } = await channel.assertQueue('', { exclusive: true });
  expect(queue).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
  expect(another).not.toBe(queue);
});

test('An empty queue name means the last one declared on the channel.', async () => {
  const channel = await amqp.channel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await send(channel, queue, 'a');
  const message = await channel.get('', { noAck: true });
  expect(message).toMatchObject({ fields: { routingKey: queue } });
  expect(await channel.purgeQueue('')).toEqual({ messageCount: 0 });
  expect(await channel.deleteQueue('')).toEqual({ messageCount: 0 });
});

test('An empty queue name without an earlier declare is refused with 404.', async () => {
  const channel = await amqp.channel();
  expect(await refusal(channel.get(''))).toEqual({
    code: 404,
    text: 'NOT_FOUND - no previously declared queue',
  });
});

test('Re-declaring a queue with another durability is refused with 406.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { durable: true });
  expect(await refusal(channel.assertQueue(queue, { durable: false }))).toEqual({
    code: 406,
    text:
      `PRECONDITION_FAILED - inequivalent arg 'durable' for queue '${queue}' in vhost '/': ` +
      "received 'false' but current is 'true'",
  });
});

test('Re-declaring a queue with another auto-delete is refused with 406.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { autoDelete: true });
  expect(await refusal(channel.assertQueue(queue, { autoDelete: false }))).toEqual({
    code: 406,
    text:
      `PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue '${queue}' in vhost '/': ` +
      "received 'false' but current is 'true'",
  });
});

test.each([
  [{ 'x-message-ttl': 1000 }, {}, 'x-message-ttl', "none but current is the value '1000' of type"],
  [{}, { 'x-message-ttl': 5 }, 'x-message-ttl', "the value '5' of type 'signedint' but current"],
  [
    { 'x-dead-letter-exchange': 'a' },
    { 'x-dead-letter-exchange': 'b' },
    'x-dead-letter-exchange',
    "received 'b' but current is 'a'",
  ],
])('Re-declaring a queue with arguments %o as %o is refused.', async (first, second, name, how) => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: typed(first) });
  const { code, text } = await refusal(channel.assertQueue(queue, { arguments: typed(second) }));
  expect(code).toBe(406);
  expect(text).toContain(
    `PRECONDITION_FAILED - inequivalent arg '${name}' for queue '${queue}' in vhost '/': received `,
  );
  expect(text).toContain(how);
});

/** amqplib picks the narrowest integer: spell out int32, whose name the texts contain. */
function typed(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'number' ? { '!': 'int', value } : value,
  ]);
  return Object.fromEntries(entries);
}

test('Integer arguments of different widths are the same on re-declare.', async () => {
  const channel = await amqp.channel();
  const ttl = (type: string) => ({ arguments: { 'x-message-ttl': { '!': type, value: 100 } } });
  const queue = await amqp.queue(channel, ttl('byte'));
  for (const type of ['short', 'int', 'long']) {
    expect(await channel.assertQueue(queue, ttl(type))).toMatchObject({ queue });
  }
});

test('Arguments that the broker does not know are kept and not compared.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { arguments: { 'x-colour': 'red' } });
  expect(await channel.assertQueue(queue, { arguments: { 'x-colour': 'blue' } })).toMatchObject({
    queue,
  });
});

test.each([
  [{ 'x-message-ttl': -1 }, '{value_negative,-1}'],
  [{ 'x-message-ttl': 315_360_000_001 }, '{value_too_large,315360000001}'],
  [{ 'x-message-ttl': 'soon' }, '"expected integer, got longstr"'],
  [{ 'x-expires': 0 }, '{value_zero,0}'],
  [{ 'x-expires': -1 }, '{value_negative,-1}'],
  [{ 'x-max-length': -1 }, '{value_negative,-1}'],
  [{ 'x-max-length-bytes': 'many' }, '"expected integer, got longstr"'],
  [{ 'x-max-priority': 256 }, '{max_value_exceeded,256}'],
  [{ 'x-max-priority': -1 }, '{value_negative,-1}'],
  [{ 'x-overflow': 'explode' }, 'invalid_overflow'],
  [{ 'x-single-active-consumer': 'yes' }, '{unacceptable_type,longstr}'],
  [{ 'x-queue-type': 'heap' }, `"unsupported queue type 'heap'"`],
  [{ 'x-dead-letter-routing-key': 'k' }, 'routing_key_but_no_dlx_defined'],
])('A queue with %o is refused with 406.', async (args, why) => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  expect(await refusal(channel.assertQueue(queue, { arguments: args }))).toEqual({
    code: 406,
    text:
      `PRECONDITION_FAILED - invalid arg '${Object.keys(args)[0]}' for queue '${queue}' in ` +
      `vhost '/': ${why}`,
  });
});

test('A dead-letter exchange that is not a string is refused with 406.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  const options = { arguments: { 'x-dead-letter-exchange': true } };
  expect(await refusal(channel.assertQueue(queue, options))).toEqual({
    code: 406,
    text:
      "PRECONDITION_FAILED - invalid type 'bool' for arg 'x-dead-letter-exchange' in " +
      `queue '${queue}' in vhost '/'`,
  });
});

test.each(['queue', 'exchange'])('A new %s may not begin with amq.', async (kind) => {
  const channel = await amqp.channel();
  const name = `amq.${amqp.name('mine')}`;
  const declare =
    kind === 'queue' ? channel.assertQueue(name) : channel.assertExchange(name, 'direct');
  expect(await refusal(declare)).toEqual({
    code: 403,
    text: `ACCESS_REFUSED - ${kind} name '${name}' contains reserved prefix 'amq.*'`,
  });
});

test('An exclusive queue is locked to the connection that declared it.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { exclusive: true });
  const locked = {
    code: 405,
    text:
      `RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${queue}' in vhost '/'. ` +
      'It could be originally declared on another connection or the exclusive property value ' +
      'does not match that of the original declaration.',
  };
  const other = await amqp.connect();
  const attempts = [
    async () => (await amqp.channel(other)).assertQueue(queue, { exclusive: true }),
    async () => (await amqp.channel(other)).checkQueue(queue),
    async () => (await amqp.channel(other)).get(queue),
    async () => (await amqp.channel(other)).consume(queue, () => {}),
    async () => (await amqp.channel(other)).purgeQueue(queue),
    async () => (await amqp.channel(other)).deleteQueue(queue),
    async () => (await amqp.channel(other)).bindQueue(queue, 'amq.direct', 'k'),
  ];
  for (const attempt of attempts) expect(await refusal(attempt())).toEqual(locked);
  // Publishing to it is nobody's privilege.
  await send(await amqp.channel(other), queue, 'hello');
  expect(texts(await drain(channel, queue))).toEqual(['hello']);
});

test('An exclusive queue can be declared again by its own connection only as such.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel, { exclusive: true });
  const second = await amqp.channel(connection);
  expect(await second.assertQueue(queue, { exclusive: true })).toMatchObject({ queue });
  expect(await refusal(second.assertQueue(queue, { exclusive: false }))).toMatchObject({
    code: 405,
  });
});

test('An exclusive queue goes with its connection.', async () => {
  const connection = await amqp.connect();
  const queue = await amqp.queue(await amqp.channel(connection), { exclusive: true });
  await connection.close();
  const other = await amqp.connect();
  await expect
    .poll(async () => refusal((await amqp.channel(other)).checkQueue(queue)).catch(() => null))
    .toMatchObject({ code: 404 });
});

test('An auto-delete queue goes with its last consumer, not before it had one.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel, { autoDelete: true });
  await send(channel, queue, 'a');
  await channel.get(queue, { noAck: true });
  await channel.checkQueue(queue);
  const first = await channel.consume(queue, () => {});
  const second = await channel.consume(queue, () => {});
  await channel.cancel(first.consumerTag);
  await channel.checkQueue(queue);
  await channel.cancel(second.consumerTag);
  expect(await refusal(settled(channel, queue))).toMatchObject({ code: 404 });
});

test('An auto-delete exchange goes with its last binding, not before it had one.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'fanout', { autoDelete: true });
  const queue = await amqp.queue(channel);
  await channel.checkExchange(exchange);
  await channel.bindQueue(queue, exchange, 'a');
  await channel.bindQueue(queue, exchange, 'b');
  await channel.unbindQueue(queue, exchange, 'a');
  await channel.checkExchange(exchange);
  await channel.unbindQueue(queue, exchange, 'b');
  expect(await refusal(channel.checkExchange(exchange))).toMatchObject({ code: 404 });
});

test('Purge and delete count the ready messages and leave the unacknowledged alone.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a', 'b', 'c');
  const held = await channel.get(queue);
  expect(await channel.purgeQueue(queue)).toEqual({ messageCount: 2 });
  expect(await ready(channel, queue)).toBe(0);
  channel.nack(held as never, false, true);
  expect(texts(await drain(channel, queue))).toEqual(['a']);
  await send(channel, queue, 'd', 'e');
  expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 2 });
});

test('Deleting what does not exist is no error.', async () => {
  const channel = await amqp.channel();
  expect(await channel.deleteQueue(amqp.name('missing'))).toEqual({ messageCount: 0 });
  expect(await channel.deleteExchange(amqp.name('missing'))).toEqual({});
});

test('A queue with consumers is not deleted if-unused.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await channel.consume(queue, () => {});
  expect(await refusal(channel.deleteQueue(queue, { ifUnused: true }))).toEqual({
    code: 406,
    text: `PRECONDITION_FAILED - queue '${queue}' in vhost '/' in use`,
  });
});

test('A queue with messages is not deleted if-empty.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  expect(await refusal(channel.deleteQueue(queue, { ifEmpty: true }))).toEqual({
    code: 406,
    text: `PRECONDITION_FAILED - queue '${queue}' in vhost '/' not empty`,
  });
});

test('An exchange with bindings is not deleted if-unused.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'direct');
  await channel.bindQueue(await amqp.queue(channel), exchange, 'k');
  expect(await refusal(channel.deleteExchange(exchange, { ifUnused: true }))).toEqual({
    code: 406,
    text: `PRECONDITION_FAILED - exchange '${exchange}' in vhost '/' in use`,
  });
});

test('The exchanges of the broker are there and are not deleted.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  for (const type of ['direct', 'fanout', 'topic', 'headers']) {
    await channel.assertExchange(`amq.${type}`, type, { durable: true });
  }
  await channel.assertExchange('amq.match', 'headers', { durable: true });
  await channel.checkExchange('amq.rabbitmq.trace');
  expect(await refusal(channel.deleteExchange('amq.topic'))).toEqual({
    code: 403,
    text: "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed",
  });
});

test('The default exchange is not declared, deleted or bound.', async () => {
  const connection = await amqp.connect();
  const queue = await amqp.queue(await amqp.channel(connection));
  const refused = {
    code: 403,
    text: 'ACCESS_REFUSED - operation not permitted on the default exchange',
  };
  const attempts = [
    async () => (await amqp.channel(connection)).assertExchange('', 'direct'),
    async () => (await amqp.channel(connection)).deleteExchange(''),
    async () => (await amqp.channel(connection)).bindQueue(queue, '', 'k'),
    async () => (await amqp.channel(connection)).unbindQueue(queue, '', 'k'),
    async () => (await amqp.channel(connection)).bindExchange('amq.direct', '', 'k'),
  ];
  for (const attempt of attempts) expect(await refusal(attempt())).toEqual(refused);
});

test.each([
  ['type', 'direct', 'topic', {}, "received 'topic' but current is 'direct'"],
  ['durable', 'direct', 'direct', { durable: false }, "received 'false' but current is 'true'"],
  ['auto_delete', 'direct', 'direct', { autoDelete: true }, "received 'true' but current is"],
  ['internal', 'direct', 'direct', { internal: true }, "received 'true' but current is 'false'"],
])(
  'Re-declaring an exchange with another %s is refused with 406.',
  async (arg, type, again, options, how) => {
    const channel = await amqp.channel();
    const exchange = await amqp.exchange(channel, type);
    const { code, text } = await refusal(channel.assertExchange(exchange, again, options));
    expect(code).toBe(406);
    expect(text).toContain(
      `PRECONDITION_FAILED - inequivalent arg '${arg}' for exchange '${exchange}' in vhost '/': `,
    );
    expect(text).toContain(how);
  },
);

test('Re-declaring an exchange with another alternate exchange is refused with 406.', async () => {
  const channel = await amqp.channel();
  const exchange = await amqp.exchange(channel, 'direct', { alternateExchange: 'a' });
  expect(await refusal(channel.assertExchange(exchange, 'direct'))).toEqual({
    code: 406,
    text:
      `PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange '${exchange}' in ` +
      "vhost '/': received none but current is the value 'a' of type 'longstr'",
  });
});

test('Binding what does not exist is refused with 404.', async () => {
  const connection = await amqp.connect();
  const queue = await amqp.queue(await amqp.channel(connection));
  const missing = amqp.name('missing');
  const noQueue = { code: 404, text: `NOT_FOUND - no queue '${missing}' in vhost '/'` };
  const noExchange = { code: 404, text: `NOT_FOUND - no exchange '${missing}' in vhost '/'` };
  const attempt = () => amqp.channel(connection);
  expect(await refusal((await attempt()).bindQueue(queue, missing, ''))).toEqual(noExchange);
  expect(await refusal((await attempt()).bindQueue(missing, 'amq.direct', ''))).toEqual(noQueue);
  expect(await refusal((await attempt()).bindExchange(missing, 'amq.direct', ''))).toEqual(
    noExchange,
  );
});

test('Unbinding a binding that does not exist is no error.', async () => {
  const channel = await amqp.channel();
  const queue = await amqp.queue(channel);
  await channel.unbindQueue(queue, 'amq.direct', 'never-bound');
  await channel.checkQueue(queue);
});

test('Carriage returns and line feeds are stripped from a name that is declared.', async () => {
  const channel = await amqp.channel();
  const queue = amqp.name('q');
  const declared = await channel.assertQueue(`${queue}\r\n`);
  expect(declared.queue).toBe(queue);
});

test('Names may hold any text of up to 255 bytes.', async () => {
  const channel = await amqp.channel();
  const odd = amqp.claim(`${amqp.name('Größe / %2F 漢字 #.*')}`);
  const long = amqp.claim(amqp.name('x'.repeat(200)).padEnd(255, 'y'));
  for (const queue of [odd, long]) {
    await channel.assertQueue(queue);
    await send(channel, queue, 'a');
    expect(texts(await drain(channel, queue))).toEqual(['a']);
  }
});
