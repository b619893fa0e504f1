/**
 * Clients that break the protocol, flood the broker or die: the right close for each, and a
 * well-behaved client beside them that notices nothing. Afterwards everything is given back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { PROTOCOL_HEADER } from '../../protocols/amqp/negotiation.ts';
import type { Log } from '../../src/log.ts';
import { type ObservedBroker, startObserved, Witness } from '../support/observed-broker.ts';
import {
  AMQP_HEADER,
  acked,
  CONNECTION_CLOSE,
  channelClose,
  channelOpen,
  closeOf,
  consuming,
  declared,
  headerFrame,
  type LoginOptions,
  opening,
  published,
  RawClient,
  rawFrame,
  startOk,
} from '../support/raw-client.ts';

const MIB = 1024 * 1024;

const WAIT = { timeout: 5000, interval: 5 };

/** Errors of our own: no client may cause one. */
const internalErrors: string[] = [];
const log: Log = {
  debug() {},
  info() {},
  warning() {},
  error: (text) => internalErrors.push(text),
};

let warren: ObservedBroker;
let witness: Witness;

beforeAll(async () => {
  warren = await startObserved({}, undefined, log);
  witness = await Witness.connect(warren.port);
});

afterEach(async () => {
  await RawClient.destroyAll();
  await witness.isServed();
  await everythingIsGivenBack();
  expect(internalErrors).toEqual([]);
});

afterAll(async () => {
  await witness.close();
  await warren.stop();
});

/** Only the witness is left: its session and its queue, with nothing in it. */
async function everythingIsGivenBack(): Promise<void> {
  const { sessions, vhosts } = warren.broker;
  await vi.waitFor(() => {
    const queues = [...vhosts.get('/')!.topology.queues.values()];
    const left = queues.map(({ size, unsettled }) => ({ size, unsettled }));
    expect({ sessions: sessions.size, left }).toEqual({
      sessions: 1,
      left: [{ size: 0, unsettled: 0 }],
    });
  }, WAIT);
}

/** Sends that on a connection with channel 1 open. Returns how the broker closes what. */
async function answerTo(bytes: Buffer, options: LoginOptions = {}): Promise<string> {
  const client = await RawClient.login(warren.port, options);
  client.write(bytes);
  for (;;) {
    const frame = await client.next();
    if (frame.name !== 'channel.close' && frame.name !== 'connection.close') continue;
    await client.destroy();
    return closeOf(frame);
  }
}

/** Sends that on a fresh socket. Returns the code of the broker's connection.close. */
async function refusalOf(...parts: Buffer[]): Promise<string> {
  const client = await RawClient.connect(warren.port);
  client.write(...parts);
  const close = await client.until('connection.close');
  await client.destroy();
  return closeOf(close);
}

/** `depth` tables within each other. */
function nested(depth: number): Buffer {
  let table = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) {
    const head = Buffer.from('\x01kF\0\0\0\0', 'latin1');
    head.writeUInt32BE(table.length, 3);
    table = Buffer.concat([head, table]);
  }
  return table;
}

/** queue.declare with these bytes as its arguments. */
function declaredWith(table: Buffer, length = table.length): Buffer {
  const head = Buffer.from('\x00\x32\x00\x0a\x00\x00\x01q\x08\0\0\0\0', 'latin1');
  head.writeUInt32BE(length, head.length - 4);
  return rawFrame(1, 1, Buffer.concat([head, table]));
}

/** A content header whose `headers` property has these bytes. */
function headersOf(table: Buffer): Buffer {
  const head = Buffer.alloc(18);
  head.writeUInt16BE(60, 0);
  head.writeUInt16BE(1 << 13, 12);
  head.writeUInt32BE(table.length, 14);
  return rawFrame(2, 1, Buffer.concat([head, table]));
}

const PUBLISH = methodFrame('basic.publish', 1, {
  ...{ exchange: '', routingKey: 'nowhere', mandatory: false, immediate: false },
});
/** Sends that on a channel that was closed, and another after it. */
function closedBefore(bytes: Buffer): Buffer {
  return Buffer.concat([channelOpen(2), channelClose(1), channelClose(2), bytes]);
}

const QOS = { prefetchSize: 0, prefetchCount: 0, global: false };

