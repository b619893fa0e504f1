/** What the management API shows of STOMP connections, and that an operator can close one. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import { caller } from '../support/management.ts';
import { StompClient } from '../support/stomp-client.ts';

let broker: EmbeddedBroker;
let call: ReturnType<typeof caller>;

beforeAll(async () => {
  broker = await startBroker({
    config: {
      'management.tcp.port': '127.0.0.1:0',
      'stomp.listeners.tcp.default': '127.0.0.1:0',
    },
  });
  call = caller(broker.managementPort as number);
});

afterEach(() => StompClient.destroyAll());

afterAll(() => broker.stop());

/** Where the API has the connection of this client. */
function pathOf({ socket }: StompClient): string {
  const name = `127.0.0.1:${socket.localPort} -> 127.0.0.1:${socket.remotePort}`;
  return `/api/connections/${encodeURIComponent(name)}`;
}

it('connections, consumers and queues are shown as RabbitMQ shows them', async () => {
  const client = await StompClient.login(broker.portOf('stomp') as number);
  const headers = { destination: '/queue/shown', id: 'sub', ack: 'client', 'prefetch-count': 7 };
  await client.ask('SUBSCRIBE', headers);
  client.send('SEND', { destination: '/queue/shown' }, 'hello');
  await client.expect('MESSAGE');
  expect((await call('GET', pathOf(client))).body).toMatchObject({
    protocol: 'STOMP 1.2',
    user: 'guest',
    vhost: '/',
    state: 'running',
    client_properties: { product: 'STOMP client' },
  });
  const [consumer] = (await call('GET', '/api/consumers')).body;
  expect(consumer).toMatchObject({
    consumer_tag: 'T_sub',
    ack_required: true,
    prefetch_count: 7,
    queue: { name: 'shown', vhost: '/' },
  });
  const queue = (await call('GET', '/api/queues/%2F/shown')).body;
  expect(queue).toMatchObject({ durable: true, consumers: 1 });
});

it('an operator who closes a connection is told to the client', async () => {
  const client = await StompClient.login(broker.portOf('stomp') as number);
  const options = { headers: { 'X-Reason': 'maintenance' } };
  expect((await call('DELETE', pathOf(client), undefined, options)).status).toBe(204);
  expect(await client.error()).toBe(
    'connection_forced: CONNECTION_FORCED - broker forced connection closure with reason ' +
      "'maintenance'",
  );
});
