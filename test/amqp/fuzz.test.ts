/**
 * Mutated sessions over real sockets: whatever bytes come, the broker makes no internal error,
 * serves everybody else, and gives back what the session held. WARREN_FUZZ_FRAMES=n sends so many
 * frames instead of the usual number, WARREN_FUZZ_SEED=s others; a failure names its seed. Set by
 * `npm run fuzz`.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { type Field, TypedNumber } from '../../src/broker/field.ts';
import type { Log } from '../../src/log.ts';
import { type ObservedBroker, startObserved, Witness } from '../support/observed-broker.ts';
import {
  AMQP_HEADER,
  acked,
  CONNECTION_CLOSE,
  channelClose,
  channelOpen,
  consuming,
  declared,
  opening,
  published,
  RawClient,
} from '../support/raw-client.ts';

const SEED = Number(process.env.WARREN_FUZZ_SEED) || 20_261_122;
const MUTATIONS_PER_SESSION = 3;
const AT_ONCE = 50;

let warren: ObservedBroker;
let witness: Witness;
const internalErrors: string[] = [];
const log: Log = {
  debug() {},
  info() {},
  warning() {},
  error: (text) => internalErrors.push(text),
};

beforeAll(async () => {
  // Sessions that are stuck waiting for the rest of a frame end when their client leaves.
  warren = await startObserved({ max_message_size: '1MB' }, undefined, log);
  witness = await Witness.connect(warren.port);
});

afterAll(async () => {
  await witness.close();
  await warren.stop();
});

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const HEADERS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['text', 'value'],
  ['number', 7],
  ['list', ['a', 1, null, new Map([['deep', true]])]],
  ['typed', new TypedNumber('uint16', 3)],
]);

const ALL_PROPERTIES = {
  ...{ contentType: 'text/plain', contentEncoding: 'utf-8', headers: HEADERS, deliveryMode: 2 },
  ...{ priority: 1, correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm' },
  ...{ timestamp: 1_700_000_000, type: 't', userId: 'guest', appId: 'a', clusterId: '' },
};

const NOWHERE = { exchange: 'amq.topic', mandatory: true, properties: ALL_PROPERTIES };

/** What a busy client says, frame by frame. Its queue and exchange go when it goes. */
const SESSION: readonly Buffer[] = framesOf([
  opening({ capabilities: ['consumer_cancel_notify'] }).subarray(AMQP_HEADER.length),
  channelOpen(1),
  methodFrame('confirm.select', 1, { noWait: false }),
  methodFrame('basic.qos', 1, { prefetchSize: 0, prefetchCount: 10, global: true }),
  declared(1, '', { exclusive: true, arguments: new Map([['x-max-length', 100]]) }),
  methodFrame('queue.bind', 1, {
    ...{ queue: '', exchange: 'amq.headers', routingKey: 'key', noWait: false },
    arguments: HEADERS,
  }),
  methodFrame('queue.bind', 1, {
    ...{ queue: '', exchange: 'amq.topic', routingKey: 'fuzz.#', noWait: true },
    arguments: new Map(),
  }),
  published(1, 'fuzz.zero', '', { exchange: 'amq.topic' }),
  methodFrame('basic.get', 1, { queue: '', noAck: false }),
  acked(1, 1),
  consuming(1, '', { consumerTag: 'tag', arguments: new Map([['x-priority', 1]]) }),
  published(1, 'fuzz.one', 'a body', { exchange: 'amq.topic', properties: ALL_PROPERTIES }),
  published(1, 'fuzz.two', 'another', { exchange: 'amq.topic', properties: ALL_PROPERTIES }),
  published(1, 'nobody', '', NOWHERE),
  acked(1, 2),
  methodFrame('basic.nack', 1, { deliveryTag: 3, multiple: true, requeue: true }),
  methodFrame('basic.get', 1, { queue: '', noAck: false }),
  methodFrame('basic.recover', 1, { requeue: true }),
  channelOpen(2),
  methodFrame('tx.select', 2, {}),
  published(2, 'fuzz.three', 'in a transaction', { exchange: 'amq.topic' }),
  methodFrame('tx.rollback', 2, {}),
  published(2, 'fuzz.four', 'in another', { exchange: 'amq.topic' }),
  methodFrame('tx.commit', 2, {}),
  methodFrame('exchange.declare', 2, {
    ...{ exchange: 'amq.fanout', type: 'fanout', passive: true, durable: true },
    ...{ autoDelete: false, internal: false, noWait: false, arguments: new Map() },
  }),
  methodFrame('channel.flow', 2, { active: true }),
  methodFrame('basic.reject', 1, { deliveryTag: 5, requeue: false }),
  methodFrame('basic.cancel', 1, { consumerTag: 'tag', noWait: false }),
  methodFrame('queue.purge', 1, { queue: '', noWait: false }),
  methodFrame('queue.delete', 1, { queue: '', ifUnused: false, ifEmpty: false, noWait: false }),
  channelClose(2),
  channelClose(1),
  CONNECTION_CLOSE,
]);

/** Of some forty frames each. */
const SESSIONS = Math.ceil((Number(process.env.WARREN_FUZZ_FRAMES) || 280_000) / SESSION.length);

/** Five million frames take their time. */
const PATIENCE_MS = 3_600_000;

function framesOf(parts: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(parts);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 8 + bytes.readUInt32BE(at + 3);
    frames.push(bytes.subarray(at, next));
    at = next;
  }
  return frames;
}

