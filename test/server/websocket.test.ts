/**
 * WebSocket: the handshake, bytes both ways, and peers that misbehave. The adapter is one that
 * writes down what it is told; AMQP over WebSocket is test/clients/amqp-websocket.test.ts.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { SOCKET_END_GRACE_MS, WEBSOCKET_LOGIN_BYTES } from '../../src/limits.ts';
import { silentLog } from '../../src/log.ts';
import { Listener } from '../../src/server/listener.ts';
import { Shared } from '../../src/server/shared.ts';
import type { WebSocketRules } from '../../src/server/websocket-endpoint.ts';
import { Notes } from '../support/notes.ts';
import { Random } from '../support/random.ts';

const STOMP: WebSocketRules = {
  paths: ['/ws'],
  subprotocols: ['v12.stomp', 'v11.stomp', 'v10.stomp'],
  subprotocolRequired: false,
  text: true,
  messageBytes: 1_000_000,
  idleTimeoutMs: 60_000,
};
const MQTT: WebSocketRules = {
  ...STOMP,
  ...{ subprotocols: ['mqtt'], subprotocolRequired: true, text: false },
};

const listeners: Listener[] = [];
const peers: WebSocket[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const peer of peers.splice(0)) peer.terminate();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.stop('over')));
});

async function listen(rules: WebSocketRules, handshakeTimeoutMs = 60_000) {
  const notes = new Notes();
  const tcp = { id: 'notes', host: '127.0.0.1', port: 0, backlog: 16, noDelay: true };
  const options = { ...tcp, keepAlive: false, webSocket: rules, handshakeTimeoutMs };
  const listener = new Listener(notes, options, new Shared(silentLog));
  await listener.start();
  listeners.push(listener);
  return { listener, notes };
}

async function open(port: number, subprotocols: string[] = [], path = '/ws') {
  const peer = new WebSocket(`ws://127.0.0.1:${port}${path}`, subprotocols);
  peers.push(peer);
  peer.on('error', () => {});
  const [event, detail] = await Promise.race([
    once(peer, 'open').then(() => ['open', ''] as const),
    once(peer, 'unexpected-response').then(([, { statusCode }]) => ['refused', statusCode]),
    once(peer, 'error').then(([error]) => ['error', (error as Error).message] as const),
  ]);
  return { peer, event, detail };
}

/** Opens a connection; the adapter knows it, too. */
async function join(rules: WebSocketRules, subprotocols: string[] = []) {
  const { listener, notes } = await listen(rules);
  const { peer } = await open(listener.port, subprotocols);
  await vi.waitFor(() => expect(notes.all).toHaveLength(1), { timeout: 10_000, interval: 1 });
  return { peer, note: notes.all[0]!, listener, notes };
}

/** What the peer gets, as it comes. */
function received(peer: WebSocket): { data: Buffer; isBinary: boolean }[] {
  const messages: { data: Buffer; isBinary: boolean }[] = [];
  peer.on('message', (data, isBinary) => messages.push({ data: data as Buffer, isBinary }));
  return messages;
}

function closing(peer: WebSocket): Promise<number> {
  return once(peer, 'close').then(([code]) => code as number);
}

/** A client that writes what it likes. */
async function raw(port: number): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'connect');
  return { socket, text: () => text };
}

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

