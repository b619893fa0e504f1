/** The outbox: what is written arrives as it was written, however slowly the peer reads. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  OUTBOX_BULK_SLAB_BYTES,
  OUTBOX_BULK_SLABS_KEPT,
  OUTBOX_HIGH_WATER_BYTES,
  OUTBOX_SLAB_BYTES,
  OUTBOX_SLABS_KEPT,
  OUTBOX_SMALL_SLAB_BYTES,
  OUTBOX_SMALL_SLABS_KEPT,
  OUTBOX_STALL_BYTES,
} from '../../src/limits.ts';
import { Outbox, SlabPool } from '../../src/server/outbox.ts';
import { FakeSocket } from '../support/fake-socket.ts';

/** An outbox on a socket that does as it is told. */
function bench(pool = new SlabPool()) {
  const socket = new FakeSocket();
  const state = { drained: 0 };
  const outbox = new Outbox(socket.asSocket(), pool, () => state.drained++);
  return { socket, outbox, state };
}

function put(outbox: Outbox, bytes: Buffer): void {
  const offset = outbox.reserve(bytes.length);
  bytes.copy(outbox.slab, offset);
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 10_000, max: 20_000 }),
  fc.constantFrom(OUTBOX_SMALL_SLAB_BYTES - 1, OUTBOX_SMALL_SLAB_BYTES),
  fc.constantFrom(OUTBOX_SLAB_BYTES / 4, OUTBOX_SLAB_BYTES / 4 + 1, OUTBOX_SLAB_BYTES - 1),
  fc.constantFrom(OUTBOX_SLAB_BYTES, OUTBOX_SLAB_BYTES + 1, 200_000),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('reserve', 'write', 'inPlace'), size }) },
  fc.record({ do: fc.constantFrom('flush', 'block', 'drain', 'cork'), size: fc.constant(0) }),
);

