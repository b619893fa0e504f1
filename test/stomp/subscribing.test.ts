/** SUBSCRIBE, UNSUBSCRIBE, ACK, NACK and transactions: what comes, what stays, what comes back. */
import amqplib, { type ConsumeMessage } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { User } from '../../src/auth/user.ts';
import type { Queue } from '../../src/broker/queue/queue.ts';
import type { Session } from '../../src/broker/session.ts';
import { STOMP_TRANSACTION_ACTIONS_MAX, STOMP_TRANSACTIONS_MAX } from '../../src/limits.ts';
import { message } from '../support/engine.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { type Headers, type Received, StompClient } from '../support/stomp-client.ts';

let warren: ObservedBroker;
let port: number;
let session: Session;
let client: StompClient;

beforeAll(async () => {
  warren = await startObserved({ 'stomp.listeners.tcp.default': '127.0.0.1:0' });
  port = warren.portOf('stomp');
});

beforeEach(async () => {
  session = warren.broker.openSession(warren.broker.users.get('guest') as User, '/');
  client = await StompClient.login(port);
});

afterEach(async () => {
  await StompClient.destroyAll();
  await session.close();
  for (const queue of queues()) await warren.broker.vhosts.get('/')!.deleteQueue(queue);
});

afterAll(() => warren.stop());

function queues(): Queue[] {
  return [...warren.broker.vhosts.get('/')!.topology.queues.values()];
}

function queueNames(): string[] {
  return queues().map(({ name }) => name);
}

async function send(queue: string, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await client.ask('SEND', { destination: `/queue/${queue}` }, body);
}

async function messages(from: StompClient, count: number): Promise<Received[]> {
  const received: Received[] = [];
  while (received.length < count) received.push(await from.expect('MESSAGE'));
  return received;
}

/** What a newcomer would be given: what is in the queue and out with nobody. */
async function left(queue: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const fetched = await session.fetch(queue, true);
    if (fetched === null) return bodies;
    bodies.push(String(fetched.delivery.message.body));
  }
}

async function refusal(command: string, headers: Headers): Promise<string> {
  client.send(command, headers);
  return client.error();
}