type Random = (below: number) => number;

/** Bytes that lie on borders. */
const ODD_BYTES = [0, 1, 2, 3, 8, 0x7f, 0x80, 0xce, 0xfe, 0xff];

/** Ways to spoil the bytes of one frame. */
const SPOIL: readonly ((frame: Buffer, random: Random) => Buffer)[] = [
  (frame, random) => withByte(frame, random(frame.length), (byte) => byte ^ (1 << random(8))),
  (frame, random) => withByte(frame, random(frame.length), () => ODD_BYTES[random(10)]!),
  (frame, random) => withByte(frame, random(7), () => ODD_BYTES[random(10)]!),
  (frame, random) => {
    const copy = Buffer.from(frame);
    const at = random(frame.length);
    copy.fill(ODD_BYTES[random(10)]!, at, Math.min(at + 1 + random(8), frame.length));
    return copy;
  },
  // Its payload changes in length and the frame says so: reaches what is behind the borders.
  (frame, random) => resized(frame, 7 + random(frame.length - 7), random(6), Buffer.alloc(0)),
  (frame, random) => {
    const more = Buffer.from(Array.from({ length: 1 + random(20) }, () => random(256)));
    return resized(frame, 7 + random(frame.length - 7), 0, more);
  },
  (frame, random) => frame.subarray(0, random(frame.length)),
  (frame, random) => Buffer.concat([frame, frame.subarray(random(frame.length))]),
];

function withByte(frame: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = change(copy[at]!);
  return copy;
}

function resized(frame: Buffer, at: number, removed: number, added: Buffer): Buffer {
  const end = frame.length - 1;
  const from = Math.min(at, end);
  const to = Math.min(from + removed, end);
  const result = Buffer.concat([frame.subarray(0, from), added, frame.subarray(to)]);
  result.writeUInt32BE(result.length - 8, 3);
  return result;
}

/** Ways to spoil the order of frames. */
const DISORDER: readonly ((frames: Buffer[], at: number, random: Random) => void)[] = [
  (frames, at) => frames.splice(at, 1),
  (frames, at) => frames.splice(at, 0, frames[at]!),
  (frames, at, random) => frames.splice(random(frames.length), 0, frames[at]!),
  (frames, at, random) => {
    const other = random(frames.length);
    [frames[at], frames[other]] = [frames[other]!, frames[at]!];
  },
];

function mutated(random: Random): Buffer {
  const frames = [...SESSION];
  // Most sessions get past the login, which is three frames long.
  const first = random(8) === 0 ? 0 : 3;
  for (let i = 0; i < MUTATIONS_PER_SESSION; i++) {
    const at = first + random(frames.length - first);
    const sound = frames[at]!.length >= 8;
    if (sound && random(4) > 0) frames[at] = SPOIL[random(SPOIL.length)]!(frames[at]!, random);
    else DISORDER[random(DISORDER.length)]!(frames, at, random);
  }
  return Buffer.concat([AMQP_HEADER, ...frames]);
}

/** Says all of it, in chunks of random sizes, then leaves. Resolves when the broker has let go. */
function play(bytes: Buffer, random: Random): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(warren.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    const cut = random(bytes.length);
    socket.write(bytes.subarray(0, cut));
    socket.end(bytes.subarray(cut));
  });
}

it('plays a session that is valid before it is mutated', async () => {
  const client = await RawClient.connect(warren.port);
  client.write(AMQP_HEADER, ...SESSION);
  const names = await client.namesUntil('connection.close-ok');
  expect(names).toEqual(expect.arrayContaining(['basic.return', 'basic.deliver', 'basic.get-ok']));
  expect(names.filter((name) => name.endsWith('.close'))).toEqual([]);
});

it('takes any number of mutated sessions', { timeout: PATIENCE_MS }, async () => {
  const random = randomFrom(SEED);
  const before = process.memoryUsage().rss;
  for (let done = 0; done < SESSIONS; done += AT_ONCE) {
    const sessions = Array.from({ length: AT_ONCE }, () => mutated(random));
    await Promise.all(sessions.map((bytes) => play(bytes, random)));
    await witness.isServed();
    expect(internalErrors, `seed ${SEED}, before session ${done + AT_ONCE}`).toEqual([]);
  }
  const { sessions, vhosts } = warren.broker;
  await vi.waitFor(
    () => {
      // Mutated names and flags may leave queues, but nobody holds any of their messages.
      const queues = [...vhosts.get('/')!.topology.queues.values()];
      const held = queues.filter(({ unsettled }) => unsettled > 0).map(String);
      expect({ sessions: sessions.size, held }).toEqual({ sessions: 1, held: [] });
    },
    { timeout: 10_000, interval: 5 },
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
});

it('takes random bytes', { timeout: PATIENCE_MS }, async () => {
  const random = randomFrom(SEED + 1);
  for (let done = 0; done < SESSIONS / 10; done += AT_ONCE) {
    const blocks = Array.from({ length: AT_ONCE }, () => {
      const noise = Buffer.from(Array.from({ length: random(400) }, () => random(256)));
      const polite = [
        Buffer.alloc(0),
        AMQP_HEADER,
        opening(),
        Buffer.concat([opening(), channelOpen(1)]),
      ];
      return Buffer.concat([polite[random(4)]!, noise]);
    });
    await Promise.all(blocks.map((bytes) => play(bytes, random)));
    await witness.isServed();
  }
  expect(internalErrors).toEqual([]);
});
