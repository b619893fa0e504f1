/**
 * What has to wait for a store or a catalog that take their time: receipts, commits, queues; and
 * what becomes of it when the client has gone meanwhile.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StompConnection } from '../../protocols/stomp/connection.ts';
import { Engine } from '../support/engine.ts';
import { DEFAULT_STOMP, FakeClient } from '../support/fake-client.ts';
import { type Headers, stompFrame } from '../support/stomp-client.ts';

describe.each(['publish', 'durable'] as const)('on a store that is ready on %s', (backend) => {
  let engine: Engine;
  let client: FakeClient;
  let connection: StompConnection;
  /** How much of what it was sent has been looked at. */
  let seen: number;

  beforeEach(async () => {
    engine = await Engine.open(backend);
    client = new FakeClient();
    connection = new StompConnection(client, engine.broker, DEFAULT_STOMP);
    send('CONNECT', { login: 'guest', passcode: 'guest', 'accept-version': '1.2' });
    send('SEND', { destination: '/queue/a' });
    await engine.settle();
    await engine.drain(engine.session(), 'a');
    seen = client.text().length;
  });

  afterEach(() => engine.close());

  function send(command: string, headers: Headers = {}, body = ''): void {
    const bytes = stompFrame(command, headers, body);
    connection.receive(bytes, 0, bytes.length);
  }

  /** The receipts and commands that came since this was asked last. */
  function answers(): string[] {
    const text = client.text();
    const found = text
      .slice(Math.min(seen, text.length))
      .matchAll(/(?:receipt-id:(.*)|^([A-Z]+))\n/gm);
    seen = text.length;
    return [...found].flatMap(([, receipt, command]) =>
      receipt === undefined && command !== 'RECEIPT' ? [command!] : (receipt ?? []),
    );
  }

  it('a receipt of SEND comes when the message is safe, and not before', async () => {
    send('SEND', { destination: '/queue/a', persistent: true, receipt: 'safe' });
    send('BEGIN', { transaction: 'tx', receipt: 'begun' });
    expect(answers()).toEqual(['begun']);
    await engine.settle();
    expect(answers()).toEqual(['safe']);
  });

  it('DISCONNECT waits for it, too', async () => {
    send('SEND', { destination: '/queue/a', persistent: true, receipt: 'safe' });
    send('DISCONNECT', { receipt: 'bye' });
    expect(answers()).toEqual([]);
    await engine.settle();
    expect(answers()).toEqual(['safe', 'bye']);
    expect(client.ended).toBe(true);
  });

  it('frames that come while a queue is being made are done afterwards, in order', async () => {
    send('SUBSCRIBE', { destination: '/queue/new', id: 1, receipt: 'subscribed' });
    send('SEND', { destination: '/queue/new', receipt: 'sent' });
    send('BEGIN', { transaction: 'tx', receipt: 'begun' });
    expect(client.paused).toBe(true);
    await engine.settle();
    expect(client.paused).toBe(false);
    const came = answers();
    expect(came.indexOf('subscribed')).toBe(0);
    expect([...came].sort()).toEqual(['MESSAGE', 'begun', 'sent', 'subscribed']);
  });

  it('a commit is answered when all of it is safe', async () => {
    send('BEGIN', { transaction: 'tx' });
    send('SEND', { destination: '/queue/a', persistent: true, transaction: 'tx' }, 'one');
    send('SEND', { destination: '/queue/a', persistent: true, transaction: 'tx' }, 'two');
    send('COMMIT', { transaction: 'tx', receipt: 'committed' });
    expect(answers()).toEqual([]);
    await engine.settle();
    expect(answers()).toEqual(['committed']);
    expect(await engine.drain(engine.session(), 'a')).toEqual(['one', 'two']);
  });

  it.each(['/queue/new', '/topic/new'])(
    'a client that goes while its subscription to %s is being made leaves none',
    async (destination) => {
      send('SUBSCRIBE', { destination, id: 1, receipt: 'subscribed' });
      connection.closed();
      await engine.settle();
      expect(answers()).toEqual([]);
      for (const queue of engine.vhost.topology.queues.values()) {
        expect({ name: queue.name, consumers: queue.subscriptions.size }).toEqual({
          ...{ name: expect.stringMatching(/^(a|new)$/), consumers: 0 },
        });
      }
      expect(engine.lines.filter((line) => line.startsWith('error'))).toEqual([]);
    },
  );

  it('a user who is deleted is told, and its connection ends', async () => {
    const session = [...engine.broker.sessions].find(({ protocol }) => protocol === 'stomp12')!;
    session.expel("user 'guest' is deleted");
    await engine.settle();
    expect(client.text()).toContain("CONNECTION_FORCED - user 'guest' is deleted");
    expect(client.ended).toBe(true);
  });
});
