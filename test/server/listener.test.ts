/** Listeners: addresses, what adapters are told, and clients that do not leave. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GOODBYE_TIMEOUT_MS, SOCKET_END_GRACE_MS } from '../../src/limits.ts';
import { createLog, silentLog } from '../../src/log.ts';
import { Listener, type ListenerOptions } from '../../src/server/listener.ts';
import { Shared } from '../../src/server/shared.ts';
import { Notes } from '../support/notes.ts';

const LOOPBACK: ListenerOptions = {
  ...{ id: 'notes', host: '127.0.0.1', port: 0, backlog: 16, noDelay: true, keepAlive: false },
};
const listeners: Listener[] = [];
const peers: Socket[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const peer of peers.splice(0)) peer.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.stop('over')));
});

async function listen(options: Partial<ListenerOptions> = {}, shared = new Shared(silentLog)) {
  const notes = new Notes();
  const listener = new Listener(notes, { ...LOOPBACK, ...options }, shared);
  await listener.start();
  listeners.push(listener);
  return { listener, notes, connections: shared.connections };
}

/** Connects, and waits until the adapter knows. */
async function join(notes: Notes, port: number, host = '127.0.0.1', allowHalfOpen = false) {
  const before = notes.all.length;
  const peer = connect({ port, host, allowHalfOpen });
  peers.push(peer);
  peer.on('error', () => {});
  await once(peer, 'connect');
  await vi.waitFor(() => expect(notes.all.length).toBe(before + 1), { interval: 1 });
  return { peer, note: notes.all[before]! };
}