function framed(channel: number, ids: readonly [number, number], rest = ''): Buffer {
  const payload = Buffer.concat([Buffer.alloc(4), Buffer.from(rest, 'latin1')]);
  payload.writeUInt16BE(ids[0], 0);
  payload.writeUInt16BE(ids[1], 2);
  return rawFrame(1, channel, payload);
}

function altered(frame: Buffer, offset: number, byte: number): Buffer {
  const copy = Buffer.from(frame);
  copy[offset < 0 ? copy.length + offset : offset] = byte;
  return copy;
}

function announced(bodyBytes: bigint): Buffer {
  const frame = headerFrame(1, 0);
  frame.writeBigUInt64BE(bodyBytes, 11);
  return frame;
}

describe('a client that breaks the protocol', () => {
  const heartbeat = rawFrame(8, 0, Buffer.alloc(0));
  const cases: readonly (readonly [string, string, Buffer])[] = [
    ['an unknown frame type', '501', rawFrame(5, 1, Buffer.from('abc'))],
    ['a frame without its end marker', '501', altered(declared(1, 'q'), -1, 0)],
    ['a frame above frame-max', '501', Buffer.from('\x01\0\x01\0\x02\x10\0', 'latin1')],
    ['a frame of four gigabytes', '501', Buffer.from('\x03\0\x01\xff\xff\xff\xff', 'latin1')],
    ['a heartbeat with a payload', '501', rawFrame(8, 0, Buffer.from('x'))],
    ['a heartbeat on a channel', '505', altered(heartbeat, 2, 1)],
    ['a method frame of three bytes', '501', rawFrame(1, 1, Buffer.from('\0\x3c\0', 'latin1'))],
    ['an empty method frame', '501', rawFrame(1, 0, Buffer.alloc(0))],
    ['a table that ends in a name', '502', declaredWith(Buffer.from('\x05ab', 'latin1'))],
    ['a table longer than its frame', '502', declaredWith(Buffer.alloc(0), 100)],
    ['a table of 4 GiB', '502', declaredWith(Buffer.from('\x01a', 'latin1'), 0xffff_ffff)],
    ['a value of unknown type', '502', declaredWith(Buffer.from('\x01a?', 'latin1'))],
    ['arguments nested a thousand deep', '502', declaredWith(nested(1000))],
    ['arguments followed by more', '502', declaredWith(Buffer.from('junk'), 0)],
    ['a name that is not UTF-8', '502', framed(1, [50, 30], '\0\0\x02\xc3\x28\0')],
    ['headers nested a thousand deep', '502', Buffer.concat([PUBLISH, headersOf(nested(1000))])],
    ['undefined property flags', '502', Buffer.concat([PUBLISH, altered(announced(0n), -2, 3)])],
    ['a content header without a method', '505', headerFrame(1, 3)],
    ['a body without a method', '505', rawFrame(3, 1, Buffer.from('abc'))],
    ['a body without a header', '505', Buffer.concat([PUBLISH, rawFrame(3, 1, PUBLISH)])],
    ['a method within a content', '505', Buffer.concat([PUBLISH, headerFrame(1, 3), QOS_FRAME(1)])],
    ['a publish within a content', '505', Buffer.concat([PUBLISH, PUBLISH])],
    ['a content on channel 0', '505', headerFrame(0, 3)],
    [
      'a content header of class queue',
      '505',
      Buffer.concat([PUBLISH, altered(headerFrame(1, 0), 8, 50)]),
    ],
    [
      'a body longer than announced',
      '501',
      Buffer.concat([PUBLISH, headerFrame(1, 3), rawFrame(3, 1, Buffer.from('abcd'))]),
    ],
    ['a method that does not exist', '503', framed(1, [60, 999])],
    ['a class that does not exist', '503', framed(1, [999, 10])],
    ['a method of the server', '503', framed(1, [60, 72], '\0')],
    ['immediate', '540', altered(PUBLISH, -2, 2)],
    ['a prefetch in bytes', '540', methodFrame('basic.qos', 1, { ...QOS, prefetchSize: 1 })],
    ['recover without requeue', '540', methodFrame('basic.recover', 1, { requeue: false })],
    ['a method of another class on channel 0', '504', QOS_FRAME(0)],
    ['an unknown method on channel 0', '503', framed(0, [10, 99])],
    ['connection.open twice', '504', methodFrame('connection.open', 0, { virtualHost: '/' })],
    ['connection.start-ok twice', '504', startOk()],
    ['a second channel.open', '504', channelOpen(1)],
    ['an ack on a channel that was never opened', '504', acked(7, 1)],
    [
      'a consumer on a channel that is closed',
      '504',
      Buffer.concat([channelClose(1), consuming(1, 'q')]),
    ],
    ['an ack on one that was closed before', '504', closedBefore(acked(1, 1))],
    ['a publish on one that was closed before', '504', closedBefore(PUBLISH)],
    ['a header on a channel that was never opened', '504', headerFrame(7, 3)],
    ['a body on a channel that was never opened', '504', rawFrame(3, 7, Buffer.from('abc'))],
  ];

  it.each(cases)('has its connection closed: %s (%s)', async (_what, code, bytes) => {
    expect(await answerTo(bytes)).toBe(`connection.close ${code}`);
  });

  const gentle: readonly (readonly [string, string, Buffer])[] = [
    ['a body of 9 exabytes', '406', Buffer.concat([PUBLISH, announced(2n ** 63n)])],
    ['a body of 16 MiB and a byte', '406', Buffer.concat([PUBLISH, announced(2n ** 24n + 1n)])],
    ['an ack of a tag never given', '406', acked(1, 1)],
    ['an ack up to a tag never given', '406', acked(1, 3, true)],
    ['an ack of tag 0', '406', acked(1, 0)],
    ['an ack of the largest tag', '406', framed(1, [60, 80], `${'\xff'.repeat(8)}\0`)],
  ];

  it.each(gentle)('has its channel closed: %s (%s)', async (_what, code, bytes) => {
    expect(await answerTo(bytes)).toBe(`channel.close ${code}`);
  });

  it('goes on with its other channels when one was closed', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(acked(1, 1), QOS_FRAME(2));
    expect(closeOf(await client.next())).toBe('channel.close 406');
    await client.expect('basic.qos-ok');
    await client.destroy();
  });

  it('may publish and settle on a channel that it has just closed, for nothing', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(channelClose(1), acked(1, 1), published(1, 'nowhere', 'late'));
    client.write(methodFrame('basic.nack', 1, { deliveryTag: 1, multiple: false, requeue: true }));
    expect((await client.next()).name).toBe('channel.close-ok');
    await client.ping(2);
    client.write(channelOpen(1), acked(1, 1));
    expect(await client.namesUntil('channel.close')).toEqual(['channel.open-ok', 'channel.close']);
    await client.destroy();
  });

  it('is ignored on a channel that the broker closed, until its close-ok', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    const late = [acked(1, 5), PUBLISH, headerFrame(1, 3), rawFrame(3, 1, Buffer.from('abc'))];
    client.write(acked(1, 1), ...late, declared(1, 'ignored'));
    expect(closeOf(await client.next())).toBe('channel.close 406');
    client.write(...late, methodFrame('channel.close-ok', 1, {}), channelOpen(1));
    await client.expect('channel.open-ok');
    await client.destroy();
  });

  it('has its channel closed by the second ack of a delivery', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'double', { exclusive: true }), published(1, 'double', 'x'));
    client.write(consuming(1, 'double'));
    await client.until('body');
    client.write(acked(1, 1), acked(1, 1));
    const close = await client.next();
    expect(close.args.replyText).toBe('PRECONDITION_FAILED - unknown delivery tag 1');
    await client.destroy();
  });

  it('has its channel closed by an ack up to a tag that comes later', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'later', { exclusive: true }), published(1, 'later', 'x'));
    client.write(consuming(1, 'later'));
    await client.until('body');
    client.write(acked(1, 2, true));
    expect(closeOf(await client.next())).toBe('channel.close 406');
    await client.destroy();
  });

  it('has its connection closed by a consumer tag used twice (530)', async () => {
    const bytes = [declared(1, 'twice', { exclusive: true }), consuming(1, '', TAG)];
    expect(await answerTo(Buffer.concat([...bytes, consuming(1, '', TAG)]))).toBe(
      'connection.close 530',
    );
  });

  it('gets an answer to a channel.close-ok that nobody asked for: none', async () => {
    const client = await RawClient.login(warren.port);
    client.write(methodFrame('channel.close-ok', 1, {}), QOS_FRAME(1));
    await client.expect('basic.qos-ok');
    await client.destroy();
  });
});

