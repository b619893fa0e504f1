/** Listeners: addresses, what adapters are told, and clients that do not leave. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GOODBYE_TIMEOUT_MS, SOCKET_END_GRACE_MS } from '../../src/limits.ts';
import { silentLog } from '../../src/log.ts';
import { Listener, type ListenerOptions, ReadBuffer } from '../../src/server/listener.ts';
import type { Client, Connection, Protocol } from '../../src/server/protocol.ts';

/** A connection that writes down what it is told. */
class Note implements Connection {
  readonly client: Client;
  readonly told: string[] = [];
  text = '';
  /** What it does when it is told to stop. */
  leave: () => void;

  constructor(client: Client) {
    this.client = client;
    this.leave = () => client.end();
  }

  receive(buffer: Buffer, start: number, end: number): void {
    this.text += buffer.toString('latin1', start, end);
  }

  drained(): void {
    this.told.push('drained');
  }

  storeBusy(busy: boolean): void {
    this.told.push(`busy ${busy}`);
  }

  closed(): void {
    this.told.push('closed');
  }

  stop(reason: string): void {
    this.told.push(`stop ${reason}`);
    this.leave();
  }
}

class Notes implements Protocol {
  readonly name = 'Notes';
  readonly all: Note[] = [];

  connect(client: Client): Connection {
    const note = new Note(client);
    this.all.push(note);
    return note;
  }
}

const listeners: Listener[] = [];
const peers: Socket[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const peer of peers.splice(0)) peer.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.stop('over')));
});

async function listen(options: Partial<ListenerOptions> = {}) {
  const notes = new Notes();
  const all = { host: '127.0.0.1', port: 0, backlog: 16, noDelay: true, keepAlive: false };
  const listener = new Listener(notes, { ...all, ...options }, new ReadBuffer(), silentLog);
  await listener.start();
  listeners.push(listener);
  return { listener, notes };
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

function gone(note: Note): Promise<void> {
  return vi.waitFor(() => expect(note.told).toContain('closed'), { timeout: 10_000, interval: 5 });
}

/** Time by hand for what has to wait long; set before a timer is started. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

/** Lets time pass until the broker lets go of the client. */
async function forced(note: Note): Promise<void> {
  while (!note.told.includes('closed')) {
    vi.advanceTimersByTime(1000);
    await new Promise(setImmediate);
  }
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
    const second = new Listener(
      new Notes(),
      { host: '127.0.0.1', port: listener.port, backlog: 1, noDelay: true, keepAlive: false },
      new ReadBuffer(),
      silentLog,
    );
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
    await gone(note);
    expect(note.told).toEqual(['closed']);
  });

  it('tells every adapter once that its client has gone, however it went', async () => {
    const { listener, notes } = await listen();
    const joined = [await join(notes, listener.port), await join(notes, listener.port)];
    joined.push(await join(notes, listener.port));
    joined[0]!.peer.end();
    joined[1]!.peer.resetAndDestroy();
    joined[2]!.note.client.destroy();
    for (const { note } of joined) await gone(note);
    expect(joined.map(({ note }) => note.told)).toEqual([['closed'], ['closed'], ['closed']]);
  });

  it('passes on that the store is busy', async () => {
    const { listener, notes } = await listen();
    const { note } = await join(notes, listener.port);
    listener.storeBusy(true);
    listener.storeBusy(false);
    expect(note.told).toEqual(['busy true', 'busy false']);
  });

  it('survives an adapter that writes to a client that has gone', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port);
    peer.resetAndDestroy();
    for (let i = 0; i < 50; i++) {
      note.client.outbox.write(Buffer.alloc(50_000));
      await new Promise(setImmediate);
    }
    await gone(note);
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
    await forced(note);
  });

  it('is closed by force if it ends its side but does not read', async () => {
    const { listener, notes } = await listen();
    const { peer, note } = await join(notes, listener.port, '127.0.0.1', true);
    peer.pause();
    for (let i = 0; i < 200; i++) note.client.outbox.write(Buffer.alloc(100_000));
    holdTime();
    peer.end();
    await forced(note);
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
    await gone(joined[0]!.note);
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