/** Time by hand for what has to wait long; set before a timer is started. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

describe('a listener', () => {
  it('picks a free port, and says which', async () => {
    const { listener } = await listen();
    expect(listener.port).toBeGreaterThan(0);
    expect(String(listener)).toBe(`Notes listening on 127.0.0.1:${listener.port}`);
  });

  it('without a host takes clients of IPv4, and of IPv6 where there is any', async () => {
    const { listener, notes } = await listen({ host: null });
    const { note } = await join(notes, listener.port);
    expect([note.client.remoteAddress, note.client.loopback]).toEqual(['127.0.0.1', true]);
    const probe = connect({ port: listener.port, host: '::1' });
    const outcome = await Promise.race([
      once(probe, 'connect').then(() => 'connected'),
      once(probe, 'error').then(([error]) => (error as NodeJS.ErrnoException).code),
    ]);
    probe.destroy();
    expect(
      String(listener).includes('[::]') ? ['connected'] : ['ECONNREFUSED', 'EADDRNOTAVAIL'],
    ).toContain(outcome);
  });

  it('tells the adapter who is at the other end', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    const { remoteAddress, remotePort, localAddress, localPort } = note.client;
    expect([remoteAddress, remotePort]).toEqual(['127.0.0.1', peer.localPort]);
    expect([localAddress, localPort]).toEqual(['127.0.0.1', listener.port]);
  });

  it('fails to start on a port that is taken, and can be stopped after that', async () => {
    const { listener } = await listen();
    const options = { ...LOOPBACK, port: listener.port };
    const second = new Listener(new Notes(), options, new Shared(silentLog));
    await expect(second.start()).rejects.toThrow(/port \d+ for .* is taken/);
    await second.stop('never started');
  });

  it('hands over what each client sends, in its order', async () => {
    const { listener, notes } = await listen();
    const joined = [await join(notes, listener.port), await join(notes, listener.port)];
    const texts = ['a', 'b'].map((letter) =>
      Array.from({ length: 20_000 }, (_, i) => `${letter}${i} `).join(''),
    );
    for (const [index, { peer }] of joined.entries()) peer.write(texts[index]!);
    await vi.waitFor(() => expect(joined.map(({ note }) => note.text)).toEqual(texts));
  });

  it('hands nothing over while the adapter does not want to read', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    note.client.pause();
    peer.write('x'.repeat(50_000_000));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    // What was on its way when it paused is all that may come.
    expect(note.text.length).toBeLessThanOrEqual(1_000_000);
    expect(peer.writableLength).toBeGreaterThan(0);
    note.client.resume();
    await vi.waitFor(() => expect(note.text.length).toBe(50_000_000), { timeout: 10_000 });
  });

  it('sends what the adapter writes, also right before it ends', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    let text = '';
    peer.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    note.client.outbox.write(Buffer.from('hello '));
    note.client.outbox.write(Buffer.alloc(300_000, 'x'));
    note.client.end();
    await once(peer, 'close');
    expect(text).toBe(`hello ${'x'.repeat(300_000)}`);
    await note.gone();
    expect(note.told).toEqual(['closed']);
  });

  it('tells every adapter once that its client has gone, however it went', async () => {
    const { listener, notes } = await listen();
    const joined = [await join(notes, listener.port), await join(notes, listener.port)];
    joined.push(await join(notes, listener.port));
    joined[0]!.peer.end();
    joined[1]!.peer.resetAndDestroy();
    joined[2]!.note.client.destroy();
    for (const { note } of joined) await note.gone();
    expect(joined.map(({ note }) => note.told)).toEqual([['closed'], ['closed'], ['closed']]);
  });

  it('passes on that the store is busy', async () => {
    const { listener, notes, connections } = await listen();
    const { note } = await join(notes, listener.port);
    connections.storeBusy(true);
    connections.storeBusy(false);
    expect(note.told).toEqual(['busy true', 'busy false']);
  });

  it('notices that a client has ended in answer, though it was not read from', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    note.client.pause();
    peer.resume().write('what nobody reads');
    holdTime();
    note.client.end();
    while (!note.told.includes('closed')) await new Promise(setImmediate);
    expect(note.text).toBe('');
  });

  it('lets go of a client that it does not read from', async () => {
    const { listener, notes } = await listen();
    const { note } = await join(notes, listener.port);
    note.client.pause();
    note.client.destroy();
    await note.gone();
  });

  it('survives an adapter that writes to a client that has gone', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    peer.resetAndDestroy();
    for (let i = 0; i < 50; i++) {
      note.client.outbox.write(Buffer.alloc(50_000));
      await new Promise(setImmediate);
    }
    await note.gone();
    note.client.outbox.write(Buffer.alloc(50_000));
    note.client.end();
    note.client.pause();
    note.client.resume();
    await join(notes, listener.port);
  });
});

describe('a client that does not follow', () => {
  it('is closed by force a while after the adapter has ended', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port, '127.0.0.1', true);
    peer.resume();
    holdTime();
    note.client.end();
    vi.advanceTimersByTime(SOCKET_END_GRACE_MS - 1);
    expect(note.told).toEqual([]);
    await note.forced();
  });

  it('is closed by force if it ends its side but does not read', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port, '127.0.0.1', true);
    peer.pause();
    for (let i = 0; i < 200; i++) note.client.outbox.write(Buffer.alloc(100_000));
    holdTime();
    peer.end();
    await note.forced();
  });
});

describe('listeners that have as many clients as there may be', () => {
  it('refuse others until somebody leaves, and say so once', async () => {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    const shared = new Shared(createLog({ level: 'info', format: 'plaintext', write }), 2);
    const one = await listen({}, shared);
    const other = await listen({}, shared);
    const first = await join(one.notes, one.listener.port);
    await join(other.notes, other.listener.port);
    for (let i = 0; i < 3; i++) {
      const refused = connect(one.listener.port, '127.0.0.1').on('error', () => {});
      peers.push(refused.resume());
      await once(refused, 'close');
    }
    expect([one.notes.all.length, other.notes.all.length]).toEqual([1, 1]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/2 clients are all that the limit of open files allows: 1 refused/);
    first.peer.destroy();
    await first.note.gone();
    await join(other.notes, other.listener.port);
  });

  it('count those who have not said what they want yet', async () => {
    const shared = new Shared(silentLog, 1);
    const { listener, notes } = await listen({ proxyProtocol: true }, shared);
    const silent = connect(listener.port, '127.0.0.1');
    peers.push(silent);
    await vi.waitFor(() => expect(shared.sockets).toBe(1), { timeout: 10_000 });
    const refused = connect(listener.port, '127.0.0.1').on('error', () => {});
    peers.push(refused.resume());
    await once(refused, 'close');
    silent.destroy();
    await vi.waitFor(() => expect(shared.sockets).toBe(0), { timeout: 10_000 });
    expect(notes.all).toEqual([]);
  });
});

describe('a listener that is suspended', () => {
  it('takes nobody until it is started again, on the same port; who is there stays', async () => {
    const { listener, notes } = await listen();
    const { port } = listener;
    const { peer, note } = await join(notes, port);
    listener.suspend();
    expect(listener.listening).toBe(false);
    const refused = connect(port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    peer.write('still here');
    await vi.waitFor(() => expect(note.text).toBe('still here'), { timeout: 10_000 });
    await listener.start();
    expect([listener.listening, listener.port]).toEqual([true, port]);
    await join(notes, port);
  });

  it('can be stopped', async () => {
    const { listener, notes } = await listen();
    const { note } = await join(notes, listener.port);
    listener.suspend();
    await listener.stop('over');
    expect(note.told).toEqual(['stop over', 'closed']);
  });
});

describe('stopping a listener', () => {
  it('says goodbye to every client, waits for them, and takes nobody else', async () => {
    const { listener, notes } = await listen();
    const joined = [await join(notes, listener.port), await join(notes, listener.port)];
    let leave = (): void => {};
    joined[1]!.note.leave = () => {
      leave = () => joined[1]!.note.client.end();
    };
    let over = false;
    const stopped = listener.stop('because').then(() => {
      over = true;
    });
    await joined[0]!.note.gone();
    expect([over, joined[1]!.note.told]).toEqual([false, ['stop because']]);
    const late = connect(listener.port, '127.0.0.1');
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    leave();
    await stopped;
    expect(joined.map(({ note }) => note.told)).toEqual([
      ...[
        ['stop because', 'closed'],
        ['stop because', 'closed'],
      ],
    ]);
  });

  it('frees its port', async () => {
    const { listener } = await listen();
    const { port } = listener;
    await listener.stop('over');
    const { listener: next } = await listen({ port });
    expect(next.port).toBe(port);
  });

  it('does not wait for ever for an adapter that does not let go', async () => {
    const { listener, notes } = await listen();
    const { note } = await join(notes, listener.port);
    note.leave = () => {};
    holdTime();
    const stopped = listener.stop('over');
    vi.advanceTimersByTime(GOODBYE_TIMEOUT_MS);
    await stopped;
    expect(note.told).toEqual(['stop over', 'closed']);
  });
});
