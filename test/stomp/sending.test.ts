/** SEND: destinations, properties, receipts; what becomes of messages nobody can keep. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { User } from '../../src/auth/user.ts';
import type { Field } from '../../src/broker/field.ts';
import type { Message } from '../../src/broker/message.ts';
import type { Session } from '../../src/broker/session.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { type Headers, StompClient } from '../support/stomp-client.ts';

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
  for (const vhost of warren.broker.vhosts.values()) {
    for (const queue of [...vhost.topology.queues.values()]) await vhost.deleteQueue(queue);
  }
});

afterAll(() => warren.stop());

async function fetch(queue: string): Promise<Message> {
  const fetched = await session.fetch(queue, true);
  if (fetched === null) throw new Error(`${queue} is empty`);
  return fetched.delivery.message;
}

async function queue(name: string, args: Record<string, Field> = {}): Promise<void> {
  const flags = { durable: true, exclusive: false, autoDelete: false };
  const declaration = { name, ...flags, arguments: new Map(Object.entries(args)) };
  await session.topology.declareQueue(declaration);
}

async function bound(name: string, source: string, routingKey: string): Promise<void> {
  await queue(name);
  const to = { destination: name, destinationKind: 'queue' } as const;
  await session.topology.bind({ source, ...to, routingKey, arguments: new Map() });
}

async function refusal(headers: Headers): Promise<string> {
  client.send('SEND', headers);
  return client.error();
}

describe('SEND reaches', () => {
  it('a queue, which is declared durable by the first who sends', async () => {
    await client.ask('SEND', { destination: '/queue/new' }, 'hello');
    const { durable, autoDelete, owner } = warren.broker.vhosts.get('/')!.queue('new');
    expect({ durable, autoDelete, owner }).toEqual({
      durable: true,
      autoDelete: false,
      owner: null,
    });
    expect(String((await fetch('new')).body)).toBe('hello');
  });

  it('a queue by its bare name', async () => {
    await client.ask('SEND', { destination: 'bare' });
    expect((await fetch('bare')).routingKey).toBe('bare');
  });

  it('a queue that was deleted in between, again', async () => {
    await client.ask('SEND', { destination: '/queue/a' });
    await session.topology.deleteQueue('a', false, false);
    await client.ask('SEND', { destination: '/queue/a' }, 'again');
    expect(String((await fetch('a')).body)).toBe('again');
  });

  it('a queue with arguments', async () => {
    const headers = {
      'x-message-ttl': 60_000,
      'x-expires': 70_000,
      'x-max-length': 10,
      'x-max-length-bytes': 20_000,
      'x-overflow': 'reject-publish',
      'x-dead-letter-exchange': 'dead-letter-exchange',
      'x-dead-letter-routing-key': 'dead-letter-routing-key',
      'x-max-priority': 6,
      'x-single-active-consumer': true,
    };
    await client.ask('SEND', { destination: '/queue/args', ...headers });
    const args = warren.broker.vhosts.get('/')!.queue('args').arguments;
    expect(Object.fromEntries(args)).toEqual(headers);
  });

  it('amq.topic through /topic', async () => {
    await bound('all', 'amq.topic', 'a.#');
    await client.ask('SEND', { destination: '/topic/a.b' }, 'x');
    expect(await fetch('all')).toMatchObject({ exchange: 'amq.topic', routingKey: 'a.b' });
  });

  it('an exchange with and without a routing key', async () => {
    await bound('fan', 'amq.fanout', '');
    await bound('direct', 'amq.direct', 'a/b');
    await client.ask('SEND', { destination: '/exchange/amq.fanout' });
    await client.ask('SEND', { destination: '/exchange/amq.direct/a%2Fb' });
    expect((await fetch('fan')).routingKey).toBe('');
    expect((await fetch('direct')).routingKey).toBe('a/b');
  });

  it('a queue that has to be there through /amq/queue, and nothing if it is not', async () => {
    await client.ask('SEND', { destination: '/amq/queue/other' });
    await queue('other');
    await client.ask('SEND', { destination: '/amq/queue/other' }, 'x');
    expect(String((await fetch('other')).body)).toBe('x');
    await client.ask('SEND', { destination: '/reply-queue/other' }, 'y');
    expect(String((await fetch('other')).body)).toBe('y');
  });

  it('queues with slashes, percent signs and letters from anywhere in their names', async () => {
    await client.ask('SEND', { destination: '/queue/a%2Fb%25%20%C3%A9' });
    await client.ask('SEND', { destination: '/queue/ü%' });
    expect([...warren.broker.vhosts.get('/')!.topology.queues.keys()]).toEqual(['a/b% é', 'ü%']);
  });
});

describe('SEND is refused', () => {
  it.each([
    ['/queue', "'' is not a valid queue destination\n"],
    ['/queue/', "'/' is not a valid queue destination\n"],
    ['/queue/bah/baz', "'/bah/baz' is not a valid queue destination\n"],
    ['/topic', "'' is not a valid topic destination\n"],
    ['/topic/bah/baz', "'/bah/baz' is not a valid topic destination\n"],
    ['/exchange', "'' is not a valid exchange destination\n"],
    ['/exchange//foo', "'//foo' is not a valid exchange destination\n"],
    ['/exchange/bah/baz/boo', "'/bah/baz/boo' is not a valid exchange destination\n"],
    ['/temp-queue/a', "'/temp-queue/a' is not a valid destination for 'SEND'\n"],
    ['', 'Destination cannot be blank'],
    [`/queue/${'ä'.repeat(128)}`, 'names in destinations have at most 255 bytes\n'],
  ])('for the destination "%s"', async (destination, detail) => {
    expect(await refusal({ destination })).toBe(`Invalid destination: ${detail}`);
  });

  it.each(['/something/interesting', '/reply-queue', '/amq/exchange/a', '//a'])(
    'for the unknown destination "%s"',
    async (destination) => {
      expect(await refusal({ destination })).toBe(
        `Unknown destination: '${destination}' is not a valid destination.\nValid destination ` +
          'types are: /topic, /exchange, /queue, /amq/queue, /reply-queue, /temp-queue.\n',
      );
    },
  );

  it('without a destination', async () => {
    expect(await refusal({})).toBe(
      'Missing destination: "SEND" must include a \'destination\' header\n',
    );
  });

  it('with a message-id, which is the broker’s to give', async () => {
    expect(await refusal({ destination: 'a', 'message-id': '1' })).toBe(
      "Invalid header: 'message-id' is not allowed on 'SEND'.\n",
    );
  });

  it.each([
    ['priority', 'high'],
    ['priority', '256'],
    ['timestamp', 'now'],
    ['x-message-ttl', 'long'],
    ['x-single-active-consumer', '1'],
  ])('with a %s of %s', async (name, value) => {
    expect(await refusal({ destination: '/queue/a', [name]: value })).toMatch(
      new RegExp(`^Invalid header: '${name}' is .*, not '${value}'\n$`),
    );
  });

  it('with an expiration that is none, by the engine', async () => {
    expect(await refusal({ destination: '/queue/a', expiration: 'abc' })).toBe(
      "precondition_failed: PRECONDITION_FAILED - invalid expiration 'abc': no_integer",
    );
  });

  it('in the name of somebody else, by the engine', async () => {
    expect(await refusal({ destination: '/queue/a', 'user-id': 'abc' })).toBe(
      "precondition_failed: PRECONDITION_FAILED - user_id property set to 'abc' but " +
        "authenticated user was 'guest'",
    );
  });

  it('to an exchange that is not there, with the receipt that will not come', async () => {
    client.send('SEND', { destination: '/exchange/none/a', receipt: 'r' });
    const { headers, body } = await client.expect('ERROR');
    expect(headers).toMatchObject({ message: 'not_found', 'receipt-id': 'r' });
    expect(body).toBe("NOT_FOUND - no exchange 'none' in vhost '/'");
  });

  it('to a queue that is there and different', async () => {
    await queue('a', { 'x-max-length': 1 });
    expect(await refusal({ destination: '/queue/a' })).toBe(
      "precondition_failed: PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'a' " +
        "in vhost '/': received none but current is the value '1' of type 'signedint'",
    );
  });

  it('of a user who may not write there', async () => {
    const { users, permissions } = warren.broker.administration();
    await users.put('reader', { password: 'guest', tags: [] });
    await permissions.put('reader', '/', { configure: '', write: '', read: '.*' });
    const reader = await StompClient.login(port, { login: 'reader' });
    reader.send('SEND', { destination: '/topic/a' });
    expect(await reader.error()).toBe(
      "access_refused: ACCESS_REFUSED - write access to exchange 'amq.topic' in vhost '/' " +
        "refused for user 'reader'",
    );
  });
});

describe('headers of SEND', () => {
  it('become the properties that they are, and headers otherwise', async () => {
    await client.ask('SEND', {
      ...{ destination: '/queue/a', 'content-type': 'text/plain', 'content-encoding': 'gzip' },
      ...{ persistent: true, priority: 5, 'correlation-id': 'c', 'reply-to': '/queue/x' },
      ...{ expiration: 60_000, 'amqp-message-id': 'm', timestamp: 1000, type: 't' },
      ...{ 'user-id': 'guest', 'app-id': 'app', custom: 'a:b\n', 'x-other': 1, 'cluster-id': 'c' },
    });
    const { properties } = await fetch('a');
    expect(properties).toMatchObject({
      ...{ contentType: 'text/plain', contentEncoding: 'gzip', deliveryMode: 2, priority: 5 },
      ...{ correlationId: 'c', replyTo: '/queue/x', expiration: '60000', messageId: 'm' },
      ...{ timestamp: 1000, type: 't', userId: 'guest', appId: 'app', clusterId: undefined },
    });
    expect([...properties.headers!]).toEqual([
      ['custom', 'a:b\n'],
      ['x-other', '1'],
      ['cluster-id', 'c'],
    ]);
  });

  it('count once, the first time [STOMP 1.2, Repeated Headers]', async () => {
    client.write('SEND\ndestination:/queue/a\nx:1\nx:2\npriority:1\npriority:2\n\n\0');
    await client.nothing();
    const { properties } = await fetch('a');
    expect(properties.priority).toBe(1);
    expect([...properties.headers!]).toEqual([['x', '1']]);
  });

  it('may have names that objects have of their own', async () => {
    const names = ['__proto__', 'hasOwnProperty', 'constructor', 'toString'];
    client.write(`SEND\ndestination:/queue/a\n${names.map((n) => `${n}:1\n`).join('')}\n\0`);
    await client.nothing();
    expect([...(await fetch('a')).properties.headers!.keys()]).toEqual(names);
  });

  it('are shared by the messages of a publisher who repeats them', async () => {
    for (const receipt of ['r1', 'r2']) {
      client.send('SEND', { destination: '/queue/a', x: 1, receipt }, receipt);
    }
    await client.expect('RECEIPT');
    await client.expect('RECEIPT');
    const [one, two] = [await fetch('a'), await fetch('a')];
    expect(one.properties).toBe(two.properties);
    expect([String(one.body), String(two.body)]).toEqual(['r1', 'r2']);
  });
});

describe('a receipt of SEND', () => {
  it('comes for every message that asks, in any number', async () => {
    for (let i = 0; i < 100; i++) {
      client.send('SEND', { destination: '/queue/a', receipt: `r${i}`, persistent: true });
      client.send('SEND', { destination: '/queue/a' });
    }
    for (let i = 0; i < 100; i++) {
      expect((await client.expect('RECEIPT')).headers['receipt-id']).toBe(`r${i}`);
    }
  });

  it('comes for a message that no queue wants', async () => {
    await client.ask('SEND', { destination: '/topic/nowhere' });
  });

  it('does not come for a message that a full queue refuses; an ERROR does', async () => {
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    client.send('SEND', { destination: '/queue/full', receipt: 1, ...full });
    client.send('SEND', { destination: '/queue/full', receipt: 2, ...full });
    client.send('SEND', { destination: '/queue/empty', receipt: 3 });
    await client.expect('RECEIPT');
    const { headers } = await client.expect('ERROR');
    expect(headers).toMatchObject({ message: 'Message rejected', 'receipt-id': '2' });
    expect((await client.expect('RECEIPT')).headers['receipt-id']).toBe('3');
  });
});

describe('unknown commands', () => {
  it('are refused', async () => {
    client.send('WRONGCOMMAND', { destination: 'a', exchange: 'amq.fanout' });
    const { text } = await client.expect('ERROR');
    expect(text).toBe(
      'ERROR\nmessage:Bad command\ncontent-type:text/plain\nversion:1.0,1.1,1.2\n' +
        'content-length:43\n\nCould not interpret command "WRONGCOMMAND"\n',
    );
  });
});