describe('the handshake of WebSocket', () => {
  it('agrees on the subprotocol that the broker likes best [RFC 6455 4.2.2]', async () => {
    const { peer, note } = await join(STOMP, ['v10.stomp', 'v12.stomp', 'v11.stomp']);
    expect([peer.protocol, note.client.subprotocol]).toEqual(['v12.stomp', 'v12.stomp']);
  });

  it('takes clients without a subprotocol where the protocol does not insist', async () => {
    const { peer, note } = await join(STOMP);
    expect([peer.protocol, note.client.subprotocol]).toEqual(['', '']);
  });

  it('refuses clients that do not offer the one that has to be [MQTT-6.0.0-3]', async () => {
    const { listener } = await listen(MQTT);
    const outcomes = [await open(listener.port), await open(listener.port, ['v12.stomp'])];
    expect(outcomes.map(({ event, detail }) => [event, detail])).toEqual([
      ['refused', 400],
      ['refused', 400],
    ]);
    expect((await open(listener.port, ['mqtt'])).event).toBe('open');
  });

  it('answers 404 at another path, and does not mind a query', async () => {
    const { listener } = await listen(STOMP);
    expect(await open(listener.port, [], '/other')).toMatchObject({ detail: 404 });
    expect((await open(listener.port, [], '/ws?token=1')).event).toBe('open');
  });

  it('answers a plain request with 426 and a sentence [RFC 9110 15.5.22]', async () => {
    const { listener } = await listen(STOMP);
    const sent = request({ port: listener.port, host: '127.0.0.1', path: '/ws' }).end();
    const [response] = await once(sent, 'response');
    const text = Buffer.concat(await response.toArray()).toString();
    expect([response.statusCode, response.headers.upgrade]).toEqual([426, 'websocket']);
    expect(text).toBe('This port speaks Notes over WebSocket, at /ws.\n');
  });

  it.each([
    ['another version', UPGRADE.replace('13', '12')],
    ['no key', UPGRADE.replace(/Sec-WebSocket-Key.*\r\n/, '')],
    ['no HTTP at all', 'AMQP\x00\x00\x09\x01\r\n\r\n'],
    ['too many headers', `${UPGRADE}X: ${'x'.repeat(20_000)}\r\n`],
  ])('refuses a client with %s', async (_, text) => {
    const { listener, notes } = await listen(STOMP);
    const peer = await raw(listener.port);
    peer.socket.write(`${text}\r\n`);
    await once(peer.socket, 'close');
    expect(peer.text()).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(notes.all).toEqual([]);
  });

  it.each(['', 'GET /ws HT'])('lets go of who does not go on after "%s"', async (text) => {
    const { listener } = await listen(STOMP, 50);
    const peer = await raw(listener.port);
    peer.socket.write(text);
    await once(peer.socket, 'close');
    expect(peer.text()).toBe('');
  });

  it('takes what comes in the same packet as the request', async () => {
    const { listener, notes } = await listen(STOMP);
    const peer = await raw(listener.port);
    const frame = Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    peer.socket.write(Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), frame]));
    await vi.waitFor(() => expect(notes.all[0]?.text).toBe('hi'), { timeout: 10_000 });
  });
});

