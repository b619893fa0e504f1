/** Opening a connection: what the broker says about itself, its patience, and refused logins. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { ManualClock } from '../../src/clock.ts';
import { type ObservedBroker, startObserved, Witness } from '../support/observed-broker.ts';
import {
  AMQP_HEADER,
  channelOpen,
  closeOf,
  opening,
  RawClient,
  startOk,
} from '../support/raw-client.ts';

const TIMEOUT_MS = 4000;

let clock: ManualClock;
let warren: ObservedBroker;

beforeEach(async () => {
  clock = new ManualClock();
  warren = await startObserved({ handshake_timeout: TIMEOUT_MS, heartbeat: 7 }, clock);
});

afterEach(async () => {
  await RawClient.destroyAll();
  await warren.stop();
});

/** Has the broker read what was sent? It answers somebody else afterwards. */
async function settle(): Promise<void> {
  const witness = await Witness.connect(warren.port);
  await witness.isServed();
  await witness.close();
}

describe('the broker', () => {
  it('introduces itself with what clients look for', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER);
    const { args } = await client.expect('connection.start');
    const properties = args.serverProperties as Map<string, unknown>;
    expect([args.versionMajor, args.versionMinor]).toEqual([0, 9]);
    expect([String(args.mechanisms), String(args.locales)]).toEqual([
      'PLAIN AMQPLAIN ANONYMOUS',
      'en_US',
    ]);
    expect(properties.get('product')).toBe('RabbitMQ');
    const capabilities = properties.get('capabilities') as Map<string, unknown>;
    for (const name of ['publisher_confirms', 'basic.nack', 'consumer_cancel_notify']) {
      expect(capabilities.get(name)).toBe(true);
    }
  });

  it('proposes its limits, and takes what the client makes of them', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER, startOk());
    const { args } = await client.until('connection.tune');
    expect(args).toEqual({ channelMax: 2047, frameMax: 131_072, heartbeat: 7 });
    client.write(opening({ channelMax: 1, frameMax: 4096 }).subarray(8 + startOk().length));
    await client.expect('connection.open-ok');
    client.write(channelOpen(1), channelOpen(2));
    await client.expect('channel.open-ok');
    expect(closeOf(await client.next())).toBe('connection.close 530');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', AMQP_HEADER.subarray(0, 4)],
    ['a header', AMQP_HEADER],
    ['half a start-ok', opening().subarray(0, 30)],
    ['everything but its last byte', opening().subarray(0, -1)],
  ])('gives up on a client that says %s', async (_what, bytes) => {
    const client = await RawClient.connect(warren.port);
    client.write(bytes);
    await settle();
    clock.advance(TIMEOUT_MS - 1);
    await settle();
    expect(client.isClosed).toBe(false);
    clock.advance(1);
    await client.closed;
  });

  it('gives up on a client that drips its bytes, however steadily', async () => {
    const client = await RawClient.connect(warren.port);
    client.socket.setNoDelay(true);
    for (const byte of opening().subarray(0, 40)) {
      client.socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
      clock.advance(TIMEOUT_MS / 40);
    }
    await client.closed;
  });

  it('has all the time in the world for a client whose connection is open', async () => {
    const client = await RawClient.login(warren.port);
    clock.advance(1000 * TIMEOUT_MS);
    await client.ping();
  });

  it('gives up on one that does not answer its close', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER, startOk('wrong', ['authentication_failure_close']));
    expect(closeOf(await client.until('connection.close'))).toBe('connection.close 403');
    clock.advance(60_000);
    await client.closed;
  });
});

describe('a refused login', () => {
  it('is answered with silence, and later with a closed socket', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER, startOk('wrong'));
    await client.expect('connection.start');
    await settle();
    clock.advance(2999);
    await settle();
    expect(client.isClosed).toBe(false);
    clock.advance(1);
    await client.closed;
    expect(await client.leftovers()).toEqual([]);
  });

  it('is final: a second attempt on the same connection is not looked at', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER, startOk('wrong'), opening().subarray(8), channelOpen(1));
    await client.expect('connection.start');
    await settle();
    expect(warren.broker.sessions.size).toBe(0);
    clock.advance(3000);
    await client.closed;
    expect(await client.leftovers()).toEqual([]);
  });

  it('is final also for one that is told', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(AMQP_HEADER, startOk('wrong', ['authentication_failure_close']));
    client.write(startOk(), methodFrame('connection.close-ok', 0, {}));
    await client.closed;
    const names = (await client.leftovers()).map(({ name }) => name);
    expect(names).toEqual(['connection.start', 'connection.close']);
  });
});

describe('a login in two steps', () => {
  /** Says who it is by RabbitMQ's demonstration of a challenge. */
  async function challenged(answer: string): Promise<RawClient> {
    await warren.stop();
    warren = await startObserved({ 'auth_mechanisms.1': 'RABBIT-CR-DEMO', heartbeat: 0 }, clock);
    const client = await RawClient.connect(warren.port);
    const capabilities = new Map([['authentication_failure_close', true]]);
    const start = methodFrame('connection.start-ok', 0, {
      clientProperties: new Map([['capabilities', capabilities]]),
      mechanism: 'RABBIT-CR-DEMO',
      response: Buffer.from('guest'),
      locale: 'en_US',
    });
    client.write(AMQP_HEADER, start);
    const { args } = await client.until('connection.secure');
    expect(String(args.challenge)).toBe('Please tell me your password');
    client.write(methodFrame('connection.secure-ok', 0, { response: Buffer.from(answer) }));
    return client;
  }

  it('asks, and takes the right answer [AMQP connection.secure]', async () => {
    const client = await challenged('My password is guest');
    await client.expect('connection.tune');
  });

  it('refuses a wrong answer with 403 and what is none with 502', async () => {
    const wrong = await challenged('My password is wrong');
    expect(closeOf(await wrong.next())).toBe('connection.close 403');
    const none = await challenged('guest');
    expect(closeOf(await none.next())).toBe('connection.close 502');
  });
});