describe('SUBSCRIBE', () => {
  it('delivers what is there and what comes, after its receipt', async () => {
    await send('a', 'before');
    client.send('SUBSCRIBE', { destination: '/queue/a', id: 'x:1', receipt: 'r' });
    await client.expect('RECEIPT');
    expect((await client.expect('MESSAGE')).body).toBe('before');
    client.send('SEND', { destination: '/queue/a' }, 'after');
    expect((await client.expect('MESSAGE')).body).toBe('after');
  });

  it('delivers frames with their headers in the order of RabbitMQ', async () => {
    await client.ask('SUBSCRIBE', {
      destination: '/exchange/amq.topic/da9d',
      id: 'X',
      ack: 'client',
    });
    client.send('SEND', { 'content-type': 'text/plain', destination: '/topic/da9d' }, 'message\n');
    expect((await client.expect('MESSAGE')).text).toMatch(
      new RegExp(
        '^MESSAGE\nsubscription:X\ndestination:/topic/da9d\n' +
          'message-id:T_X@@(session-[\\w-]{22})@@1\nredelivered:false\n' +
          'ack:T_X@@\\1@@1\ncontent-type:text/plain\ncontent-length:8\n\nmessage\n$',
      ),
    );
  });

  it('without an id is known by its destination, as in STOMP 1.0', async () => {
    await client.ask('SUBSCRIBE', { destination: '/exchange/amq.fanout' });
    client.send('SEND', { destination: '/exchange/amq.fanout' });
    const { headers, text } = await client.expect('MESSAGE');
    expect(headers['message-id']).toMatch(/^Q_\/exchange\/amq\.fanout@@session-/);
    expect(text).not.toContain('subscription');
    await client.ask('UNSUBSCRIBE', { destination: '/exchange/amq.fanout' });
    expect(queueNames()).toEqual([]);
  });

  it('to a topic has a queue of its own, which goes with the connection', async () => {
    const other = await StompClient.login(port);
    await client.ask('SUBSCRIBE', { destination: '/topic/a.*', id: 1 });
    await other.ask('SUBSCRIBE', { destination: '/topic/#', id: 1 });
    client.send('SEND', { destination: '/topic/a.b' }, 'one');
    expect(await client.bodies(1)).toEqual(['one']);
    expect(await other.bodies(1)).toEqual(['one']);
    expect(queueNames()).toHaveLength(2);
    client.send('DISCONNECT', { receipt: 'bye' });
    await client.expect('RECEIPT');
    expect(queueNames()).toHaveLength(1);
  });

  it('to many topics names the one that each message came from', async () => {
    await client.ask('SUBSCRIBE', { destination: '/topic/#', id: 1 });
    const keys = ['a', 'b', 'a', 'c%2Fd', 'a', 'a'];
    for (const key of keys) client.send('SEND', { destination: `/topic/${key}` });
    const destinations = (await messages(client, 6)).map(({ headers }) => headers.destination);
    expect(destinations).toEqual(keys.map((key) => `/topic/${key}`));
  });

  it('takes a quorum queue for a durable subscription', async () => {
    const durable = { durable: true, 'auto-delete': false, 'x-queue-type': 'quorum' };
    const named = { destination: '/topic/quorum', id: 1, 'x-queue-name': 'quorum' };
    await client.ask('SUBSCRIBE', { ...named, ...durable, ack: 'client' });
    client.send('SEND', { destination: '/topic/quorum', persistent: true }, 'safe');
    const { headers, body } = await client.expect('MESSAGE');
    expect(body).toBe('safe');
    await client.ask('ACK', { id: headers.ack! });
    expect(queues()[0]!.arguments.get('x-queue-type')).toBe('quorum');
  });

  it('takes x-queue-name for the queue of a topic or exchange', async () => {
    const headers = { 'x-queue-name': 'mine' };
    await client.ask('SUBSCRIBE', { destination: '/exchange/amq.direct/k', id: 1, ...headers });
    session.publish(message('', 'mine', 'hello'), null);
    expect(await client.bodies(1)).toEqual(['hello']);
  });

  it('takes the arguments of its queue', async () => {
    const headers = { 'x-max-length': 1, 'x-message-ttl': 60_000, 'x-max-priority': 3 };
    await client.ask('SUBSCRIBE', { destination: '/topic/a', id: 1, ...headers });
    expect(Object.fromEntries(queues()[0]!.arguments)).toEqual(headers);
  });

  it('takes prefetch-count: no more than that is out [RabbitMQ]', async () => {
    const headers = { ack: 'client-individual', 'prefetch-count': 2 };
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ...headers });
    for (const body of ['1', '2', '3']) client.send('SEND', { destination: '/queue/a' }, body);
    const [one] = await messages(client, 2);
    await client.nothing();
    client.send('ACK', { id: one!.headers.ack! });
    expect(await client.bodies(1)).toEqual(['3']);
  });

  it('takes x-priority: the higher one is served first [RabbitMQ]', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 'low' });
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 'high', 'x-priority': 5 });
    client.send('SEND', { destination: '/queue/a' });
    client.send('SEND', { destination: '/queue/a' });
    for (const { headers } of await messages(client, 2)) expect(headers.subscription).toBe('high');
  });

  it.each([
    [{ destination: '/queue/a', id: 1, ack: 'foo' }, /^Invalid header: 'ack' is 'auto', /],
    [{ destination: '/queue/a', id: 1, 'prefetch-count': 'x' }, /^Invalid header/],
    [{ destination: '/queue/a', id: 1, 'prefetch-count': -1 }, /^Invalid header/],
    [{ destination: '/queue/a', id: 1, 'x-priority': 'high' }, /^Invalid header/],
    [{ destination: '/queue/a', id: '/temp-queue/1' }, /^Invalid id: SUBSCRIBE 'id' may not start/],
    [{ id: 1 }, /^Missing destination: "SUBSCRIBE" must include a 'destination' header\n$/],
    [{ destination: '/temp-queue/a', id: 1 }, /^Invalid destination: .* for 'SUBSCRIBE'\n$/],
    [{ destination: '/amq/queue/none', id: 1 }, /^not_found: NOT_FOUND - no queue 'none' in vhost/],
    [{ destination: '/exchange/none', id: 1 }, /^not_found: NOT_FOUND - no exchange 'none' in /],
    [{ destination: '/topic/a', durable: true }, /^Missing Header: Header 'id' is required for /],
    [{ destination: '/topic/a', persistent: true }, /^Missing Header: Header 'id' is required/],
  ])('with %j is refused', async (headers, answer) => {
    expect(await refusal('SUBSCRIBE', headers as Headers)).toMatch(answer);
    expect(queueNames().filter((name) => name !== 'a')).toEqual([]);
  });

  it('with an id that is taken is refused', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1 });
    expect(await refusal('SUBSCRIBE', { destination: '/queue/b', id: 1 })).toBe(
      "Duplicated subscription identifier: A subscription identified by 'T_1' already exists.",
    );
  });

  it('that the broker ends is told so, and the connection goes on', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 'sub' });
    await session.topology.deleteQueue('a', false, false);
    const { headers, body } = await client.expect('ERROR');
    expect(headers).toMatchObject({
      message: 'Server cancelled subscription',
      subscription: 'sub',
    });
    expect(body).toBe(
      'The server has canceled a subscription.\n' +
        'No more messages will be delivered for "id=\'sub\'".\n',
    );
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 'sub' });
  });
});