describe('a client over WebSocket', () => {
  it('has the addresses of its socket', async () => {
    const { note, listener } = await join(STOMP);
    const { remoteAddress, localPort, loopback, tls } = note.client;
    expect([remoteAddress, localPort, loopback, tls]).toEqual([
      ...['127.0.0.1', listener.port, true, null],
    ]);
    expect(note.client.name).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  });

  it('is handed over byte by byte, however messages are cut and fragmented', async () => {
    const { peer, note } = await join(STOMP);
    peer.send('a');
    peer.send('bc', { fin: false });
    peer.send('de', { fin: true });
    peer.send(Buffer.alloc(0));
    peer.send(Buffer.from('f'));
    await vi.waitFor(() => expect(note.text).toBe('abcdef'), { timeout: 10_000 });
    expect(note.client.readBytes).toBe(6);
  });

  it('gets what is written in one turn as one message', async () => {
    const { peer, note } = await join(STOMP);
    const messages = received(peer);
    for (const word of ['one ', 'two ', 'three']) note.client.outbox.write(Buffer.from(word));
    await vi.waitFor(() => expect(messages).toHaveLength(1), { timeout: 10_000 });
    expect(messages[0]!.data.toString()).toBe('one two three');
  });

  it('gets text where text is usual and the bytes are UTF-8, binary otherwise', async () => {
    const { peer, note } = await join(STOMP);
    const messages = received(peer);
    note.client.outbox.write(Buffer.from('grün'));
    note.client.outbox.flush();
    note.client.outbox.write(Buffer.from([0xff, 0xfe]));
    await vi.waitFor(() => expect(messages).toHaveLength(2), { timeout: 10_000 });
    expect(messages.map(({ isBinary }) => isBinary)).toEqual([false, true]);
  });

  it('gets a large frame that was written in pieces as one message', async () => {
    const { peer, note } = await join(STOMP);
    const messages = received(peer);
    const { outbox } = note.client;
    outbox.cork();
    outbox.write(Buffer.from('head'));
    outbox.write(Buffer.alloc(300_000, 'x'));
    outbox.write(Buffer.from('tail'));
    outbox.uncork();
    await vi.waitFor(() => expect(messages).toHaveLength(1), { timeout: 10_000 });
    expect(messages[0]!.data.toString()).toBe(`head${'x'.repeat(300_000)}tail`);
  });

  it('gets binary messages only where text is unknown', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const messages = received(peer);
    note.client.outbox.write(Buffer.from('text'));
    await vi.waitFor(() => expect(messages).toHaveLength(1), { timeout: 10_000 });
    expect(messages[0]!.isBinary).toBe(true);
  });

  it('that does not read makes the outbox close, and open when it reads again', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const messages = received(peer);
    peer.pause();
    const { outbox } = note.client;
    let written = 0;
    while (outbox.open) {
      outbox.write(Buffer.alloc(10_000, 'x'));
      written += 10_000;
      await new Promise(setImmediate);
    }
    peer.resume();
    await vi.waitFor(() => expect(note.told).toContain('drained'), { timeout: 10_000 });
    await vi.waitFor(
      () => expect(messages.reduce((sum, { data }) => sum + data.length, 0)).toBe(written),
      { timeout: 10_000 },
    );
    expect(outbox.open).toBe(true);
  });

  it('is not read from while the adapter does not want to', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    note.client.pause();
    for (let i = 0; i < 500; i++) peer.send(Buffer.alloc(60_000));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(note.text.length).toBeLessThanOrEqual(1_000_000);
    expect(peer.bufferedAmount).toBeGreaterThan(0);
    note.client.resume();
    await vi.waitFor(() => expect(note.text.length).toBe(30_000_000), { timeout: 10_000 });
  });

  it('is told that the connection is over [RFC 6455 7.1.1], after what was written', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const messages = received(peer);
    const closed = closing(peer);
    note.client.outbox.write(Buffer.from('bye'));
    note.client.end();
    expect(await closed).toBe(1000);
    expect(messages[0]!.data.toString()).toBe('bye');
    await note.gone();
  });

  it('that says goodbye is answered, and the adapter told once', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const closed = closing(peer);
    peer.close(1001);
    expect(await closed).toBe(1001);
    await note.gone();
    expect(note.told).toEqual(['closed']);
  });

  it('that does not answer our goodbye is closed by force', async () => {
    const { listener, notes } = await listen(MQTT);
    const peer = await raw(listener.port);
    peer.socket.write(`${UPGRADE}Sec-WebSocket-Protocol: mqtt\r\n\r\n`);
    await vi.waitFor(() => expect(notes.all).toHaveLength(1), { timeout: 10_000 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    notes.all[0]!.client.end();
    await new Promise(setImmediate);
    await notes.all[0]!.forced(SOCKET_END_GRACE_MS);
  });

  it('is heard when it answers our goodbye, though it was not read from', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const closed = closing(peer);
    note.client.pause();
    for (let i = 0; i < 100; i++) peer.send(Buffer.alloc(60_000));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    note.client.end();
    expect(await closed).toBe(1000);
    await note.gone();
  });

  it('can be closed by force while it is not read from', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const closed = closing(peer);
    note.client.pause();
    for (let i = 0; i < 100; i++) peer.send(Buffer.alloc(60_000));
    note.client.destroy();
    await note.gone();
    expect(await closed).toBe(1006);
  });

  it('leaves when the listener stops', async () => {
    const { listener, peer, note } = await join(MQTT, ['mqtt']);
    const closed = closing(peer);
    await listener.stop('over');
    expect(await closed).toBe(1000);
    expect(note.told).toEqual(['stop over', 'closed']);
  });
});

