/** amqplib's connections: login, tuning, heartbeats, channels, and who closes what. */
import { type ChannelModel, connect } from 'amqplib';
import { expect, test } from 'vitest';
import {
  AmqplibFixture,
  drain,
  Inbox,
  pullTheCable,
  refusal,
  send,
  settled,
  texts,
} from '../../support/amqplib.ts';

const amqp = new AmqplibFixture();

/** A connection that the broker is expected to refuse. */
function dial(userinfo: string, path = ''): Promise<ChannelModel> {
  const { host, port } = amqp.broker;
  return connect(`amqp://${userinfo}@${host}:${port}${path}`);
}

test('The broker introduces itself with its capabilities.', async () => {
  const connection = await amqp.connect();
  expect(connection.connection.serverProperties).toMatchObject({
    product: expect.any(String),
    version: expect.stringMatching(/^\d+\.\d+/),
    capabilities: {
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      'basic.nack': true,
      consumer_cancel_notify: true,
      consumer_priorities: true,
      authentication_failure_close: true,
      per_consumer_qos: true,
    },
  });
});

test('A wrong password and an unknown user are refused with the same 403.', async () => {
  const refused = {
    code: 403,
    text:
      'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. ' +
      'For details see the broker logfile.',
  };
  expect(await refusal(dial('guest:wrong'))).toEqual(refused);
  expect(await refusal(dial('nobody:guest'))).toEqual(refused);
});

test('An unknown vhost is refused with a connection.close.', async () => {
  // amqplib keeps the reason to itself: the conversations and the other clients read it.
  await expect(dial('guest:guest', '/nowhere')).rejects.toThrow(/got <ConnectionClose channel:0>/);
});

test('The vhost may be spelled out.', async () => {
  const connection = await dial('guest:guest', '/%2f');
  await connection.close();
});

test('Heartbeats keep an idle connection open past three intervals.', async () => {
  const idle = await amqp.connect('?heartbeat=1');
  const closed: unknown[] = [];
  idle.on('close', (error) => closed.push(error));
  // A queue's expiry serves as the clock: the broker's own, so a busy machine slows both.
  const channel = await amqp.channel();
  const clock = await amqp.queue(channel, { messageTtl: 4000 });
  await send(channel, clock, 'tick');
  await expect
    .poll(async () => (await channel.checkQueue(clock)).messageCount, { timeout: 15_000 })
    .toBe(0);
  expect(closed).toEqual([]);
  await amqp.channel(idle);
}, 20_000);

test('A client that closes its connection is answered, and its channels are gone.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  await (await Inbox.of(channel, queue)).one();
  await connection.close();
  await expect(channel.checkQueue(queue)).rejects.toThrow(/closed/);
  const [message] = await drain(await amqp.channel(), queue);
  expect(message?.fields.redelivered).toBe(true);
});

test('A closed channel does no harm to the others of its connection.', async () => {
  const connection = await amqp.connect();
  const [broken, whole] = [await amqp.channel(connection), await amqp.channel(connection)];
  await refusal(broken.checkQueue(amqp.name('missing')));
  await expect(broken.checkQueue('any')).rejects.toThrow(/closed/);
  const queue = await amqp.queue(whole);
  await send(whole, queue, 'a');
  expect(texts(await drain(whole, queue))).toEqual(['a']);
});

test('A channel number is used again after its channel was closed, from either side.', async () => {
  const connection = await amqp.connect();
  for (let turn = 0; turn < 20; turn++) {
    const channel = await amqp.channel(connection);
    if (turn % 2 === 0) await channel.close();
    else await refusal(channel.checkQueue(amqp.name('missing')));
  }
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  expect((await (await Inbox.of(channel, queue)).one()).fields.deliveryTag).toBe(1);
});

test('Many channels of one connection work side by side.', async () => {
  const connection = await amqp.connect();
  const channels = await Promise.all(Array.from({ length: 100 }, () => amqp.channel(connection)));
  const queue = await amqp.queue(channels[0]!);
  await Promise.all(channels.map((channel, index) => send(channel, queue, `${index}`)));
  const bodies = texts(await drain(channels[50]!, queue));
  expect(bodies.sort()).toEqual(channels.map((_, index) => `${index}`).sort());
});

test('More channels than were negotiated are not opened.', async () => {
  const connection = await amqp.connect('?channelMax=3');
  for (let number = 1; number <= 3; number++) await connection.createChannel();
  await expect(connection.createChannel()).rejects.toThrow(/No channels left/);
});

test('A hundred connections come and go.', async () => {
  const connections = await Promise.all(Array.from({ length: 100 }, () => amqp.connect()));
  const channel = await amqp.channel(connections[99]);
  const queue = await amqp.queue(channel);
  await send(channel, queue, 'a');
  expect(texts(await drain(channel, queue))).toEqual(['a']);
});

test('A cut connection gives its exclusive queue up.', async () => {
  const connection = await amqp.connect();
  const channel = await amqp.channel(connection);
  const queue = await amqp.queue(channel, { exclusive: true });
  await settled(channel, queue);
  await pullTheCable(connection);
  const other = await amqp.connect();
  await expect
    .poll(async () => {
      const asking = await amqp.channel(other);
      return refusal(asking.checkQueue(queue)).catch(() => null);
    })
    .toMatchObject({ code: 404 });
});