describe('messages of a queue that was deleted', () => {
  it.each(['ACK', 'NACK'])('may still be settled by %s, to no effect', async (command) => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client' });
    client.send('SEND', { destination: '/queue/a' });
    const { headers } = await client.expect('MESSAGE');
    await session.topology.deleteQueue('a', false, false);
    await client.expect('ERROR');
    await client.ask(command, { id: headers.ack! });
  });
});

describe('UNSUBSCRIBE', () => {
  it('ends the deliveries', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1 });
    await client.ask('UNSUBSCRIBE', { id: 1 });
    await send('a', 'stays');
    await client.nothing();
    expect(await left('a')).toEqual(['stays']);
  });

  it('leaves what is out to be acknowledged later', async () => {
    await send('a', 'one', 'two');
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client-individual' });
    const [one] = await messages(client, 2);
    await client.ask('UNSUBSCRIBE', { id: 1 });
    await client.ask('SUBSCRIBE', { destination: '/queue/b', id: 1, ack: 'client-individual' });
    await client.ask('ACK', { id: one!.headers.ack! });
    await client.destroy();
    await expect.poll(() => left('a')).toEqual(['two']);
  });

  it.each([
    [{}, "Missing destination or id: UNSUBSCRIBE must include a 'destination' or 'id' header"],
    [
      { id: 'a' },
      'No subscription found: UNSUBSCRIBE must refer to an existing subscription.\n' +
        'Subscription to "id=\'a\'" not found.\n',
    ],
    [
      { destination: '/queue/q' },
      'No subscription found: UNSUBSCRIBE must refer to an existing subscription.\n' +
        'Subscription to "destination=\'/queue/q\'" not found.\n',
    ],
    [{ id: '/temp-queue/q' }, "Invalid id: UNSUBSCRIBE 'id' may not start with /temp-queue/\n"],
    [{ durable: true, destination: '/topic/a' }, /^Missing Header/],
  ])('of %j is refused', async (headers, answer) => {
    expect(await refusal('UNSUBSCRIBE', headers as Headers)).toEqual(
      typeof answer === 'string' ? answer : expect.stringMatching(answer),
    );
  });
});

describe('a durable topic subscription', () => {
  const DURABLE = { destination: '/topic/durable', id: 'sub', durable: true, 'auto-delete': false };

  it('keeps messages while nobody is there', async () => {
    await client.ask('SUBSCRIBE', DURABLE);
    await client.ask('UNSUBSCRIBE', { id: 'sub' });
    await client.ask('SEND', { destination: '/topic/durable' }, 'second');
    await client.ask('SUBSCRIBE', DURABLE);
    expect(await client.bodies(1)).toEqual(['second']);
  });

  it('has the queue that RabbitMQ would give it', async () => {
    // Taken from RabbitMQ 4.0.5.
    await client.ask('SUBSCRIBE', { ...DURABLE, destination: '/topic/stomp.dur', id: 'subid' });
    expect(
      queues().map(({ name, durable, autoDelete }) => ({ name, durable, autoDelete })),
    ).toEqual([
      {
        name: 'stomp-subscription-hZD1HCwtpli7AvrHUe2zmg',
        durable: true,
        autoDelete: false,
      },
    ]);
  });

  it('can be shared by connections', async () => {
    const other = await StompClient.login(port);
    await client.ask('SUBSCRIBE', DURABLE);
    await other.ask('SUBSCRIBE', DURABLE);
    for (const body of ['1', '2']) client.send('SEND', { destination: '/topic/durable' }, body);
    expect(await client.bodies(1)).toHaveLength(1);
    expect(await other.bodies(1)).toHaveLength(1);
  });

  it.each(['durable', 'persistent'])('goes when it is unsubscribed as %s', async (header) => {
    await client.ask('SUBSCRIBE', DURABLE);
    await client.ask('UNSUBSCRIBE', { id: 'sub', [header]: true });
    expect(queueNames()).toEqual([]);
  });
});