const TAG = { consumerTag: 'tag' };

function QOS_FRAME(channel: number): Buffer {
  return methodFrame('basic.qos', channel, QOS);
}

describe('a client that does not get as far as opening a connection', () => {
  const tune = (channelMax: number, frameMax: number) =>
    methodFrame('connection.tune-ok', 0, { channelMax, frameMax, heartbeat: 0 });
  const open = (virtualHost: string) => methodFrame('connection.open', 0, { virtualHost });
  const login = (mechanism: string, response: string) =>
    methodFrame('connection.start-ok', 0, {
      ...{ clientProperties: new Map(), mechanism, locale: 'en_US' },
      response: Buffer.from(response),
    });
  const good = startOk();
  const cases: readonly (readonly [string, string, readonly Buffer[]])[] = [
    ['an unknown mechanism', '503', [login('GSSAPI', '')]],
    ['a mechanism named like a property of objects', '503', [login('__proto__', '')]],
    ['PLAIN without NULs', '502', [login('PLAIN', 'guest')]],
    ['PLAIN with one NUL', '502', [login('PLAIN', '\0guest')]],
    ['AMQPLAIN without a password', '502', [login('AMQPLAIN', '\x05LOGINS\0\0\0\x01a')]],
    ['AMQPLAIN cut short', '502', [login('AMQPLAIN', '\x05LOGINS\0\0\0\x09a')]],
    ['a wrong password', '403', [startOk('wrong', ['authentication_failure_close'])]],
    ['a frame of more than initial_frame_max', '501', [rawFrame(1, 0, Buffer.alloc(10_000))]],
    ['tune-ok before start-ok', '504', [tune(10, 4096)]],
    ['open before tune-ok', '504', [good, open('/')]],
    ['start-ok twice', '504', [good, good]],
    ['a channel before the connection is open', '504', [good, tune(10, 4096), channelOpen(1)]],
    ['a content before the connection is open', '504', [headerFrame(1, 3)]],
    ['close before the connection is open', '504', [CONNECTION_CLOSE]],
    ['frames smaller than 4096', '530', [good, tune(10, 4095)]],
    ['frames larger than offered', '530', [good, tune(10, 131_073)]],
    ['frames of any size', '530', [good, tune(10, 0)]],
    ['more channels than offered', '530', [good, tune(2048, 4096)]],
    ['any number of channels', '530', [good, tune(0, 4096)]],
    ['a vhost that does not exist', '530', [good, tune(10, 4096), open('nowhere')]],
  ];

  it.each(cases)('is told why: %s (%s)', async (_what, code, parts) => {
    expect(await refusalOf(AMQP_HEADER, ...parts)).toBe(`connection.close ${code}`);
  });

  it('is answered with the protocol header if it sends another one, whichever byte differs', async () => {
    const wrong = Array.from({ length: 8 }, (_, at) =>
      [0x00, 0x20, 0x02, 0xff].map((byte) => altered(AMQP_HEADER, at, byte)),
    );
    const others = [
      'GET / HT',
      'CONNECT\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01',
      'AMQP\x00\x01\x00\x00',
    ];
    const headers = [...wrong.flat(), ...others.map((text) => Buffer.from(text, 'latin1'))];
    for (const header of headers) {
      if (header.equals(AMQP_HEADER)) continue;
      const { socket, closed } = await RawClient.connect(warren.port);
      const answer: Buffer[] = [];
      socket.on('data', (chunk) => answer.push(chunk));
      socket.write(Buffer.concat([header, opening()]));
      await closed;
      expect(Buffer.concat(answer)).toEqual(PROTOCOL_HEADER);
    }
  });

  it('is let in with the header of AMQP 0-9 as well', async () => {
    const client = await RawClient.connect(warren.port);
    client.write(Buffer.from('AMQP\x01\x01\x00\x09', 'latin1'), opening().subarray(8));
    await client.until('connection.open-ok');
    await client.destroy();
  });

  it('may come byte by byte and in one piece', async () => {
    const bytes = Buffer.concat([opening(), channelOpen(1), QOS_FRAME(1)]);
    const client = await RawClient.connect(warren.port);
    client.socket.setNoDelay(true);
    for (const byte of bytes) {
      client.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await client.until('basic.qos-ok');
    await client.destroy();
  });

  it('is let go at any byte of the handshake', async () => {
    const bytes = opening();
    for (let length = 0; length < bytes.length; length += 3) {
      const client = await RawClient.connect(warren.port);
      client.socket.end(bytes.subarray(0, length));
      await client.closed;
    }
  });

  it('may come thousands of times, say little and go', { timeout: 120_000 }, async () => {
    const before = process.memoryUsage().rss;
    // `npm run fuzz` makes it ten thousand.
    const count = process.env.WARREN_FUZZ_FRAMES === undefined ? 2500 : 10_000;
    const wave = 250;
    for (let done = 0; done < count; done += wave) {
      const clients = await Promise.all(
        Array.from({ length: wave }, () => RawClient.connect(warren.port)),
      );
      for (const [index, client] of clients.entries()) {
        client.write(opening().subarray(0, index));
      }
      await witness.isServed();
      await Promise.all(clients.map((client) => client.destroy()));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  });
});

describe('a client that dies', () => {
  it('leaves nothing behind, whatever it was in the middle of', async () => {
    const body = Buffer.alloc(100_000);
    const moments: readonly Buffer[] = [
      PUBLISH,
      Buffer.concat([PUBLISH, headerFrame(1, body.length)]),
      published(1, 'mine', body).subarray(0, 5000),
      methodFrame('tx.select', 1, {}),
      Buffer.concat([
        methodFrame('tx.select', 1, {}),
        published(1, 'mine', 'x'),
        acked(1, 0, true),
      ]),
      channelClose(1),
    ];
    for (const moment of moments) {
      const client = await RawClient.login(warren.port);
      client.write(declared(1, 'mine', { exclusive: true }), published(1, 'mine', 'one'));
      client.write(consuming(1, 'mine'));
      await client.until('body');
      client.write(moment);
      await witness.isServed();
      await client.destroy();
      await everythingIsGivenBack();
    }
  });

  it('gives its unacked messages back in their order', async () => {
    const dying = await RawClient.login(warren.port);
    dying.write(declared(1, 'shared', { autoDelete: true }), consuming(1, 'shared'));
    for (const text of ['1', '2', '3', '4']) dying.write(published(1, 'shared', text));
    for (let i = 0; i < 4; i++) await dying.until('body');
    dying.write(acked(1, 2));
    const next = await RawClient.login(warren.port);
    next.write(consuming(1, 'shared'));
    await next.expect('basic.consume-ok');
    await dying.destroy();
    const bodies: string[] = [];
    for (let i = 0; i < 3; i++) bodies.push((await next.until('body')).payload.toString());
    expect(bodies).toEqual(['1', '3', '4']);
    await next.destroy();
  });
});

describe('a client that wants too much', () => {
  it('is not read from while it does not read its answers', { timeout: 60_000 }, async () => {
    const client = await RawClient.login(warren.port);
    const queue = 'q'.repeat(240);
    client.write(declared(1, queue, { exclusive: true }));
    await client.until('queue.declare-ok');
    const before = process.memoryUsage().rss;
    client.socket.pause();
    const ask = declared(1, queue, { exclusive: true });
    const asks = Math.ceil((48 * MIB) / ask.length);
    const block = Buffer.concat(Array.from({ length: 1000 }, () => ask));
    for (let sent = 0; sent < asks; sent += 1000) client.socket.write(block);
    // Rounds of other clients are time enough to read all of it, if it were read.
    for (let i = 0; i < 200; i++) await witness.isServed();
    expect(client.socket.writableLength).toBeGreaterThan(16 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * MIB);
    // Once it reads, it gets every answer.
    client.socket.resume();
    for (let got = 0; got < asks; got++) await client.expect('queue.declare-ok');
    await client.destroy();
  });

  it('does not get more answers at once than its outbox takes, however short its questions', async () => {
    const client = await RawClient.login(warren.port);
    client.write(
      declared(1, 'big', { exclusive: true }),
      published(1, 'big', Buffer.alloc(15_000)),
    );
    await client.until('queue.declare-ok');
    client.socket.pause();
    const count = 8000;
    const nack = { deliveryTag: 0, multiple: true, requeue: true };
    const get = methodFrame('basic.get', 1, { queue: 'big', noAck: false });
    const round = Buffer.concat([get, methodFrame('basic.nack', 1, nack)]);
    const before = process.memoryUsage().arrayBuffers;
    client.write(...Array.from({ length: count }, () => round), channelClose(1));
    for (let i = 0; i < 30; i++) {
      await witness.isServed();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * MIB);
    }
    client.socket.resume();
    for (let got = 0; got < count; got++) await client.until('basic.get-ok');
    await client.until('channel.close-ok');
    await client.destroy();
  });

  it('gets no more messages than its outbox takes, and others get theirs', {
    timeout: 60_000,
  }, async () => {
    const count = 3000;
    const body = Buffer.alloc(20_000);
    const [lazy, keen, flood] = await Promise.all(
      [1, 2, 3].map(() => RawClient.login(warren.port)),
    );
    lazy!.write(declared(1, 'flood', { autoDelete: true }), consuming(1, 'flood'));
    await lazy!.until('basic.consume-ok');
    lazy!.socket.pause();
    keen!.write(consuming(1, 'flood', { noAck: true }));
    await keen!.until('basic.consume-ok');
    const before = process.memoryUsage().rss;
    const got = new Set<number>();
    const reading = (async () => {
      while (got.size < count) {
        await keen!.until('header');
        let bytes = 0;
        let first: Buffer | null = null;
        while (bytes < body.length) {
          const { payload } = await keen!.expect('body');
          first ??= payload;
          bytes += payload.length;
        }
        got.add(first!.readUInt32BE(0));
      }
    })();
    for (let i = 0; i < count; i++) {
      body.writeUInt32BE(i, 0);
      if (!flood!.socket.write(published(1, 'flood', body))) await new Promise(setImmediate);
      if (i % 100 === 0) await flood!.ping();
    }
    await flood!.ping();
    await witness.isServed();
    const { unsettled } = warren.broker.vhosts.get('/')!.topology.queues.get('flood')!;
    // What the kernel's buffers take is not the broker's.
    expect(unsettled * body.length).toBeLessThan(16 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * MIB);
    await lazy!.destroy();
    await reading;
    expect(got.size).toBe(count);
    await Promise.all([keen!.destroy(), flood!.destroy()]);
  });

  it('makes the broker hold only what it has sent of a body', async () => {
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => RawClient.login(warren.port)),
    );
    const before = process.memoryUsage().arrayBuffers;
    for (const client of clients)
      client.write(PUBLISH, headerFrame(1, 16 * MIB), rawFrame(3, 1, Buffer.from('x')));
    for (let i = 0; i < 5; i++) await witness.isServed();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
    await Promise.all(clients.map((client) => client.destroy()));
  });

  it('may open every channel there is, again and again', async () => {
    const client = await RawClient.login(warren.port, {}, 0);
    const numbers = Array.from({ length: 2047 }, (_, index) => index + 1);
    for (let round = 0; round < 3; round++) {
      client.write(...numbers.map(channelOpen));
      for (const _ of numbers) await client.expect('channel.open-ok');
      client.write(...numbers.map(QOS_FRAME));
      for (const _ of numbers) await client.expect('basic.qos-ok');
      client.write(...numbers.map(channelClose));
      for (const _ of numbers) await client.expect('channel.close-ok');
    }
    client.write(
      ...numbers.slice(0, 500).flatMap((number) => [channelOpen(number), channelClose(number)]),
    );
    for (let i = 0; i < 500; i++) await client.until('channel.close-ok');
    await client.destroy();
  });

  it('may settle any number of deliveries of a transaction at once, and take it back', async () => {
    const client = await RawClient.login(warren.port);
    const count = 150_000;
    client.write(declared(1, 'many', { exclusive: true }), methodFrame('tx.select', 1, {}));
    const publish = Buffer.concat(Array.from({ length: 1000 }, () => published(1, 'many')));
    for (let i = 0; i < count; i += 1000) client.write(publish);
    client.write(methodFrame('tx.commit', 1, {}), consuming(1, 'many'));
    for (let i = 0; i < count; i++) await client.until('header');
    client.write(acked(1, 0, true), published(1, 'many'), methodFrame('tx.rollback', 1, {}));
    await client.until('tx.rollback-ok');
    client.write(acked(1, count, true), methodFrame('tx.commit', 1, {}));
    await client.until('tx.commit-ok');
    await client.destroy();
  });
});
