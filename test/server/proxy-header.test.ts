/** The PROXY protocol, versions 1 and 2: the parser by itself, and in front of each transport. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROXY_HEADER_BYTES } from '../../src/limits.ts';
import { silentLog } from '../../src/log.ts';
import { Listener, type ListenerOptions } from '../../src/server/listener.ts';
import { parseProxyHeader } from '../../src/server/proxy-header.ts';
import { Shared } from '../../src/server/shared.ts';
import { Notes } from '../support/notes.ts';

const ENDS = {
  ...{ remoteAddress: '192.0.2.1', remotePort: 40_001 },
  ...{ localAddress: '198.51.100.7', localPort: 5672 },
};
const LINE = 'PROXY TCP4 192.0.2.1 198.51.100.7 40001 5672\r\n';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

function binary(command: number, family: number, payload: Buffer, length = payload.length): Buffer {
  const fixed = Buffer.from([command, family, length >> 8, length & 255]);
  return Buffer.concat([Buffer.from(SIGNATURE, 'latin1'), fixed, payload]);
}

const IPV4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 7, 40_001 >> 8, 40_001 & 255, 0x16, 0x28]);

function ipv6(from: string, to: string): Buffer {
  return Buffer.concat([Buffer.from(from + to, 'hex'), Buffer.from([0x9c, 0x41, 0x16, 0x28])]);
}

describe('a PROXY header', () => {
  it('of version 1 says who is there [2.1]', () => {
    expect(parseProxyHeader(Buffer.from(`${LINE}AMQP`))).toEqual({
      ends: ENDS,
      bytes: LINE.length,
    });
  });

  it('of version 1 knows IPv6 [2.1]', () => {
    const line = 'PROXY TCP6 2001:DB8::1 ::1 1 65535\r\n';
    const { ends } = parseProxyHeader(Buffer.from(line))!;
    expect(ends).toEqual({
      ...{ remoteAddress: '2001:db8::1', remotePort: 1, localAddress: '::1', localPort: 65_535 },
    });
  });

  it.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff::1 what ever 1 2\r\n'])(
    'of version 1 may not know, whatever follows [2.1]: %j',
    (line) => {
      expect(parseProxyHeader(Buffer.from(line))).toEqual({ ends: null, bytes: line.length });
    },
  );

  it.each([
    'PROXY TCP4 192.0.2.1 198.51.100.7 40001\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 40001 5672 \r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 40001 65536\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 040001 5672\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.7 40001 5672\r\n',
    'PROXY TCP4 ::1 ::1 40001 5672\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.7 40001 5672\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.7 40001 5672\r\n',
    'PROXY  TCP4 192.0.2.1 198.51.100.7 40001 5672\r\n',
    'PROXY UNKNOWNTCP4\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`,
    'proxy TCP4 192.0.2.1 198.51.100.7 40001 5672\r\n',
    'AMQP\0\0\x09\x01',
    'GET / HTTP/1.1\r\n',
  ])('that is malformed is refused: %j', (line) => {
    expect(() => parseProxyHeader(Buffer.from(line, 'latin1'))).toThrow(/PROXY/);
  });

  it('of version 2 says who is there, and what it adds is passed over [2.2]', () => {
    const extended = Buffer.concat([IPV4, Buffer.from([4, 0, 3, 1, 2, 3])]);
    for (const payload of [IPV4, extended]) {
      const header = binary(0x21, 0x11, payload);
      const found = parseProxyHeader(Buffer.concat([header, Buffer.from('AMQP')]));
      expect(found).toEqual({ ends: ENDS, bytes: header.length });
    }
  });

  it('of version 2 knows IPv6, and IPv4 in IPv6 [2.2]', () => {
    const from = '20010db8000000000000000000000001';
    const mapped = '00000000000000000000ffffc0000201';
    expect(parseProxyHeader(binary(0x21, 0x21, ipv6(from, mapped)))!.ends).toEqual({
      ...{ remoteAddress: '2001:db8::1', remotePort: 40_001 },
      ...{ localAddress: '192.0.2.1', localPort: 5672 },
    });
  });

  it.each([
    ['a proxy that speaks for itself (LOCAL)', binary(0x20, 0x00, Buffer.alloc(0))],
    ['LOCAL with addresses', binary(0x20, 0x11, IPV4)],
    ['an unknown family', binary(0x21, 0x00, Buffer.alloc(0))],
    ['a Unix socket', binary(0x21, 0x31, Buffer.alloc(216))],
  ])('of version 2 leaves the addresses as they are for %s [2.2]', (_, header) => {
    expect(parseProxyHeader(header)).toEqual({ ends: null, bytes: header.length });
  });

  it.each([
    ['another version', binary(0x11, 0x11, IPV4)],
    ['another command', binary(0x22, 0x11, IPV4)],
    ['too few bytes of addresses', binary(0x21, 0x11, IPV4.subarray(1))],
    ['too few bytes of IPv6 addresses', binary(0x21, 0x21, Buffer.alloc(35))],
    ['more bytes than we hold', binary(0x21, 0x11, IPV4, PROXY_HEADER_BYTES)],
    ['a wrong signature', Buffer.from('\r\n\r\n\0\r\nQUIX\n!\x11\0\x0c', 'latin1')],
  ])('of version 2 with %s is refused [2.2]', (_, header) => {
    expect(() => parseProxyHeader(header)).toThrow(/PROXY/);
  });

  it.each([
    ['1', Buffer.from(LINE)],
    ['2', binary(0x21, 0x11, IPV4)],
  ])('of version %s is awaited until its last byte', (_, header) => {
    for (let end = 0; end < header.length; end++) {
      expect(parseProxyHeader(header.subarray(0, end))).toBeNull();
    }
    expect(parseProxyHeader(header)).not.toBeNull();
  });

  it('never does anything but answer, wait or refuse', () => {
    const starts = [Buffer.from('PROXY '), Buffer.from(`${SIGNATURE}!\x11`, 'latin1')];
    const bytes = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(bytes, ([start, rest]) => {
        const all = Buffer.concat([start, rest]);
        try {
          const found = parseProxyHeader(all);
          if (found !== null) expect(found.bytes).toBeLessThanOrEqual(all.length);
          else expect(all.length).toBeLessThan(PROXY_HEADER_BYTES);
        } catch (error) {
          expect((error as Error).message).toMatch(/PROXY/);
        }
      }),
    );
  });
});

const listeners: Listener[] = [];
const peers: Socket[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.stop('over')));
});

async function listen(options: Partial<ListenerOptions> = {}) {
  const notes = new Notes();
  const tcp = { id: 'notes', host: '127.0.0.1', port: 0, backlog: 16, noDelay: true };
  const all = { ...tcp, keepAlive: false, proxyProtocol: true, ...options };
  const listener = new Listener(notes, all, new Shared(silentLog));
  await listener.start();
  listeners.push(listener);
  return { listener, notes };
}

async function join(port: number): Promise<Socket> {
  const peer = connect(port, '127.0.0.1').on('error', () => {});
  peers.push(peer);
  await once(peer, 'connect');
  return peer;
}

const PATIENCE = { timeout: 10_000, interval: 2 };

describe('a listener with proxy_protocol', () => {
  it.each([
    ['at once', [`${LINE}hello`]],
    ['in pieces', ['PROX', LINE.slice(4, 20), LINE.slice(20), 'hel', 'lo']],
  ])('believes the header, and hands over what comes behind it %s', async (_, pieces) => {
    const { listener, notes } = await listen();
    const peer = await join(listener.port);
    for (const piece of pieces) {
      peer.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await vi.waitFor(() => expect(notes.all[0]?.text).toBe('hello'), PATIENCE);
    const { client } = notes.all[0]!;
    expect(client).toMatchObject({ ...ENDS, loopback: false });
    expect(client.name).toBe('192.0.2.1:40001 -> 198.51.100.7:5672');
  });

  it('reads on, and writes, as without it', async () => {
    const { listener, notes } = await listen();
    const peer = await join(listener.port);
    peer.write(LINE);
    await vi.waitFor(() => expect(notes.all).toHaveLength(1), PATIENCE);
    peer.write('x'.repeat(3_000_000));
    await vi.waitFor(() => expect(notes.all[0]!.text.length).toBe(3_000_000), PATIENCE);
    notes.all[0]!.client.outbox.write(Buffer.from('answer'));
    const [answer] = await once(peer, 'data');
    expect(String(answer)).toBe('answer');
  });

  it('keeps the addresses of the socket when the proxy speaks for itself', async () => {
    const { listener, notes } = await listen();
    const peer = await join(listener.port);
    peer.write(binary(0x20, 0x00, Buffer.alloc(0)));
    await vi.waitFor(() => expect(notes.all).toHaveLength(1), PATIENCE);
    expect(notes.all[0]!.client).toMatchObject({ remoteAddress: '127.0.0.1', loopback: true });
  });

  it.each(['hello\r\n', 'PROXY TCP4 nonsense\r\n', '\r\n\r\n\0\r\nQUIT!!!!!!'])(
    'refuses who does not begin with one: %j',
    async (text) => {
      const { listener, notes } = await listen();
      const peer = await join(listener.port);
      peer.resume().write(text);
      await once(peer, 'close');
      expect(notes.all).toEqual([]);
    },
  );

  it.each(['', 'PROXY TCP4 192.'])('lets go of who stops after %j', async (text) => {
    const { listener, notes } = await listen({ handshakeTimeoutMs: 50 });
    const peer = await join(listener.port);
    peer.resume().write(text);
    await once(peer, 'close');
    expect(notes.all).toEqual([]);
  });

  it('believes it before a WebSocket handshake as well', async () => {
    const webSocket = {
      ...{ paths: ['/ws'], subprotocols: [], subprotocolRequired: false, text: false },
      ...{ messageBytes: 1000, idleTimeoutMs: 60_000 },
    };
    const { listener, notes } = await listen({ webSocket });
    const peer = await join(listener.port);
    peer.write(
      `${LINE}GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await vi.waitFor(() => expect(notes.all).toHaveLength(1), PATIENCE);
    expect(notes.all[0]!.client).toMatchObject(ENDS);
    peer.write(Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await vi.waitFor(() => expect(notes.all[0]!.text).toBe('hi'), PATIENCE);
  });
});