describe('ACK and NACK', () => {
  async function subscribed(ack: string, version = '1.2'): Promise<StompClient> {
    const subscriber = await StompClient.login(port, { 'accept-version': version });
    await subscriber.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack });
    return subscriber;
  }

  it.each(['1.0', '1.1'])('name messages by message-id in STOMP %s', async (version) => {
    await send('a', 'one', 'two');
    const subscriber = await subscribed('client-individual', version);
    const [one] = await messages(subscriber, 2);
    expect(one!.headers).not.toHaveProperty('ack');
    const named = { 'message-id': one!.headers['message-id']!, subscription: 1 };
    await subscriber.ask('ACK', named);
    await subscriber.destroy();
    await expect.poll(() => left('a')).toEqual(['two']);
  });

  it('in `client` mode mean everything before as well [STOMP 1.2, SUBSCRIBE ack Header]', async () => {
    await send('a', '1', '2', '3');
    const subscriber = await subscribed('client');
    const [, two] = await messages(subscriber, 3);
    await subscriber.ask('ACK', { id: two!.headers.ack! });
    await subscriber.destroy();
    await expect.poll(() => left('a')).toEqual(['3']);
  });

  it('in `client` mode mean no other subscription [STOMP 1.2, SUBSCRIBE ack Header]', async () => {
    await send('a', 'a');
    await send('b', 'b');
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client' });
    await client.expect('MESSAGE');
    await client.ask('SUBSCRIBE', { destination: '/queue/b', id: 2, ack: 'client' });
    const { headers } = await client.expect('MESSAGE');
    await client.ask('ACK', { id: headers.ack! });
    await client.destroy();
    await expect.poll(() => left('a')).toEqual(['a']);
    expect(await left('b')).toEqual([]);
  });

  it('in `client-individual` mode mean one', async () => {
    await send('a', '1', '2', '3');
    const subscriber = await subscribed('client-individual');
    const [, two] = await messages(subscriber, 3);
    await subscriber.ask('ACK', { id: two!.headers.ack! });
    await subscriber.destroy();
    await expect.poll(() => left('a')).toEqual(['1', '3']);
  });

  it('NACK brings the message back, marked as redelivered', async () => {
    await send('a', 'again');
    const subscriber = await subscribed('client-individual');
    const first = await subscriber.expect('MESSAGE');
    expect(first.headers.redelivered).toBe('false');
    subscriber.send('NACK', { id: first.headers.ack! });
    const second = await subscriber.expect('MESSAGE');
    expect(second.headers.redelivered).toBe('true');
  });

  it('NACK with requeue:false dead-letters it, and x-death comes through', async () => {
    const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await client.ask('SUBSCRIBE', { destination: '/queue/dead', id: 'dead' });
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client', ...dead });
    client.send('SEND', { destination: '/queue/a' }, 'bad');
    const { headers } = await client.expect('MESSAGE');
    client.send('NACK', { id: headers.ack!, requeue: false });
    const letter = await client.expect('MESSAGE');
    expect(letter.headers).toMatchObject({
      subscription: 'dead',
      'x-first-death-queue': 'a',
      'x-first-death-reason': 'rejected',
    });
    expect(JSON.parse(letter.headers['x-death']!)).toMatchObject([
      { count: 1, queue: 'a', reason: 'rejected', exchange: '', 'routing-keys': ['a'] },
    ]);
  });

  it('what was not acknowledged is back when the connection is gone', async () => {
    await send('a', '1', '2');
    const subscriber = await subscribed('client');
    await messages(subscriber, 2);
    await subscriber.destroy();
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1 });
    const back = await messages(client, 2);
    expect(back.map(({ body, headers }) => [body, headers.redelivered])).toEqual([
      ['1', 'true'],
      ['2', 'true'],
    ]);
  });

  it.each([
    ['ACK', {}, 'Missing header: "ACK" must include the "id" header\n'],
    ['NACK', { 'message-id': 'x' }, 'Missing header: "NACK" must include the "id" header\n'],
    ['ACK', { id: 'foo' }, 'Invalid header: "ACK" must include a valid "id" header\n'],
    ['ACK', { id: 'a@@b' }, 'Invalid header: "ACK" must include a valid "id" header\n'],
    ['ACK', { id: 'a@@b@@-1' }, 'Invalid header: "ACK" must include a valid "id" header\n'],
    ['ACK', { id: 'T_1@@session-x@@7' }, 'Message not found: unknown delivery tag 7\n'],
  ])('%s of %j is refused', async (command, headers, answer) => {
    expect(await refusal(command, headers as Headers)).toBe(answer);
  });

  it('of the same message twice are refused', async () => {
    await send('a', '1');
    const subscriber = await subscribed('client');
    const { headers } = await subscriber.expect('MESSAGE');
    await subscriber.ask('ACK', { id: headers.ack! });
    subscriber.send('ACK', { id: headers.ack! });
    expect(await subscriber.error()).toBe('Message not found: unknown delivery tag 1\n');
  });

  it('of another connection’s message are refused', async () => {
    await send('a', '1');
    const subscriber = await subscribed('client');
    const { headers } = await subscriber.expect('MESSAGE');
    expect(await refusal('ACK', { id: headers.ack! })).toMatch(/^Message not found/);
  });
});

