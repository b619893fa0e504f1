/** stompit, a client library for Node of its own making, against the broker over TCP. */
import { text } from 'node:stream/consumers';
import { type Client, connect as connectStompit, type Message } from 'stompit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';

let warren: ObservedBroker;
const clients: Client[] = [];

beforeAll(async () => {
  warren = await startObserved({ 'stomp.listeners.tcp.default': '127.0.0.1:0' });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

afterAll(() => warren.stop());

function connect(): Promise<Client> {
  const connectHeaders = {
    host: '/',
    login: 'guest',
    passcode: 'guest',
    'heart-beat': '5000,5000',
  };
  const options = { host: '127.0.0.1', port: warren.portOf('stomp'), connectHeaders };
  return new Promise((resolve, reject) => {
    connectStompit(options, (error, client) => {
      if (error !== null) return reject(error);
      clients.push(client);
      resolve(client);
    });
  });
}

function send(
  client: Client,
  destination: string,
  body: string,
  headers: Record<string, number> = {},
): void {
  client.send({ destination, 'content-type': 'text/plain', ...headers }).end(body);
}

/** The next messages of a subscription, in order. */
function subscribed(client: Client, headers: Record<string, string>) {
  const waiting: ((message: Message) => void)[] = [];
  const came: Message[] = [];
  client.subscribe(headers, (error, message) => {
    if (error !== null) return;
    const taker = waiting.shift();
    if (taker === undefined) came.push(message);
    else taker(message);
  });
  return (): Promise<Message> => {
    const message = came.shift();
    return message === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(message);
  };
}

it('stompit sends and gets messages of every size', async () => {
  const client = await connect();
  const next = subscribed(client, { destination: '/queue/sizes', ack: 'auto' });
  for (const bytes of [0, 1, 1000, 100_000, 1_000_000]) {
    send(client, '/queue/sizes', 'x'.repeat(bytes), { bytes });
    const message = await next();
    expect(message.headers.bytes).toBe(String(bytes));
    expect(await text(message)).toHaveLength(bytes);
  }
});

it('stompit acknowledges one message and refuses another, which comes again', async () => {
  const client = await connect();
  const next = subscribed(client, { destination: '/queue/acks', ack: 'client-individual' });
  send(client, '/queue/acks', 'first');
  send(client, '/queue/acks', 'second');
  const first = await next();
  expect(await text(first)).toBe('first');
  const second = await next();
  expect(await text(second)).toBe('second');
  client.ack(first);
  client.nack(second);
  const again = await next();
  expect(await text(again)).toBe('second');
  expect(again.headers.redelivered).toBe('true');
  client.ack(again);
  await new Promise((resolve) => client.disconnect(resolve));
  expect(warren.broker.vhosts.get('/')!.queue('acks').unsettled).toBe(0);
});

it('stompit commits and aborts transactions', async () => {
  const client = await connect();
  const next = subscribed(client, { destination: '/queue/tx', ack: 'auto' });
  const aborted = client.begin({ transaction: 'a' });
  aborted.send({ destination: '/queue/tx' }, {}).end('no');
  aborted.abort({});
  const transaction = client.begin({ transaction: 'b' });
  transaction.send({ destination: '/queue/tx' }, {}).end('yes');
  transaction.commit({});
  expect(await text(await next())).toBe('yes');
});
