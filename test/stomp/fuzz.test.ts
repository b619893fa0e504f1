/**
 * Mutated frames. Fed to the frame reader whole and in pieces: it throws nothing but its own
 * errors, and how frames are cut makes no difference. Fed to connections of a running engine: no
 * internal error, and everything is given back. WARREN_FUZZ=n mutates about n frames each way
 * instead of the usual number, WARREN_FUZZ_SEED=s others; a failure names its seed.
 */
import { expect, it } from 'vitest';
import { StompConnection, type StompOptions } from '../../protocols/stomp/connection.ts';
import { StompError } from '../../protocols/stomp/errors.ts';
import { type Dialect, FrameReader } from '../../protocols/stomp/frames.ts';
import { Engine } from '../support/engine.ts';
import { DEFAULT_STOMP, FakeClient } from '../support/fake-client.ts';
import { Random } from '../support/random.ts';
import { stompFrame } from '../support/stomp-client.ts';
import { GOLDEN, V10, V12 } from './frame-fixtures.ts';

const FRAMES = Number(process.env.WARREN_FUZZ) || 30_000;
const SEED = Number(process.env.WARREN_FUZZ_SEED) || 20_261_126;
const LIMITS = { headBytes: 2048, bodyBytes: 4096 };

/** Bytes that mean something to somebody. */
const SPICE = [0, 10, 13, 58, 92, 64, 47, 37, 44, 45, 48, 57, 0x80, 0xc3, 0xff];

/** What a busy client says. */
const SESSION: readonly Buffer[] = [
  stompFrame('CONNECT', {
    ...{ 'accept-version': '1.0,1.1,1.2', host: '/', login: 'guest', passcode: 'guest' },
    'heart-beat': '5000,5000',
  }),
  stompFrame('SUBSCRIBE', { destination: '/queue/a', id: 1, ack: 'client', 'prefetch-count': 9 }),
  stompFrame('SUBSCRIBE', { destination: '/topic/a.*', id: 't', durable: true, 'x-max-length': 5 }),
  stompFrame('SEND', { destination: '/queue/a', receipt: 1, persistent: true }, 'one'),
  stompFrame('SEND', { destination: '/queue/a', priority: 4, a: 'b:c\n', expiration: 100 }, 'two'),
  stompFrame('SEND', { destination: '/topic/a.b', 'content-length': 4, timestamp: 5 }, '\0\0\0\0'),
  stompFrame('SEND', { destination: '/exchange/amq.fanout/k', 'reply-to': '/temp-queue/x' }),
  stompFrame('ACK', { id: 'T_1@@session-x@@1', receipt: 'a' }),
  stompFrame('BEGIN', { transaction: 'tx' }),
  stompFrame('SEND', { destination: '/queue/b%2Fc', transaction: 'tx', __proto__x: 1 }, 'three'),
  stompFrame('NACK', { id: 'T_1@@session-x@@2', transaction: 'tx', requeue: false }),
  stompFrame('COMMIT', { transaction: 'tx', receipt: 'committed' }),
  stompFrame('UNSUBSCRIBE', { id: 't', durable: true }),
  stompFrame('DISCONNECT', { receipt: 'bye' }),
];

function mutate(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const rest = bytes.subarray(at);
  const spice = Buffer.of(SPICE[random.below(SPICE.length)]!);
  switch (random.below(6)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (at < bytes.length) changed[at] = random.below(256);
      return changed;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), spice, rest]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), rest.subarray(random.below(8))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length))]);
    case 4:
      return bytes.subarray(0, at);
    default: {
      const changed = Buffer.from(bytes);
      if (at < bytes.length) changed[at] = spice[0]!;
      return changed;
    }
  }
}

/** Calls `take` with random pieces of the bytes. */
function inPieces(bytes: Buffer, random: Random, most: number, take: (piece: Buffer) => void) {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(most));
    take(bytes.subarray(at, end));
    at = end;
  }
}

/** The frames that the bytes are read as, up to an error. */
function readAs(dialect: Dialect, feed: (take: (piece: Buffer) => void) => void): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(
    {
      frame: ({ command, names, values }, body) => {
        frames.push(JSON.stringify([command, names, values, body.toString('latin1')]));
      },
    },
    LIMITS,
  );
  reader.speak(dialect);
  try {
    feed((piece) => reader.read(piece, 0, piece.length));
  } catch (error) {
    if (!(error instanceof StompError)) throw error;
    // When a fault is found, and which of several first, depends on how the bytes are cut.
  }
  return frames;
}

it('a frame reader reads mutated frames the same however they are cut', () => {
  const random = new Random(SEED);
  const golden = [...GOLDEN.map(({ bytes }) => Buffer.from(bytes)), ...SESSION];
  for (let done = 0; done < FRAMES; ) {
    const parts: Buffer[] = [];
    for (let i = random.below(6); i >= 0; i--) {
      const frame = golden[random.below(golden.length)]!;
      parts.push(random.chance(0.5) ? frame : mutate(frame, random));
    }
    done += parts.length;
    const bytes = Buffer.concat(parts);
    const dialect = random.chance(0.3) ? V10 : V12;
    const whole = readAs(dialect, (take) => take(bytes));
    const cut = readAs(dialect, (take) => inPieces(bytes, random, 1 + random.below(60), take));
    if (JSON.stringify(whole) !== JSON.stringify(cut)) {
      throw new Error(`seed ${SEED}:\n${whole.join('\n')}\n--\n${cut.join('\n')}`);
    }
  }
}, 600_000);

const OPTIONS: StompOptions = {
  ...DEFAULT_STOMP,
  ...{ maxFrameBytes: 4096, maxFrameBytesBeforeLogin: 2048 },
};

it('connections survive mutated sessions, and give everything back', async () => {
  const engine = await Engine.open('memory');
  const random = new Random(SEED);
  for (let done = 0; done < FRAMES; ) {
    const seed = random.below(2 ** 31);
    const session = new Random(seed);
    const connections: StompConnection[] = [];
    for (let i = 0; i < 50; i++) {
      const connection = new StompConnection(new FakeClient(), engine.broker, OPTIONS);
      connections.push(connection);
      // Mutations of CONNECT end most sessions before they begin.
      const login = session.chance(0.9) ? SESSION[0]! : mutate(SESSION[0]!, session);
      const frames = SESSION.slice(1).map((frame) =>
        session.chance(0.2) ? mutate(frame, session) : frame,
      );
      inPieces(Buffer.concat([login, ...frames]), session, 400, (piece) =>
        connection.receive(piece, 0, piece.length),
      );
      done += frames.length + 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
    for (const connection of connections) connection.closed();
    await engine.settle();
    const { sessions } = engine.broker;
    const errors = engine.lines.filter((line) => line.startsWith('error'));
    expect({ seed, sessions: sessions.size, errors }).toEqual({ seed, sessions: 0, errors: [] });
    engine.lines.length = 0;
    for (const queue of [...engine.vhost.topology.queues.values()]) {
      expect({ seed, unsettled: queue.unsettled, owner: queue.owner }).toEqual({
        ...{ seed, unsettled: 0, owner: null },
      });
      await engine.vhost.deleteQueue(queue);
    }
  }
  await engine.close();
}, 600_000);