describe('replies', () => {
  it('come through a temporary queue [RabbitMQ, Temp Queue Destinations]', async () => {
    const service = await StompClient.login(port);
    await service.ask('SUBSCRIBE', { destination: '/queue/service', id: 1 });
    for (const body of ['one', 'two']) {
      const headers = { destination: '/queue/service', 'reply-to': '/temp-queue/foo' };
      await client.ask('SEND', headers, body);
      const { headers: asked } = await service.expect('MESSAGE');
      expect(asked['reply-to']).toMatch(/^\/reply-queue\/stomp\.gen-[\w-]{22}$/);
      await service.ask('SEND', { destination: asked['reply-to']! }, `re: ${body}`);
      const answer = await client.expect('MESSAGE');
      expect(answer.body).toBe(`re: ${body}`);
      expect(answer.headers.subscription).toBe('/temp-queue/foo');
    }
    expect(queueNames()).toHaveLength(2);
    await client.destroy();
    await expect.poll(queueNames).toEqual(['service']);
  });

  it('reach AMQP clients that wait for them without a queue [Direct Reply-to]', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/service', id: 1 });
    const connection = await amqplib.connect(`amqp://127.0.0.1:${warren.port}`);
    const channel = await connection.createChannel();
    const answered = new Promise<string>((resolve) => {
      const take = (got: ConsumeMessage | null) => resolve(String(got?.content));
      void channel.consume('amq.rabbitmq.reply-to', take, { noAck: true }).then(() => {
        const asking = { replyTo: 'amq.rabbitmq.reply-to' };
        channel.sendToQueue('service', Buffer.from('question'), asking);
      });
    });
    const { headers } = await client.expect('MESSAGE');
    expect(headers['reply-to']).toMatch(/^\/reply-queue\/amq\.rabbitmq\.reply-to\./);
    client.send('SEND', { destination: headers['reply-to']! }, 'answer');
    expect(await answered).toBe('answer');
    await connection.close();
  });

  it('may go to any destination, which is passed on as it is', async () => {
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1 });
    client.send('SEND', { destination: '/queue/a', 'reply-to': '/queue/b' });
    expect((await client.expect('MESSAGE')).headers['reply-to']).toBe('/queue/b');
  });
});