describe('an outbox', () => {
  it('sends what was written in its order, though slabs are used again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), step), { maxLength: 60 }), (steps) => {
        const pool = new SlabPool();
        const benches = [bench(pool), bench(pool), bench(pool)];
        const expected: Buffer[][] = [[], [], []];
        let filler = 0;
        for (const [which, one] of steps) {
          const { socket, outbox } = benches[which]!;
          const bytes = Buffer.alloc(one.size, Buffer.from(`${which}:${filler++} `));
          if (one.size > 0) expected[which]!.push(Buffer.from(bytes));
          if (one.do === 'reserve') put(outbox, bytes);
          if (one.do === 'write') outbox.write(bytes);
          if (one.do === 'inPlace') outbox.writeInPlace(bytes);
          if (one.do === 'flush') outbox.flush();
          if (one.do === 'block') socket.blocked = true;
          if (one.do === 'drain') socket.drain();
          if (one.do === 'cork') {
            outbox.cork();
            outbox.uncork();
          }
        }
        for (const [which, { socket, outbox }] of benches.entries()) {
          outbox.flush();
          const wanted = Buffer.concat(expected[which]!);
          expect(socket.bytes().equals(wanted)).toBe(true);
          expect(outbox.bytes).toBe(wanted.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('writes once per turn of the event loop', async () => {
    const { socket, outbox } = bench();
    for (let turn = 1; turn <= 3; turn++) {
      for (let i = 0; i < 100; i++) put(outbox, Buffer.from('a frame or so'));
      expect(socket.writes).toBe(turn - 1);
      await new Promise(setImmediate);
      expect(socket.writes).toBe(turn);
    }
  });

  it('is closed to consumers above its high-water mark, and says when it is open again', () => {
    const { socket, outbox, state } = bench();
    socket.blocked = true;
    while (outbox.open) outbox.write(Buffer.alloc(1000));
    expect(socket.writableLength).toBeGreaterThan(OUTBOX_HIGH_WATER_BYTES - 1 - OUTBOX_SLAB_BYTES);
    expect(socket.writableLength).toBeLessThanOrEqual(OUTBOX_HIGH_WATER_BYTES);
    expect([outbox.stalled, state.drained]).toEqual([false, 0]);
    socket.drain();
    expect([outbox.open, state.drained]).toEqual([true, 1]);
  });

  it('is stalled when far more waits', () => {
    const { socket, outbox } = bench();
    socket.blocked = true;
    outbox.writeInPlace(Buffer.alloc(OUTBOX_STALL_BYTES));
    expect(outbox.stalled).toBe(false);
    put(outbox, Buffer.from('x'));
    expect(outbox.stalled).toBe(true);
    socket.drain();
    expect(outbox.stalled).toBe(false);
  });

  it('sends nothing after its end, but everything before', () => {
    const { socket, outbox } = bench();
    put(outbox, Buffer.from('before'));
    outbox.end();
    put(outbox, Buffer.from('after'));
    outbox.write(Buffer.alloc(100_000));
    outbox.flush();
    expect(socket.bytes().toString()).toBe('before');
  });

  it('writes nothing to a socket that is destroyed', async () => {
    const { socket, outbox } = bench();
    put(outbox, Buffer.from('too late'));
    socket.destroyed = true;
    await new Promise(setImmediate);
    expect(socket.writes).toBe(0);
  });
});

describe('a slab', () => {
  it('comes back when the kernel has it, and not before', async () => {
    const pool = new SlabPool();
    const { socket, outbox } = bench(pool);
    socket.blocked = true;
    put(outbox, Buffer.from('waiting'));
    const { slab } = outbox;
    outbox.flush();
    expect(pool.take(1)).not.toBe(slab);
    socket.drain();
    await new Promise(setImmediate);
    expect(pool.take(1)).toBe(slab);
  });

  it('comes back at once if the kernel took it at once, and only once', async () => {
    const pool = new SlabPool();
    const { outbox } = bench(pool);
    put(outbox, Buffer.from('x'));
    const { slab } = outbox;
    outbox.flush();
    expect(pool.take(1)).toBe(slab);
    await new Promise(setImmediate);
    expect(pool.take(1)).not.toBe(slab);
  });

  it('comes back from a socket that is destroyed', () => {
    const pool = new SlabPool();
    const { socket, outbox } = bench(pool);
    put(outbox, Buffer.from('x'));
    const { slab } = outbox;
    socket.destroyed = true;
    outbox.flush();
    expect(pool.take(1)).toBe(slab);
  });

  it('is kept up to a number, and only if it has a usual size', () => {
    const pool = new SlabPool();
    for (const bytes of [OUTBOX_SLAB_BYTES, OUTBOX_BULK_SLAB_BYTES]) {
      pool.give(Buffer.alloc(bytes + 1));
    }
    for (const [bytes, kept] of [
      [OUTBOX_SLAB_BYTES, OUTBOX_SLABS_KEPT],
      [OUTBOX_SMALL_SLAB_BYTES, OUTBOX_SMALL_SLABS_KEPT],
      [OUTBOX_BULK_SLAB_BYTES, OUTBOX_BULK_SLABS_KEPT],
    ] as const) {
      const slabs = Array.from({ length: kept + 20 }, () => pool.take(bytes));
      expect(new Set(slabs.map(({ length }) => length))).toEqual(new Set([bytes]));
      for (const slab of slabs) pool.give(slab);
      const again = new Set(slabs.map(() => pool.take(bytes)));
      expect(slabs.filter((slab) => again.has(slab)).length).toBe(kept);
    }
  });

  it('is a small one until more is to be sent, and then goes out as one', () => {
    const pool = new SlabPool();
    const { socket, outbox } = bench(pool);
    put(outbox, Buffer.alloc(OUTBOX_SMALL_SLAB_BYTES - 1, 'a'));
    const small = outbox.slab;
    expect(small.length).toBe(OUTBOX_SMALL_SLAB_BYTES);
    put(outbox, Buffer.alloc(100, 'b'));
    expect([outbox.slab.length, socket.writes]).toEqual([OUTBOX_SLAB_BYTES, 0]);
    expect(pool.take(1)).toBe(small);
    outbox.flush();
    expect([socket.writes, socket.bytes().length]).toEqual([1, OUTBOX_SMALL_SLAB_BYTES + 99]);
  });

  it('is of the largest for who sends bulky pieces, so that they go out in one write', () => {
    const { socket, outbox } = bench();
    for (let i = 0; i < 15; i++) put(outbox, Buffer.alloc(16 * 1024));
    expect([outbox.slab.length, socket.writes]).toEqual([OUTBOX_BULK_SLAB_BYTES, 0]);
    outbox.flush();
    expect([socket.writes, socket.bytes().length]).toEqual([1, 15 * 16 * 1024]);
  });

  it('is as large as what it has to hold', () => {
    const { socket, outbox } = bench();
    const bytes = Buffer.alloc(OUTBOX_BULK_SLAB_BYTES + 1, 'a');
    put(outbox, Buffer.from('before'));
    put(outbox, bytes);
    outbox.flush();
    expect(socket.bytes().equals(Buffer.concat([Buffer.from('before'), bytes]))).toBe(true);
  });

  it('is a large one at once for who sent much the last time', () => {
    const { outbox } = bench();
    for (const bytes of [20_000, 1, 1]) {
      for (let i = 0; i < bytes; i += 1000) put(outbox, Buffer.alloc(Math.min(bytes, 1000)));
      const large = outbox.slab.length === OUTBOX_SLAB_BYTES;
      outbox.flush();
      put(outbox, Buffer.from('x'));
      expect(outbox.slab.length === OUTBOX_SLAB_BYTES).toBe(large);
      outbox.flush();
    }
  });

  it('is there already when a thousand connections get a message again', () => {
    const pool = new SlabPool();
    const benches = Array.from({ length: 1000 }, () => bench(pool));
    const slabs = new Set<Buffer>();
    for (let turn = 0; turn < 3; turn++) {
      for (const { outbox } of benches) {
        put(outbox, Buffer.from('news'));
        slabs.add(outbox.slab);
      }
      for (const { outbox } of benches) outbox.flush();
    }
    expect(slabs.size).toBe(1000);
  });
});

describe('an outbox on a real socket', () => {
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** A reader, and the socket to write to it on. */
  async function pair(): Promise<[reader: Socket, writer: Socket]> {
    const reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [writer] = (await once(server, 'connection')) as [Socket];
    sockets.push(reader);
    return [reader, writer];
  }

  it('gives a reader that stops and goes exactly the bytes, beside others on the same slabs', async () => {
    const pool = new SlabPool();
    const total = 8_000_000;
    const pairs = [await pair(), await pair(), await pair()];
    const run = async ([reader, writer]: [Socket, Socket], mark: number): Promise<void> => {
      let wake = (): void => {};
      const outbox = new Outbox(writer, pool, () => wake());
      let wrong = 0;
      let got = 0;
      reader.on('data', (chunk) => {
        for (const byte of chunk) if (byte !== ((got++ * 7 + mark) & 0xff)) wrong++;
        reader.pause();
        setImmediate(() => reader.resume());
      });
      for (let sent = 0; sent < total; ) {
        const length = Math.min(1 + ((sent * 31) % 40_000), total - sent);
        const offset = outbox.reserve(length);
        for (let i = 0; i < length; i++) outbox.slab[offset + i] = (sent++ * 7 + mark) & 0xff;
        if (outbox.open) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      outbox.end();
      writer.end();
      await once(reader, 'end');
      expect([got, wrong]).toEqual([total, 0]);
    };
    await Promise.all(pairs.map(run));
  });

  it('notices that a peer takes bytes, and that it does not', async () => {
    const [reader, writer] = await pair();
    reader.pause();
    const outbox = new Outbox(writer, new SlabPool(), () => {});
    expect(outbox.moved()).toBe(false);
    for (let i = 0; i < 400; i++) outbox.writeInPlace(Buffer.alloc(100_000));
    // Until the kernel's own buffers are full.
    await expect.poll(() => outbox.moved(), { interval: 50 }).toBe(false);
    expect(outbox.moved()).toBe(false);
    reader.once('data', () => {});
    reader.resume();
    await expect.poll(() => outbox.moved()).toBe(true);
  });
});