describe('a hostile client over WebSocket', () => {
  it('is closed with 1003 for text where only binary may be [MQTT-6.0.0-1]', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    const closed = closing(peer);
    peer.send('text');
    expect(await closed).toBe(1003);
    expect(note.text).toBe('');
  });

  it('is closed with 1009 for a message that is too large before it has logged in', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    note.user = null;
    const closed = closing(peer);
    peer.send(Buffer.alloc(WEBSOCKET_LOGIN_BYTES));
    peer.send(Buffer.alloc(WEBSOCKET_LOGIN_BYTES + 1));
    expect(await closed).toBe(1009);
    expect(note.text.length).toBe(WEBSOCKET_LOGIN_BYTES);
  });

  it('may send large messages once it has logged in, up to the limit', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    note.user = 'guest';
    const closed = closing(peer);
    peer.send(Buffer.from('login'));
    peer.send(Buffer.alloc(1_000_000));
    peer.send(Buffer.alloc(1_000_001));
    expect(await closed).toBe(1009);
    expect(note.text.length).toBe(1_000_005);
  });

  it('cannot get round the limit by fragments', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    note.user = null;
    const closed = closing(peer);
    for (let i = 0; i < 100; i++) peer.send(Buffer.alloc(1000), { fin: false });
    expect(await closed).toBe(1009);
    expect(note.text).toBe('');
  });

  it.each([
    ['not masked [RFC 6455 5.1]', [0x82, 2, 0x68, 0x69], 1002],
    ['of an unknown kind [RFC 6455 5.2]', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['a continuation of nothing [RFC 6455 5.4]', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['a fragmented ping [RFC 6455 5.4]', [0x09, 0x80, 0, 0, 0, 0], 1002],
    ['text that is not UTF-8 [RFC 6455 8.1]', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
  ])('is closed for a frame that is %s', async (_, bytes, code) => {
    const { listener, notes } = await listen(STOMP);
    const peer = await raw(listener.port);
    peer.socket.write(`${UPGRADE}\r\n`);
    await vi.waitFor(() => expect(notes.all).toHaveLength(1), { timeout: 10_000 });
    peer.socket.write(Buffer.from(bytes));
    const close = Buffer.from([0x88, 2, code >> 8, code & 255]).toString('latin1');
    await vi.waitFor(() => expect(peer.text()).toContain(close), { timeout: 10_000 });
    peer.socket.end();
    await notes.all[0]!.gone();
    expect(notes.all[0]!.text).toBe('');
  });

  it('that pings and does not read does not make us collect pongs', async () => {
    const { peer, note } = await join(MQTT, ['mqtt']);
    peer.pause();
    const payload = Buffer.alloc(125, 'p');
    for (let i = 0; i < 200_000; i++) {
      peer.ping(payload);
      if (i % 1000 === 0) await new Promise(setImmediate);
    }
    peer.send(Buffer.from('end'));
    await vi.waitFor(() => expect(note.text).toBe('end'), { timeout: 30_000 });
    expect(note.client.outbox.stalled).toBe(false);
  });

  it('that sends noise loses its own connection at most', async () => {
    const { listener, notes } = await listen(STOMP);
    const random = new Random(20_261_126);
    for (let round = 0; round < 150; round++) {
      const peer = await raw(listener.port);
      const noise = Buffer.from(
        Array.from({ length: random.below(40) + 1 }, () => random.below(256)),
      );
      // Half of the time the first frame is a good one, so that the noise is in the middle.
      const good = Buffer.from(round % 2 === 0 ? [] : [0x82, 0x81, 0, 0, 0, 0, 0x61]);
      peer.socket.write(Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), good, noise]));
      peer.socket.end();
    }
    await vi.waitFor(() => expect(notes.all.length).toBeGreaterThan(100), { timeout: 20_000 });
    await Promise.all(notes.all.map((note) => note.gone()));
    const { event } = await open(listener.port);
    expect(event).toBe('open');
  });

  it('that has vanished is pinged, and let go when it stays silent', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { listener, notes } = await listen(MQTT);
    const peer = await raw(listener.port);
    peer.socket.write(`${UPGRADE}Sec-WebSocket-Protocol: mqtt\r\n\r\n`);
    while (notes.all.length === 0) await new Promise(setImmediate);
    vi.advanceTimersByTime(MQTT.idleTimeoutMs / 2);
    while (!peer.text().endsWith('\x89\x00')) await new Promise(setImmediate);
    expect(notes.all[0]!.told).toEqual([]);
    vi.advanceTimersByTime(MQTT.idleTimeoutMs / 2);
    await once(peer.socket, 'close');
    while (!notes.all[0]!.told.includes('closed')) await new Promise(setImmediate);
  });
});