describe('a transaction', () => {
  it('is done at COMMIT, receipts of its messages included [STOMP 1.2, BEGIN]', async () => {
    await client.ask('BEGIN', { transaction: 'tx' });
    client.send('SEND', { destination: '/queue/a', transaction: 'tx', receipt: 'sent' }, 'one');
    await send('a', 'at once');
    expect(await left('a')).toEqual(['at once']);
    client.send('COMMIT', { transaction: 'tx' });
    expect((await client.expect('RECEIPT')).headers['receipt-id']).toBe('sent');
    expect(await left('a')).toEqual(['one']);
  });

  it('is forgotten at ABORT [STOMP 1.2, ABORT]', async () => {
    await client.ask('BEGIN', { transaction: 'tx' });
    client.send('SEND', { destination: '/queue/a', transaction: 'tx' }, 'one');
    await client.ask('ABORT', { transaction: 'tx' });
    expect(queueNames()).toEqual([]);
  });

  it('takes ACK and NACK, which do nothing before COMMIT', async () => {
    await send('a', '1', '2', '3');
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client' });
    const [, two, three] = await messages(client, 3);
    await client.ask('BEGIN', { transaction: 'tx' });
    client.send('ACK', { id: two!.headers.ack!, transaction: 'tx' });
    client.send('NACK', { id: three!.headers.ack!, requeue: false, transaction: 'tx' });
    await client.nothing();
    expect(queues()[0]!.unsettled).toBe(3);
    await client.ask('COMMIT', { transaction: 'tx' });
    expect(queues()[0]!.unsettled).toBe(0);
    expect(await left('a')).toEqual([]);
  });

  it('may acknowledge again what an acknowledgement in it covered', async () => {
    await send('a', '1', '2');
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client' });
    const [one, two] = await messages(client, 2);
    await client.ask('BEGIN', { transaction: 'tx' });
    client.send('ACK', { id: two!.headers.ack!, transaction: 'tx' });
    client.send('ACK', { id: one!.headers.ack!, transaction: 'tx' });
    await client.ask('COMMIT', { transaction: 'tx' });
    expect(queues()[0]!.unsettled).toBe(0);
  });

  it('is done wholly or not at all', async () => {
    await send('a', '1');
    await client.ask('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client' });
    const { headers } = await client.expect('MESSAGE');
    await client.ask('BEGIN', { transaction: 'tx' });
    client.send('ACK', { id: headers.ack!, transaction: 'tx' });
    client.send('SEND', { destination: '/queue/b', transaction: 'tx' });
    client.send('SEND', { destination: '/exchange/none', transaction: 'tx' });
    expect(await refusal('COMMIT', { transaction: 'tx' })).toMatch(/^not_found/);
    await expect.poll(() => left('a')).toEqual(['1']);
    expect(await left('b')).toEqual([]);
  });

  it.each([
    ['BEGIN', {}, 'Missing transaction: "BEGIN" must include a \'transaction\' header\n'],
    ['COMMIT', {}, 'Missing transaction: "COMMIT" must include a \'transaction\' header\n'],
    ['COMMIT', { transaction: 'foo' }, 'Bad transaction: Invalid transaction identifier: "foo"\n'],
    ['ABORT', { transaction: 'foo' }, 'Bad transaction: Invalid transaction identifier: "foo"\n'],
    [
      'SEND',
      { destination: 'a', transaction: '__proto__' },
      'Bad transaction: Invalid transaction identifier: "__proto__"\n',
    ],
  ])('%s with %j is refused', async (command, headers, answer) => {
    expect(await refusal(command, headers as Headers)).toBe(answer);
  });

  it('is one of at most sixteen', async () => {
    for (let i = 0; i < STOMP_TRANSACTIONS_MAX; i++) client.send('BEGIN', { transaction: i });
    expect(await refusal('BEGIN', { transaction: 'more' })).toBe(
      'Transaction limit exceeded: Too many concurrent transactions (limit 16)',
    );
  });

  it('has at most 1024 frames', async () => {
    client.send('BEGIN', { transaction: 1 });
    const frame = { destination: '/queue/a', transaction: 1 };
    for (let i = 0; i < STOMP_TRANSACTION_ACTIONS_MAX; i++) client.send('SEND', frame);
    expect(await refusal('SEND', frame)).toBe(
      'Transaction too large: Too many actions in transaction (limit 1024)',
    );
  });
});
